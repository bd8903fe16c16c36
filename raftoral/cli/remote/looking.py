"""`raftoral list`, `show`, `watch`, `query`: looking at runs. Nothing changes.

In: ids and filters. Out: tables and texts for people, or with `--json` what the node said.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from raftoral import errors as e
from raftoral.cli import DONE
from raftoral.cli.options import Option, Options

from .errand import AS_JSON, Errand, as_json, one_word
from .tables import ago, one_line, span, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from raftoral.cli.terminal import Terminal
    from raftoral.runtime.calls.client import Client
    from raftoral.runtime.views import Branch, Description, RunReport, Summary

LIMIT = 50
PAST = {"s": "seconds", "min": "minutes", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


# --- list --------------------------------------------------------------------------------------------------------


async def _list(client: Client, options: Options, terminal: Terminal) -> int:
    filters = filters_given(options)
    if options.on("count"):
        count = await client.count(**filters)
        if options.on("json"):
            as_json(terminal, {"count": count})
        else:
            terminal.result(f"{count}\n")
        return DONE
    page = await client.page(**filters, limit=options.number("limit", LIMIT), before=options.text("before") or None)
    if options.on("json"):
        as_json(terminal, {"runs": [each.to_dict() for each in page.runs], "next": page.next})
        return DONE
    if page.runs:
        terminal.result("\n".join(run_table(page.runs)) + "\n")
    else:
        terminal.remark("no runs" + (" like that" if any(filters.values()) else ""))
    if page.next:
        terminal.remark(f"there are more: --limit N, or --before '{page.next}'")
    return DONE


def filters_given(options: Options) -> dict[str, Any]:
    """The filters of a command line, as `Client.list` takes them."""
    from raftoral.cli.running.inputs import pair_given

    statuses = [each.strip() for given in options.texts("status") for each in given.split(",") if each.strip()]
    return {
        "workflow": options.text("workflow") or None,
        "version": options.number("version", 0) or None,
        "status": statuses or None,
        "prefix": options.text("prefix") or None,
        "parent": options.text("parent") or None,
        "since": _moment(options.text("since"), "--since"),
        "until": _moment(options.text("until"), "--until"),
        "where": {
            name: _value(text) for name, text in (pair_given(each, "--where") for each in options.texts("where"))
        },
        "tags": dict(pair_given(each, "--tag") for each in options.texts("tag")),
    }


def _value(text: str) -> Any:
    """A value as JSON; what is none is a text, so that no quotes within quotes are needed."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _moment(text: str, option: str) -> datetime | None:
    """A time as RFC 3339, or how long ago: 30min, 2h, 7d."""
    if not text:
        return None
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz ")
    unit = text[len(digits) :].strip()
    if digits.isdecimal() and len(digits) < 10 and unit in PAST:
        return datetime.now(UTC) - timedelta(**{PAST[unit]: int(digits)})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise e.UsageError(
            f"{option} takes how long ago (30min, 2h, 7d) or a time (2026-03-01T12:00:00Z), not {text!r}"
        ) from None
    return found if found.tzinfo is not None else found.astimezone()


def run_table(runs: Sequence[Summary]) -> list[str]:
    """Runs as a table."""
    now = datetime.now(UTC)
    rows = [("RUN", "WORKFLOW", "STATUS", "STARTED", "TOOK", "CHECKPOINTS")]
    for run in runs:
        took = span(run.ended - run.created) if run.ended is not None else "-"
        said = ", ".join(f"{name}={_short(value)}" for name, value in run.checkpoints.items())
        rows.append(
            (run.id, f"{run.workflow} v{run.version}", run.status, ago(run.created, now), took, one_line(said, 60))
        )
    if not any(row[-1] for row in rows[1:]):
        return table([row[:-1] for row in rows])
    return table(rows)


def _short(value: Any) -> str:
    return one_line(json.dumps(value, ensure_ascii=False), 40)


# --- show --------------------------------------------------------------------------------------------------------


async def _show(client: Client, options: Options, terminal: Terminal) -> int:
    id = one_word(options, "run")
    if options.on("report"):
        report = await client.report(id)
        _print(options, terminal, report.to_dict(), lambda: report_lines(report))
    elif options.on("tree"):
        found = await client.service.tree(id)
        tree = await client.tree(id) if not options.on("json") else None
        _print(options, terminal, found, lambda: tree_lines(tree) if tree is not None else [])
    else:
        description = await client.describe(id)
        _print(options, terminal, description.to_dict(), lambda: description_lines(description))
    return DONE


def _print(options: Options, terminal: Terminal, value: Any, lines: Any) -> None:
    if options.on("json"):
        as_json(terminal, value)
    else:
        terminal.result("\n".join(lines()) + "\n")


