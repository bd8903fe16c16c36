"""Links between nodes, over any transport that carries bytes both ways.

    wires       the port: what a transport gives, one connection as bytes in both directions
    link        frames over a wire, bounded; and beats, so that a silent end is noticed
    greeting    both ends prove that they know the secret of the cluster, and that they mean each other
    links       all links of a node: dials, accepts, drops
    lean        the usual transport: TCP or TLS, and nothing above it
    within      nodes in one process, without sockets

`links/grpc/peers` and `links/http/peers` are the other two. What a link promises is the same over all of them
(`tests/runtime/contracts/links.py`), since all that promises something stands above the port. A node accepts whatever
it serves; its own transport is only how it dials, so a cluster may use several, and change one node at a time.
"""
