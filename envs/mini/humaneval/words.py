"""Problems on lists of words."""

from __future__ import annotations

from .problem import Problem

PROBLEMS = (
    Problem(
        "listing(words: list[str]) -> str",
        "Return the words in alphabetical order, joined by a comma and a space.",
        "['pear', 'fig'] -> 'fig, pear'\n[] -> ''",
        "['a'] -> 'a'\n['b', 'a', 'c'] -> 'a, b, c'\n['x', 'x'] -> 'x, x'\n['b', 'A'] -> 'A, b'\n"
        "['kiwi', 'apple'] -> 'apple, kiwi'\n['z', 'y', 'x'] -> 'x, y, z'",
        "return ', '.join(sorted(words))",
        ("return ', '.join(words)", "return ','.join(sorted(words))", "return ', '.join(sorted(set(words)))"),
    ),
    Problem(
        "letters_in_all(words: list[str]) -> int",
        "Return the total length of all words.",
        "['ab', 'cde'] -> 5\n[] -> 0",
        "[''] -> 0\n['a', 'b'] -> 2\n['hello'] -> 5\n['x', 'x', 'x'] -> 3\n['one', '', 'three'] -> 8\n['a b'] -> 3",
        "return sum(len(word) for word in words)",
        (
            "return len(words)",
            "return max((len(word) for word in words), default=0)",
            "return len(set(''.join(words)))",
        ),
    ),
    Problem(
        "has_duplicates(names: list[str]) -> bool",
        "Tell whether a name stands in the list more than once.",
        "['bo', 'al', 'bo'] -> True\n['bo', 'al'] -> False",
        "[] -> False\n['a'] -> False\n['a', 'A'] -> False\n['x', 'x'] -> True\n['a', 'b', 'c', 'b'] -> True\n"
        "['', ''] -> True",
        "return len(set(names)) != len(names)",
        (
            "return any(a == b for a, b in zip(names, names[1:]))",
            "return len(names) > 1",
            "return len({name.lower() for name in names}) != len(names)",
        ),
    ),
    Problem(
        "favourite(votes: list[str]) -> str",
        "Return the most frequent vote; among equals the one that was given first.",
        "['a', 'b', 'b'] -> 'b'\n['x', 'y'] -> 'x'",
        "['q'] -> 'q'\n['b', 'a', 'a', 'b'] -> 'b'\n['c', 'c', 'a'] -> 'c'\n['m', 'n', 'o'] -> 'm'\n"
        "['a', 'b', 'b', 'a', 'b'] -> 'b'\n['z', 'a', 'z', 'a'] -> 'z'",
        "return max(votes, key=votes.count)",
        ("return max(votes)", "return votes[0]", "return max(sorted(set(votes)), key=votes.count)"),
    ),
    Problem(
        "palindromes(words: list[str]) -> list[str]",
        "Return the words that read the same backwards.",
        "['level', 'tree', 'noon'] -> ['level', 'noon']\n[] -> []",
        "['ab'] -> []\n['a'] -> ['a']\n['', 'x'] -> ['', 'x']\n['Anna'] -> []\n['stats', 'abc'] -> ['stats']\n"
        "['abca', 'abba'] -> ['abba']",
        "return [word for word in words if word == word[::-1]]",
        (
            "return [word for word in words if word.lower() == word.lower()[::-1]]",
            "return [word for word in words if word[:1] == word[-1:]]",
            "return [word[::-1] for word in words]",
        ),
    ),
    Problem(
        "acrostic(lines: list[str]) -> str",
        "Join the first characters of all lines; empty lines are skipped.",
        "['Sun', 'Over', 'Sea'] -> 'SOS'\n['', 'a'] -> 'a'",
        "[] -> ''\n['x'] -> 'x'\n['', ''] -> ''\n['one', 'two'] -> 'ot'\n['Hi', '', 'there'] -> 'Ht'\n"
        "['1st', '2nd'] -> '12'",
        "return ''.join(line[:1] for line in lines)",
        (
            "return ''.join(line[0] for line in lines)",
            "return ''.join(line[-1:] for line in lines)",
            "return ''.join(line[:1].upper() for line in lines)",
        ),
    ),
    Problem(
        "once_each(words: list[str]) -> list[str]",
        "Keep the first of all words that differ in case only.",
        "['Tea', 'milk', 'tea'] -> ['Tea', 'milk']\n['a', 'a'] -> ['a']",
        "[] -> []\n['A', 'a', 'B'] -> ['A', 'B']\n['x', 'y'] -> ['x', 'y']\n['ab', 'AB', 'Ab'] -> ['ab']\n"
        "['b', 'a', 'B'] -> ['b', 'a']\n['', ''] -> ['']",
        """
        kept = {}
        for word in words:
            kept.setdefault(word.lower(), word)
        return list(kept.values())
        """,
        (
            "return list(dict.fromkeys(words))",
            "return list(dict.fromkeys(word.lower() for word in words))",
            "return sorted(set(words))",
        ),
    ),
    Problem(
        "shortest(words: list[str]) -> str",
        "Return the first of the shortest words; '' if there are none.",
        "['oak', 'fir', 'ash tree'] -> 'oak'\n[] -> ''",
        "['a'] -> 'a'\n['abc', 'ab', 'a'] -> 'a'\n['bb', 'aa'] -> 'bb'\n['long', 'longer'] -> 'long'\n"
        "['x', ''] -> ''\n['dd', 'c', 'b'] -> 'c'\n[] -> ''",
        "return min(words, key=len, default='')",
        (
            "return min(words, key=len)",
            "return min(words, default='')",
            "return sorted(words, key=len)[-1] if words else ''",
        ),
    ),
    Problem(
        "chain_holds(words: list[str]) -> bool",
        "Tell whether each word begins with the last letter of the word before it; no word is empty.",
        "['tea', 'ape', 'eel'] -> True\n['tea', 'eel'] -> False",
        "[] -> True\n['solo'] -> True\n['ab', 'bc', 'cd'] -> True\n['ab', 'bc', 'dd'] -> False\n['a', 'a'] -> True\n"
        "['xy', 'ab', 'bc'] -> False",
        "return all(a[-1] == b[0] for a, b in zip(words, words[1:]))",
        (
            "return any(a[-1] == b[0] for a, b in zip(words, words[1:]))",
            "return words[0][-1] == words[1][0] if len(words) > 1 else True",
            "return all(a[0] == b[-1] for a, b in zip(words, words[1:]))",
        ),
    ),
    Problem(
        "longest_length(words: list[str]) -> int",
        "Return the length of the longest word; 0 if there is no word.",
        "['ox', 'horse'] -> 5\n[] -> 0",
        "['a'] -> 1\n[''] -> 0\n['aa', 'b'] -> 2\n['zz', 'aaaa', 'mmm'] -> 4\n['same', 'size'] -> 4\n"
        "['z', 'abc'] -> 3\n[] -> 0",
        "return max((len(word) for word in words), default=0)",
        (
            "return len(max(words, default=''))",
            "return max(len(word) for word in words)",
            "return sum(len(word) for word in words)",
        ),
    ),
)
