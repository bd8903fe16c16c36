"""`raftoral new`: the project that it makes is whole, and all that its README says works."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Raftoral = Callable[..., tuple[int, str, str]]
MADE = [
    *(".gitignore", "README.md", "pyproject.toml", "tests/test_orders.py"),
    *(f"my_shop/{name}" for name in ("__init__.py", "activities.py", "orders.py", "orders.rft", "service.py")),
]


def paths(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project, made in a process of its own, as a user would."""
    folder = tmp_path_factory.mktemp("new")
    result = python("-m", "raftoral", "new", "My-Shop", folder=folder)
    assert result.returncode == 0, result.stderr
    assert "cd My-Shop && python -m pip install -e '.[dev]'" in result.stderr
    return folder / "My-Shop"


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RAFTORAL_", "PYTEST_"))}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "RAFTORAL_NO_CACHE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def python(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, encoding="utf-8")


# --- the project -------------------------------------------------------------------------------------------------


def test_its_files(made: Path) -> None:
    assert [path for path in paths(made) if "cache" not in path] == sorted(MADE)
    for path in MADE:
        text = (made / path).read_text("utf-8")
        assert not re.search(r"package_name|project-name|raftoral_version", text), path
    assert len((made / "README.md").read_text("utf-8").splitlines()) <= 14


@pytest.mark.parametrize(
    "words",
    [
        "raftoral check --strict .",
        "raftoral fmt --check .",
        "raftoral compile . --out . --check",
        "pytest -q -p no:cacheprovider",
        "ruff format --check --line-length 120 --no-cache --exclude my_shop/orders.py .",
        "ruff check --no-cache .",
    ],
)
def test_its_commands(made: Path, words: str) -> None:
    result = python("-m", *words.split(), folder=made)
    assert result.returncode == 0, result.stdout + result.stderr


def test_its_workflow_runs_as_an_installed_command_does(made: Path) -> None:
    """Without the current folder on the path, which `python -m` puts there and `raftoral` does not."""
    order = '{"order": {"id": "o1", "customer": "ann", "total": "12.50"}}'
    for more in ([], ["--activities", "my_shop/activities.py"]):
        words = ["run", "my_shop/orders.rft", *more, "--input", order]
        result = python("-P", "-m", "raftoral", *words, folder=made)
        assert (result.returncode, result.stdout) == (0, '"receipt-1"\n'), result.stderr


@pytest.mark.slow
def test_its_types(made: Path) -> None:
    result = python("-m", "mypy", "--no-incremental", folder=made)
    assert result.returncode == 0, result.stdout + result.stderr


def test_its_readme_says_what_was_tested(made: Path) -> None:
    said = (made / "README.md").read_text("utf-8")
    for words in ("raftoral check .", "raftoral fmt --check .", "raftoral compile . --out . --check", "-m pytest"):
        assert words in said


@pytest.mark.slow
def test_its_service_goes_on_after_kill_9(made: Path, tmp_path: Path) -> None:
    """The two last commands of the README, with a death between them."""
    order = '{"order": {"id": "o1", "customer": "ann", "total": "12.50"}}'

    def begun() -> tuple[subprocess.Popen[str], str]:
        env = {**environment(), "LISTEN": "127.0.0.1:0", "DATA": str(tmp_path / "data")}
        command = [sys.executable, "-m", "my_shop.service"]
        process = subprocess.Popen(command, cwd=made, env=env, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith("ready: "), said
        return process, said.removeprefix("ready: ").strip()

    process, address = begun()
    try:
        ask = ["-m", "raftoral", "start", "Sell", "--id", "o1", "--input", order, "--wait", "--node", address]
        first = python(*ask, folder=made)
        assert (first.returncode, first.stdout) == (0, '"receipt-1"\n'), first.stderr
        process.kill()
        process.communicate()
        process, address = begun()
        again = python("-m", "raftoral", "result", "o1", "--node", address, folder=made)
        assert (again.returncode, again.stdout) == (0, '"receipt-1"\n'), again.stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()


# --- the command -------------------------------------------------------------------------------------------------


def test_help_has_an_example(raftoral: Raftoral) -> None:
    code, out, _ = raftoral("new", "--help")
    assert code == 0
    assert "raftoral new shop" in out


def test_a_folder_that_is_empty_or_only_a_repository_will_do(here: Callable[..., Path], raftoral: Raftoral) -> None:
    folder = here()
    (folder / "shop" / ".git").mkdir(parents=True)
    assert raftoral("new", "shop")[0] == 0
    assert (folder / "shop" / "shop" / "orders.py").exists()
    (folder / "other").mkdir()
    assert raftoral("new", "other", "--name", "Tea-House", "-q") == (0, "", "")
    assert "module tea_house.orders" in (folder / "other" / "tea_house" / "orders.rft").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "where? `raftoral new shop` makes a folder `shop`"),
        (["full"], "full is not empty, it has a.txt: give a folder that is empty or not there yet"),
        (["full/a.txt"], "full/a.txt is a file: give a folder"),
        (["123"], "'123' makes no name for a package: --name NAME gives one, such as shop"),
        (["x", "--name", "class"], "'class' makes no name for a package"),
        (["Test"], "DIR has the name 'test', and that is taken: --name NAME gives another one, such as my_test"),
        (["x", "--name", "json"], "--name gives the name 'json', and that is taken"),
        (["x", "y"], "'y' is one word too many"),
    ],
    ids=" ".join,
)
def test_what_is_refused(here: Callable[..., Path], raftoral: Raftoral, words: list[str], said: str) -> None:
    folder = here()
    (folder / "full").mkdir()
    (folder / "full" / "a.txt").write_text("mine", encoding="utf-8")
    code, out, err = raftoral("new", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert not (folder / "x").exists()


def test_a_place_that_cannot_be_written_is_said(here: Callable[..., Path], raftoral: Raftoral) -> None:
    folder = here(stone="")
    code, _, err = raftoral("new", "stone/shop")
    assert code in (1, 2)
    assert "stone" in err
    assert (folder / "stone").read_text() == ""
