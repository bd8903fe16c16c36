"""THE CONTRACT between compiler and runtime, number 1: all that a generated module may name, as `rt`.

    from raftoral.program import v1 as rt

A module says which number it was made for (`rft-abi: 1`); the runtime supports every number that it lists, and refuses
others with the command that mends it. Names here are only ever added; a test holds the list.
"""

from __future__ import annotations

from . import std as std
from .clients import Node as Node, Run as Run
from .context import Cx as Cx
from .faults import check as check
from .scalars import constant as constant, finite as finite, int64 as int64, span as span
from .std import at as at, bounded as bounded, there as there, times as times
from .std.loops import turns as turns
from .steps import (
    EMPTY as EMPTY,
    NO_OVERRIDES as NO_OVERRIDES,
    Activity as Activity,
    AsNew as AsNew,
    Branch as Branch,
    Definition as Definition,
    Empty as Empty,
    OnChild as OnChild,
    OnDone as OnDone,
    OnRun as OnRun,
    OnSignal as OnSignal,
    OnTimer as OnTimer,
    Part as Part,
    Query as Query,
    Raise as Raise,
    Retry as Retry,
    Return as Return,
    Slot as Slot,
    Step as Step,
    Won as Won,
    call as call,
    each as each,
    fork as fork,
    giving as giving,
    go as go,
    part as part,
    propagate as propagate,
    run_child as run_child,
    select as select,
    sleep as sleep,
    slot as slot,
    unwind as unwind,
    wait as wait,
    wait_child as wait_child,
)
from .values import (
    ActivityFailed as ActivityFailed,
    Cancelled as Cancelled,
    Failed as Failed,
    Interrupted as Interrupted,
    Ok as Ok,
    Outcome as Outcome,
    Record as Record,
    Variant as Variant,
    WorkflowError as WorkflowError,
    changed as changed,
    joined as joined,
    ordered as ordered,
    text as text,
)

ABI = 1


class NoState:
    """Of a workflow without checkpoints."""

    __slots__ = ()

    def __init__(self, a: object) -> None:
        """Takes the arguments of the run, as every state does."""
