"""The world in a box: the production host and all below it, in one thread, from a seed.

| file | what it holds |
|---|---|
| `world` | time, events, the phases of a run: trouble, healing, rest |
| `node` | one node: the host, stepped as its engine would |
| `network`, `disk` | what loses, delays, tears and refuses |
| `files` | states as files of SQLite, for the worlds that have them so |
| `runner` | activities that succeed, fail, hang, answer late or twice |
| `clients`, `values` | who starts, signals, looks, with arguments by chance |
| `modes`, `faults` | what goes wrong, how often, and how |
| `operators` | nodes that are brought in and removed, groups that are made |
| `checkers`, `oracle`, `histories` | what must hold; what the state must be; what clients may have seen |
| `programs` | the workflows that it brings along |

    World(7, MODES["everything"]).run().found        {} when all is well

In: a seed, a mode, programs. Out: findings, and a trace that is the same for the same seed in every process. Never
touches a clock, a socket or a thread, nor a file but for `files`.
"""
