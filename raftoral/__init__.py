"""Raftoral for Python: durable workflows without an orchestrator or a database.

The public names and nothing else. Importing this package must cost nothing: the command line passes
through here on every start, so nothing heavy may be imported (`tests/house/test_cold_start.py`). A name
is loaded when it is first asked for.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from raftoral.errors import (
        AlreadyExists as AlreadyExists,
        Closed as Closed,
        Denied as Denied,
        InUse as InUse,
        NotFound as NotFound,
        RaftoralError as RaftoralError,
        ResourceFailed as ResourceFailed,
        RftError as RftError,
        RunCancelled as RunCancelled,
        RunEnded as RunEnded,
        RunFailed as RunFailed,
        RunTerminated as RunTerminated,
        StillRunning as StillRunning,
        StorageFailed as StorageFailed,
        StorageRefused as StorageRefused,
        Unavailable as Unavailable,
        UnknownProgram as UnknownProgram,
        UnknownSignal as UnknownSignal,
        UsageError as UsageError,
        WaitTimeout as WaitTimeout,
        WrongInput as WrongInput,
    )
    from raftoral.runtime.activity import ActivityContext as ActivityContext, activity as activity
    from raftoral.runtime.calls.client import Client as Client
    from raftoral.runtime.cluster.node import Node as Node
    from raftoral.runtime.edge.observe import Inside as Inside, Observer as Observer
    from raftoral.runtime.links.connect import connect as connect
    from raftoral.runtime.links.tls import Tls as Tls
    from raftoral.runtime.local import Change as Change, Local as Local, local as local
    from raftoral.runtime.resources import Resources as Resources
    from raftoral.runtime.views import Description as Description, RunReport as RunReport, Summary as Summary

_ERRORS = (
    "AlreadyExists Closed Denied InUse NotFound RaftoralError ResourceFailed RftError RunCancelled RunEnded RunFailed "
    "RunTerminated StillRunning StorageFailed StorageRefused Unavailable UnknownProgram UnknownSignal UsageError "
    "WaitTimeout WrongInput"
)
_LATER = {
    **dict.fromkeys(_ERRORS.split(), "raftoral.errors"),
    **dict.fromkeys(("ActivityContext", "activity"), "raftoral.runtime.activity"),
    **dict.fromkeys(("Change", "Local", "local"), "raftoral.runtime.local"),
    **dict.fromkeys(("Description", "RunReport", "Summary"), "raftoral.runtime.views"),
    "Client": "raftoral.runtime.calls.client",
    "Node": "raftoral.runtime.cluster.node",
    **dict.fromkeys(("Inside", "Observer"), "raftoral.runtime.edge.observe"),
    "Resources": "raftoral.runtime.resources",
    "Tls": "raftoral.runtime.links.tls",
    "connect": "raftoral.runtime.links.connect",
}


def install_importer() -> None:
    """From now on, `import shop.orders` finds shop/orders.rft."""
    from raftoral import importer

    importer.install()


if not TYPE_CHECKING:  # a type checker would take it for a promise that every name exists

    def __getattr__(name):
        """Loads a public name, and keeps it here."""
        if name not in _LATER:
            raise AttributeError(f"module 'raftoral' has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(_LATER[name]), name)
        return value

    def __dir__():
        return sorted({*globals(), *_LATER})
