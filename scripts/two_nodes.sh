#!/bin/sh
# Two nodes. What is started at one is known at the other, which gives its result too; and both do their part of the work.
. "$(dirname "$0")/nodes.sh"

serve one --listen 127.0.0.1:0 --bootstrap --app "$ROOT/examples/ping_pong.rft"
serve two --listen 127.0.0.1:0 --peers "$(address one)" --app "$ROOT/examples/ping_pong.rft"
ONE=$(address one) TWO=$(address two)
say "two nodes listen at $ONE and $TWO ($TRANSPORT)"

is_two_seen() { [ "$(raftoral cluster status --node "$1" --json | pick 'sum(n["up"] for n in it["nodes"])')" = 2 ]; }
until_true "node one sees both" is_two_seen "$ONE"
until_true "node two sees both" is_two_seen "$TWO"

raftoral start PingPong --node "$TWO" --input '{"ping": {"text": "across"}}' --id across >/dev/null
found=$(raftoral result across --node "$ONE" --timeout "$PATIENCE")
same "the answer" '{"answered_by": "ping_pong.py", "text": "across"}' "$found"
say "started at two, asked at one: $found"

start() { raftoral start PingPong --node "$1" --input "{\"ping\": {\"text\": \"$2\"}}" --id "$2" >/dev/null; }
for number in 1 2 3; do
    start "$ONE" "first-$number"
    start "$TWO" "second-$number"
done
for text in first-1 first-2 first-3 second-1 second-2 second-3; do
    case $text in first-*) other=$TWO ;; *) other=$ONE ;; esac
    found=$(raftoral result "$text" --node "$other" --timeout "$PATIENCE")
    same "the answer to $text" "{\"answered_by\": \"ping_pong.py\", \"text\": \"$text\"}" "$found"
    same "calls for $text on both nodes" 1 "$(cat "$WORK/one.log" "$WORK/two.log" | grep -c "heard $text\$")"
done
for name in one two; do
    grep -q "answer: heard " "$WORK/$name.log" || fail "node $name did no work"
done
say "six more, each asked at the other node: each performed once, and both nodes did some of them"

same "runs that node one knows" 7 "$(raftoral list --node "$ONE" --status completed --count)"
same "runs that node two knows" 7 "$(raftoral list --node "$TWO" --status completed --count)"
done_well "two nodes work as one over $TRANSPORT"
