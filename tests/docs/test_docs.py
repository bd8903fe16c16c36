"""The documents say what is: their programs check as they claim, their tables are complete, their links lead somewhere.

Input: `README.md`, the other documents at the top, and `docs/`. The output that `README.md` shows is kept by
`pytest --update`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import report
from raftoral.cli import COMMANDS
from raftoral.dsl.diagnostics.codes import CODES
from raftoral.dsl.facts.types import DECIMAL, FLOAT, INT, SCALARS, STR, list_of, map_of
from raftoral.dsl.scope import BUILTIN_ERRORS
from raftoral.dsl.typecheck.builtins import BUILTINS
from raftoral.dsl.typecheck.context import RESERVED
from raftoral.dsl.typecheck.methods import methods_of
from tests.docs.fences import Fence, fences
from tests.docs.played import three_nodes
from tests.dsl.test_explain import EXPLAIN

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
        *(ROOT / "docker").glob("*.md"),
        *(ROOT / "editors").rglob("*.md"),
    ]
)
LANGUAGE = (ROOT / "docs" / "language.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
GRAMMAR = (ROOT / "raftoral" / "dsl" / "parser" / "grammar.lark").read_text("utf-8")

WITH_PROGRAMS = {path: fences(path.name, path.read_text("utf-8")) for path in DOCUMENTS}
ALL_FENCES = [(fence, found) for found in WITH_PROGRAMS.values() for fence in found]
BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"(<!-- the output of this program.*?-->\n\n```text\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL)


def names(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- programs -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fence", "others"), ALL_FENCES, ids=[fence.place for fence, _ in ALL_FENCES])
def test_a_program_gives_the_codes_it_says(fence: Fence, others: list[Fence]) -> None:
    found = fence.problems(others)
    said = "\n".join(f"{p.code} {p.headline}: {p.primary.text}" for p in found) or "nothing"
    assert sorted(p.code for p in found) == sorted(fence.codes), f"{fence.place} gives\n{said}\n\n{fence.program()}"


def test_the_reference_shows_programs_of_every_kind() -> None:
    kinds = [fence.kind for fence in WITH_PROGRAMS[ROOT / "docs" / "language.md"]]
    assert len(kinds) > 25
    assert set(kinds) == {"", "module", "workflow", "expr"}


def test_a_mistake_in_a_fragment_is_found() -> None:
    for kind, text in [
        ("module", "record Bad { a: Unknown }\n"),
        ("workflow", "let a = 1 + true\n"),
        ("expr", "xs[0] + 1\n"),
        ("", "rft 1\nrecord a {}\n"),
    ]:
        (fence,) = fences("planted", f"```rft {kind}\n{text}```\n")
        assert fence.problems(), kind
    with pytest.raises(ValueError, match="kinds"):
        fences("planted", "```rft wrokflow\nlet a = 1\n```\n")


def test_a_fragment_may_declare_what_the_prelude_has() -> None:
    (fence,) = fences("planted", "```rft module\nunion Payment { Cash, Card(n: int) }\nrecord Item { a: int }\n```\n")
    assert "RFT0206" not in [problem.code for problem in fence.problems()]


# --- tables and lists of the reference -------------------------------------------------------------


def table(mark: str) -> list[list[str]]:
    """The rows of the table behind `<!-- mark -->`, as cells."""
    rows = LANGUAGE.split(f"<!-- {mark} -->\n\n")[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def called(cell: str) -> list[str]:
    """The names in "`min(xs)`, `max(xs)`"."""
    return re.findall(r"`(\w+)\(", cell)


def test_the_table_of_functions_is_complete() -> None:
    listed = [name for row in table("builtins") for name in dict.fromkeys(called(row[0]))]
    assert sorted(listed) == sorted(BUILTINS)


def test_the_table_of_methods_is_complete() -> None:
    kinds = {"list[T]": list_of(INT), "map[K, V]": map_of(STR, INT), **SCALARS}
    listed = {
        (kind, name) for row in table("methods") for name in called(row[0]) for kind in re.findall(r"`([^`]+)`", row[1])
    }
    known = {(kind, name) for kind, type in kinds.items() for name in methods_of(type)}
    assert {DECIMAL, FLOAT} <= set(SCALARS.values())
    assert listed == known


def test_the_table_of_policies_is_complete() -> None:
    terminals = re.findall(r"^\??\w* *[:|] *([A-Z]+) \":\" \w+ +-> policy$", GRAMMAR, re.MULTILINE)
    assert sorted(row[0].strip("`") for row in table("policies")) == sorted(word.lower() for word in terminals)


def test_the_table_of_errors_is_complete() -> None:
    listed = {row[0].strip("`"): re.findall(r"`(\w+: \w+)`", row[1]) for row in table("errors")}
    known = {
        error.name: [f"{field.name}: {field.type}" for field in error.fields.values()]
        for error in BUILTIN_ERRORS.values()
    }
    assert listed == known


def test_the_list_of_reserved_words_is_complete() -> None:
    listed = re.findall(r"`(\w+)`", LANGUAGE.split("<!-- reserved -->\n\n")[1].split("\n\n")[0])
    assert listed == sorted(RESERVED)


def test_every_scalar_type_is_in_the_reference() -> None:
    types = LANGUAGE.split("\n## Types\n")[1].split("\n## ")[0]
    assert [name for name in SCALARS if f"| `{name}` |" not in types] == []


# --- codes, links, commands -------------------------------------------------------------------------


@pytest.mark.parametrize("path", DOCUMENTS, ids=names)
def test_every_code_exists_and_is_explained(path: Path) -> None:
    explained = "".join(room.read_text("utf-8") for room in EXPLAIN.glob("*.md"))
    for code in set(re.findall(r"RFT\d{4}", path.read_text("utf-8"))):
        assert code in CODES
        assert f"## {code} " in explained


@pytest.mark.parametrize("path", DOCUMENTS, ids=names)
def test_every_link_leads_somewhere(path: Path) -> None:
    text = BLOCK.sub("", path.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        home = path.parent / file if file else path
        assert home.exists(), f"{names(path)} leads to {target}"
        if anchor:
            assert anchor in anchors(home.read_text("utf-8")), f"{names(path)} leads to {target}"


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=names)
def test_every_path_in_code_marks_exists(path: Path) -> None:
    text = BLOCK.sub("", path.read_text("utf-8"))
    for word in re.findall(r"`((?:raftoral|tests|docs|examples|benchmarks|templates)/[\w./-]+)`", text):
        if "NAME" in word or "0N" in word or "nnnn" in word:
            continue
        assert (ROOT / word).exists() or (ROOT / (word + ".py")).exists(), f"{names(path)} names {word}"


def lines_of_shell(text: str) -> list[list[str]]:
    """The commands of all `sh` blocks, without their comments."""
    lines = "".join(SHELL.findall(text)).splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


INLINE = [shlex.split(text) for text in dict.fromkeys(re.findall(r"`(raftoral [^`]+)`", BLOCK.sub("", README)))]
COMMANDS_SHOWN = [words for words in lines_of_shell(README) if words[0] == "raftoral"]
PLAYED = [command.text.split() for block in three_nodes(README) for command in block]  # by test_three_nodes


def raftoral(*words: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "RAFTORAL_DEBUG")}
    env = {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "RAFTORAL_NO_CACHE": "1"}
    command = [sys.executable, "-m", "raftoral", *words]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, encoding="utf-8")


@pytest.mark.parametrize("words", COMMANDS_SHOWN, ids=" ".join)
def test_the_commands_of_the_readme_work(words: list[str], tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")  # some of them write
    result = raftoral(*words[1:], folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_readme_shows_every_command_of_today() -> None:
    played = {words[1] for words in PLAYED if words[0] == "raftoral"}
    assert {words[1] for words in COMMANDS_SHOWN} | played == set(COMMANDS)


def test_the_readme_tells_what_a_clean_check_says() -> None:
    said = raftoral("check", "--verbose", "examples/").stderr.splitlines()[0]
    assert f"```text\n{said}\n```" in README


def test_the_readme_tells_what_a_wrong_program_gets(tmp_path: Path, update: bool) -> None:
    (program,) = [fence for fence in WITH_PROGRAMS[ROOT / "README.md"] if fence.codes]
    (tmp_path / "sell.rft").write_text(program.text, encoding="utf-8")
    result = raftoral("check", "sell.rft", folder=tmp_path)
    assert result.returncode == 1
    shown = f"$ raftoral check sell.rft\n{result.stdout}{result.stderr}"
    made = SHOWN.sub(lambda found: found[1] + shown + found[3], README)
    if update:
        (ROOT / "README.md").write_text(made, encoding="utf-8")
    else:
        assert made == README, "README.md shows other output; look at it, then `pytest --update`"


def test_the_readme_quotes_figures_as_they_are(update: bool) -> None:
    """Each claim of speed is a row of the results."""
    made = report.quoting(README, (ROOT / "benchmarks" / "RESULTS.md").read_text("utf-8"))
    if update:
        (ROOT / "README.md").write_text(made, encoding="utf-8")
    else:
        assert made == README, "README.md quotes other figures than benchmarks/RESULTS.md has: `pytest --update`"
    (rows,) = [found[2].splitlines() for found in report.QUOTES.finditer(made)]
    assert len(rows) >= 5
    assert [row for row in rows if re.search(r"\| *\|$", row)] == [], "there is no such figure"


def test_no_speed_is_claimed_beside_the_figures() -> None:
    """In prose no number has a unit of speed: it would be the only one that nobody renews."""
    said = report.QUOTES.sub("", BLOCK.sub("", README))
    assert re.findall(r"\d[\d.,]* ?(?:ms|us|µs|/s|steps a second|times (?:as fast|faster))\b", said) == []


def test_every_command_of_the_readme_is_run_somewhere() -> None:
    """Commands of `sh` blocks here, those of consoles by test_stories and test_three_nodes, these two by CI."""
    others = [words for words in lines_of_shell(README) if words[0] != "raftoral"]
    assert others == [["python3", "-m", "pip", "install", "."], ["./dev", "test"]]
    assert set(re.findall(r"^```(\w*)", README, re.MULTILINE)) <= {"", "sh", "console", "text", "python", "rft"}


@pytest.mark.parametrize("words", INLINE, ids=" ".join)
def test_the_commands_in_its_sentences_work(words: list[str], tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    result = raftoral(*words[1:], folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_ci_runs_the_command_that_the_readme_gives_for_tests() -> None:
    (command,) = [words for words in lines_of_shell(README) if words[0] == "./dev"]
    assert "\n" + " ".join(command) + " " in (ROOT / ".ci" / "run").read_text("utf-8")


def test_ci_installs_by_the_command_that_the_readme_gives() -> None:
    command = ["python3", "-m", "pip", "install", "."]
    assert command in lines_of_shell(README)
    assert "\n  " + " ".join(command) + "\n" in (ROOT / ".ci" / "run").read_text("utf-8")


# --- made pages -------------------------------------------------------------------------------------


def test_the_index_of_problems_is_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "error_index.py"), "--check"]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
