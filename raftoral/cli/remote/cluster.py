"""`raftoral cluster`: the nodes, the groups and who leads them; nodes come and go.

    raftoral cluster status        raftoral cluster remove n-3        raftoral cluster transfer 1 n-2

In: words. Out: tables, or JSON with `--json`. What a node says is what that node knows: another may know more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raftoral import errors as e
from raftoral.cli import DONE
from raftoral.cli.options import Option, Options, suggestion

from .errand import AS_JSON, Errand, as_json
from .tables import plural, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from raftoral.cli.terminal import Terminal
    from raftoral.runtime.calls.client import Client


async def _cluster(client: Client, options: Options, terminal: Terminal) -> int:
    name, *words = options.words or ["status"]
    if name not in _PARTS:
        known = ", ".join(_PARTS)
        raise e.UsageError(f"there is no `cluster {name}`{suggestion(name, list(_PARTS))}; there are: {known}")
    part, least, most, takes = _PARTS[name]
    if not least <= len(words) <= most:
        raise e.UsageError(f"`raftoral cluster {name}` takes {takes or 'no more words'}")
    await part(client, words, options, terminal)
    return DONE


async def _status(client: Client, words: Sequence[str], options: Options, terminal: Terminal) -> None:
    found = await client.cluster()
    if options.on("json"):
        as_json(terminal, found)
        return
    rows = [f"cluster {found['cluster'] or '(none yet)'}, as {found['node']} sees it", ""]
    rows += table([("NODE", "ADDRESS", "STATE", "LEADS", "RUNS", "ACTIVITIES"), *_node_rows(found)])
    rows += ["", *table([("GROUP", "LEADER", "TERM", "COMMIT", "APPLIED", "RUNS", "MEMBERS"), *_group_rows(found)])]
    rows += [
        f"group {each['group']} has no leader that {found['node']} knows of: more than half of its members must be up"
        for each in found["groups"]
        if not each.get("leader", "?")
    ]
    rows += [f"group {each['group']} stands still: {each['broken']}" for each in found["groups"] if "broken" in each]
    terminal.result("\n".join(rows) + "\n")


def _node_rows(found: dict[str, Any]) -> list[tuple[str, ...]]:
    groups = [each for each in found["groups"] if "broken" not in each]
    shown: list[tuple[str, ...]] = []
    for node in found["nodes"]:
        name = node["node"]
        leads = ", ".join(str(each["group"]) for each in groups if each["leader"] == name)
        runs = f"{node['owned']:,}"
        can = plural(len(node["activities"]), "activity", "activities")
        shown.append((name, node["address"], "up" if node["up"] else "down", leads or "-", runs, can))
    return shown


def _group_rows(found: dict[str, Any]) -> list[tuple[str, ...]]:
    shown: list[tuple[str, ...]] = []
    for each in found["groups"]:
        if "broken" in each:
            shown.append((str(each["group"]), "-", "-", "-", "-", "-", "stands still"))
            continue
        numbers = (f"{each[name]:,}" for name in ("term", "commit", "applied"))
        runs = "-" if each["group"] == 0 else f"{each['runs']:,}"  # group 0 knows the cluster, and no runs
        shown.append((str(each["group"]), each["leader"] or "nobody", *numbers, runs, ", ".join(each["members"])))
    return shown


async def _add(client: Client, words: Sequence[str], options: Options, terminal: Terminal) -> None:
    """A node joins by itself, so that nobody counts on one that is not there: here is what it needs for that."""
    from raftoral.runtime.links.listener import split_address

    node, address = words if len(words) == 2 else ("", words[0])
    split_address(address)
    nodes = (await client.cluster())["nodes"]
    taken = next((each for each in nodes if node == each["node"] or address == each["address"]), None)
    if taken is not None:
        raise e.AlreadyExists(f"there is a node {taken['node']} at {taken['address']}: start it by its own command")
    token = await client.service.token()
    peers = ",".join(each["address"] for each in nodes)
    command = ["raftoral", "serve", "--listen", address, "--peers", peers, "--join-token", token]
    command += ["--node-id", node] if node else []
    if options.on("json"):
        as_json(terminal, {"command": command, "peers": peers.split(","), "join_token": token})
        return
    terminal.result(" ".join(command) + " --storage-path DIR --app ...\n")
    terminal.remark("start it so within an hour: it joins by itself, and counts as soon as it has caught up")


async def _remove(client: Client, words: Sequence[str], options: Options, terminal: Terminal) -> None:
    await client.service.remove(words[0])
    _say(options, terminal, {"removed": words[0]}, f"{words[0]} is no node of the cluster any more")


async def _transfer(client: Client, words: Sequence[str], options: Options, terminal: Terminal) -> None:
    group = _group_number(words[0])
    await client.service.transfer(group, words[1] if len(words) > 1 else "")
    groups = (await client.cluster())["groups"]
    leader = next((each["leader"] for each in groups if each["group"] == group), "")
    _say(options, terminal, {"group": group, "leader": leader}, f"group {group} is led by {leader or 'nobody yet'}")


async def _group(client: Client, words: Sequence[str], options: Options, terminal: Terminal) -> None:
    if words:
        await _change_group(client, words, options, terminal)
        return
    members = [each.strip() for each in options.text("members").split(",") if each.strip()]
    made = await client.service.make_group(members)
    of = ", ".join(made["members"])
    _say(options, terminal, dict(made), f"there is a group {made['group']} of {of} now: new runs are placed there too")


async def _change_group(client: Client, words: Sequence[str], options: Options, terminal: Terminal) -> None:
    usage = "`raftoral cluster group` takes no more words, or GROUP add NODE, or GROUP remove NODE"
    if len(words) != 3 or words[1] not in ("add", "remove"):
        raise e.UsageError(usage)
    group = _group_number(words[0])
    changed = await client.service.change_group(group, words[2], words[1] == "add")
    _say(options, terminal, dict(changed), f"group {group} has the members {', '.join(changed['members'])}")


def _group_number(word: str) -> int:
    if not (word.isascii() and word.isdigit()):
        raise e.UsageError(f"a group is a number, not {word!r}: `raftoral cluster status` shows them")
    return int(word)


async def _token(client: Client, words: Sequence[str], options: Options, terminal: Terminal) -> None:
    token = await client.service.token()
    if options.on("json"):
        as_json(terminal, {"token": token})
        return
    terminal.result(token + "\n")
    terminal.remark("one node may join with it within an hour: raftoral serve --join-token ...")


def _say(options: Options, terminal: Terminal, value: dict[str, Any], text: str) -> None:
    if options.on("json"):
        as_json(terminal, value)
    else:
        terminal.remark(text)


# name -> what does it, how many words it takes, which
_PARTS = {
    "status": (_status, 0, 0, ""),
    "add": (_add, 1, 2, "[NODE] HOST:PORT"),
    "remove": (_remove, 1, 1, "NODE"),
    "transfer": (_transfer, 1, 2, "GROUP [NODE]"),
    "group": (_group, 0, 3, "GROUP add NODE, or GROUP remove NODE, or no more words"),
    "token": (_token, 0, 0, ""),
}

CLUSTER = Errand(
    "cluster",
    "status                    the nodes, the groups, and who leads them\n"
    "add [NODE] HOST:PORT      shows the command with which one more node joins within an hour\n"
    "remove NODE               takes a node out, for good; its runs go to others\n"
    "transfer GROUP [NODE]     has another node lead a group\n"
    "group                     makes one more group for runs: of all nodes, few of many, or --members\n"
    "group N add|remove NODE   makes a node a member of a group, or takes it out\n"
    "token                     makes a token with which one node may join within an hour",
    _cluster,
    words="[status | add | remove | transfer | group | token] ...",
    words_max=4,
    options=(AS_JSON, Option("members", "of a new group, instead of those that are chosen", value="NODE,NODE,...")),
    example="raftoral cluster status --node 127.0.0.1:7002\nraftoral cluster remove n-3\n"
    "raftoral cluster transfer 1 n-2",
)
