"""Amounts of money as whole cents."""

import re


def parse_cents(text):
    """Cents of ``12``, ``12.5``, ``1,234.56``, ``-3.00`` or ``(3.00)``, which is negative too."""
    text = text.strip()
    negative = False
    if text.startswith("(") and text.endswith(")"):
        negative = True
        text = text[1:-1]
    elif text.startswith("-"):
        negative = True
        text = text[1:]
    match = re.fullmatch(r"\$?(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d{1,2}))?", text)
    if match is None:
        raise ValueError(f"not an amount: {text!r}")
    whole = int(match[1].replace(",", ""))
    fraction = (match[2] or "").ljust(2, "0")
    cents = whole * 100 + int(fraction)
    return -cents if negative else cents


def format_cents(cents, symbol="$", accounting=False):
    """The amount with thousands separators; with ``accounting``, negative amounts stand in parentheses."""
    whole, fraction = divmod(abs(cents), 100)
    text = f"{symbol}{whole:,}.{fraction:02d}"
    if cents >= 0:
        return text
    return f"({text})" if accounting else f"-{text}"


def round_half_even(numerator, denominator):
    """The quotient as a whole number, halves to the even neighbour."""
    quotient, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and quotient % 2 == 1):
        quotient += 1
    return quotient


def percentage(cents, basis_points):
    """A share of an amount; 100 basis points are one percent."""
    return round_half_even(cents * basis_points, 10000)


def allocate(cents, ratios):
    """Split an amount by ratios without losing a cent; the first parts get the cents that are left."""
    total = sum(ratios)
    if total <= 0 or min(ratios) < 0:
        raise ValueError("ratios are not negative, and one is positive")
    parts = [cents * ratio // total for ratio in ratios]
    left = cents - sum(parts)
    for index in range(left):
        parts[index] += 1
    return parts
