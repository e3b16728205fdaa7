"""Problems on dictionaries."""

from __future__ import annotations

from .problem import Problem

PROBLEMS = (
    Problem(
        "total_stock(stock: dict[str, int]) -> int",
        "Return the sum of all amounts in stock.",
        "{'nail': 4, 'bolt': 6} -> 10\n{} -> 0",
        "{'a': 1} -> 1\n{'a': 0, 'b': 0} -> 0\n{'x': -2, 'y': 5} -> 3\n{'a': 1, 'b': 1, 'c': 1} -> 3\n"
        "{'k': 100} -> 100\n{'p': 7, 'q': 7} -> 14",
        "return sum(stock.values())",
        ("return len(stock)", "return sum(set(stock.values()))", "return max(stock.values(), default=0)"),
    ),
    Problem(
        "best_seller(sales: dict[str, int]) -> str",
        "Return the name with the highest sales; among equals the first in alphabetical order, '' if there are none.",
        "{'tea': 3, 'jam': 9} -> 'jam'\n{} -> ''",
        "{'a': 1} -> 'a'\n{'b': 2, 'a': 2} -> 'a'\n{'x': 5, 'y': 4} -> 'x'\n{'c': 0, 'b': 0, 'a': -1} -> 'b'\n"
        "{'a': 1, 'z': 2} -> 'z'\n{'m': 3, 'k': 3, 'l': 3} -> 'k'",
        "return max(sorted(sales), key=sales.get, default='')",
        (
            "return max(sales, key=sales.get, default='')",
            "return max(sales, default='')",
            "return min(sales, default='')",
        ),
    ),
    Problem(
        "inverted(codes: dict[str, str]) -> dict[str, str]",
        "Exchange keys and values; all values differ.",
        "{'a': 'x'} -> {'x': 'a'}\n{} -> {}",
        "{'a': 'b', 'b': 'a'} -> {'b': 'a', 'a': 'b'}\n{'k': 'k'} -> {'k': 'k'}\n"
        "{'one': '1', 'two': '2'} -> {'1': 'one', '2': 'two'}\n"
        "{'x': ''} -> {'': 'x'}\n{'p': 'q', 'r': 's'} -> {'q': 'p', 's': 'r'}\n{'A': 'a'} -> {'a': 'A'}",
        "return {value: key for key, value in codes.items()}",
        (
            "return dict(codes)",
            "return {value: value for value in codes.values()}",
            "return {value: key for key, value in codes.items() if value}",
        ),
    ),
    Problem(
        "over_limit(costs: dict[str, int], limit: int) -> list[str]",
        "Return the names whose cost is above the limit, in alphabetical order.",
        "{'rent': 9, 'food': 4}, 5 -> ['rent']\n{}, 0 -> []",
        "{'a': 5}, 5 -> []\n{'b': 6, 'a': 7}, 5 -> ['a', 'b']\n{'x': 1}, 2 -> []\n"
        "{'z': 3, 'y': 1, 'x': 2}, 1 -> ['x', 'z']\n"
        "{'k': 0}, -1 -> ['k']\n{'q': 10, 'p': 10}, 9 -> ['p', 'q']",
        "return sorted(name for name, cost in costs.items() if cost > limit)",
        (
            "return [name for name, cost in costs.items() if cost > limit]",
            "return sorted(name for name, cost in costs.items() if cost >= limit)",
            "return sorted(costs)",
        ),
    ),
    Problem(
        "added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]",
        "Add two tables of counts: a name in both gets the sum of its counts.",
        "{'a': 1}, {'a': 2, 'b': 3} -> {'a': 3, 'b': 3}\n{}, {} -> {}",
        "{'x': 1}, {} -> {'x': 1}\n{}, {'y': 2} -> {'y': 2}\n{'a': 1}, {'b': 1} -> {'a': 1, 'b': 1}\n"
        "{'a': 0}, {'a': 0} -> {'a': 0}\n"
        "{'k': 5, 'l': 1}, {'l': 1} -> {'k': 5, 'l': 2}\n{'n': -1}, {'n': 1} -> {'n': 0}",
        "return {name: one.get(name, 0) + other.get(name, 0) for name in [*one, *other]}",
        (
            "return {**one, **other}",
            "return {name: one[name] + other[name] for name in one if name in other}",
            "return {name: count + other.get(name, 0) for name, count in one.items()}",
        ),
    ),
    Problem(
        "letter_counts(text: str) -> dict[str, int]",
        "Count how many times each letter occurs, upper case as lower case; other characters are left out.",
        "'Abba!' -> {'a': 2, 'b': 2}\n'' -> {}",
        "'x' -> {'x': 1}\n'123' -> {}\n'aA' -> {'a': 2}\n'a b' -> {'a': 1, 'b': 1}\n"
        "'Moon' -> {'m': 1, 'o': 2, 'n': 1}\n'z-Z' -> {'z': 2}",
        """
        lower = [c for c in text.lower() if c.isalpha()]
        return {c: lower.count(c) for c in lower}
        """,
        (
            "return {c: text.count(c) for c in text}",
            "return {c: text.lower().count(c) for c in text.lower()}",
            "return {c: text.count(c) for c in text if c.isalpha()}",
        ),
    ),
    Problem(
        "with_defaults(settings: dict[str, int], defaults: dict[str, int]) -> dict[str, int]",
        "Add to the settings those defaults whose keys they lack; keys they have stay as they are.",
        "{'a': 1}, {'a': 9, 'b': 2} -> {'a': 1, 'b': 2}\n{}, {'x': 0} -> {'x': 0}",
        "{}, {} -> {}\n{'k': 3}, {} -> {'k': 3}\n{'a': 0}, {'a': 5} -> {'a': 0}\n"
        "{'p': 1}, {'q': 2} -> {'p': 1, 'q': 2}\n"
        "{'m': 7, 'n': 8}, {'n': 1, 'o': 2} -> {'m': 7, 'n': 8, 'o': 2}\n"
        "{'z': -1}, {'z': 1, 'y': 1} -> {'z': -1, 'y': 1}",
        "return {**defaults, **settings}",
        (
            "return {**settings, **defaults}",
            "return {key: settings.get(key) or value for key, value in defaults.items()}",
            "return settings or defaults",
        ),
    ),
    Problem(
        "by_length(words: list[str]) -> dict[int, list[str]]",
        "Group the words by their length; in each group they keep their order.",
        "['to', 'a', 'be'] -> {2: ['to', 'be'], 1: ['a']}\n[] -> {}",
        "['x'] -> {1: ['x']}\n['aa', 'bb'] -> {2: ['aa', 'bb']}\n['', 'a'] -> {0: [''], 1: ['a']}\n"
        "['b', 'a'] -> {1: ['b', 'a']}\n"
        "['abc', 'de', 'fgh'] -> {3: ['abc', 'fgh'], 2: ['de']}\n['k', 'k'] -> {1: ['k', 'k']}",
        "return {size: [word for word in words if len(word) == size] for size in map(len, words)}",
        (
            "return {len(word): [word] for word in words}",
            "return {len(word): sorted(w for w in words if len(w) == len(word)) for word in words}",
            "return {len(word): [w for w in set(words) if len(w) == len(word)] for word in words if word}",
        ),
    ),
    Problem(
        "in_stock(stock: dict[str, int]) -> dict[str, int]",
        "Keep the entries whose amount is positive.",
        "{'a': 2, 'b': 0} -> {'a': 2}\n{} -> {}",
        "{'x': -1} -> {}\n{'x': 1} -> {'x': 1}\n{'a': 0} -> {}\n{'p': 3, 'q': -3} -> {'p': 3}\n"
        "{'k': 5, 'l': 6} -> {'k': 5, 'l': 6}\n{'m': -1, 'n': 0, 'o': 1} -> {'o': 1}",
        "return {name: amount for name, amount in stock.items() if amount > 0}",
        (
            "return {name: amount for name, amount in stock.items() if amount >= 0}",
            "return {name: amount for name, amount in stock.items() if amount}",
            "return {name: abs(amount) for name, amount in stock.items() if amount != 0}",
        ),
    ),
    Problem(
        "looked_up(prices: dict[str, int], names: list[str]) -> list[int]",
        "Return the price of each of the names; a name that has none counts 0.",
        "{'a': 5}, ['a', 'b'] -> [5, 0]\n{}, [] -> []",
        "{}, ['x'] -> [0]\n{'x': 1, 'y': 2}, ['y', 'x', 'y'] -> [2, 1, 2]\n{'a': 3}, [] -> []\n"
        "{'k': -1}, ['k'] -> [-1]\n"
        "{'p': 4, 'q': 5}, ['q'] -> [5]\n{'m': 0}, ['m', 'n'] -> [0, 0]",
        "return [prices.get(name, 0) for name in names]",
        (
            "return [prices[name] for name in names if name in prices]",
            "return [prices[name] for name in names]",
            "return list(prices.values())",
        ),
    ),
    Problem(
        "first_places(items: list[str]) -> dict[str, int]",
        "Map each item to the position at which it stands first.",
        "['a', 'b', 'a'] -> {'a': 0, 'b': 1}\n[] -> {}",
        "['x'] -> {'x': 0}\n['k', 'k', 'k'] -> {'k': 0}\n['p', 'q'] -> {'p': 0, 'q': 1}\n"
        "['b', 'a', 'a', 'c'] -> {'b': 0, 'a': 1, 'c': 3}\n"
        "['m', 'n', 'n', 'm'] -> {'m': 0, 'n': 1}\n['z', 'y', 'x'] -> {'z': 0, 'y': 1, 'x': 2}",
        "return {item: items.index(item) for item in items}",
        (
            "return {item: place for place, item in enumerate(items)}",
            "return {item: sorted(items).index(item) for item in items}",
            "return {item: place for place, item in enumerate(dict.fromkeys(items))}",
        ),
    ),
    Problem(
        "keys_by_value(points: dict[str, int]) -> list[str]",
        "Return the keys in the order of their values, the smallest first; all values differ.",
        "{'a': 3, 'b': 1} -> ['b', 'a']\n{} -> []",
        "{'x': 0} -> ['x']\n{'a': 1, 'b': 2} -> ['a', 'b']\n{'p': 5, 'q': -5, 'r': 0} -> ['q', 'r', 'p']\n"
        "{'z': 1, 'y': 2} -> ['z', 'y']\n"
        "{'k': 9, 'l': 8, 'm': 7} -> ['m', 'l', 'k']\n{'c': 2, 'b': 3, 'a': 1} -> ['a', 'c', 'b']",
        "return sorted(points, key=points.get)",
        ("return sorted(points)", "return list(points)", "return sorted(points, key=points.get, reverse=True)"),
    ),
)
