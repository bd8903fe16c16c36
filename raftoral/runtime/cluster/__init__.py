"""The replicated node: machines behind a log that all nodes agree on.

| file | what it holds |
|---|---|
| `replica` | one group on one node: entries of the log in, a durable state, what is to be done and to be answered out |
| `host` | all groups of a node, sans-IO: requests, forwarding, duties of a leader, who is alive, snapshots |
| `directory` | the state of group 0: nodes, their addresses, groups and their members |
| `packages` | deployed programs: modules as bytes, and modules again |
| `wires` | what nodes say to each other beside Raft, as data and as bytes |
| `states` | where the states of groups are kept, and their snapshots: files, or memory for the simulator |
| `engine` | the thread in which a host lives, with its clock and its links |
| `node` | `raftoral.Node`: what a service embeds |

The core decides what happens to a run, consensus in which order; here is who does what, and who is told.
"""
