"""Running workflows from the command line: `run`, in one process without a cluster, and `serve`, a node of one.

What the two share: `sources` has modules and activities from files, `logs` shows what happens, `inputs` reads JSON.
"""
