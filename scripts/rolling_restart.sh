#!/bin/sh
# Three nodes under load. A fourth joins in mid-run; then every node is stopped and started again, one after the other.
# A client starts runs and waits for their results all the time: none of its requests may fail for good.
. "$(dirname "$0")/nodes.sh"

APP=$ROOT/examples/ping_pong.rft
serve one --listen 127.0.0.1:0 --bootstrap --app "$APP"
serve two --listen 127.0.0.1:0 --peers "$(address one)" --app "$APP"
serve three --listen 127.0.0.1:0 --peers "$(address one)" --app "$APP"
ONE=$(address one) TWO=$(address two) THREE=$(address three)
say "three nodes: $ONE,$TWO,$THREE ($TRANSPORT)"

cat >"$WORK/load.py" <<'PY'
"""Starts runs and waits for their results, until it is told to stop; says how it went, as JSON."""

import asyncio
import json
import os
import sys

import raftoral

folder, transport, *nodes = sys.argv[1:]
counts = {"runs": 0, "again": 0}
failed: list[str] = []


async def one(client: raftoral.Client, id: str) -> None:
    for attempt in range(50):
        try:
            await client.start("ping_pong.PingPong", id, {"ping": {"text": id}})
            found = await client.result(None, id, timeout=60)
            if found != {"text": id, "answered_by": "ping_pong.py"}:
                failed.append(f"{id}: {found}")
            counts["runs"] += 1
            return
        except raftoral.RaftoralError as error:
            if not error.retryable:
                failed.append(f"{id}: {type(error).__name__}: {error}")
                return
            print(f"{id}, attempt {attempt + 1}: {type(error).__name__}: {error}", file=sys.stderr)
            counts["again"] += 1
            await asyncio.sleep(0.1)
    failed.append(f"{id}: it was tried 50 times")


async def worker(number: int) -> None:
    turn = 0
    async with raftoral.connect(*nodes[number % len(nodes) :], *nodes, transport=transport) as client:
        while not os.path.exists(os.path.join(folder, "enough")):
            turn += 1
            await one(client, f"load-{number}-{turn}")
            with open(os.path.join(folder, "count"), "w") as file:
                print(counts["runs"], file=file)


async def main() -> None:
    await asyncio.gather(*map(worker, range(3)))
    print(json.dumps({**counts, "failed": failed}))


asyncio.run(main())
PY
echo 0 >"$WORK/count"
"$PYTHON" "$WORK/load.py" "$WORK" "$TRANSPORT" "$ONE" "$TWO" "$THREE" >"$WORK/load.out" 2>"$WORK/load.log" &
echo $! >"$WORK/load.pid"
HELPERS="load"

# more N: waits until the client has the results of N more runs
has_more() { [ "$(cat "$WORK/count")" -ge "$1" ] 2>/dev/null; }
more() { until_true "the client has $1 more results" has_more $(($(cat "$WORK/count") + $1)); }

more 20
say "the client has its first $(cat "$WORK/count") results"
serve four --listen 127.0.0.1:0 --peers "$ONE,$TWO" --app "$APP"
say "node four has joined"
more 20

is_quiet() { [ "$(raftoral cluster status --node "$1" --json | pick 'sum(n["up"] for n in it["nodes"])')" = 4 ]; }
restart() {
    name=$1
    shift
    listen=$(address "$name")
    stop "$name"
    more 10
    serve "$name" --listen "$listen" "$@" --app "$APP"
    until_true "all nodes are up" is_quiet "$listen"
    more 10
    say "node $name was stopped and started again"
}
restart one --bootstrap
restart two --peers "$ONE"
restart three --peers "$ONE"
restart four --peers "$ONE,$TWO"

: >"$WORK/enough"
wait "$(pid_of load)" || fail "the client ended with exit code $?"
[ "$(pick 'len(it["failed"])' <"$WORK/load.out")" = 0 ] || fail "requests failed: $(cat "$WORK/load.out")"
runs=$(pick 'it["runs"]' <"$WORK/load.out")
again=$(pick 'it["again"]' <"$WORK/load.out")
same "runs that ended well" "$runs" "$(raftoral list --node "$TWO" --prefix load- --status completed --count)"
same "runs in all" "$runs" "$(raftoral list --node "$ONE" --prefix load- --count)"
say "$runs runs, each with its result; $again requests were repeated by the client"
done_well "a rolling restart loses nothing over $TRANSPORT"
