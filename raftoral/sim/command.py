"""`raftoral sim`: the cluster in a box, from seeds; one line for each seed in which something was found.

    modes and seeds -> a world for each -> findings; --trace: all that happened; --shrink: what it takes

Programs are those that the simulator brings along, or the workflows of the files that are named, with values by chance
for all that they are given. Reads those files and the list of kept seeds; writes nothing.
"""

from __future__ import annotations

import gc
import os
import time

from raftoral.cli import DONE, FOUND_PROBLEMS
from raftoral.cli.options import Command, Option, Options, suggestion
from raftoral.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from raftoral.cli.terminal import Terminal
    from raftoral.sim.modes import Item
    from raftoral.sim.programs import Catalog
    from raftoral.sim.world import World

COMMAND = Command(
    "sim",
    "Runs the real node, many of them, in one thread with a clock, a network and disks of its own, and\n"
    "breaks whatever can break. The same seed does the same, always. With FILE: your workflows, with\n"
    "values by chance.\n"
    "Exit code: 0 nothing was found, 1 something was, 2 wrong usage, 3 a bug of the simulator.",
    words="[FILE.rft]...",
    options=(
        Option("seed", "this one seed", value="N"),
        Option("seeds", "so many seeds, in each mode (default: 100)", value="N"),
        Option("start", "the first of them (default: 0)", value="S"),
        Option("mode", "calm, lossy, disk, groups, everything, ... (default: all)", value="M"),
        Option("seconds", "how long trouble lasts in each world (default: 6)", value="N"),
        Option("nodes", "how many nodes begin (default: by chance)", value="N"),
        Option("trace", "show all that happened in the world of --seed"),
        Option("shrink", "leave out of a failing world what it does not take"),
        Option("kept", "the seeds of a file, one `MODE SEED` on a line", value="FILE"),
    ),
    example="raftoral sim --seeds 1000\n"
    "raftoral sim --mode disk --seed 17 --trace\n"
    "raftoral sim --seeds 200 shop/orders.rft",
)


def run(options: Options, terminal: Terminal) -> int:
    """Runs what the options ask for; returns the exit code."""
    from raftoral.sim.modes import MODES
    from raftoral.sim.seeds import kept_in

    mode = options.text("mode")
    if mode and mode not in MODES:
        raise UsageError(f"--mode does not know {mode!r}{suggestion(mode, list(MODES))} (it knows {', '.join(MODES)})")
    modes = [mode] if mode else list(MODES)
    wanted: list[tuple[str, Sequence[int]]]
    if options.text("kept"):
        wanted = [(each, [seed]) for each, seed in kept_in(_read(options.text("kept")))]
    elif options.text("seed"):
        wanted = [(each, [options.number("seed", 0)]) for each in modes]
    else:
        start = options.number("start", 0)
        wanted = [(each, range(start, start + options.number("seeds", 100))) for each in modes]
    if options.on("trace") and not (mode and options.text("seed")):
        raise UsageError("--trace shows one world: name it with --mode and --seed")
    return _Worlds(options, terminal).run(wanted)


class _Worlds:
    def __init__(self, options: Options, terminal: Terminal) -> None:
        self._options = options
        self._terminal = terminal
        self._catalog = _catalog(options.words)

    def run(self, wanted: list[tuple[str, Sequence[int]]]) -> int:
        """All worlds; says what was found in which."""
        from raftoral.sim.seeds import line_of

        terminal, failed, count, virtual, began = self._terminal, 0, 0, 0.0, time.perf_counter()
        gc.freeze()  # the search for garbage in each world need not go through what was loaded for all of them
        for mode, seeds in wanted:
            for seed in seeds:
                world = self._made(mode, seed, None).run()
                count, virtual = count + 1, virtual + world.now
                terminal.progress(f"{mode} {seed}")
                if world.story is not None:
                    terminal.result("\n".join(world.story) + "\n")
                if world.found:
                    failed += 1
                    terminal.result(line_of(mode, world) + "\n")
                    if self._options.on("shrink"):
                        self._shrink(mode, world)
        seconds = time.perf_counter() - began
        terminal.remark(
            f"{count:,} worlds, {failed:,} with findings; {virtual:,.0f} virtual seconds in {seconds:,.1f} s "
            f"({virtual / max(seconds, 0.001):,.0f} for each)"
        )
        return FOUND_PROBLEMS if failed else DONE

    def _made(self, mode: str, seed: int, plan: Sequence[Item] | None) -> World:
        from raftoral.sim.modes import MODES
        from raftoral.sim.world import World

        return World(
            seed,
            MODES[mode],
            catalog=self._catalog,
            plan=plan,
            nodes=self._options.number("nodes", 0),
            seconds=float(self._options.number("seconds", 6)),
            story=[] if self._options.on("trace") and plan is None else None,
        )

    def _shrink(self, mode: str, world: World) -> None:
        from raftoral.sim.seeds import shorter

        plan = shorter(world, lambda items: self._made(mode, world.seed, items))
        rows = [f"  {item.at:8.3f}  {item.what} ({item.number})" for item in plan]
        self._terminal.result("\n".join([f"  it takes {len(plan)} of {len(world.plan)} things:", *rows]) + "\n")


def _catalog(words: list[str]) -> Catalog | None:
    """The programs of the files that were named; None: those that the simulator brings along."""
    if not words:
        return None
    from raftoral.sim.programs import Catalog, compiled, definitions_in

    files = {}
    for word in words:
        if not word.endswith(".rft"):
            raise UsageError(f"{word!r} is no .rft file")
        files[os.path.relpath(word).replace(os.sep, "/")] = _read(word)
    return Catalog.of(definitions_in(compiled(files)))


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
