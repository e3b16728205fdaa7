"""Texts of one line, and margins."""

SMALL_WORDS = ("a", "an", "and", "at", "by", "for", "in", "of", "on", "or", "the", "to")


def shorten(text, width, marker="..."):
    """At most ``width`` characters of ``text``; ``marker`` stands for what was cut, after a word if possible."""
    if width < len(marker):
        raise ValueError("the marker is wider than the text")
    if len(text) <= width:
        return text
    room = width - len(marker)
    cut = text[:room]
    if text[room] != " " and " " in cut:
        cut = cut[: cut.rindex(" ")]
    return cut.rstrip() + marker


def slugify(text, separator="-", longest=0):
    """Lower case letters and digits, everything else a separator; ``longest`` cuts at a separator where it can."""
    parts = []
    word = ""
    for char in text.lower():
        if char.isalnum():
            word += char
        elif char == "'":
            continue
        elif word:
            parts.append(word)
            word = ""
    if word:
        parts.append(word)
    if longest:
        kept = []
        size = 0
        for part in parts:
            added = len(part) + (len(separator) if kept else 0)
            if size + added > longest:
                break
            kept.append(part)
            size += added
        parts = kept or [parts[0][:longest]] if parts else []
    return separator.join(parts)


def title_case(text):
    """Capitals as in a title: small words stay small unless they stand first or last."""
    words = text.lower().split()
    result = []
    for index, word in enumerate(words):
        if word in SMALL_WORDS and 0 < index < len(words) - 1:
            result.append(word)
        else:
            result.append("-".join(part.capitalize() for part in word.split("-")))
    return " ".join(result)


def indent(text, prefix="    ", first=None):
    """Put ``prefix`` before every line that is not empty, ``first`` before the first one if given."""
    lines = []
    for number, line in enumerate(text.split("\n")):
        before = first if number == 0 and first is not None else prefix
        lines.append(before + line if line.strip() else "")
    return "\n".join(lines)


def dedent(text):
    """Remove the spaces that all lines have at the start; empty lines do not count."""
    lines = text.split("\n")
    margin = None
    for line in lines:
        if not line.strip():
            continue
        spaces = len(line) - len(line.lstrip(" "))
        if margin is None or spaces < margin:
            margin = spaces
    return "\n".join(line[margin or 0 :] if line.strip() else "" for line in lines)
