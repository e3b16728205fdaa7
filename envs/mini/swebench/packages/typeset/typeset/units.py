"""Amounts in words."""


def plural(number, one, many=None):
    """A number with its noun."""
    noun = one if number == 1 else many or one + "s"
    return f"{number} {noun}"


def bytes_text(size, decimal=False):
    """A size as people read it: 512 B, 1.5 KiB; with ``decimal``, powers of 1000 and kB."""
    if size < 0:
        raise ValueError("a size is not negative")
    step = 1000 if decimal else 1024
    units = ("B", "kB", "MB", "GB", "TB") if decimal else ("B", "KiB", "MiB", "GiB", "TiB")
    if size < step:
        return f"{size} B"
    value = float(size)
    index = 0
    while value >= step and index < len(units) - 1:
        value /= step
        index += 1
    digits = 0 if value >= 100 else 1
    return f"{value:.{digits}f} {units[index]}"


def duration_text(seconds, parts=2):
    """Seconds as at most ``parts`` units: 1 h 5 min. Zero is 0 s."""
    if seconds < 0:
        return "-" + duration_text(-seconds, parts)
    result = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        amount = seconds // size
        seconds -= amount * size
        if amount > 0:
            result.append(f"{amount} {unit}")
        if len(result) == parts:
            break
    return " ".join(result) or "0 s"
