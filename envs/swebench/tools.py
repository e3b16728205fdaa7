"""The tools of an agent that repairs a repository: list, search, view, edit, run, diff."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence

from skillflow_gym.envs.swebench.patches import apply_patch, is_diff
from skillflow_gym.envs.swebench.workspace import Workspace, WorkspaceError, checked
from skillflow_gym.sandbox import Sandbox

MAX_LINES = 200
"""Lines that ``view`` shows at a time, and entries that ``list`` shows."""
MAX_HITS = 50
MAX_OUTPUT = 6000
"""Characters of a test run's output that are shown: its first and its last half."""
_AROUND = 3
_BLOCK = re.compile(r"<{5,9} ?SEARCH\n(.*?)^={5,9}\n(.*?)^>{5,9} ?REPLACE\s*", re.DOTALL | re.MULTILINE)
_RANGE = re.compile(r"(.*?)(?::(\d{1,7})(?:-(\d{1,7}))?)?")
_TIMES = re.compile(r"\bin \d+\.\d+s(?: \(\d+:\d\d:\d\d\))?")
_ADDRESSES = re.compile(r"\b0x[0-9a-f]{6,16}\b")


class Tools:
    """The tools of one episode. What cannot be done is said in words; it is never an exception."""

    def __init__(
        self, workspace: Workspace, run_tests: Callable[[Sequence[str]], str], sandbox: Callable[[], Sandbox]
    ) -> None:
        """``run_tests`` runs a selection of tests in the present workspace; ``sandbox`` is where diffs are applied."""
        self._workspace, self._run_tests, self._sandbox = workspace, run_tests, sandbox

    def list(self, folder: str) -> str:
        """The files of a folder, all of the repository's if none is given."""
        try:
            inside = f"{checked(folder)}/" if folder.strip() not in ("", ".", "./", "/") else ""
        except WorkspaceError as error:
            return str(error)
        found = [path for path in self._workspace.paths if path.startswith(inside)]
        if not found:
            return f"{folder.strip()}: no such folder"
        if len(found) > MAX_LINES:  # names of folders, as deep as there is room for
            found = _shallow(found, inside)
        more = [f"[{len(found) - MAX_LINES} more]"] if len(found) > MAX_LINES else []
        return "\n".join([*found[:MAX_LINES], *more])

    def search(self, pattern: str) -> str:
        """The lines that hold a text; ".*" in it stands for anything, "|" for or."""
        wanted = [[piece for piece in part.split(".*") if piece] for part in pattern.split("|")]
        wanted = [pieces for pieces in wanted if any(piece.strip() for piece in pieces)]
        if not wanted:
            return "Nothing to search for."
        hits: list[str] = []
        count = 0
        for path in self._workspace.paths:
            try:
                text = self._workspace.read(path)
            except WorkspaceError:
                continue
            if not any(pieces[0] in text for pieces in wanted):
                continue
            for number, line in enumerate(text.split("\n"), 1):
                if any(_holds(line, pieces) for pieces in wanted):
                    count += 1
                    if len(hits) < MAX_HITS:
                        hits.append(f"{path}:{number}: {line.strip()[:200]}")
        if not hits:
            return "Nothing found."
        return "\n".join(hits + ([f"[{count - MAX_HITS} more]"] if count > MAX_HITS else []))

    def view(self, place: str) -> str:
        """A file, PATH, or some of its lines, PATH:FIRST-LAST."""
        match = _RANGE.fullmatch(place.strip().replace("\n", " "))
        assert match is not None  # it takes any line
        try:
            lines = self._workspace.read(match[1]).removesuffix("\n").split("\n")
        except WorkspaceError as error:
            return str(error)
        first = max(1, int(match[2])) if match[2] else 1
        last = int(match[3] or match[2] or len(lines))
        if first > len(lines) or last < first:
            return f"{match[1]}: it has the lines 1 to {len(lines)}"
        return show(checked(match[1]), lines, first, min(last, first + MAX_LINES - 1, len(lines)))

    def edit(self, change: str) -> str:
        """PATH, then lines <<<<<<< SEARCH, old text, =======, new text, >>>>>>> REPLACE; or a unified diff."""
        try:
            if is_diff(change):
                changed = apply_patch(self._workspace, change, self._sandbox())
                return "\n\n".join(f"Edited {path}" for path in changed) or "Nothing changed."
            path, _, blocks = change.partition("\n")
            return self._replace(checked(path), blocks)
        except WorkspaceError as error:
            return f"Not edited: {error}"

    def run(self, tests: str) -> str:
        """Tests of the repository: files, folders or FILE::NAME, separated by spaces; all if none is given."""
        try:
            selection = shlex.split(tests)
        except ValueError:
            return "Not run: a quotation mark is not closed"
        for test in selection:
            path = test.partition("::")[0]
            known = not path.startswith("-") and any(
                name == path or name.startswith(f"{path.rstrip('/')}/") for name in self._workspace.paths
            )
            if not known:
                return f"Not run: {test[:200]}: no such file or folder"
        return clean_output(self._run_tests(selection))

    def diff(self, path: str) -> str:
        """The changes so far, of a file or folder if one is given."""
        return self._workspace.diff(path.strip()).rstrip("\n") or "No changes."

    def _replace(self, path: str, text: str) -> str:
        blocks = _BLOCK.findall(text if text.endswith("\n") else f"{text}\n")
        if not blocks or _BLOCK.sub("", f"{text}\n").strip():
            raise WorkspaceError(
                "expected the path on the first line, then <<<<<<< SEARCH, the old text, =======, the new text, "
                ">>>>>>> REPLACE, each on lines of their own; or a unified diff"
            )
        new_file = path not in self._workspace
        content = "" if new_file else self._workspace.read(path)
        windows = "\r\n" in content
        where = 0
        for old, new in blocks:
            if windows:
                old, new = old.replace("\n", "\r\n"), new.replace("\n", "\r\n")
            if new_file and not old and len(blocks) == 1:
                content = new
                break
            where, content = _replace_one(path, content, old, new, new_file)
        self._workspace.write(path, content)
        lines = content.removesuffix("\n").split("\n")
        first = content.count("\n", 0, where) + 1
        last = first + max(blocks[-1][1].count("\n") - 1, 0)
        return "Edited " + show(
            path, lines, max(1, first - _AROUND), min(len(lines), last + _AROUND, first + MAX_LINES)
        )


