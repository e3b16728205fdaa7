"""Write a tree back as source, with no more parentheses than needed."""

LEVELS = {
    "if": 0,
    "or": 1,
    "and": 2,
    "not": 3,
    "compare": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "%": 6,
    "negate": 7,
    "**": 8,
}


def to_text(tree):
    """Source that ``parse`` turns into ``tree``."""
    kind = tree[0]
    if kind == "literal":
        return _literal(tree[1])
    if kind == "name":
        return tree[1]
    if kind == "call":
        return f"{tree[1]}({', '.join(to_text(item) for item in tree[2])})"
    level = _level(tree)
    if kind == "negate":
        return f"-{_inside(tree[1], level)}"
    if kind == "not":
        return f"not {_inside(tree[1], level)}"
    if kind == "if":
        return f"{_inside(tree[1], level + 1)} ? {to_text(tree[2])} : {to_text(tree[3])}"
    if kind in ("and", "or"):
        return f"{_inside(tree[1], level)} {kind} {_inside(tree[2], level + 1)}"
    if kind == "compare":
        return f"{_inside(tree[2], level + 1)} {tree[1]} {_inside(tree[3], level + 1)}"
    if tree[1] == "**":
        return f"{_inside(tree[2], level + 1)} ** {_inside(tree[3], level - 1)}"
    return f"{_inside(tree[2], level)} {tree[1]} {_inside(tree[3], level + 1)}"


def _level(tree):
    if tree[0] == "binary":
        return LEVELS[tree[1]]
    return LEVELS.get(tree[0], 9)


def _inside(tree, level):
    text = to_text(tree)
    if _level(tree) < level:
        return f"({text})"
    return text


def _literal(value):
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
        return f'"{escaped}"'
    return str(value)