def description_lines(run: Description) -> list[str]:
    """All that is known of a run, the lines that say nothing left out."""
    now = datetime.now(UTC)
    rows = [f"{run.id}  {run.workflow} version {run.version}"]
    why = f": {run.reason}" if run.reason else ""
    facts: list[tuple[str, str]] = [
        ("status", run.status + (f" ({run.code})" if run.code else "") + why),
        ("note", run.note),
        ("started", f"{ago(run.created, now)}, {_shown(run.created)}"),
        ("changed", ago(run.updated, now)),
    ]
    if run.ended is not None:
        facts[-1] = ("ended", f"{ago(run.ended, now)}, after {span(run.ended - run.created)}")
    facts += [
        ("parent", run.parent or ""),
        ("owner", run.owner),
        ("tags", ", ".join(f"{name}={value}" for name, value in run.tags.items())),
        *((f"{name} (input)", _json(value)) for name, value in run.args.items()),
        *((f"{name} (checkpoint)", _json(value)) for name, value in run.checkpoints.items()),
        ("mail", ", ".join(f"{count} {name}" for name, count in run.mail.items() if count)),
        ("children", ", ".join(run.children)),
        ("undos", str(run.undos) if run.undos else ""),
        ("result", _json(run.result) if run.status == "completed" else ""),
        ("failure", _json(run.failure) if run.failure is not None else ""),
    ]
    width = max(len(name) for name, text in facts if text)
    for name, text in facts:
        first, *more = text.split("\n") if text else [""]
        if text:
            rows += [f"  {name:<{width}}  {first}", *(f"  {'':<{width}}  {line}" for line in more)]
    if run.waits:
        head = ("WAITS FOR", "KIND", "LINE", "SINCE", "DUE", "ATTEMPT")
        waits = [
            (
                f"{each.step} ({each.name})" if each.name and each.name != each.step else each.step,
                each.kind,
                str(each.line),
                ago(each.since, now),
                ago(each.due, now) if each.due is not None else "-",
                str(each.attempt) if each.attempt else "-",
            )
            for each in run.waits
        ]
        rows += ["", *(f"  {line}" for line in table([head, *waits]))]
    return rows


def _shown(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def report_lines(report: RunReport) -> list[str]:
    """What became of each step."""
    rows = [f"{report.workflow_id}  {report.status}, {span(timedelta(seconds=report.total_duration))}"]
    head = ("STEP", "ACTIVITY", "CALLS", "ATTEMPTS", "FAILURES", "SECONDS", "LAST")
    steps = [
        (
            each.step,
            each.activity,
            f"{each.calls:,}",
            f"{each.attempts:,}",
            f"{each.failures:,}",
            f"{each.seconds:,.3f}",
            one_line(each.error or _json(each.result), 60),
        )
        for each in report.steps
    ]
    if steps:
        rows += ["", *table([head, *steps])]
    rows += [f"{step}: {error}" for step, error in report.errors.items() if step == "workflow"]
    return rows


def tree_lines(branch: Branch, depth: int = 0) -> list[str]:
    """A run, and below it those that it started."""
    run = branch.run
    rows = [f"{'  ' * depth}{run.id}  {run.workflow} v{run.version}  {run.status}"]
    for child in branch.children:
        rows += tree_lines(child, depth + 1)
    return rows


# --- watch, query ------------------------------------------------------------------------------------------------


async def _watch(client: Client, options: Options, terminal: Terminal) -> int:
    from raftoral.runtime.views import change_dict

    async for change in client.watch(one_word(options, "run")):
        if options.on("json"):
            terminal.result(json.dumps(change_dict(change), ensure_ascii=False) + "\n")
        else:
            steps = ", ".join(dict.fromkeys(change.steps))
            time = change.updated.astimezone().strftime("%H:%M:%S")
            terminal.result(f"{time}  {change.status:<10}  {steps}".rstrip() + "\n")
        terminal.flush()
    return DONE


async def _query(client: Client, options: Options, terminal: Terminal) -> int:
    from raftoral.cli.running.inputs import json_given

    if len(options.words) < 2:
        raise e.UsageError("which run, and which of its queries? raftoral query ID NAME")
    args = json_given(options.words[2] if len(options.words) > 2 else "", "the arguments", [])
    if not isinstance(args, list):
        raise e.UsageError("the arguments of a query are a JSON list")
    as_json(terminal, await client.query(None, options.words[0], options.words[1], args))
    return DONE


LIST = Errand(
    "list",
    "Shows runs, newest start first.",
    _list,
    options=(
        Option("workflow", "of this workflow, by its full name", value="NAME"),
        Option("version", "of this version of it", value="N"),
        Option("status", "that are running, completed, failed, ...; more than once", letter="s", value="STATUS"),
        Option("where", "whose checkpoint has this value, as JSON or text; more than once", value="NAME=VALUE"),
        Option("tag", "with this tag; more than once", value="NAME=VALUE"),
        Option("prefix", "whose id begins so", value="TEXT"),
        Option("parent", "that this run started", value="ID"),
        Option("since", "started then or later: 30min, 2h, 7d, or 2026-03-01T12:00:00Z", value="TIME"),
        Option("until", "started before", value="TIME"),
        Option("limit", f"at most so many (default: {LIMIT})", value="N"),
        Option("before", "the next page: what the page before gave for it", value="TEXT"),
        Option("count", "only how many there are"),
        AS_JSON,
    ),
    example="raftoral list --status running --since 2h\n"
    "raftoral list --workflow shop.orders.ProcessOrder --where stage=paid --tag shop=berlin --json",
)

SHOW = Errand(
    "show",
    "Shows all that is known of a run: its input, its checkpoints, what it waits for and why.",
    _show,
    words="ID",
    words_max=1,
    options=(
        Option("report", "what became of each of its steps, with durations"),
        Option("tree", "the runs that it started, and theirs"),
        AS_JSON,
    ),
    example="raftoral show order-17\nraftoral show order-17 --report --json",
)

WATCH = Errand(
    "watch",
    "Prints where a run rests, now and whenever that changes, until it ends.",
    _watch,
    words="ID",
    words_max=1,
    options=(Option("json", "a JSON object on each line"),),
    example="raftoral watch order-17",
)

QUERY = Errand(
    "query",
    "Asks a run a query of its workflow, with a JSON list of arguments, and prints the answer as JSON.",
    _query,
    words="ID NAME [JSON]",
    words_max=3,
    options=(Option("json", "as without it: the answer is JSON"),),
    example="raftoral query order-17 progress\nraftoral query order-17 owes '[\"ann\"]'",
)