def _replace_one(path: str, content: str, old: str, new: str, new_file: bool) -> tuple[int, str]:
    if new_file:
        raise WorkspaceError(f"{path}: no such file; to make it, leave the old text empty")
    if not old:
        raise WorkspaceError("the old text is empty")
    count = content.count(old)
    if not count and content.endswith(old.rstrip("\r\n")) and not content.endswith("\n"):
        old, new, count = old.rstrip("\r\n"), new.rstrip("\r\n"), 1
    # A text that begins in the middle of a line would also be found where only the line's end is the same.
    places = [
        m.start() for m in re.finditer(re.escape(old), content) if m.start() == 0 or content[m.start() - 1] == "\n"
    ]
    if len(places) != 1:
        problem = "is not in the file" if not places else f"is in the file {len(places)} times; add lines around it"
        raise WorkspaceError(f"{path}: the old text {problem}")
    where = places[0]
    return where, content[:where] + new + content[where + len(old) :]


def _holds(line: str, pieces: Sequence[str]) -> bool:
    """Whether the pieces stand in the line one after the other."""
    at = 0
    for piece in pieces:
        found = line.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _shallow(paths: Sequence[str], inside: str) -> list[str]:
    """The files right in a folder, and the folders in it with the number of files in each."""
    entries: dict[str, int] = {}
    for path in paths:
        name, slash, _ = path[len(inside) :].partition("/")
        entries[f"{inside}{name}{slash}"] = entries.get(f"{inside}{name}{slash}", 0) + 1
    return [f"{name} ({count} files)" if name.endswith("/") else name for name, count in entries.items()]


def show(path: str, lines: Sequence[str], first: int, last: int) -> str:
    """Numbered lines under a heading that says which they are."""
    body = [f"{number:5d} {line}" for number, line in enumerate(lines[first - 1 : last], first)]
    return "\n".join([f"{path}, lines {first} to {last} of {len(lines)}:", *body])


def clean_output(output: str) -> str:
    """A test run's output, without what differs between runs, and cut in the middle where it is long."""
    text = _ADDRESSES.sub("0x...", _TIMES.sub("", output)).strip()
    if len(text) > MAX_OUTPUT:
        text = f"{text[: MAX_OUTPUT // 2]}\n[{len(text) - MAX_OUTPUT} characters left out]\n{text[-MAX_OUTPUT // 2 :]}"
    return text or "No output."
