"""Lists."""

from typeset.layout import wrap

ROMAN = (
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
)


def bullets(items, width=72, bullet="*"):
    """One item after the other behind a bullet; later lines of an item are indented."""
    lines = []
    for item in items:
        lines += wrap(f"{bullet} {item}", width, len(bullet) + 1)
    return "\n".join(lines)


def numbered(items, start=1, width=72):
    """Items with numbers, which stand right-aligned."""
    items = list(items)
    digits = len(str(start + len(items) - 1))
    lines = []
    for number, item in enumerate(items, start):
        label = str(number).rjust(digits) + ". "
        body = wrap(item, width - len(label))
        for index, line in enumerate(body or [""]):
            lines.append((label if index == 0 else " " * len(label)) + line)
    return "\n".join(line.rstrip() for line in lines)


def roman(number):
    """A number from 1 to 3999 in Roman numerals."""
    if not 1 <= number <= 3999:
        raise ValueError(f"no Roman numeral for {number}")
    result = ""
    for value, letters in ROMAN:
        while number >= value:
            result += letters
            number -= value
    return result


def letters(number):
    """1 is a, 26 is z, 27 is aa."""
    if number < 1:
        raise ValueError(f"no letters for {number}")
    result = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        result = chr(ord("a") + rest) + result
    return result


def outline(entries, depth=3):
    """Headings with numbers; an entry is (level, heading), from level 1 on; levels below ``depth`` are left out."""
    counters = [0] * depth
    lines = []
    for level, heading in entries:
        if level > depth:
            continue
        if level < 1:
            raise ValueError("levels start at 1")
        counters[level - 1] += 1
        for deeper in range(level, depth):
            counters[deeper] = 0
        label = ".".join(str(counter) for counter in counters[:level])
        lines.append("  " * (level - 1) + f"{label} {heading}")
    return "\n".join(lines)
