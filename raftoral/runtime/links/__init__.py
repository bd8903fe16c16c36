"""How a node is reached: one port for peers and clients.

| room | what it holds |
|---|---|
| `listener` | the port: looks at the first bytes of a connection, and hands it to whom it is for |
| `front` | the port with all that stands behind it for clients |
| `http`, `grpc` | a node's service on a wire, and at the other end of it |
| `table` | the one list of operations, with `kinds` of parameters and `forms` of results; `problems` are errors |
| `access`, `tls` | tokens and rights; certificates |
| `remote`, `connect` | a service that is elsewhere, at one of several addresses; a client of it |
| `peers` | links between nodes: frames over TCP, in order, never twice; they may be lost with their link |
"""
