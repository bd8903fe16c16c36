# What the scripts beside this file share: nodes as processes of this machine, and what to expect of them.
#
#     TRANSPORT=grpc|http (default: http) is what clients speak to nodes, and nodes to each other
#     PYTHON=the interpreter that has raftoral (default: python3 or python)
#     KEEP=1 leaves the directory with the data and the logs of the nodes
#
# A script sources this file, says what it shows with `say`, and ends with `done_well`. Whatever happens, its processes
# are killed and its directory is removed; it ends with 0 only after `done_well`.

set -eu

TRANSPORT=${TRANSPORT:-http}
if [ -z "${PYTHON:-}" ]; then
    PYTHON=$(command -v python3 || command -v python) || { echo "there is no python here" >&2; exit 2; }
fi
case $TRANSPORT in
    http | grpc) ;;
    *) echo "TRANSPORT is http or grpc, not $TRANSPORT" >&2; exit 2 ;;
esac

ROOT=$(cd "$(dirname "$0")/.." && pwd)
WORK=$(mktemp -d "${TMPDIR:-/tmp}/raftoral-script.XXXXXX")
PATIENCE=${PATIENCE:-120} # seconds that anything may take; a machine may be busy
NODES=""                  # names of all nodes that were started
HELPERS=""               # names of other processes that were started
WELL=no

unset RAFTORAL_NODE RAFTORAL_TOKEN RAFTORAL_TOKENS RAFTORAL_JOIN_TOKEN RAFTORAL_TLS_CA RAFTORAL_TLS_CERT RAFTORAL_TLS_KEY
export RAFTORAL_TRANSPORT="$TRANSPORT" PYTHONUNBUFFERED=1
export PYTHONPATH="$ROOT${PYTHONPATH:+:$PYTHONPATH}"

clean_up() {
    code=$?
    trap - EXIT INT TERM HUP
    for name in $NODES $HELPERS; do
        kill -9 "$(pid_of "$name")" 2>/dev/null || true
    done
    wait 2>/dev/null || true
    if [ "$WELL" != yes ]; then
        [ "$code" -ne 0 ] || code=1
        for name in $HELPERS $NODES; do
            echo "--- $name said:" >&2
            tail -n 40 "$WORK/$name.out" "$WORK/$name.log" >&2 || true
        done
        echo "$(basename "$0"): this did not happen" >&2
    fi
    [ -n "${KEEP:-}" ] || rm -rf "$WORK"
    exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

say() { echo "* $*"; }

fail() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

done_well() {
    WELL=yes
    echo "$*"
}

raftoral() { "$PYTHON" -m raftoral "$@"; }

pid_of() { cat "$WORK/$1.pid"; }

# address NAME: where a node listens
address() { sed -n 's/^ready: \([^,]*\),.*/\1/p' "$WORK/$1.out" | tail -n 1; }

# serve NAME OPTION...: starts a node, and returns when it is ready. Its activities see NODE_NAME.
serve() {
    name=$1
    shift
    : >"$WORK/$name.out"
    NODE_NAME=$name "$PYTHON" -m raftoral serve --node-id "$name" --storage-path "$WORK/data-$name" \
        --transport "$TRANSPORT" --peer-transport "$TRANSPORT" "$@" >"$WORK/$name.out" 2>>"$WORK/$name.log" &
    echo $! >"$WORK/$name.pid"
    case " $NODES " in *" $name "*) ;; *) NODES="$NODES $name" ;; esac
    until_true "node $name is ready" is_ready "$name"
}

is_ready() {
    grep -q '^ready: ' "$WORK/$1.out" || { kill -0 "$(pid_of "$1")" 2>/dev/null || fail "node $1 did not start"; false; }
}

# stop NAME: as an operator does it; the node ends by itself, with exit code 0
stop() {
    kill -TERM "$(pid_of "$1")"
    wait "$(pid_of "$1")" || fail "node $1 was stopped, and ended with exit code $?"
}

# kill_9 NAME: as a machine does it that loses its power
kill_9() {
    kill -9 "$(pid_of "$1")"
    wait "$(pid_of "$1")" 2>/dev/null || true
}

# until_true WHAT COMMAND...: waits until the command succeeds, and not for ever
until_true() {
    what=$1
    shift
    end=$(($(date +%s) + PATIENCE))
    until "$@"; do
        [ "$(date +%s)" -lt "$end" ] || fail "waited $PATIENCE s, and it is still not so that $what"
        sleep 0.1
    done
}

# pick PYTHON: a part of the JSON on standard input, which is called `it`
pick() { "$PYTHON" -c "import json, sys; it = json.load(sys.stdin); print($1)"; }

# owner NODES ID: the node that performs the effects of a run
owner() { raftoral show "$2" --node "$1" --json | pick 'it["owner"]'; }

# leader NODES GROUP: the node that leads a group
leader() { raftoral cluster status --node "$1" --json | pick "next(g['leader'] for g in it['groups'] if g['group'] == $2)"; }

# same WHAT EXPECTED FOUND
same() { [ "$2" = "$3" ] || fail "$1: expected '$2', and found '$3'"; }

# --- a workflow whose effects can be counted -------------------------------------------------------------------------

# write_steps: steps.rft and steps.py in $WORK. The workflow Steps does step 1, 2, ... and gives who did which. Each call
# of the activity adds a line to $WORK/calls: step, key, attempt, node. A step that is named in $WORK/hold stays in the
# activity until it is named there no more.
write_steps() {
    : >"$WORK/hold"
    : >"$WORK/calls"
    cat >"$WORK/steps.rft" <<'RFT'
rft 1
module steps

activity step(number: int) -> str {
  timeout: 10m
  key: "step-${number}"
}

## Does its steps one after the other, and says which there were.
workflow Steps version 1 (count: int) -> str {
  checkpoint done = ""
  for number in 1..count {
    let text = do step(number)
    done = "${done}${text} "
  }
  return done
}
RFT
    cat >"$WORK/steps.py" <<'PY'
"""Steps that write down each of their calls, and that can be held."""

import asyncio
import os

import raftoral

HERE = os.path.dirname(os.path.abspath(__file__))


async def step(number: int) -> str:
    call = raftoral.activity()
    with open(os.path.join(HERE, "calls"), "a") as calls:
        calls.write(f"{call.id} {number} {call.key} {call.attempt} {os.environ['NODE_NAME']}\n")
    while f"{call.id} {number}\n" in open(os.path.join(HERE, "hold")).read():
        await asyncio.sleep(0.05)
    return str(number)
PY
}

# hold RUN STEP, let_go: a step stays in its activity; all go on
hold() { echo "$1 $2" >>"$WORK/hold"; }
let_go() { : >"$WORK/hold"; }

# calls RUN STEP: how often the activity was called for a step
calls() { awk -v run="$1" -v step="$2" '$1 == run && $2 == step' "$WORK/calls" | wc -l | tr -d ' '; }

# call RUN STEP ATTEMPT: the node that was called
call() { awk -v run="$1" -v step="$2" -v try="$3" '$1 == run && $2 == step && $4 == try { print $5 }' "$WORK/calls"; }

# keys RUN STEP: how many keys the calls of a step had
keys() { awk -v run="$1" -v step="$2" '$1 == run && $2 == step { print $3 }' "$WORK/calls" | sort -u | wc -l | tr -d ' '; }

is_called() { [ "$(calls "$1" "$2")" -ge "$3" ]; }
