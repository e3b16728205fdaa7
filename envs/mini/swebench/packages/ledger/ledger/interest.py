"""Interest in basis points; results are whole cents."""

from ledger.money import round_half_even


def simple(cents, basis_points, days, year=365):
    """Interest on an amount for some days."""
    if days < 0:
        raise ValueError("days are not negative")
    return round_half_even(cents * basis_points * days, 10000 * year)


def compound(cents, basis_points, periods):
    """What an amount has grown to after ``periods`` periods, rounded after each."""
    if periods < 0:
        raise ValueError("periods are not negative")
    for _ in range(periods):
        cents += round_half_even(cents * basis_points, 10000)
    return cents


def tiered(cents, tiers):
    """Interest by tiers ``(up_to, basis_points)``, ascending, None for no end: each part earns the rate of its tier."""
    total = 0
    below = 0
    for up_to, basis_points in tiers:
        top = cents if up_to is None else min(cents, up_to)
        if top > below:
            total += round_half_even((top - below) * basis_points, 10000)
            below = top
    return total


def loan_payment(cents, basis_points, months):
    """The monthly payment that pays a loan off, rounded up; ``basis_points`` a year."""
    if months < 1:
        raise ValueError("at least one month")
    if basis_points == 0:
        return -(-cents // months)
    rate = basis_points / 10000 / 12
    exact = cents * rate / (1 - (1 + rate) ** -months)
    whole = int(exact)
    return whole if whole == exact else whole + 1


def schedule(cents, basis_points, months):
    """(interest, principal, left) of every month; the last payment is what is left."""
    payment = loan_payment(cents, basis_points, months)
    rows = []
    left = cents
    for month in range(months):
        interest = round_half_even(left * basis_points, 120000)
        principal = min(payment - interest, left)
        if month == months - 1:
            principal = left
        left -= principal
        rows.append((interest, principal, left))
    return rows
