"""Words of the command line -> a typed result. A small stand-in for argparse, whose import costs a
tenth of a start.

    ["--format=json", "-v", "shop"]  ->  text("format") == "json", on("verbose"), words == ["shop"]

Understands `--name value`, `--name=value`, `-n`, `-nq` for two flags, `-` as a word, and `--`,
after which all is words. Anything else raises `UsageError` with a suggestion. It prints nothing and
reads no environment.
"""

from __future__ import annotations

from raftoral.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Option:
    """One option. Without `value` it is a flag; `choices` are the values it may have."""

    __slots__ = ("choices", "help", "letter", "name", "value")

    def __init__(
        self,
        name: str,
        help: str,
        *,
        letter: str = "",
        value: str = "",
        choices: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.help = help
        self.letter = letter
        self.value = value or "|".join(choices)
        self.choices = choices


GLOBAL = (
    Option("color", "when to use colour (default: auto)", choices=("auto", "always", "never")),
    Option("quiet", "say less: only results, no summary", letter="q"),
    Option("verbose", "say more: what was done, and how long it took", letter="v"),
    Option("help", "this text", letter="h"),
)


class Command:
    """What a command understands, and its help. `words` is how usage shows them."""

    __slots__ = ("about", "example", "name", "options", "words", "words_max")

    def __init__(
        self,
        name: str,
        about: str,
        *,
        words: str = "",
        words_max: int = 1_000_000,
        options: tuple[Option, ...] = (),
        example: str = "",
    ) -> None:
        self.name = name
        self.about = about
        self.words = words
        self.words_max = words_max
        self.options = (*options, *GLOBAL)
        self.example = example

    @property
    def title(self) -> str:
        """`raftoral check`, or `raftoral` for what stands before a command."""
        return f"raftoral {self.name}".rstrip()


class Options:
    """What was asked for."""

    __slots__ = ("_flags", "_lists", "_texts", "words")

    def __init__(self) -> None:
        self._flags: dict[str, int] = {}
        self._texts: dict[str, str] = {}
        self._lists: dict[str, list[str]] = {}
        self.words: list[str] = []

    def on(self, flag: str) -> bool:
        """Whether the flag was given."""
        return flag in self._flags

    def times(self, flag: str) -> int:
        """How often the flag was given: `-vv` is 2."""
        return self._flags.get(flag, 0)

    def text(self, name: str, default: str = "") -> str:
        """The value of an option; of several, the last."""
        return self._texts.get(name, default)

    def texts(self, name: str) -> list[str]:
        """All values of an option that may be given more than once, in order."""
        return self._lists.get(name, [])

    def number(self, name: str, default: int) -> int:
        """The value of an option that counts something."""
        given = self._texts.get(name)
        if given is None:
            return default
        if not (given.isascii() and given.isdigit() and len(given) < 10):
            raise UsageError(f"--{name} takes a whole number, and {given!r} is none")
        return int(given)

    def set(self, option: Option, value: str | None) -> None:
        """Notes one option as given."""
        if value is None:
            self._flags[option.name] = self._flags.get(option.name, 0) + 1
            return
        if option.choices and value not in option.choices:
            known = ", ".join(option.choices)
            hint = suggestion(value, option.choices)
            raise UsageError(f"--{option.name} does not know {value!r}{hint} (it knows {known})")
        self._texts[option.name] = value
        self._lists.setdefault(option.name, []).append(value)

    def merge(self, other: Options) -> None:
        """Adds what `other` says: options may stand before the command too."""
        for name, times in other._flags.items():
            self._flags[name] = self._flags.get(name, 0) + times
        for name, value in other._texts.items():
            self._texts.setdefault(name, value)


def read(arguments: Sequence[str], command: Command) -> Options:
    """What `arguments` say, in the language of `command`."""
    found, rest = _read(arguments, command, stop_at_word=False)
    found.words = rest
    if len(rest) > command.words_max and not found.on("help"):
        raise UsageError(f"{rest[command.words_max]!r} is one word too many")
    return found


def read_front(arguments: Sequence[str], command: Command) -> tuple[Options, list[str]]:
    """The options before the first word, and everything from that word on."""
    return _read(arguments, command, stop_at_word=True)


def _read(arguments: Sequence[str], command: Command, *, stop_at_word: bool) -> tuple[Options, list[str]]:
    found = Options()
    words: list[str] = []
    waiting = list(reversed(arguments))
    while waiting:
        argument = waiting.pop()
        if argument == "--":
            words += reversed(waiting)
            break
        if argument == "-" or not argument.startswith("-"):
            words.append(argument)
            if stop_at_word:
                words += reversed(waiting)
                break
        elif argument.startswith("--"):
            _long(argument, command, waiting, found)
        else:
            _letters(argument, command, waiting, found)
    return found, words


def _long(argument: str, command: Command, waiting: list[str], found: Options) -> None:
    name, equals, value = argument[2:].partition("=")
    option = next((each for each in command.options if each.name == name), None)
    if option is None:
        raise _unknown("--" + name, command)
    if not option.value:
        if equals:
            raise UsageError(f"--{name} takes no value")
        found.set(option, None)
    elif equals:
        found.set(option, value)
    else:
        found.set(option, _value(option, waiting))


def _letters(argument: str, command: Command, waiting: list[str], found: Options) -> None:
    for at, letter in enumerate(argument[1:], 1):
        option = next((each for each in command.options if each.letter == letter), None)
        if option is None:
            raise _unknown(argument, command)
        if not option.value:
            found.set(option, None)
            continue
        attached = argument[at + 1 :].removeprefix("=")
        found.set(option, attached or _value(option, waiting))
        return


def _value(option: Option, waiting: list[str]) -> str:
    if not waiting or (waiting[-1].startswith("-") and waiting[-1] != "-"):
        raise UsageError(f"--{option.name} needs a value: --{option.name} {option.value}")
    return waiting.pop()


def _unknown(given: str, command: Command) -> UsageError:
    names = ["--" + option.name for option in command.options]
    return UsageError(f"unknown option {given}{suggestion(given, names)}")


def suggestion(given: str, names: Sequence[str]) -> str:
    """`; did you mean ...?`, or nothing when nothing is near."""
    from raftoral.dsl.diagnostics.spelling import closest

    near = closest(given, names)
    if near is None and len(given.strip("-")) > 1:
        near = next((name for name in names if name.startswith(given)), None)
    return f"; did you mean {near}?" if near else ""


def help_text(command: Command) -> str:
    """What `--help` prints."""
    rows = [f"usage: {command.title} [options] {command.words}".rstrip(), "", command.about, ""]
    lefts = [_left(option) for option in command.options]
    width = max(len(left) for left in lefts if len(left) <= 30) + 2
    rows.append("options:")
    for option, left in zip(command.options, lefts, strict=True):
        if len(left) > 30:
            rows += [f"  {left}", " " * (width + 2) + option.help]
        else:
            rows.append(f"  {left:<{width}}{option.help}")
    if command.example:
        rows += ["", "example:", *("  " + line for line in command.example.splitlines())]
    return "\n".join(rows) + "\n"


def _left(option: Option) -> str:
    letter = f"-{option.letter}, " if option.letter else "    "
    return f"{letter}--{option.name} {option.value}".rstrip()
