"""Problems on whole numbers."""

from __future__ import annotations

from .problem import Problem

PROBLEMS = (
    Problem(
        "digit_product(number: int) -> int",
        "Return the product of the digits of a number that is not negative.",
        "234 -> 24\n7 -> 7",
        "0 -> 0\n10 -> 0\n11 -> 1\n99 -> 81\n123 -> 6\n5005 -> 0",
        """
        result = 1
        for digit in str(number):
            result *= int(digit)
        return result
        """,
        (
            "return sum(int(digit) for digit in str(number))",
            "result = 1\nwhile number:\n    result *= number % 10\n    number //= 10\nreturn result",
            "import math\nreturn math.prod(int(digit) for digit in str(number) if digit != '0')",
        ),
    ),
    Problem(
        "count_divisors(n: int) -> int",
        "Count the divisors of n, 1 and n among them; n is at least 1.",
        "6 -> 4\n7 -> 2",
        "1 -> 1\n2 -> 2\n12 -> 6\n16 -> 5\n97 -> 2\n100 -> 9",
        "return sum(n % d == 0 for d in range(1, n + 1))",
        (
            "return sum(n % d == 0 for d in range(1, min(n, 10) + 1))",
            "return sum(n % d == 0 for d in range(2, n)) + 2",
            "return len([d for d in range(1, n // 2) if n % d == 0]) + 1",
        ),
    ),
    Problem(
        "hailstone_steps(n: int) -> int",
        "Halve an even number, turn an odd one into three times itself plus 1: count the steps until n is 1.",
        "1 -> 0\n4 -> 2",
        "2 -> 1\n3 -> 7\n5 -> 5\n6 -> 8\n7 -> 16\n8 -> 3",
        """
        steps = 0
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
        return steps
        """,
        ("return n.bit_length() - 1", "steps = 0\nwhile n > 1:\n    n = n // 2\n    steps += 1\nreturn steps"),
    ),
    Problem(
        "is_perfect(n: int) -> bool",
        "Tell whether n, at least 1, equals the sum of its divisors below n.",
        "6 -> True\n8 -> False",
        "1 -> False\n2 -> False\n28 -> True\n12 -> False\n496 -> True\n27 -> False",
        "return sum(d for d in range(1, n) if n % d == 0) == n",
        (
            "return sum(d for d in range(1, n + 1) if n % d == 0) == n",
            "return n % 2 == 0 and n > 5",
            "return sum(d for d in range(1, n) if n % d == 0) >= n",
        ),
    ),
    Problem(
        "boxes_needed(items: int, size: int) -> int",
        "Return how many boxes of the given size are needed to hold all items.",
        "10, 4 -> 3\n8, 4 -> 2",
        "0, 5 -> 0\n1, 5 -> 1\n5, 5 -> 1\n6, 5 -> 2\n100, 1 -> 100\n99, 10 -> 10",
        "return (items + size - 1) // size",
        ("return items // size", "return items // size + 1", "return round(items / size)"),
    ),
    Problem(
        "reversed_digits(number: int) -> int",
        "Write the digits of the number in reverse order; the sign stays in front.",
        "123 -> 321\n-45 -> -54",
        "0 -> 0\n7 -> 7\n100 -> 1\n-120 -> -21\n909 -> 909\n12345 -> 54321",
        """
        result = int(str(abs(number))[::-1])
        return -result if number < 0 else result
        """,
        ("return int(str(abs(number))[::-1])", "return int(''.join(sorted(str(number), reverse=True)))"),
    ),
    Problem(
        "first_odds(n: int) -> list[int]",
        "Return the first n odd numbers, beginning with 1.",
        "3 -> [1, 3, 5]\n0 -> []",
        "1 -> [1]\n2 -> [1, 3]\n4 -> [1, 3, 5, 7]\n5 -> [1, 3, 5, 7, 9]\n6 -> [1, 3, 5, 7, 9, 11]\n"
        "7 -> [1, 3, 5, 7, 9, 11, 13]",
        "return list(range(1, 2 * n, 2))",
        (
            "return [i for i in range(1, n + 1) if i % 2 == 1]",
            "return [1, *range(3, n + 2, 2)] if n else []",
            "return [i for i in range(n * 2) if i % 2 == 1 and i < 10]",
        ),
    ),
    Problem(
        "clock_after(hour: int, more: int) -> int",
        "Return what hour of the day it is more hours after hour; a day has 24 hours, the first is 0.",
        "22, 5 -> 3\n7, 2 -> 9",
        "0, 0 -> 0\n23, 1 -> 0\n12, 24 -> 12\n5, 100 -> 9\n0, 23 -> 23\n20, 4 -> 0",
        "return (hour + more) % 24",
        (
            "return hour + more",
            "return (hour + more) % 12",
            "return hour + more - 24 if hour + more > 24 else hour + more",
        ),
    ),
    Problem(
        "ones_in_binary(n: int) -> int",
        "Return how many ones the binary form of n has.",
        "5 -> 2\n8 -> 1",
        "0 -> 0\n1 -> 1\n7 -> 3\n255 -> 8\n256 -> 1\n10 -> 2",
        "return bin(n).count('1')",
        ("return len(bin(n)) - 2", "return str(n).count('1')", "return n % 2 + n // 2 % 2 + n // 4 % 2"),
    ),
    Problem(
        "nearest_multiple(n: int, step: int) -> int",
        "Return the multiple of step that is nearest to n, the higher one if two are as near.",
        "7, 5 -> 5\n8, 5 -> 10",
        "0, 3 -> 0\n5, 10 -> 10\n4, 10 -> 0\n6, 4 -> 8\n12, 4 -> 12\n1, 2 -> 2",
        "return (2 * n + step) // (2 * step) * step",
        ("return round(n / step) * step", "return n // step * step", "return (n // step + 1) * step"),
    ),
    Problem(
        "share_digit(a: int, b: int) -> bool",
        "Tell whether the two numbers, neither of them negative, have a digit in common.",
        "12, 25 -> True\n13, 24 -> False",
        "0, 0 -> True\n0, 10 -> True\n5, 6 -> False\n99, 9 -> True\n123, 456 -> False\n808, 180 -> True",
        "return bool(set(str(a)) & set(str(b)))",
        ("return str(a) in str(b) or str(b) in str(a)", "return a % 10 == b % 10", "return set(str(a)) == set(str(b))"),
    ),
    Problem(
        "digital_root(n: int) -> int",
        "Add the digits of n, then those of the sum, and so on until one digit is left.",
        "38 -> 2\n5 -> 5",
        "0 -> 0\n10 -> 1\n99 -> 9\n12345 -> 6\n999 -> 9\n19 -> 1",
        """
        while n > 9:
            n = sum(int(digit) for digit in str(n))
        return n
        """,
        ("return sum(int(digit) for digit in str(n))", "return n % 9", "return 1 + (n - 1) % 9"),
    ),
    Problem(
        "multiples_between(low: int, high: int, factor: int) -> int",
        "Count the multiples of factor from low to high, both ends included.",
        "1, 10, 3 -> 3\n4, 8, 4 -> 2",
        "5, 4, 2 -> 0\n0, 0, 7 -> 1\n1, 6, 7 -> 0\n10, 20, 5 -> 3\n3, 3, 3 -> 1\n-4, 4, 2 -> 5",
        "return sum(n % factor == 0 for n in range(low, high + 1))",
        (
            "return sum(n % factor == 0 for n in range(low, high))",
            "return (high - low) // factor",
            "return high // factor - low // factor",
        ),
    ),
    Problem(
        "digits_in_base(n: int, base: int) -> list[int]",
        "Return the digits of n in the given base, the highest first; 0 has one digit.",
        "6, 2 -> [1, 1, 0]\n255, 16 -> [15, 15]",
        "0, 2 -> [0]\n1, 10 -> [1]\n10, 10 -> [1, 0]\n8, 3 -> [2, 2]\n31, 5 -> [1, 1, 1]\n7, 8 -> [7]",
        """
        digits = [n % base]
        while n >= base:
            n //= base
            digits.insert(0, n % base)
        return digits
        """,
        (
            "digits = []\nwhile n:\n    digits.insert(0, n % base)\n    n //= base\nreturn digits",
            "return [int(digit) for digit in str(n)]",
            "digits = [n % base]\nwhile n >= base:\n    n //= base\n    digits.append(n % base)\nreturn digits",
        ),
    ),
)
