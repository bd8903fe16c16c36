"""Between a client and a node: one port that speaks HTTP and gRPC, and the services of far nodes on this side of it."""
