"""The replicated node: machines behind a log that all nodes agree on.

| file | what it holds |
|---|---|
| `replica` | one group on one node: entries of the log in, a durable state, what is to be done and to be answered out |
| `host` | all groups of a node, sans-IO: requests, forwarding, who leads, what is applied and by whom it is performed |
| `duties` | what a host looks after by itself: who is known, who is dead, which states are synced and compared |
| `carriage` | snapshots on their way, and who is brought into a group |
| `directory`, `following` | the state of group 0: nodes, groups, members; how those without a vote in it learn it |
| `placing` | which group a run belongs to |
| `packages` | deployed programs: modules as bytes, and modules again |
| `states`, `identity` | where the states of groups are kept, and their snapshots; who this node is |
| `engine`, `crossing`, `threaded` | the thread in which a host lives, and what goes between it and the service's loop |
| `serving/` | what a node offers: runs of all groups, here or on others, and the cluster itself |
| `watching` | what observers are told |
| `node` | `raftoral.Node`: what a service embeds |

The core decides what happens to a run, consensus in which order; here is who does what, and who is told.
"""
