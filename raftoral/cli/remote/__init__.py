"""Talking to a cluster from the command line: one call of the client each, and what it gave as text or JSON.

Each command is an `errand.Errand`, which adds the options of a connection and turns what is raised into an exit code.
"""
