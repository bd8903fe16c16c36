"""How a node is reached: one port for peers and clients.

| room | what it holds |
|---|---|
| `peers` | links between nodes: frames over TCP, in order, never twice; they may be lost with their link |
"""
