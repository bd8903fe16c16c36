"""Errors on a wire: a stable code, words, and the status that each protocol has for them.

    problem(NotFound("there is no run 'x'")) == (404, b'{"status":404,"code":"not-found",...}')
    error_of(b'{"code":"not-found","detail":"there is no run \\'x\\'"}')       the same exception again

In: exceptions. Out: RFC 9457 problem documents, names of gRPC's codes, and exceptions. Never a traceback: what a bug of
ours says is for the log of the node.
"""

from __future__ import annotations

import logging

from pydantic_core import from_json, to_json

from raftoral import errors as e

log = logging.getLogger("raftoral")

# Code -> status in HTTP, and the name of the code in gRPC.
STATUSES: dict[str, tuple[int, str]] = {
    "usage": (400, "INVALID_ARGUMENT"),
    "wrong-input": (422, "INVALID_ARGUMENT"),
    "rft": (422, "INVALID_ARGUMENT"),
    "query-failed": (422, "FAILED_PRECONDITION"),
    "denied": (403, "PERMISSION_DENIED"),
    "not-found": (404, "NOT_FOUND"),
    "no-program": (404, "NOT_FOUND"),
    "no-signal": (404, "NOT_FOUND"),
    "timeout": (408, "DEADLINE_EXCEEDED"),
    "already-exists": (409, "ALREADY_EXISTS"),
    "ended": (409, "FAILED_PRECONDITION"),
    "still-running": (409, "FAILED_PRECONDITION"),
    "in-use": (409, "FAILED_PRECONDITION"),
    "full": (429, "RESOURCE_EXHAUSTED"),
    "raftoral": (500, "INTERNAL"),
    "storage-refused": (500, "INTERNAL"),
    "unavailable": (503, "UNAVAILABLE"),
    "closed": (503, "UNAVAILABLE"),
    "storage-failed": (503, "UNAVAILABLE"),
    "resource-failed": (503, "UNAVAILABLE"),
}


def public(error: BaseException) -> e.RaftoralError:
    """What a client may know of an exception. A bug of ours is told to the node's log, with its traceback."""
    if isinstance(error, e.RaftoralError):
        return error
    log.error("a call failed because of a bug: %s", error, exc_info=error)
    return e.RaftoralError(f"the node has a bug ({type(error).__name__}); its log has more")


def status_of(error: e.RaftoralError) -> int:
    return STATUSES.get(error.code, STATUSES["raftoral"])[0]


def grpc_name(error: e.RaftoralError) -> str:
    return STATUSES.get(error.code, STATUSES["raftoral"])[1]


def problem(error: e.RaftoralError, status: int = 0) -> tuple[int, bytes]:
    """The status and the body of a response."""
    status = status or status_of(error)
    about = {
        "type": "about:blank",
        "title": (type(error).__doc__ or type(error).__name__).partition("\n")[0].rstrip("."),
        "status": status,
        "detail": _words(error),
        "code": error.code,
        "category": error.category,
        "retryable": error.retryable,
    }
    return status, to_json(about)


def error_of(data: bytes) -> e.RaftoralError:
    """The exception that a problem document tells of."""
    try:
        about = from_json(data)
        return e.of_code(str(about["code"]), str(about["detail"]))
    except (ValueError, KeyError, TypeError):
        return e.Unavailable(f"what answered is no node of raftoral: {data[:100]!r}")


def _words(error: e.RaftoralError) -> str:
    return str(error).encode("utf-8", "replace").decode()


__all__ = ["STATUSES", "error_of", "grpc_name", "problem", "public", "status_of"]
