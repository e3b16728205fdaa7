"""Lines of a given width."""


def wrap(text, width, hanging=0):
    """Lines of at most ``width`` characters; words that are longer are cut. ``hanging`` spaces begin later lines."""
    if width <= hanging:
        raise ValueError("no room beside the indentation")
    lines = []
    line = ""
    for word in text.split():
        margin = " " * hanging if lines else ""
        while len(margin) + len(word) > width:
            if line:
                lines.append(line)
                line = ""
                margin = " " * hanging
            room = width - len(margin)
            if len(word) > room:
                lines.append(margin + word[:room])
                word = word[room:]
                margin = " " * hanging
        if not line:
            line = margin + word
        elif len(line) + 1 + len(word) <= width:
            line += " " + word
        else:
            lines.append(line)
            line = " " * hanging + word
    if line:
        lines.append(line)
    return lines


def align(line, width, how="left", fill=" "):
    """``line`` on ``width`` characters: left, right or center. What is too long stays as it is."""
    missing = width - len(line)
    if missing <= 0:
        return line
    if how == "left":
        return line + fill * missing
    if how == "right":
        return fill * missing + line
    if how == "center":
        left = missing // 2
        return fill * left + line + fill * (missing - left)
    raise ValueError(f"no such alignment: {how}")


def justify(text, width):
    """Lines of exactly ``width`` characters, the last one apart; the gaps on the left get the extra spaces."""
    lines = wrap(text, width)
    result = []
    for line in lines[:-1]:
        words = line.split()
        gaps = len(words) - 1
        if gaps == 0:
            result.append(line)
            continue
        spaces = width - sum(len(word) for word in words)
        each, extra = spaces // gaps, spaces % gaps
        built = words[0]
        for number, word in enumerate(words[1:]):
            built += " " * (each + (1 if number < extra else 0)) + word
        result.append(built)
    return result + lines[-1:]


def columns(items, width, gap=2):
    """Items in as many columns as fit, filled downwards, as lines without spaces at the end."""
    if not items:
        return []
    widest = max(len(item) for item in items)
    count = max(1, (width + gap) // (widest + gap))
    rows = -(-len(items) // count)
    lines = []
    for row in range(rows):
        cells = items[row::rows]
        lines.append((" " * gap).join(align(cell, widest) for cell in cells).rstrip())
    return lines
