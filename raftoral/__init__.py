"""Raftoral for Python: durable workflows without an orchestrator or a database.

The public names and nothing else. Importing this package must cost nothing: the command line passes
through here on every start, so nothing heavy may be imported (`tests/house/test_cold_start.py`).
"""

__version__ = "0.1.0"


def install_importer() -> None:
    """From now on, `import shop.orders` finds shop/orders.rft."""
    from raftoral import importer

    importer.install()
