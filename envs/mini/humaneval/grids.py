"""Problems on tables: lists of rows."""

from __future__ import annotations

from .problem import Problem

PROBLEMS = (
    Problem(
        "row_sums(table: list[list[int]]) -> list[int]",
        "Return the sum of each row.",
        "[[1, 2], [3]] -> [3, 3]\n[] -> []",
        "[[]] -> [0]\n[[5]] -> [5]\n[[1, 1], [2, 2]] -> [2, 4]\n[[-1, 1]] -> [0]\n[[0], [], [9]] -> [0, 0, 9]\n"
        "[[1, 2, 3], [4, 5, 6]] -> [6, 15]",
        "return [sum(row) for row in table]",
        (
            "return [len(row) for row in table]",
            "return [sum(column) for column in zip(*table)]",
            "return [sum(map(sum, table))]",
        ),
    ),
    Problem(
        "transposed(table: list[list[int]]) -> list[list[int]]",
        "Turn the rows of a table into columns; all rows are of one length.",
        "[[1, 2], [3, 4]] -> [[1, 3], [2, 4]]\n[] -> []",
        "[[1]] -> [[1]]\n[[1, 2, 3]] -> [[1], [2], [3]]\n[[1], [2]] -> [[1, 2]]\n"
        "[[1, 2], [3, 4], [5, 6]] -> [[1, 3, 5], [2, 4, 6]]\n"
        "[[0, 0], [0, 0]] -> [[0, 0], [0, 0]]\n[[5, 1], [1, 5]] -> [[5, 1], [1, 5]]",
        "return [list(column) for column in zip(*table)]",
        (
            "return [list(column) for column in zip(*table[::-1])]",
            "return table[::-1]",
            "return [row[::-1] for row in table]",
        ),
    ),
    Problem(
        "diagonal_sum(square: list[list[int]]) -> int",
        "Add the numbers on the diagonal of a square table that begins at its first number.",
        "[[1, 2], [3, 4]] -> 5\n[[7]] -> 7",
        "[] -> 0\n[[0, 1], [1, 0]] -> 0\n[[1, 0, 0], [0, 1, 0], [0, 0, 1]] -> 3\n[[2, 9], [9, 2]] -> 4\n"
        "[[1, 2, 3], [4, 5, 6], [7, 8, 9]] -> 15\n[[-1, 5], [5, 1]] -> 0",
        "return sum(row[i] for i, row in enumerate(square))",
        (
            "return sum(row[-1 - i] for i, row in enumerate(square))",
            "return sum(map(sum, square))",
            "return square[0][0] + square[-1][-1] if len(square) > 1 else sum(map(sum, square))",
        ),
    ),
    Problem(
        "flattened(boxes: list[list[int]]) -> list[int]",
        "Return the contents of all boxes in one list.",
        "[[1], [2, 3]] -> [1, 2, 3]\n[] -> []",
        "[[]] -> []\n[[], [5], []] -> [5]\n[[1, 1], [1]] -> [1, 1, 1]\n[[3, 2], [1]] -> [3, 2, 1]\n[[0]] -> [0]\n"
        "[[9, 8], [7, 6]] -> [9, 8, 7, 6]",
        "return [item for box in boxes for item in box]",
        (
            "return sorted(sum(boxes, []))",
            "return list(dict.fromkeys(sum(boxes, [])))",
            "return [box[0] for box in boxes if box]",
        ),
    ),
    Problem(
        "longest_rows(table: list[list[int]]) -> int",
        "Return the length of the longest row; 0 for a table without rows.",
        "[[1], [2, 3]] -> 2\n[] -> 0",
        "[[]] -> 0\n[[4, 4, 4]] -> 3\n[[9], [1, 1]] -> 2\n[[], [1]] -> 1\n[[1, 2], [3, 4]] -> 2\n"
        "[[7, 7], [8], [6, 6, 6, 6]] -> 4",
        "return max((len(row) for row in table), default=0)",
        ("return len(max(table, default=[]))", "return len(table)", "return sum(len(row) for row in table)"),
    ),
    Problem(
        "occurrences(table: list[list[int]], wanted: int) -> int",
        "Count how many times wanted stands anywhere in the table.",
        "[[1, 2], [2, 2]], 2 -> 3\n[], 0 -> 0",
        "[[]], 1 -> 0\n[[5]], 5 -> 1\n[[5]], 4 -> 0\n[[0, 0], [0]], 0 -> 3\n[[1, 2], [3, 1]], 1 -> 2\n"
        "[[-1], [-1], [1]], -1 -> 2",
        "return sum(row.count(wanted) for row in table)",
        (
            "return sum(wanted in row for row in table)",
            "return table.count(wanted)",
            "return len(table[0]) if table and wanted in table[0] else 0",
        ),
    ),
    Problem(
        "border_sum(table: list[list[int]]) -> int",
        "Add all numbers in the first and the last row and in the first and the last column, each once.",
        "[[1, 2], [3, 4]] -> 10\n[[1, 1, 1], [1, 9, 1], [1, 1, 1]] -> 8",
        "[[5]] -> 5\n[[1, 2, 3]] -> 6\n[[1], [2], [3]] -> 6\n[[0, 0], [0, 0]] -> 0\n"
        "[[1, 2, 3], [4, 5, 6], [7, 8, 9]] -> 40\n[[1, 1], [1, 1], [1, 1]] -> 6",
        """
        inner = sum(sum(row[1:-1]) for row in table[1:-1])
        return sum(map(sum, table)) - inner
        """,
        (
            "return sum(table[0]) + sum(table[-1]) + sum(row[0] + row[-1] for row in table[1:-1])",
            "return sum(map(sum, table))",
            "return sum(table[0]) + sum(table[-1])",
        ),
    ),
    Problem(
        "largest_anywhere(table: list[list[int]]) -> int",
        "Return the largest number of a table; there is at least one, but rows may be empty.",
        "[[1, 8], [3]] -> 8\n[[-2]] -> -2",
        "[[], [4]] -> 4\n[[0, -1], [-5]] -> 0\n[[3, 3]] -> 3\n[[1], [2], [3]] -> 3\n[[-9, -8], [-7]] -> -7\n"
        "[[10, 1], [2, 9]] -> 10\n[[], [-3]] -> -3",
        "return max(number for row in table for number in row)",
        (
            "return max(max(row, default=0) for row in table)",
            "return max(max(row) for row in table)",
            "return max(sum(row) for row in table)",
        ),
    ),
)
