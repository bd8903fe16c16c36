"""The contract between compiler and runtime: all that a generated module may name.

Generated modules import `v1` and nothing else of this package. The rooms behind it:

| room | what it holds |
|---|---|
| `v1` | the names of ABI 1, frozen |
| `steps` `context` | what a transition says at its end, and what it sees of the outside |
| `values` | what records, unions, errors and outcomes are in Python; equality; the text of every value |
| `std` | the functions, methods and operators of the language |
| `scalars` | bounds, texts and readers of plain values; the decimal context RFT |
| `faults` | what stops a transition |
| `codec` | values to canonical bytes and back, with `plans`, `readers` and `writers` behind it |
| `probes` | the determinism digest: nodes that compute differently must not be members of one cluster |

Same arguments, same result: on every node, in every process, on every supported Python. No clock, no randomness, no
files, no threads of its own; neither the compiler nor the runtime.
"""
