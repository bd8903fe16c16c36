"""A node over gRPC: a server and a client around the same table of operations. Needs grpcio, which is an extra."""
