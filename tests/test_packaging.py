"""What must hold however the project is obtained: a checkout, an editable install, a wheel, with or without a rival.

The rival is openai-agents: it owns a top-level package ``agents``, as we use that name for ``python -m agents.ttb``.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
REGISTRY = yaml.safe_load((ROOT / "registry.yaml").read_text(encoding="utf-8"))
BUILT = [name for name, stanza in REGISTRY["benchmarks"].items() if "entry_point" in stanza]
# Importing the suite registers it and must stay cheap: these are loaded by whoever needs them, when they do.
HEAVY = {"bm25s", "datasets", "openai", "pandas", "rich", "tensorboard", "torch", "transformers", "tyro"}

MAKE_ONE = f"""
import gymnasium as gym, skillflow_gym, skillflow_gym.envs
env = gym.make("SkillFlow/{BUILT[0]}-v0", source="mini")
observation, info = env.reset(seed=0)
assert observation["task"] and info["source"] == "mini", (observation, info)
print(skillflow_gym.envs.__file__)
"""


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """The standard output of a command that must succeed."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=clean_environment() | (env or {}), capture_output=True, text=True
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def clean_environment() -> dict[str, str]:
    """This process's environment without what could lend a subprocess our paths or somebody's data."""
    return {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "SKILLFLOW_DATA")}


def runnable(module: Path) -> bool:
    """Whether ``python -m`` does something: the module has a main guard (read from its syntax, unlike the hook)."""
    return any(
        isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"
        for node in ast.parse(module.read_text(encoding="utf-8")).body
    )


RUNNABLE = sorted(path.name for path in (ROOT / "agents").glob("*.py") if runnable(path))


def files_below(folder: Path) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


# --- A checkout that nobody installed -------------------------------------------------------------------------------


def in_checkout(*arguments: str) -> str:
    """Run Python in the repository root with the dependencies importable and no editable install in force (-S)."""
    return run(sys.executable, "-S", *arguments, cwd=ROOT, env={"PYTHONPATH": sysconfig.get_path("purelib")})


def test_checkout_resolves_the_canonical_names_to_the_top_folders() -> None:
    code = "import skillflow_gym.agents, skillflow_gym.envs as e; print(skillflow_gym.agents.__file__, e.__file__)"
    assert in_checkout("-c", code).split() == [str(ROOT / "agents/__init__.py"), str(ROOT / "envs/__init__.py")]


def test_checkout_makes_an_environment() -> None:
    assert in_checkout("-c", MAKE_ONE).strip() == str(ROOT / "envs/__init__.py")


@pytest.mark.parametrize(
    "module",
    [pytest.param(name.removesuffix(".py"), marks=() if name == "ttb.py" else pytest.mark.slow) for name in RUNNABLE],
)
def test_checkout_runs_an_agent(module: str) -> None:
    assert "usage: " in in_checkout("-m", f"agents.{module}", "--help")


def test_importing_the_suite_loads_nothing_heavy() -> None:
    loaded = in_checkout("-c", "import sys, skillflow_gym; print(*sys.modules)").split()
    assert "gymnasium" in loaded
    assert not HEAVY & set(loaded)


# --- What a wheel and an sdist hold ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def unpacked_sdist(tmp_path: Path) -> Path:
    with tarfile.open(build("sdist", ROOT, tmp_path / "sdist")) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    return source


def build(target: str, source: Path, into: Path) -> Path:
    run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", into, cwd=source)
    (artifact,) = into.iterdir()
    return artifact


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_wheel_holds_the_suite_under_one_name_and_the_runnable_agents_under_theirs(wheel: Path) -> None:
    inside = files_below(ROOT / "agents") | files_below(ROOT / "envs") | {"registry.yaml"}
    expected = files_below(ROOT / "skillflow_gym") | {f"skillflow_gym/{name}" for name in inside}
    assert names(wheel) == expected | {f"agents/{name}" for name in RUNNABLE}
    assert "skillflow_gym/py.typed" in expected


