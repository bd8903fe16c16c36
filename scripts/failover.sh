#!/bin/sh
# Three nodes. The owner of a run is killed by kill -9 in the middle of a long activity: another node goes on, with the
# same key and the next attempt, and what was committed is not done again. Then the leader is killed: nobody notices.
. "$(dirname "$0")/nodes.sh"
write_steps

serve one --listen 127.0.0.1:0 --bootstrap --app "$WORK/steps.rft"
serve two --listen 127.0.0.1:0 --peers "$(address one)" --app "$WORK/steps.rft"
serve three --listen 127.0.0.1:0 --peers "$(address one)" --app "$WORK/steps.rft"
ALL=$(address one),$(address two),$(address three)
say "three nodes: $ALL ($TRANSPORT)"

# --- the owner dies

hold run-1 3
raftoral start Steps --node "$(address two)" --input '{"count": 4}' --id run-1 >/dev/null
until_true "step 3 is in its activity" is_called run-1 3 1
dead=$(owner "$ALL" run-1)
same "the node that performs step 3" "$dead" "$(call run-1 3 1)"
say "steps 1 and 2 are done, step 3 is in its activity at $dead; now kill -9 $dead"
kill_9 "$dead"

until_true "another node has step 3" is_called run-1 3 2
let_go
found=$(raftoral result run-1 --node "$ALL" --timeout "$PATIENCE")
same "the result" '"1 2 3 4 "' "$found"
other=$(call run-1 3 2)
[ "$other" != "$dead" ] || fail "attempt 2 of step 3 was at $dead, which is dead"
for step in 1 2 4; do
    same "calls of step $step" 1 "$(calls run-1 "$step")"
done
same "calls of step 3" 2 "$(calls run-1 3)"
same "keys of step 3" 1 "$(keys run-1 3)"
say "$other took over: the result is $found; only step 3 was called again, with the same key"

is_up() { [ "$(raftoral cluster status --node "$1" --json | pick "next(n['up'] for n in it['nodes'] if n['node'] == '$2')")" = True ]; }
case $dead in
    one) again="--bootstrap" ;;
    *) again="--peers $(address one)" ;;
esac
listen=$(address "$dead")
serve "$dead" --listen "$listen" $again --app "$WORK/steps.rft"
until_true "$dead is up again" is_up "$ALL" "$dead"
say "$dead is back, with the same command line"

# --- the leader dies

hold run-2 3
raftoral start Steps --node "$(address two)" --input '{"count": 4}' --id run-2 >/dev/null
until_true "step 3 is in its activity" is_called run-2 3 1
owner=$(owner "$ALL" run-2)
for node in one two three; do
    [ "$node" = "$owner" ] || heir=$node
done
if [ "$(leader "$ALL" 1)" = "$owner" ]; then
    raftoral cluster transfer 1 "$heir" --node "$ALL" --quiet
fi
leader=$(leader "$ALL" 1)
[ "$leader" != "$owner" ] || fail "$owner still leads"
say "run-2 is at $owner, and $leader leads; now kill -9 $leader"
kill_9 "$leader"

is_led_by_another() {
    case $(leader "$1" 1) in "$leader" | "" | None) false ;; esac
}
left=""
for node in one two three; do
    [ "$node" = "$leader" ] || left="$left${left:+,}$(address "$node")"
done
until_true "another node leads" is_led_by_another "$left"
let_go
found=$(raftoral result run-2 --node "$ALL" --timeout "$PATIENCE")
same "the result" '"1 2 3 4 "' "$found"
for step in 1 2 3 4; do
    same "calls of step $step" 1 "$(calls run-2 "$step")"
done
say "$(leader "$left" 1) leads now, $owner went on: the result is $found, and no step was called again"
found=$(raftoral start Steps --node "$ALL" --input '{"count": 2}' --id run-3 --wait --timeout "$PATIENCE" --quiet)
same "the result of a new run" '"1 2 "' "$found"
done_well "runs outlive their owner and their leader over $TRANSPORT"
