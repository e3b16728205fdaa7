"""Tables of text."""

from typeset.layout import align


class Table:
    """Columns with headings; numbers stand on the right unless ``aligns`` says otherwise."""

    def __init__(self, *headings, aligns=None, missing="-"):
        if not headings:
            raise ValueError("a table has at least one column")
        if aligns is not None and len(aligns) != len(headings):
            raise ValueError("as many alignments as columns")
        self.headings = headings
        self.aligns = aligns
        self.missing = missing
        self.rows = []

    def add(self, *cells):
        """Add a row; None is shown as ``missing``, and so is what a short row lacks."""
        if len(cells) > len(self.headings):
            raise ValueError("more cells than columns")
        padded = list(cells) + [None] * (len(self.headings) - len(cells))
        self.rows.append(padded)

    def sort(self, column, reverse=False):
        """Sort the rows by a column; rows without a value come last."""
        index = self.headings.index(column)
        known = [row for row in self.rows if row[index] is not None]
        unknown = [row for row in self.rows if row[index] is None]
        known.sort(key=lambda row: row[index], reverse=reverse)
        self.rows = known + unknown

    def total(self, column):
        """The sum of a column."""
        index = self.headings.index(column)
        return sum(row[index] for row in self.rows if row[index] is not None)

    def widths(self):
        """The width of every column."""
        result = [len(heading) for heading in self.headings]
        for row in self.rows:
            for index, cell in enumerate(row):
                result[index] = max(result[index], len(self._text(cell)))
        return result

    def render(self, gap=2):
        """The table as text: headings, a rule, the rows."""
        widths = self.widths()
        lines = [self._line(self.headings, widths, gap)]
        lines.append((" " * gap).join("-" * width for width in widths))
        for row in self.rows:
            lines.append(self._line([self._text(cell) for cell in row], widths, gap))
        return "\n".join(lines)

    def markdown(self):
        """The table as Markdown."""
        lines = ["| " + " | ".join(self.headings) + " |"]
        marks = []
        for index in range(len(self.headings)):
            marks.append({"left": "---", "right": "--:", "center": ":-:"}[self._align(index)])
        lines.append("| " + " | ".join(marks) + " |")
        for row in self.rows:
            cells = [self._text(cell).replace("|", "\\|") for cell in row]
            lines.append("| " + " | ".join(cells) + " |")
        return "\n".join(lines)

    def _text(self, cell):
        if cell is None:
            return self.missing
        if isinstance(cell, float):
            return f"{cell:.2f}"
        return str(cell)

    def _align(self, index):
        if self.aligns is not None:
            return self.aligns[index]
        values = [row[index] for row in self.rows if row[index] is not None]
        numbers = all(isinstance(value, (int, float)) for value in values)
        return "right" if values and numbers else "left"

    def _line(self, cells, widths, gap):
        aligned = []
        for index, cell in enumerate(cells):
            aligned.append(align(cell, widths[index], self._align(index)))
        return (" " * gap).join(aligned).rstrip()
