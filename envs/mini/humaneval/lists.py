"""Problems on lists of numbers."""

from __future__ import annotations

from .problem import Problem

PROBLEMS = (
    Problem(
        "spread(heights: list[int]) -> int",
        "Return the difference between the largest and the smallest height; 0 if there are none.",
        "[4, 9, 1] -> 8\n[5] -> 0",
        "[] -> 0\n[7, 7] -> 0\n[-3, 4] -> 7\n[10, 2, 8] -> 8\n[-5, -9, -1] -> 8\n[1, 2, 3, 100] -> 99",
        "return max(heights) - min(heights) if heights else 0",
        (
            "return max(heights) - min(heights)",
            "return heights[-1] - heights[0] if heights else 0",
            "return max(heights, default=0)",
        ),
    ),
    Problem(
        "runner_up(scores: list[int]) -> int",
        "Return the second largest distinct score, or -1 if there are fewer than two different scores.",
        "[3, 8, 5] -> 5\n[4, 4] -> -1",
        "[] -> -1\n[9] -> -1\n[9, 9, 2] -> 2\n[-1, -2, -3] -> -2\n[1, 2, 3, 4, 4] -> 3\n[10, 10, 10] -> -1",
        """
        distinct = sorted(set(scores))
        return distinct[-2] if len(distinct) > 1 else -1
        """,
        ("return sorted(scores)[-2] if len(scores) > 1 else -1", "return sorted(set(scores))[-2]"),
    ),
    Problem(
        "running_totals(amounts: list[int]) -> list[int]",
        "Return the running totals: each is the sum of all amounts up to and including its position.",
        "[2, 3, 5] -> [2, 5, 10]\n[4] -> [4]",
        "[] -> []\n[1, 1, 1, 1] -> [1, 2, 3, 4]\n[5, -5, 5] -> [5, 0, 5]\n[0, 0] -> [0, 0]\n[-2, -3] -> [-2, -5]\n"
        "[10, 20, 30] -> [10, 30, 60]",
        """
        totals, total = [], 0
        for amount in amounts:
            total += amount
            totals.append(total)
        return totals
        """,
        (
            "return [sum(amounts[:i]) for i in range(len(amounts))]",
            "return [sum(amounts)] * len(amounts)",
            "return [sum(amounts[i:]) for i in range(len(amounts))]",
        ),
    ),
    Problem(
        "changes(readings: list[int]) -> list[int]",
        "Return the differences of neighbouring readings: each one minus the one before it.",
        "[3, 5, 4] -> [2, -1]\n[7] -> []",
        "[] -> []\n[1, 1] -> [0]\n[0, 10, 20] -> [10, 10]\n[5, 3, 9, 9] -> [-2, 6, 0]\n[-4, 4] -> [8]\n"
        "[2, 1, 0, -1] -> [-1, -1, -1]",
        "return [later - earlier for earlier, later in zip(readings, readings[1:])]",
        (
            "return [abs(b - a) for a, b in zip(readings, readings[1:])]",
            "return [a - b for a, b in zip(readings, readings[1:])]",
            "return [readings[i] - readings[0] for i in range(1, len(readings))]",
        ),
    ),
    Problem(
        "clamp_all(values: list[int], low: int, high: int) -> list[int]",
        "Limit every value to the range from low to high: what is outside becomes the nearer end.",
        "[1, 5, 9], 2, 6 -> [2, 5, 6]\n[3], 0, 9 -> [3]",
        "[], 0, 1 -> []\n[0, 10], 0, 10 -> [0, 10]\n[-5, 15], 0, 10 -> [0, 10]\n[4, 4], 5, 5 -> [5, 5]\n"
        "[7, 8, 9], 1, 6 -> [6, 6, 6]\n[-3, -2, -1], -2, 0 -> [-2, -2, -1]",
        "return [min(max(value, low), high) for value in values]",
        (
            "return [value for value in values if low <= value <= high]",
            "return [min(value, high) for value in values]",
            "return [max(value, low) for value in values]",
        ),
    ),
    Problem(
        "longest_plateau(levels: list[int]) -> int",
        "Return the length of the longest run of equal neighbouring levels.",
        "[1, 2, 2, 2, 1] -> 3\n[5] -> 1",
        "[] -> 0\n[3, 3] -> 2\n[1, 2, 3] -> 1\n[2, 2, 1, 2, 2] -> 2\n[4, 4, 4, 4] -> 4\n[0, 1, 1, 0, 0, 0] -> 3",
        """
        best = length = 0
        last = None
        for level in levels:
            length = length + 1 if level == last else 1
            last = level
            best = max(best, length)
        return best
        """,
        (
            "return max((levels.count(level) for level in levels), default=0)",
            "return len(levels) - len(set(levels)) + 1",
            "return sum(a == b for a, b in zip(levels, levels[1:])) + 1",
        ),
    ),
    Problem(
        "rotate_left(track: list[int], steps: int) -> list[int]",
        "Move the first steps items to the end. There may be more steps than items.",
        "[1, 2, 3, 4], 1 -> [2, 3, 4, 1]\n[1, 2], 2 -> [1, 2]",
        "[], 3 -> []\n[1, 2, 3], 0 -> [1, 2, 3]\n[1, 2, 3], 4 -> [2, 3, 1]\n[5], 7 -> [5]\n"
        "[1, 2, 3, 4, 5], 2 -> [3, 4, 5, 1, 2]\n[1, 2], 5 -> [2, 1]",
        """
        start = steps % len(track) if track else 0
        return track[start:] + track[:start]
        """,
        ("return track[steps:] + track[:steps]", "return track[-steps:] + track[:-steps]"),
    ),
    Problem(
        "is_mountain(profile: list[int]) -> bool",
        "Tell whether the profile first rises strictly and then falls strictly; both parts must be there.",
        "[1, 3, 2] -> True\n[1, 2, 3] -> False",
        "[] -> False\n[5] -> False\n[2, 1] -> False\n[0, 2, 4, 3, 1] -> True\n[1, 2, 2, 1] -> False\n"
        "[1, 3, 2, 4] -> False\n[4, 3, 2] -> False",
        """
        if not profile:
            return False
        top = profile.index(max(profile))
        rising = all(a < b for a, b in zip(profile[: top + 1], profile[1 : top + 1]))
        falling = all(a > b for a, b in zip(profile[top:], profile[top + 1 :]))
        return rising and falling and 0 < top < len(profile) - 1
        """,
        (
            "return len(profile) > 2 and profile[0] < max(profile) > profile[-1]",
            "top = profile.index(max(profile))\nreturn profile == sorted(profile[:top]) + sorted(profile[top:])[::-1]",
        ),
    ),
    Problem(
        "drop_extremes(marks: list[int]) -> list[int]",
        "Leave out the first smallest and the first largest of at least two marks; the others keep their order.",
        "[4, 1, 3, 9] -> [4, 3]\n[2, 5] -> []",
        "[1, 2, 3] -> [2]\n[3, 2, 1] -> [2]\n[5, 5, 5] -> [5]\n[1, 9, 9, 1] -> [9, 1]\n[0, -4, 7, 2, 7] -> [0, 2, 7]\n"
        "[8, 6, 7, 5] -> [6, 7]",
        """
        rest = list(marks)
        rest.remove(max(marks))
        rest.remove(min(marks))
        return rest
        """,
        ("return sorted(marks)[1:-1]", "return [mark for mark in marks if min(marks) < mark < max(marks)]"),
    ),
    Problem(
        "peaks(levels: list[int]) -> list[int]",
        "Return the levels that are higher than both of their neighbours; the ends have only one and are none.",
        "[1, 5, 2, 4, 3] -> [5, 4]\n[1, 2, 3] -> []",
        "[] -> []\n[9] -> []\n[9, 1, 9] -> []\n[1, 2, 1] -> [2]\n[1, 3, 3, 1] -> []\n[0, 4, 0, 4, 0] -> [4, 4]",
        "return [b for a, b, c in zip(levels, levels[1:], levels[2:]) if a < b > c]",
        (
            "return [b for a, b, c in zip(levels, levels[1:], levels[2:]) if a <= b >= c]",
            "return [max(levels)] if len(levels) > 2 else []",
            "return [b for a, b in zip(levels, levels[1:]) if b > a]",
        ),
    ),
    Problem(
        "every_second(items: list[int]) -> list[int]",
        "Return every second item, beginning with the first.",
        "[4, 5, 6, 7] -> [4, 6]\n[1] -> [1]",
        "[] -> []\n[1, 2] -> [1]\n[1, 2, 3] -> [1, 3]\n[0, 0, 1, 1] -> [0, 1]\n[9, 8, 7, 6, 5] -> [9, 7, 5]\n"
        "[2, 4, 6, 8] -> [2, 6]",
        "return items[::2]",
        ("return items[1::2]", "return [item for item in items if item % 2 == 0]", "return items[:2]"),
    ),
    Problem(
        "has_pair(numbers: list[int], goal: int) -> bool",
        "Tell whether two numbers at different positions add up to goal.",
        "[1, 4, 6], 10 -> True\n[5], 10 -> False",
        "[], 0 -> False\n[5, 5], 10 -> True\n[1, 2, 3], 7 -> False\n[-2, 2], 0 -> True\n[3, 1, 8], 6 -> False\n"
        "[0, 0], 0 -> True\n[4, 1], 8 -> False\n[1, 7, 9], 10 -> True",
        """
        for i, first in enumerate(numbers):
            if goal - first in numbers[i + 1 :]:
                return True
        return False
        """,
        (
            "return any(goal - number in numbers for number in numbers)",
            "return any(a + b == goal for a, b in zip(numbers, numbers[1:]))",
            "return goal in numbers",
        ),
    ),
    Problem(
        "can_balance(weights: list[int]) -> bool",
        "Tell whether the list can be cut into two parts, neither empty, that have the same sum.",
        "[1, 2, 3] -> True\n[1, 5] -> False",
        "[] -> False\n[0] -> False\n[4, 4] -> True\n[2, 1, 1, 3] -> False\n[3, 1, 1, 3, 0] -> True\n"
        "[5, 0, 0] -> False\n[1, 1, 2] -> True",
        "return any(sum(weights[:i]) == sum(weights[i:]) for i in range(1, len(weights)))",
        (
            "return sum(weights) % 2 == 0",
            "return any(sum(weights[:i]) == sum(weights[i:]) for i in range(len(weights) + 1))",
            "return sum(weights[: len(weights) // 2]) == sum(weights[len(weights) // 2 :])",
        ),
    ),
    Problem(
        "alternating_sum(terms: list[int]) -> int",
        "Add the terms at even positions and subtract those at odd positions; positions begin at 0.",
        "[5, 2, 1] -> 4\n[7] -> 7",
        "[] -> 0\n[1, 1] -> 0\n[1, 2] -> -1\n[0, 4, 0, 4] -> -8\n[10, 1, 10, 1] -> 18\n[-1, -2, -3] -> -2",
        "return sum(terms[::2]) - sum(terms[1::2])",
        ("return sum(terms[1::2]) - sum(terms[::2])", "return sum(terms[::2])", "return sum(terms)"),
    ),
    Problem(
        "first_repeat(codes: list[int]) -> int | None",
        "Return the first code that has stood in the list before, or None if every code is new.",
        "[3, 1, 3, 1] -> 3\n[1, 2] -> None",
        "[] -> None\n[5, 5] -> 5\n[1, 2, 2, 1] -> 2\n[4, 3, 2, 1] -> None\n[0, 1, 0] -> 0\n[7, 8, 9, 8, 7] -> 8",
        """
        seen = set()
        for code in codes:
            if code in seen:
                return code
            seen.add(code)
        return None
        """,
        (
            "return next((code for code in codes if codes.count(code) > 1), None)",
            "return next((a for a, b in zip(codes, codes[1:]) if a == b), None)",
        ),
    ),
    Problem(
        "places(scores: list[int]) -> list[int]",
        "Return the place of each score: 1 for the highest; equal scores share a place and leave the next ones free.",
        "[10, 30, 20] -> [3, 1, 2]\n[5, 5] -> [1, 1]",
        "[] -> []\n[1] -> [1]\n[3, 3, 1] -> [1, 1, 3]\n[1, 2, 3] -> [3, 2, 1]\n[7, 9, 7, 8] -> [3, 1, 3, 2]\n"
        "[0, -1] -> [1, 2]",
        "return [1 + sum(other > score for other in scores) for score in scores]",
        (
            "return [sorted(set(scores), reverse=True).index(score) + 1 for score in scores]",
            "return [sorted(scores).index(score) + 1 for score in scores]",
            "return [sum(other >= score for other in scores) for score in scores]",
        ),
    ),
    Problem(
        "there_and_back(stops: list[int]) -> list[int]",
        "Return the stops followed by the same stops in reverse order.",
        "[1, 2] -> [1, 2, 2, 1]\n[3] -> [3, 3]",
        "[] -> []\n[1, 2, 3] -> [1, 2, 3, 3, 2, 1]\n[0, 0] -> [0, 0, 0, 0]\n[5, 4] -> [5, 4, 4, 5]\n[9] -> [9, 9]\n"
        "[1, 3, 1] -> [1, 3, 1, 1, 3, 1]",
        "return stops + stops[::-1]",
        ("return stops + stops", "return stops[::-1]", "return stops + stops[-2::-1]"),
    ),
    Problem(
        "missing_ticket(tickets: list[int]) -> int",
        "The tickets bear the numbers from 1 to n in any order, but one is gone, which may be the last: find it.",
        "[1, 2, 4] -> 3\n[2] -> 1",
        "[] -> 1\n[1] -> 2\n[3, 1] -> 2\n[1, 2, 3] -> 4\n[5, 3, 1, 2] -> 4\n[2, 3, 4, 5] -> 1",
        "return sum(range(1, len(tickets) + 2)) - sum(tickets)",
        (
            "return max(tickets) + 1 if tickets else 1",
            "return next((n for n in range(1, len(tickets) + 1) if n not in tickets), 0)",
        ),
    ),
)
