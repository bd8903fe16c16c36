"""The dispatch: commands, help, versions, colour, and what happens when something goes wrong."""

from __future__ import annotations

import io
import signal
import sys

import pytest

from raftoral import __version__
from raftoral.__main__ import main
from raftoral.cli import COMMANDS
from raftoral.cli.terminal import Terminal


def test_version(raftoral):
    assert raftoral("--version") == (0, f"raftoral {__version__}\n", "")
    assert raftoral("-V") == (0, f"raftoral {__version__}\n", "")


def test_help(raftoral):
    code, out, err = raftoral("--help")
    assert (code, err) == (0, "")
    assert out.startswith("usage: raftoral [options] COMMAND ...\n")
    for name, (_, about) in COMMANDS.items():
        assert f"  {name}" in out
        assert about in out
    assert raftoral("help") == (code, out, err)
    assert raftoral("-h") == (code, out, err)


def test_no_command_is_wrong_usage(raftoral):
    code, out, err = raftoral()
    assert (code, out) == (2, "")
    assert err == raftoral("--help")[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(raftoral, name):
    code, out, err = raftoral(name, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: raftoral {name} ")
    assert f"\nexample:\n  raftoral {name}" in out
    assert max(map(len, out.splitlines())) <= 100
    assert raftoral("help", name) == (code, out, err)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("chekc",), "raftoral: unknown command 'chekc'; did you mean check?"),
        (("xyzzy",), "raftoral: unknown command 'xyzzy'"),
        (("--colour", "x"), "raftoral: unknown option --colour; did you mean --color?"),
        (("check", "--stric"), "raftoral check: unknown option --stric; did you mean --strict?"),
        (("check", "--format", "jsn"), "raftoral check: --format does not know 'jsn'; did you mean"),
        (("explain", "a", "b"), "raftoral explain: 'b' is one word too many"),
    ],
)
def test_wrong_usage(raftoral, words, said):
    code, out, err = raftoral(*words)
    assert (code, out) == (2, "")
    assert err.startswith(said)
    assert err.splitlines()[-1].startswith("try: raftoral")


# --- colour ---------------------------------------------------------------------------------------


class Screen(io.StringIO):
    """A terminal of one encoding."""

    def __init__(self, encoding: str = "utf-8", terminal: bool = True) -> None:
        super().__init__()
        self.name_of_encoding = encoding
        self.terminal = terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.name_of_encoding

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def screen(monkeypatch):
    def show(encoding: str = "utf-8", terminal: bool = True) -> Screen:
        made = Screen(encoding, terminal)
        monkeypatch.setattr(sys, "stdout", made)
        monkeypatch.setattr(sys, "stderr", made)
        return made

    return show


@pytest.mark.parametrize(
    ("words", "environment", "terminal", "colored"),
    [
        ((), {}, True, True),
        ((), {}, False, False),
        ((), {"NO_COLOR": "1"}, True, False),
        ((), {"NO_COLOR": ""}, True, True),
        ((), {"TERM": "dumb"}, True, False),
        (("--color=always",), {"NO_COLOR": "1"}, False, True),
        (("--color=never",), {}, True, False),
        (("--color=auto",), {}, True, True),
    ],
)
def test_when_there_is_colour(here, door, screen, monkeypatch, words, environment, terminal, colored):
    here(a_rft="oops")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    shown = screen(terminal=terminal)
    assert main([*words, "check"]) == 1
    assert ("\x1b[" in shown.getvalue()) is colored
    assert main(["check", *words]) == 1


def test_box_characters_only_in_utf8(here, door, screen):
    here(a_rft="oops")
    for encoding, corner in (("UTF-8", "┌─"), ("utf8", "┌─"), ("latin-1", "-->"), ("ascii", "-->")):
        shown = screen(encoding, terminal=False)
        main(["check"])
        assert corner in shown.getvalue()


def test_on_a_terminal_a_clean_run_says_so(here, door, screen):
    here(a_rft="fine", b_rft="fine")
    shown = screen()
    assert main(["check"]) == 0
    assert shown.getvalue() == "no problems in 2 files\n"


def test_progress_is_written_over(screen):
    shown = screen()
    terminal = Terminal()
    terminal.progress("reading")
    terminal.progress("short")
    terminal.result("done\n")
    assert shown.getvalue() == "\rreading\r\rshort  \r\r     \rdone\n"


def test_progress_is_for_people(screen):
    shown = screen(terminal=False)
    Terminal().progress("reading")
    assert shown.getvalue() == ""


def test_long_work_shows_a_sign_of_life(here, door, screen, monkeypatch):
    here(**{f"a{number}_rft": "fine" for number in range(30)})
    shown = screen()
    check = door.check

    def slow(sources, world):
        signal.raise_signal(signal.SIGALRM)
        return check(sources, world)

    monkeypatch.setattr(sys.modules["raftoral.dsl.compile"], "check", slow)
    before = signal.getsignal(signal.SIGALRM)
    assert main(["check"]) == 0
    assert shown.getvalue().startswith("\rchecking 30 files, 0 s ...\r")
    assert shown.getvalue().endswith("\rno problems in 30 files\n")
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


# --- when something goes wrong --------------------------------------------------------------------


def failing(fault: BaseException):
    def run(options, terminal):
        raise fault

    return run


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 141, ""),
        (OSError(28, "No space left on device"), 2, "the output cannot be written: No space left"),
        (OSError(5, "Input/output error", "x"), 3, "internal error"),
        (RecursionError("deep"), 3, "internal error"),
        (MemoryError(), 3, "internal error"),
        (AssertionError(), 3, "  AssertionError (test_main.py:"),
    ],
)
def test_faults(raftoral, monkeypatch, fault, code, said):
    monkeypatch.setattr("raftoral.cli.explain.run", failing(fault))
    found, out, err = raftoral("explain")
    assert (found, out) == (code, "")
    assert said in err
    assert "Traceback" not in err
    assert bool(err) is bool(said)


def test_closed_streams(here, door, monkeypatch):
    here(a_rft="oops")
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["check"]) == 1
    assert main(["chekc"]) == 2
    assert main(["--help"]) == 0
