#!/bin/sh
# One node. A client starts the smallest workflow there is, and gets its typed answer; a text that the activity does not
# understand at first is asked again, by itself.
. "$(dirname "$0")/nodes.sh"

serve one --listen 127.0.0.1:0 --bootstrap --app "$ROOT/examples/ping_pong.rft"
NODE=$(address one)
say "a node listens at $NODE ($TRANSPORT)"

found=$(raftoral start PingPong --node "$NODE" --input '{"ping": {"text": "hello"}}' --id ping-1 --wait --timeout "$PATIENCE")
same "the answer" '{"answered_by": "ping_pong.py", "text": "hello"}' "$found"
say "hello: $found"

found=$(raftoral start PingPong --node "$NODE" --input '{"ping": {"text": "hiccup"}}' --id ping-2 --wait --timeout "$PATIENCE")
same "the answer to what was not understood" '{"answered_by": "ping_pong.py", "text": "hiccup"}' "$found"
tries=$(raftoral show ping-2 --node "$NODE" --report --json | pick 'it["metrics"]["attempts"]["answer"]')
same "attempts" 2 "$tries"
say "hiccup: $found, after $tries attempts"

same "runs" 2 "$(raftoral list --node "$NODE" --status completed --count)"
stop one
done_well "ping pong works over $TRANSPORT"
