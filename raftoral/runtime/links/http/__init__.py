"""A node over HTTP: a server and a client around one table of operations. JSON, and server-sent events."""