def test_wheel_built_from_the_sdist_is_the_same(wheel: Path, unpacked_sdist: Path, tmp_path: Path) -> None:
    assert {"LICENSE", "README.md", "constraints.txt", "tests"} <= {path.name for path in unpacked_sdist.iterdir()}
    assert names(build("wheel", unpacked_sdist, tmp_path / "dist")) == names(wheel)


def test_every_registered_agent_is_runnable() -> None:
    modules = {stanza["module"].rpartition(".")[2] + ".py" for stanza in REGISTRY["agents"].values()}
    assert modules <= set(RUNNABLE)


# --- Installed for real ---------------------------------------------------------------------------------------------


class Venv:
    """A fresh virtual environment, used from a folder that is not the checkout."""

    def __init__(self, folder: Path) -> None:
        self.python = folder / "venv/bin/python"
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
        (self.site_packages,) = (folder / "venv/lib").glob("*/site-packages")

    def pip(self, *arguments: str | Path) -> None:
        run(self.python, "-m", "pip", "--quiet", *arguments, cwd=self.elsewhere)

    def run(self, *arguments: str) -> str:
        return run(self.python, *arguments, cwd=self.elsewhere)

    def check_ours(self, envs: Path) -> None:
        """Our environments are made from ``envs``, and an agent runs, with the base dependencies alone."""
        assert Path(self.run("-c", MAKE_ONE).strip()).parent == envs
        assert "usage: " in self.run("-m", "skillflow_gym.agents.random", "--help")
        assert "usage: " in self.run("-m", "agents.random", "--help")
        assert BUILT[0] in run(self.python.parent / "skillflow", "list", cwd=self.elsewhere)

    def check_rival(self) -> None:
        assert "True" in self.run("-c", "import agents; print(callable(agents.Runner.run))")


@pytest.fixture
def venv(tmp_path: Path) -> Venv:
    return Venv(tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_editable_install(venv: Venv, unpacked_sdist: Path) -> None:
    venv.pip("install", "-c", ROOT / "constraints.txt", "-e", unpacked_sdist)
    venv.check_ours(unpacked_sdist / "envs")
    # A copy in site-packages would go stale while the checkout is edited.
    assert not (venv.site_packages / "agents").exists()

    # It lets mypy see the canonical names: a wrong call from one of the two folders into the other is found, once.
    (unpacked_sdist / "envs/planted.py").write_text("def double(number: int) -> int:\n    return 2 * number\n")
    (unpacked_sdist / "agents/planted.py").write_text(
        "from skillflow_gym.envs.planted import double\n\ndouble('two')\n"
    )
    mypy = subprocess.run([sys.executable, "-m", "mypy"], cwd=unpacked_sdist, capture_output=True, text=True)
    (error,) = [line for line in mypy.stdout.splitlines() if "planted.py" in line]
    assert "agents/planted.py:3" in error and "[arg-type]" in error


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_wheel_and_rival_in_every_order(venv: Venv, wheel: Path) -> None:
    envs = venv.site_packages / "skillflow_gym/envs"
    ours = ("install", "-c", ROOT / "constraints.txt", wheel)

    def installed() -> tuple[bool, bool]:
        """Whether the suite and the rival lie in site-packages."""
        return envs.is_dir(), (venv.site_packages / "agents" / "__init__.py").is_file()

    venv.pip(*ours)
    assert installed() == (True, False)
    venv.check_ours(envs)

    venv.pip("install", "openai-agents")
    assert installed() == (True, True)
    venv.check_ours(envs)
    venv.check_rival()

    venv.pip("uninstall", "--yes", "skillflow-gym")
    assert installed() == (False, True)
    venv.check_rival()
    venv.pip(*ours)
    assert installed() == (True, True)
    venv.check_ours(envs)
    venv.check_rival()

    venv.pip("uninstall", "--yes", "openai-agents")
    assert installed() == (True, False)
    venv.check_ours(envs)
