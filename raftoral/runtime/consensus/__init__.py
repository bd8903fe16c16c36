"""Raft: a group of nodes agrees on a log. The engine is pysyncobj, guarded; nothing outside of this room knows of it.

| room | what it holds |
|---|---|
| `log` | the public face: `ReplicatedLog`, and what a step brings |
| `groups` | all groups of a node, stepped together: inbox, tick, sync, release |
| `guard` | one group: joins the parts of the protocol |
| `elections` `follower` `leader` `reads` `members` | the parts; each cures some of `docs/pysyncobj.md` |
| `tail` | a group's log in memory, and what is still to be written of it |
| `journal` | what is written, and the port to who writes it; one in memory |
| `snapshots` | a state on its way to a node that is too far behind for the log |
| `messages` `entries` | what is said and what is logged, as data and as bytes |
| `core` | the door to the engine |

In: bytes from peers, requests, time. Out: bytes for peers, entries to apply, answers. Sans-IO: no thread, no clock, no
socket; the journal is a port. Never: says "I have it" before it is synced; goes on after an exception.
"""
