"""Problems on a single text."""

from __future__ import annotations

from .problem import Problem

PROBLEMS = (
    Problem(
        "shout(text: str) -> str",
        "Return the text in upper case with an exclamation mark at the end.",
        "'hey' -> 'HEY!'\n'' -> '!'",
        "'Stop' -> 'STOP!'\n'a b' -> 'A B!'\n'OK' -> 'OK!'\n'x!' -> 'X!!'\n'1st' -> '1ST!'\n'é' -> 'É!'",
        "return text.upper() + '!'",
        (
            "return text + '!'",
            "return text.upper() if text.endswith('!') else text.upper() + '!'",
            "return text.capitalize() + '!'",
        ),
    ),
    Problem(
        "without_digits(text: str) -> str",
        "Remove all digits from the text.",
        "'a1b22' -> 'ab'\n'2024' -> ''",
        "'' -> ''\n'abc' -> 'abc'\n'1 2' -> ' '\n'x0y' -> 'xy'\n'007 agent' -> ' agent'\n'9.5' -> '.'",
        "return ''.join(c for c in text if not c.isdigit())",
        (
            "return ''.join(c for c in text if c.isdigit())",
            "return ''.join(c for c in text if c.isalpha())",
            "return text.strip('0123456789')",
        ),
    ),
    Problem(
        "initials(name: str) -> str",
        "Return the first letter of each word of the name in upper case, without spaces.",
        "'ada king lovelace' -> 'AKL'\n'Plato' -> 'P'",
        "'' -> ''\n'a b' -> 'AB'\n'Max von Sydow' -> 'MVS'\n'  two  spaces ' -> 'TS'\n'x' -> 'X'\n"
        "'one-word name' -> 'ON'",
        "return ''.join(word[0].upper() for word in name.split())",
        (
            "return ''.join(word[0] for word in name.split())",
            "return ''.join(c for c in name if c.isupper())",
            "return ''.join(word[0].upper() for word in name.split(' ') if word != word.lower())",
        ),
    ),
    Problem(
        "has_all(text: str, letters: str) -> bool",
        "Tell whether every one of the letters occurs in the text, whatever its case.",
        "'Hello', 'leh' -> True\n'abc', 'abd' -> False",
        "'', '' -> True\n'', 'a' -> False\n'a', '' -> True\n'ABC', 'cab' -> True\n'abc', 'ABC' -> True\n"
        "'aab', 'ba' -> True\n'xyz', 'xw' -> False",
        "return set(letters.lower()) <= set(text.lower())",
        (
            "return all(letter in text for letter in letters)",
            "return letters.lower() in text.lower()",
            "return any(letter in text.lower() for letter in letters.lower())",
        ),
    ),
    Problem(
        "mirrored(text: str) -> str",
        "Return the text followed by its own reverse.",
        "'ab' -> 'abba'\n'' -> ''",
        "'x' -> 'xx'\n'abc' -> 'abccba'\n'aa' -> 'aaaa'\n'1 2' -> '1 22 1'\n'No' -> 'NooN'\n'?!' -> '?!!?'",
        "return text + text[::-1]",
        ("return text[::-1] + text", "return text + text"),
    ),
    Problem(
        "squeeze(text: str) -> str",
        "Replace every run of the same character by one of them.",
        "'aabccc' -> 'abc'\n'a' -> 'a'",
        "'' -> ''\n'abab' -> 'abab'\n'aaa' -> 'a'\n'a  b' -> 'a b'\n'aAa' -> 'aAa'\n'112211' -> '121'",
        """
        kept = ''
        for c in text:
            if not kept.endswith(c):
                kept += c
        return kept
        """,
        (
            "return ''.join(dict.fromkeys(text))",
            "return ''.join(a for a, b in zip(text, text[1:]) if a != b)",
            "return text.replace('  ', ' ')",
        ),
    ),
    Problem(
        "next_digits(text: str) -> str",
        "Replace every digit by the next one, 9 by 0; all other characters stay.",
        "'a1' -> 'a2'\n'99' -> '00'",
        "'' -> ''\n'abc' -> 'abc'\n'0' -> '1'\n'1289' -> '2390'\n'7 of 9' -> '8 of 0'\n'-5' -> '-6'",
        "return ''.join(str((int(c) + 1) % 10) if c.isdigit() else c for c in text)",
        (
            "return ''.join(str(int(c) + 1) if c.isdigit() else c for c in text)",
            "return ''.join(str((int(c) + 1) % 10) for c in text if c.isdigit())",
        ),
    ),
    Problem(
        "longest_word(sentence: str) -> str",
        "Return the longest word of the sentence, the first of them if several are as long; '' if there is none.",
        "'a quick fox' -> 'quick'\n'one two' -> 'one'",
        "'' -> ''\n'word' -> 'word'\n'aa bbb cc' -> 'bbb'\n'same size text' -> 'same'\n'  padded  ' -> 'padded'\n"
        "'z yy xxx www' -> 'xxx'",
        "return max(sentence.split(), key=len, default='')",
        (
            "return max(sentence.split(), key=len)",
            "return sorted(sentence.split(), key=len)[-1] if sentence.split() else ''",
            "return max(sentence.split(), default='')",
        ),
    ),
    Problem(
        "words_with_initial(sentence: str, letter: str) -> int",
        "Count the words of the sentence that start with the letter; upper and lower case are the same.",
        "'Big bad cat', 'b' -> 2\n'none here', 'x' -> 0",
        "'', 'a' -> 0\n'Anna ate', 'A' -> 2\n'lab rat', 'b' -> 0\n'to be or not to be', 't' -> 2\n'x X y', 'x' -> 2\n"
        "'alone', 'a' -> 1",
        "return sum(word.lower().startswith(letter.lower()) for word in sentence.split())",
        (
            "return sum(word.startswith(letter) for word in sentence.split())",
            "return sentence.lower().count(letter.lower())",
            "return sum(letter.lower() in word.lower() for word in sentence.split())",
        ),
    ),
    Problem(
        "swap_ends(text: str) -> str",
        "Exchange the first and the last character of the text.",
        "'abcd' -> 'dbca'\n'ab' -> 'ba'",
        "'' -> ''\n'x' -> 'x'\n'abc' -> 'cba'\n'aa' -> 'aa'\n'stop' -> 'ptos'\n'12345' -> '52341'",
        "return text if len(text) < 2 else text[-1] + text[1:-1] + text[0]",
        ("return text[::-1]", "return text[-1] + text[1:-1] + text[0]", "return text[-1:] + text[1:-1] + text[:1]"),
    ),
    Problem(
        "expand(packed: str) -> str",
        "Unpack a text in which each letter is followed by one digit that says how many times it stands there.",
        "'a3b1' -> 'aaab'\n'x0' -> ''",
        "'' -> ''\n'z2' -> 'zz'\n'a1b1c1' -> 'abc'\n'q0r2' -> 'rr'\n'h1o9' -> 'hooooooooo'\n'A2a2' -> 'AAaa'",
        "return ''.join(c * int(n) for c, n in zip(packed[::2], packed[1::2]))",
        (
            "return ''.join(c for c in packed if c.isalpha())",
            "return packed[0] * int(packed[1]) if packed else ''",
            "return ''.join(c * max(int(n), 1) for c, n in zip(packed[::2], packed[1::2]))",
        ),
    ),
    Problem(
        "common_start(one: str, other: str) -> str",
        "Return the longest text that both texts begin with.",
        "'flower', 'flow' -> 'flow'\n'abc', 'xbc' -> ''",
        "'', '' -> ''\n'same', 'same' -> 'same'\n'ab', 'ac' -> 'a'\n'', 'x' -> ''\n'abcx', 'abdx' -> 'ab'\n"
        "'Ab', 'ab' -> ''",
        """
        size = 0
        while size < min(len(one), len(other)) and one[size] == other[size]:
            size += 1
        return one[:size]
        """,
        (
            "return ''.join(a for a, b in zip(one, other) if a == b)",
            "return one if other.startswith(one) else other if one.startswith(other) else ''",
        ),
    ),
    Problem(
        "capitals_first(text: str) -> str",
        "Move the upper-case letters to the front; within both parts the order stays.",
        "'aBcD' -> 'BDac'\n'abc' -> 'abc'",
        "'' -> ''\n'ABC' -> 'ABC'\n'xYz' -> 'Yxz'\n'a1B2' -> 'Ba12'\n'zA yB' -> 'ABz y'\n'bA' -> 'Ab'",
        "return ''.join(c for c in text if c.isupper()) + ''.join(c for c in text if not c.isupper())",
        (
            "return ''.join(sorted(text))",
            "return ''.join(c for c in text if c.isupper()) + ''.join(c for c in text if c.islower())",
            "return ''.join(c for c in text if not c.isupper()) + ''.join(c for c in text if c.isupper())",
        ),
    ),
    Problem(
        "quotes_closed(text: str) -> bool",
        "Tell whether the number of double quotes in the text is even.",
        "'say \"hi\"' -> True\n'5\" nail' -> False",
        "'' -> True\n'\"' -> False\n'\"\"' -> True\n'none' -> True\n'\"a\" \"b' -> False\n'\"a\" \"b\"' -> True",
        "return text.count('\"') % 2 == 0",
        ("return '\"' not in text", "return text.count('\"') == 2", "return len(text) % 2 == 0"),
    ),
    Problem(
        "mask(secret: str, shown: int) -> str",
        "Replace all characters by '*' but the last shown ones.",
        "'12345', 2 -> '***45'\n'ab', 5 -> 'ab'",
        "'', 3 -> ''\n'abc', 0 -> '***'\n'abc', 3 -> 'abc'\n'abcd', 1 -> '***d'\n'x', 1 -> 'x'\n"
        "'password', 4 -> '****word'",
        "return '*' * (len(secret) - shown) + secret[max(len(secret) - shown, 0) :]",
        (
            "return '*' * (len(secret) - shown) + secret[-shown:]",
            "return secret[:shown] + '*' * (len(secret) - shown)",
            "return '*' * len(secret)",
        ),
    ),
    Problem(
        "word_lengths(sentence: str) -> list[int]",
        "Return the length of each word of the sentence.",
        "'to be free' -> [2, 2, 4]\n'' -> []",
        "'a' -> [1]\n'  x  yy ' -> [1, 2]\n'hello world' -> [5, 5]\n'well-known' -> [10]\n'1 22 333' -> [1, 2, 3]\n"
        "'no, thanks' -> [3, 6]",
        "return [len(word) for word in sentence.split()]",
        (
            "return [len(word) for word in sentence.split(' ')]",
            "return [len(word) - word.count(',') for word in sentence.split()]",
            "return [len(sentence)]",
        ),
    ),
    Problem(
        "middle(text: str) -> str",
        "Return the middle character, or the two middle ones if the length is even; '' for an empty text.",
        "'abc' -> 'b'\n'abcd' -> 'bc'",
        "'' -> ''\n'x' -> 'x'\n'xy' -> 'xy'\n'12345' -> '3'\n'123456' -> '34'\n'aba' -> 'b'",
        "return text[(len(text) - 1) // 2 : len(text) // 2 + 1]",
        ("return text[len(text) // 2]", "return text[len(text) // 2 : len(text) // 2 + 1]", "return text[1:-1]"),
    ),
    Problem(
        "underscored(name: str) -> str",
        "Write a name such as maxSpeed with an underscore before each capital and in lower case.",
        "'maxSpeed' -> 'max_speed'\n'x' -> 'x'",
        "'' -> ''\n'plain' -> 'plain'\n'aB' -> 'a_b'\n'oneTwoThree' -> 'one_two_three'\n'sizeX' -> 'size_x'\n"
        "'a1B' -> 'a1_b'",
        "return ''.join('_' + c.lower() if c.isupper() else c for c in name)",
        (
            "return name.lower()",
            "return ''.join('_' + c if c.isupper() else c for c in name)",
            "return ''.join('_' if c.isupper() else c for c in name)",
        ),
    ),
)
