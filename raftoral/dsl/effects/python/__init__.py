"""Reads the Python behind `extern`: is a function pure, and the same on every node and in Python 3.11 to 3.13?

Rooms: `allowed` (the lists: what may be used, and why not), `modules` (the user's files, and what a name in them
stands for), `values` (what an expression is: a set, part of a global, a pattern), `walk` (one function read from end
to end), `reach` (all that a function calls). Nothing here imports or runs what it reads.

Loaded only for a module that has an `extern`; that is why it may import `ast`.
"""
