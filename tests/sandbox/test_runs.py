"""What every backend does with arguments, files, streams and exit statuses."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from skillflow_gym.errors import InfrastructureError
from skillflow_gym.sandbox import Completed, Limits, Mounts, Sandbox, make_sandbox


@pytest.fixture(params=["bwrap", "unsafe"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    chosen: Sandbox = request.getfixturevalue(request.param)
    return chosen


def test_streams_files_arguments_and_environment(sandbox: Sandbox) -> None:
    code = """
import os, sys
print(sys.argv[1:], sys.stdin.read(), os.environ["A"])
print(open("b/c.txt").read(), file=sys.stderr)
"""
    done = sandbox.run(
        [sandbox.interpreter, "a.py", "{lease}", "ü x"],
        files={"a.py": code, "b/c.txt": "in é"},
        stdin="given ß",
        environment={"A": "1", "PYTHONUTF8": "1"},
    )
    assert done == Completed("['{lease}', 'ü x'] given ß 1\n", "in é\n", 0)


def test_the_environment_holds_nothing_of_ours(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "1")
    done = sandbox.run(["env"])
    assert {line.partition("=")[0] for line in done.stdout.splitlines()} <= {"PATH", "HOME", "LANG", "PWD"}


PRINT_ENVIRONMENTS = """
import glob
for path in glob.glob("/proc/[0-9]/environ"):
    try:
        print(open(path).read())
    except OSError:
        pass
"""


def test_no_process_inside_has_our_environment(bwrap: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "1")
    fresh = make_sandbox("bwrap")
    try:
        for argv in (["sh", "-c", "cat /proc/[0-9]/environ"], [fresh.interpreter, "-c", PRINT_ENVIRONMENTS]):
            assert "LANG" in fresh.run(argv).stdout and "SECRET" not in fresh.run(argv).stdout
        assert fresh.python(PRINT_ENVIRONMENTS).stdout.count("LANG") == 1
        assert "SECRET" not in fresh.python(PRINT_ENVIRONMENTS).stdout
    finally:
        fresh.close()


def test_merged_streams_keep_their_order(sandbox: Sandbox) -> None:
    done = sandbox.run(["sh", "-c", "for i in 1 2 3; do echo out $i; echo err $i >&2; done"], merged=True)
    assert done.stdout == "".join(f"out {i}\nerr {i}\n" for i in (1, 2, 3)) and done.stderr == ""


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", -9), ("kill -15 $$", -15)])
def test_exit_statuses(sandbox: Sandbox, script: str, code: int) -> None:
    assert sandbox.run(["sh", "-c", script]) == Completed("", "", code)


def test_a_program_that_is_not_there_is_the_askers_business_not_a_failure_of_the_sandbox(sandbox: Sandbox) -> None:
    done = sandbox.run(["no-such-program"])
    assert done.exit == 127 and "no-such-program" in done.stderr


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "", ".", "a/", "a\0b"])
def test_files_lie_below_the_folder(sandbox: Sandbox, path: str) -> None:
    with pytest.raises(ValueError, match="expected the relative path"):
        sandbox.run(["true"], files={path: ""})


def test_a_work_folder_keeps_what_the_program_wrote_and_its_owner(sandbox: Sandbox, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)  # nobody else can pass, but the folder is shown all the same
    work = tmp_path / "work"
    (work / "sub").mkdir(parents=True, mode=0o700)
    (work / "sub" / "old").write_text("old")
    (work / "sub" / "old").chmod(0o600)
    script = "cat sub/old given && echo more >> sub/old && mkdir new && echo x > new/file && chmod 4755 new/file"
    done = sandbox.run(["sh", "-c", script], files={"given": "given"}, mounts=Mounts(work=work))
    assert done == Completed("oldgiven", "", 0)
    assert (work / "sub" / "old").read_text() == "oldmore\n" and (work / "new" / "file").read_text() == "x\n"
    assert {path.stat().st_uid for path in (work, *work.rglob("*"))} == {os.getuid()}
    if os.getuid() == 0 and sandbox.spec == "bwrap":
        assert not (work / "new" / "file").stat().st_mode & stat.S_ISUID


def test_numbers_of_bytes_kept(sandbox: Sandbox) -> None:
    done = sandbox.run(["sh", "-c", "head -c 5000 /dev/zero; head -c 99 /dev/zero >&2"], limits=Limits(output=1000))
    assert (len(done.stdout), len(done.stderr), done.exit, done.exceeded) == (1000, 99, 0, ("output",))


def test_bytes_that_are_no_text(sandbox: Sandbox) -> None:
    assert sandbox.run(["printf", r"a\377b"]).stdout == "a�b"


def test_read_only_folders(bwrap: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "shown").mkdir(mode=0o755)
    (tmp_path / "shown" / "file").write_text("text")
    script = "cat /data/file; echo new > /data/file || echo refused; rm /data/file || echo refused"
    done = bwrap.run(["sh", "-c", script], mounts=Mounts(read_only={"/data": tmp_path / "shown"}))
    assert done.stdout == "textrefused\nrefused\n" and (tmp_path / "shown" / "file").read_text() == "text"


def test_a_mount_that_is_not_there_is_named(bwrap: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="gone"):
        bwrap.run(["true"], mounts=Mounts(read_only={"/data": tmp_path / "gone"}))


def test_a_sandbox_that_cannot_be_made_is_a_failure_of_the_infrastructure(bwrap: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match=r"did not start.*proc"):
        bwrap.run(["true"], mounts=Mounts(read_only={"/proc/no/such": tmp_path}))


def test_unsafe_refuses_what_it_cannot_do(unsafe: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ask for bwrap or docker"):
        unsafe.run(["true"], mounts=Mounts(read_only={"/data": tmp_path}))


def test_any_text_is_text(sandbox: Sandbox) -> None:
    files = {"half": "\ud800"}
    assert sandbox.run(["wc", "-c"], stdin="\ud800", files=files).stdout == "3\n"
    assert sandbox.run(["wc", "-c", "half"], files=files).stdout == "3 half\n"
    assert sandbox.python("print('\ud800')").exit == 1


def test_python_programs(sandbox: Sandbox) -> None:
    code = "import sys\nprint(__name__, sys.argv, repr(sys.stdin.read()))\nsys.exit('why')"
    assert sandbox.python(code, stdin="in") == Completed("__main__ ['main.py'] 'in'\n", "why\n", 1)
