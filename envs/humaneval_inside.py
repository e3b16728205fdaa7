"""What runs inside the sandbox. It is sent there as text, with its job on standard input; standard library only.

A solution and the test that judges it never meet in one run. ``answer`` runs the solution on a list of calls and prints
what each gave, as plain data. ``replay`` runs the hidden test, in a run of its own, on a stand-in that looks those
answers up. So nothing of the test but the arguments of its calls is ever where the solution is; no object of the
solution's, whatever its ``__eq__``, reaches an assertion; and an early exit, ``atexit`` or anything printed is only a
missing or a wrong answer. The calls to make are those that the record's own solution is asked for (``record``); a
test that asks for another one after other answers says so (``unknown``), and the solution is run again with it.

What a solution can still do: see the arguments of all calls before it answers the first one; answer from a table;
change an argument without the test noticing, since it gets a copy. Forging a verdict takes breaking out of the sandbox.
"""

from __future__ import annotations

import builtins
import json
import os
import re
import sys
from typing import Any

# What only one kind of job needs is imported there: each job is a process of its own.

KINDS: dict[str, Any] = {"tuple": tuple, "set": set, "frozenset": frozenset}


class Unknown(BaseException):
    """The test asks for a call that was not foreseen."""


def encode(value: Any) -> Any:
    """``value`` as JSON data: lists stand for themselves, other collections are objects with one key.

    Raises:
        TypeError: it is no plain data.
    """
    if value is None:
        return None
    for kind in (bool, int, float, str):  # a subclass is sent as what it is a kind of
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, list):
        return [encode(item) for item in list.__iter__(value)]
    if isinstance(value, dict):
        return {"dict": [[encode(key), encode(item)] for key, item in dict.items(value)]}
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": bytes(value).hex()}
    for name, kind in KINDS.items():
        if isinstance(value, kind):
            return {name: [encode(item) for item in kind.__iter__(value)]}
    raise TypeError(f"no plain data: {type(value).__name__}")


def decode(data: Any) -> Any:
    """The value that ``encode`` wrote."""
    if isinstance(data, list):
        return [decode(item) for item in data]
    if isinstance(data, dict):
        ((name, inner),) = data.items()
        if name == "dict":
            return {decode(key): decode(item) for key, item in inner}
        if name == "complex":
            return complex(*inner)
        if name == "bytes":
            return bytes.fromhex(inner)
        return KINDS[name](decode(item) for item in inner)
    return data


def load(sources: list[str]) -> dict[str, Any]:
    """The names that the first of ``sources`` that compiles defines; none compiling, the first one's error."""
    errors: list[Exception] = []
    for source in sources:
        try:
            code = compile(source, "<solution>", "exec")
        except Exception as error:
            errors.append(error)
        else:
            names: dict[str, Any] = {"__name__": "solution"}
            exec(code, names)
            return names
    raise errors[0]


def failure(error: BaseException) -> dict[str, str]:
    """An exception as plain data; addresses would differ from run to run."""
    message = str(error.msg if isinstance(error, SyntaxError) else error)
    return {"error": type(error).__name__, "message": re.sub(r" at 0x[0-9a-f]+", "", " ".join(message.split()))[:200]}


def exception(name: str) -> type[Exception]:
    """The built-in exception of that name; RuntimeError for what is none, and for what would end a loop of the test."""
    kind = getattr(builtins, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        return RuntimeError
    return RuntimeError if issubclass(kind, (StopIteration, StopAsyncIteration)) else kind


class Recorder:
    """A function that is what its tests see of ``function``; it keeps calls and answers as plain data."""

    def __init__(self, function: Any) -> None:
        self.function, self.calls, self.answers = function, [], []  # type: ignore[var-annotated]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls.append(encode((args, kwargs)))
        self.answers.append({"value": encode(self.function(*args, **kwargs))})
        return decode(self.answers[-1]["value"])


class Replay:
    """Stands for a function: answers calls from a list, one after the other."""

    def __init__(self, calls: list[Any], answers: list[Any]) -> None:
        self.calls, self.answers, self.place = calls, answers, 0
        self.unknown: Any = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        call, place = encode((args, kwargs)), self.place
        if place >= len(self.calls) or self.calls[place] != call:
            self.unknown = [*self.calls[:place], call]
            raise Unknown
        self.place += 1
        answer = self.answers[place]
        if "value" in answer:
            return decode(answer["value"])
        raise exception(str(answer["error"]))(answer["message"])


def check(job: dict[str, Any], names: dict[str, Any], candidate: Any) -> None:
    """Run the hidden test. It sees the prompt's own helpers, and the candidate under its name as well."""
    names[job["entry_point"]] = candidate
    import random

    random.seed(0)  # so that a test that draws its arguments asks for the same ones again
    exec(compile(job["test"], "<test>", "exec"), names)
    names["check"](candidate)


def record(job: dict[str, Any]) -> Any:
    """The calls that the test makes, and what the record's own solution answers."""
    names = load(job["sources"])
    recorder = Recorder(names[job["entry_point"]])
    check(job, names, recorder)
    return {"calls": recorder.calls, "answers": recorder.answers}


def replay(job: dict[str, Any]) -> Any:
    """Whether the test passes on these answers, or the calls up to one that is not among them."""
    names = load([job["prompt"], job["prompt"] + "    pass\n"])
    candidate = Replay(job["calls"], job["answers"])
    try:
        check(job, names, candidate)
    except BaseException:  # whatever the test or the program raises, SystemExit included, the test has not passed
        return {"unknown": candidate.unknown} if candidate.unknown else False
    return {"unknown": candidate.unknown} if candidate.unknown else True


def answer(job: dict[str, Any], say: Any) -> None:
    """Run the solution on ``calls`` or on ``examples``, a line for each: its value or its error."""
    try:
        names = load(job["sources"])
        if job["entry_point"] not in names:
            raise NameError(f"name {job['entry_point']!r} is not defined")
    except BaseException as error:
        say(failure(error))
        return
    function = names[job["entry_point"]]
    for call in job.get("calls", ()):
        try:
            args, kwargs = decode(call)
            given = {"value": encode(function(*args, **kwargs))}
        except BaseException as error:
            given = failure(error)
        say(given)
    for example in job.get("examples", ()):
        try:
            given = {"value": repr(eval(example, names))[:200]}
        except BaseException as error:
            given = failure(error)
        say(given)


def run(job: dict[str, Any]) -> None:
    """Run ``more`` after the solution; print what it prints, the value of a last expression, or its error."""
    import ast

    try:
        names = load(job["sources"])
        tree = ast.parse(job["more"])
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "<code>", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<code>", "eval"), names)
            if value is not None:
                print(repr(value))
    except BaseException as error:
        print(": ".join(filter(None, failure(error).values())))


def main() -> None:
    """Read the job and do it; all but ``run`` print lines of JSON, whatever the job's own code prints."""
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)
    job = json.loads(sys.stdin.read())
    if job["do"] == "run":
        run(job)
        return
    out = os.fdopen(os.dup(1), "w")
    quiet = os.open(os.devnull, os.O_RDWR)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)

    def say(data: Any) -> None:
        out.write(json.dumps(data) + "\n")
        out.flush()

    if job["do"] == "answer":
        answer(job, say)
    else:
        say(record(job) if job["do"] == "record" else replay(job))


if __name__ == "__main__":
    main()
