"""Issues: what somebody would write who ran into a bug, from the test that fails and how it fails."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Mapping
from hashlib import sha256
from textwrap import indent
from typing import Any

LONGEST = 240
"""Characters of a value in an issue."""

_WRONG = (
    "`{name}` gives a wrong result",
    "Unexpected result of `{name}`",
    "`{name}` does not do what it says",
    "Wrong value from `{name}`",
)
_REFUSE = ("`{name}` accepts what it should refuse", "No {error} from `{name}`", "{error} expected from `{name}`")
_FAILS = ("`{name}` fails with {error}", "{error} from `{name}`", "Unexpected {error} when calling `{name}`")
_OPENINGS = (
    "To reproduce:",
    "I am using {package} from the main branch. A short example:",
    "This is what I run:",
    "Steps:",
    "The smallest example that I could find:",
)
_SAW = ("This gives {saw}.", "I get {saw}.", "What I see is {saw}.", "The result is {saw}.")
_EXPECTED = (
    "I expected {expected}.",
    "It should be {expected}.",
    "Expected: {expected}",
    "According to the documentation it should be {expected}.",
)


def write_issue(package: str, test_source: str, test: str, failure: Mapping[str, Any], key: str) -> str:
    """Title and body.

    Args:
        package: what is complained about.
        test_source: the file that holds the test.
        test: the name of the test function.
        failure: its ``line``, ``error``, what it ``said``, and both sides and the operator that were ``compared``.
        key: decides the wording.
    """
    module = ast.parse(test_source)
    function = next(node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == test)
    line = failure["line"]
    position = next(i for i, statement in enumerate(function.body) if _covers(statement, line))
    failing = function.body[position]
    choose = _Chooser(key)
    caught = _caught(function.body[:position])
    # What is refused changes nothing that a later step would need, but for the error itself.
    before = [e for e in function.body[:position] if "pytest.raises" not in ast.unparse(e) and not caught & _read(e)]
    setup = [*_fixtures(module, function), *map(ast.unparse, before)]
    last, expected = _last_step(failing)
    if name := next(iter(caught & _read(failing)), ""):
        last = _catching(next(e for e in function.body[:position] if name in _caught([e])), last, name)
    saw = _saw(failure)
    name = _subject(failing, function.body[:position])
    if failure["error"] == "Failed":
        title = choose(_REFUSE).format(name=name, error=expected.strip("`"))
        result = f"Nothing is raised. I expected {expected}."
    elif "compared" in failure:
        title = choose(_WRONG).format(name=name)
        left, operator, right = failure["compared"]
        if operator in ("==", "is"):
            result = f"{choose(_SAW).format(saw=_code(left))} {choose(_EXPECTED).format(expected=_code(right))}"
        else:
            result = f"{_code(left)} {operator} {_code(right)} should hold, but it does not."
    else:
        title = choose(_FAILS).format(name=name, error=failure["error"])
        result = f"It raises {saw}." + (f" I expected {expected}." if expected else "")
    code = "\n".join([*setup, last])
    code = "\n".join([*_imports(module, code), *_helpers(module, code), code])
    opening = choose(_OPENINGS).format(package=package)
    return f"{title}\n\n{opening}\n\n```python\n{code}\n```\n\n{result}\n"


class _Chooser:
    """Picks wordings by a hash."""

    def __init__(self, key: str) -> None:
        self._digest = sha256(key.encode()).digest()
        self._count = 0

    def __call__(self, wordings: tuple[str, ...]) -> str:
        self._count += 1
        return wordings[self._digest[self._count] % len(wordings)]


def _covers(statement: ast.stmt, line: int) -> bool:
    decorators = [each.lineno for each in getattr(statement, "decorator_list", ())]
    return bool(min([statement.lineno, *decorators]) <= line <= (statement.end_lineno or statement.lineno))


def _last_step(statement: ast.stmt) -> tuple[str, str]:
    """The code that shows the failure, and what was expected of it ("" if that is not plain)."""
    if isinstance(statement, ast.Assert):
        test = statement.test
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            expected = _code(ast.unparse(test.comparators[0])) if isinstance(test.ops[0], (ast.Eq, ast.Is)) else ""
            return f"print({ast.unparse(test.left)})", expected
        return f"print({ast.unparse(test)})", "`True`"
    if isinstance(statement, ast.With) and (error := _raises(statement)):
        return "\n".join(ast.unparse(each) for each in statement.body), f"`{error}`"
    if isinstance(statement, ast.For):
        errors = [_raises(inner) for inner in ast.walk(statement) if isinstance(inner, ast.With)]
        code = ast.unparse(_WithoutRaises().visit(ast.parse(ast.unparse(statement))))
        return code, f"`{errors[0]}` every time" if errors else ""
    return ast.unparse(statement), ""


def _raises(statement: ast.With) -> str:
    """The exception that a ``with pytest.raises(...)`` waits for."""
    call = statement.items[0].context_expr
    if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.raises":
        return ast.unparse(call.args[0])
    return ""


def _caught(statements: Iterable[ast.stmt]) -> set[str]:
    """The names that ``with pytest.raises(...) as NAME`` gives in these statements."""
    names = [each.items[0].optional_vars for each in statements if isinstance(each, ast.With) and _raises(each)]
    return {name.id for name in names if isinstance(name, ast.Name)}


def _catching(statement: ast.stmt, last: str, name: str) -> str:
    """The last step, on the error that an earlier step raises."""
    assert isinstance(statement, ast.With)
    body = indent("\n".join(map(ast.unparse, statement.body)), "    ")
    return f"try:\n{body}\nexcept {_raises(statement)} as error:\n    {last.replace(f'{name}.value', 'error')}"


class _WithoutRaises(ast.NodeTransformer):
    def visit_With(self, node: ast.With) -> Any:
        return node.body if _raises(node) else node


def _saw(failure: Mapping[str, Any]) -> str:
    said = " ".join(str(failure["said"]).split())
    return _code(f"{failure['error']}: {said}" if said else failure["error"])


def _code(text: str) -> str:
    text = " ".join(text.split("\n"))
    return f"`{text if len(text) <= LONGEST else text[:LONGEST] + '...'}`"


def _subject(failing: ast.stmt, before: Iterable[ast.stmt]) -> str:
    """The function or attribute that the failing step is about: the last that it asks the package for."""
    for statement in (failing, *reversed(list(before))):
        for node in ast.walk(statement):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).rpartition(".")[2]
                if (
                    name.isidentifier()
                    and not hasattr(builtins, name)
                    and name not in ("raises", "append", "join", "split")
                ):
                    return name
            if isinstance(node, ast.Attribute) and node.attr not in ("value", "append", "join", "split", "raises"):
                return node.attr
    return "the package"


def _fixtures(module: ast.Module, function: ast.FunctionDef) -> list[str]:
    """What the fixtures that a test takes do, as statements that leave their results in variables."""
    made = []
    wanted = [argument.arg for argument in function.args.args]
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name in wanted:
            for statement in node.body:
                if not isinstance(statement, ast.Return):
                    made.append(ast.unparse(statement))
                elif statement.value is not None and ast.unparse(statement.value) != node.name:
                    made.append(f"{node.name} = {ast.unparse(statement.value)}")
    return made


def _names(code: str) -> set[str]:
    return _read(ast.parse(code))


def _read(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _helpers(module: ast.Module, code: str) -> list[str]:
    """The definitions of the test file that the code uses, in their order."""
    defined: dict[str, str] = {}
    for node in module.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("test_"):
            if not node.decorator_list:
                defined[node.name] = ast.unparse(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            defined[node.targets[0].id] = ast.unparse(node)
    return [text for name, text in defined.items() if name in _used(code, defined)]


def _used(code: str, defined: Mapping[str, str]) -> set[str]:
    used: set[str] = set()
    waiting = _names(code) & set(defined)
    while waiting:
        used |= waiting
        waiting = set().union(*(_names(defined[name]) for name in waiting)) & set(defined) - used
    return used


def _imports(module: ast.Module, code: str) -> list[str]:
    """The imports of the package's names that the code and its helpers use."""
    used = _names("\n".join([code, *_helpers(module, code)]))
    lines = []
    for node in module.body:
        if isinstance(node, ast.ImportFrom) and (names := [alias.name for alias in node.names if alias.name in used]):
            lines.append(f"from {node.module} import {', '.join(names)}")
    return lines
