"""Problems on times of the day and spans of time."""

from __future__ import annotations

from .problem import Problem

PROBLEMS = (
    Problem(
        "minutes(clock: str) -> int",
        "Turn a time such as '2:35' into the minutes since midnight.",
        "'2:35' -> 155\n'0:00' -> 0",
        "'0:01' -> 1\n'1:00' -> 60\n'12:30' -> 750\n'23:59' -> 1439\n'10:10' -> 610\n'7:05' -> 425",
        """
        hours, rest = clock.split(':')
        return int(hours) * 60 + int(rest)
        """,
        ("return int(clock[0]) * 60 + int(clock[-2:])", "return int(clock.replace(':', ''))", "return int(clock[-2:])"),
    ),
    Problem(
        "clock(minutes: int) -> str",
        "Write the minutes since midnight as hours and minutes, two digits each; after a day it begins anew.",
        "155 -> '02:35'\n0 -> '00:00'",
        "1 -> '00:01'\n60 -> '01:00'\n750 -> '12:30'\n1439 -> '23:59'\n1440 -> '00:00'\n1505 -> '01:05'",
        "return f'{minutes // 60 % 24:02d}:{minutes % 60:02d}'",
        (
            "return f'{minutes // 60:02d}:{minutes % 60:02d}'",
            "return f'{minutes // 60 % 24}:{minutes % 60:02d}'",
            "return f'{minutes // 60 % 24:02d}:{minutes % 60}'",
        ),
    ),
    Problem(
        "overlap(start: int, end: int, other_start: int, other_end: int) -> int",
        "Return how long two spans of time have in common; 0 if they do not meet.",
        "1, 5, 3, 8 -> 2\n1, 2, 3, 4 -> 0",
        "0, 10, 2, 4 -> 2\n0, 5, 5, 9 -> 0\n3, 8, 1, 5 -> 2\n0, 1, 0, 1 -> 1\n7, 9, 1, 3 -> 0\n2, 4, 0, 10 -> 2",
        "return max(0, min(end, other_end) - max(start, other_start))",
        (
            "return min(end, other_end) - max(start, other_start)",
            "return max(0, end - other_start)",
            "return abs(min(end, other_end) - max(start, other_start))",
        ),
    ),
    Problem(
        "busy_hours(meetings: list[int]) -> int",
        "Add the lengths of the meetings, of which none counts for more than 3 hours.",
        "[1, 5] -> 4\n[] -> 0",
        "[3] -> 3\n[4] -> 3\n[0, 0] -> 0\n[2, 2, 2] -> 6\n[10, 10] -> 6\n[1, 3, 9] -> 7",
        "return sum(min(length, 3) for length in meetings)",
        (
            "return sum(length for length in meetings if length <= 3)",
            "return min(sum(meetings), 3)",
            "return sum(max(length, 3) for length in meetings)",
        ),
    ),
)
