#!/bin/sh
# One node, killed by kill -9 in the middle of an activity. The same command line goes on where it was: what was committed
# is not done again, and the activity that was in flight is called once more, with the same key.
. "$(dirname "$0")/nodes.sh"
write_steps

one() { serve one --listen 127.0.0.1:0 --bootstrap --app "$WORK/steps.rft"; }
one
hold run-1 3
raftoral start Steps --node "$(address one)" --input '{"count": 4}' --id run-1 >/dev/null
until_true "step 3 is in its activity" is_called run-1 3 1
say "steps 1 and 2 are done, step 3 is in its activity; now kill -9"
kill_9 one

one
say "the same command line again"
until_true "step 3 is called again" is_called run-1 3 2
let_go
found=$(raftoral result run-1 --node "$(address one)" --timeout "$PATIENCE")
same "the result" '"1 2 3 4 "' "$found"
for step in 1 2 4; do
    same "calls of step $step" 1 "$(calls run-1 "$step")"
done
same "calls of step 3" 2 "$(calls run-1 3)"
same "keys of step 3" 1 "$(keys run-1 3)"
say "the result is $found; only step 3 was called again, with the same key"

raftoral start Steps --node "$(address one)" --input '{"count": 4}' --id run-1 >/dev/null
same "calls of step 1, after the same start again" 1 "$(calls run-1 1)"
stop one
done_well "a run goes on after kill -9 over $TRANSPORT"
