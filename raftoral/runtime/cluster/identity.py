"""Who a node is, on its disk: `node.json`. Written once, before the node says anything to anybody.

In: a directory. Out: the name of the node, the id of its cluster and the secret that its nodes share; or a refusal when
the file does not belong to what lies beside it.
"""

from __future__ import annotations

import json
import os

from raftoral import errors as e

from ..service import JSON

IDENTITY = "node.json"
LOG = "log.db"
BEGUN = "begun"  # the node has been part of its cluster: it may have voted, and said that it has things


def read_identity(folder: str) -> JSON | None:
    """The identity that is kept in a directory; None in a new one."""
    path = os.path.join(folder, IDENTITY)
    try:
        with open(path, encoding="utf-8") as file:
            known: JSON = json.load(file)
    except FileNotFoundError:
        if os.path.exists(os.path.join(folder, LOG)):
            raise e.StorageRefused(
                f"{path} is missing, and {folder} has a log: put it back, or take a new directory"
            ) from None
        return None
    except (OSError, ValueError) as error:
        raise e.StorageRefused(f"{path} cannot be read: {error}") from None
    if not {"node", "cluster", "secret"} <= known.keys():
        raise e.StorageRefused(f"{path} does not say which node this is")
    if known.get(BEGUN):
        refuse_lost_log(folder)
    return known


def refuse_lost_log(folder: str) -> None:
    """A node that forgot for whom it voted, and what it said that it has, could undo what a majority has agreed to."""
    path = os.path.join(folder, LOG)
    if not os.path.exists(path):
        raise e.StorageRefused(
            f"{path} is gone, and with it what this node has voted and acknowledged: restore it, or remove the node "
            "from the cluster and join it anew with an empty directory"
        )


def write_begun(folder: str, known: JSON) -> None:
    """From now on, the node is nothing without its log."""
    if not known.get(BEGUN):
        write_identity(folder, {**known, BEGUN: True})


def write_identity(folder: str, known: JSON) -> None:
    """Durably, before the node says anything to anybody: it must be the same one ever after."""
    path = os.path.join(folder, IDENTITY)
    descriptor = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(known, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
