"""Programs that try to read or write what is not theirs. The same code without a sandbox shows that it would work."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from skillflow_gym.sandbox import Limits, Mounts, Sandbox, view
from tests.sandbox.running import RunPython, cold

READ = """
import sys
for path in sys.stdin.read().split("\\n"):
    try:
        print(open(path).read())
    except OSError as error:
        print("refused", type(error).__name__)
"""
WRITE = """
import os, sys
for folder in sys.stdin.read().split("\\n"):
    try:
        os.makedirs(folder, exist_ok=True)
        open(folder + "/written", "w").write("x")
        print("wrote")
    except OSError as error:
        print("refused", type(error).__name__)
"""


def test_host_files_cannot_be_read(run_python: RunPython, unsafe: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    tmp_path.chmod(0o755)
    own = Path(__file__)
    paths = f"{secret}\n{own}\n/etc/shadow\n/etc/passwd\n{Path.home()}/.bashrc\n/proc/1/root/etc/passwd"
    assert "the secret" in cold(unsafe, READ, paths).stdout
    lines = run_python(READ, stdin=paths).stdout.splitlines()
    assert len(lines) == 6 and all(line.startswith("refused") for line in lines)


def test_the_home_folder_holds_nothing_but_the_interpreter(run_python: RunPython) -> None:
    code = """
import os, sys
for folder, _, names in os.walk(sys.stdin.read()):
    if not folder.startswith(sys.base_prefix):
        print([name for name in names])
"""
    listed = run_python(code, stdin=str(Path.home())).stdout.splitlines()
    assert set(listed) <= {"[]"}


def test_nothing_can_be_written_outside(run_python: RunPython, unsafe: Sandbox, tmp_path: Path) -> None:
    places = [str(tmp_path), "/usr/local", "/etc", "/", "/dev", "/proc", os.path.dirname(os.__file__)]
    assert cold(unsafe, WRITE, str(tmp_path)).stdout == "wrote\n"
    (tmp_path / "written").unlink()
    lines = run_python(WRITE, stdin="\n".join(places[1:])).stdout.splitlines()
    assert len(lines) == 6 and all(line.startswith("refused") for line in lines)
    run_python(WRITE, stdin=places[0])  # it may write to a /tmp of its own
    assert not (tmp_path / "written").exists() and not Path("/usr/local/written").exists()


def test_the_suite_itself_is_not_shown(bwrap: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    from skillflow_gym.sandbox.bwrap import BwrapSandbox

    assert bwrap.python("import skillflow_gym.core").stderr.endswith("No module named 'skillflow_gym'\n")
    assert bwrap.python("import yaml; print(yaml.safe_load('a'))").stdout == "a\n"
    monkeypatch.setattr(view, "_SUITE", [Path(yaml.__file__).parent])
    hiding = BwrapSandbox()
    try:
        assert "has no attribute 'safe_load'" in hiding.python("import yaml; yaml.safe_load('a')").stderr
        assert hiding.python("import numpy; print(numpy.arange(2))").stdout == "[0 1]\n"
    finally:
        hiding.close()


def test_links_lead_nowhere(bwrap: Sandbox, tmp_path: Path) -> None:
    outside, work = tmp_path / "outside", tmp_path / "work"
    outside.mkdir()
    work.mkdir()
    (outside / "secret").write_text("the secret")
    mounts = Mounts(work=work)
    left = f"ln -s {outside} folder; ln -s {outside}/secret file; cat folder/secret file; echo x | tee folder/new file"
    assert "the secret" not in bwrap.run(["sh", "-c", left], mounts=mounts).stdout
    with pytest.raises(ValueError, match="'folder' is no folder"):
        bwrap.run(["true"], files={"folder/planted": "x"}, mounts=mounts)
    assert bwrap.run(["cat", "file"], files={"file": "ours"}, mounts=mounts).stdout == "ours"
    assert {path.name: path.read_text() for path in outside.iterdir()} == {"secret": "the secret"}


def test_a_fifo_in_the_way_of_a_file_is_replaced(bwrap: Sandbox, tmp_path: Path) -> None:
    bwrap.run(["mkfifo", "file"], mounts=Mounts(work=tmp_path))
    assert bwrap.run(["cat", "file"], files={"file": "ours"}, mounts=Mounts(work=tmp_path)).stdout == "ours"


def test_hard_links_from_outside_are_refused(bwrap: Sandbox, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (tmp_path / "outside").write_text("x")
    os.link(tmp_path / "outside", work / "linked")
    with pytest.raises(ValueError, match="hard links outside"):
        bwrap.run(["true"], mounts=Mounts(work=work))
    assert (tmp_path / "outside").stat().st_uid == os.getuid()
    (tmp_path / "outside").rename(work / "both")
    assert bwrap.run(["cat", "linked"], mounts=Mounts(work=work)).stdout == "x"


def test_disks_cannot_be_filled(run_python: RunPython) -> None:
    code = """
import os
for folder in ("/tmp", "/dev/shm", "/work"):
    total = 0
    try:
        for number in range(1000):
            with open(f"{folder}/{number}", "wb", 0) as file:
                for _ in range(32):
                    total += file.write(bytes(1 << 20))
    except OSError as error:
        print(folder, total >> 20, error.strerror)
"""
    limits = Limits(wall=60, file_size=1 << 25)
    lines = [line.split(maxsplit=2) for line in run_python(code, limits=limits).stdout.splitlines()]
    assert [folder for folder, _, _ in lines] == ["/tmp", "/dev/shm", "/work"]
    assert all(60 <= int(size) <= 64 and why == "No space left on device" for _, size, why in lines)


def test_every_file_system_is_read_only_or_bounded(run_python: RunPython) -> None:
    code = """
for line in open("/proc/self/mountinfo"):
    mount, _, system = line.partition(" - ")
    kind, _, options = system.split()
    if mount.split()[5].startswith("rw"):
        print(mount.split()[4], kind, *[option for option in options.split(",") if option.startswith("size=")])
"""
    lines = run_python(code).stdout.splitlines()
    bounded = {f"{folder} tmpfs size=65536k" for folder in ("/tmp", "/dev/shm", "/work")}
    devices = {f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty")}
    assert {line for line in lines if line.split()[0] not in devices} == bounded | {"/proc proc", "/dev/pts devpts"}


def test_a_file_cannot_grow_beyond_its_limit(run_python: RunPython) -> None:
    code = "f = open('/tmp/x', 'wb', 0)\nfor i in range(100): f.write(bytes(1 << 20))"
    assert "File too large" in run_python(code, limits=Limits(file_size=1 << 22)).stderr


def test_no_descriptor_but_the_three_streams_is_open(run_python: RunPython) -> None:
    code = """
import os
for fd in range(3, 1000):
    try:
        print(fd, os.readlink(f"/proc/self/fd/{fd}"))
    except OSError:
        pass
"""
    assert run_python(code).stdout == ""
