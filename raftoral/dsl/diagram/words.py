"""Short texts for nodes and edges, from the source: conditions, calls, ends. All are cut to what fits."""

from __future__ import annotations

from .. import syntax as s
from ..graph import Await, Call, Dispatch, Each, FirstOf, Fork, If, Match, Pause, Raise, Return, Slot, Suspend, Unwind
from ..graph.text import arm_text, errors_text, fork_text, one_line, select_arm_text
from ..source import Source

LABEL = 40  # characters of one condition
TITLE = 44
ELSE, NEXT, DONE, OTHER = "else", "next", "done", "other errors"
FAIL_WORD = "fail "


def cut(text: str, columns: int = LABEL) -> str:
    return text if len(text) <= columns else text[: columns - 1].rstrip() + "…"


class Words:
    """Words for the parts of one graph."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def text(self, node: s.Node, columns: int = LABEL) -> str:
        return one_line(self.source.text[node.lo : node.hi], columns)

    def until(self, lo: int, hi: int, columns: int = TITLE) -> str:
        return one_line(self.source.text[lo:hi].rstrip().removesuffix("{"), columns)

    # --- decisions -------------------------------------------------------------------------------------------

    def ways(self, exit: If | Match | Each | Dispatch) -> list[str]:
        """A label for each way on, in the order of `ways_on`."""
        if isinstance(exit, If):
            return [self.condition(exit), ELSE]
        if isinstance(exit, Match):
            return [cut(arm_text(arm, self.source)) for arm in exit.arms]
        if isinstance(exit, Each):
            return [NEXT, DONE]
        last = [OTHER] if exit.otherwise is not None else []
        return [errors_text(clause, self.source) for clause in exit.clauses] + last

    def own_ways(self, exit: If | Match | Each | Dispatch) -> list[str]:
        """The labels where the decision is a node of its own, which says what is decided."""
        if isinstance(exit, If):
            return ["yes", DONE if isinstance(exit.node, s.While) else "no"]
        return self.ways(exit)

    def condition(self, exit: If) -> str:
        if isinstance(exit.node, s.OrFail):
            return f"{self.text(exit.node.value, LABEL - 8)} is none"
        return self.text(exit.condition)

    def decision(self, exit: If | Match | Each | Dispatch) -> str:
        """What a node says that stands for a decision."""
        if isinstance(exit, If):
            text = self.condition(exit)
            return f"while {text}" if isinstance(exit.node, s.While) else text
        if isinstance(exit, Match):
            return f"match {self.text(exit.node.subject)}"
        if isinstance(exit, Each):
            assert isinstance(exit.node, s.For)
            return self.until(exit.node.lo, exit.node.body.lo)
        return "catch"

    # --- slots -----------------------------------------------------------------------------------------------

    def details(self, slot: Slot, exit: Suspend) -> list[str]:
        """What the key does not say."""
        request = exit.request
        if isinstance(request, Call):
            return [cut("do " + self.call(request.node))]
        if isinstance(request, Await):
            within = request.node.within
            name = request.node.name.text
            return [f"wait {name}" + (f" within {self.text(within)}" if within is not None else "")]
        if isinstance(request, Pause):
            return [self.text(request.node)]
        if isinstance(request, Fork):
            return [cut(fork_text(request, self.source), 60)]
        if isinstance(request, Unwind):
            return ["runs the undos"]
        return []

    def call(self, node: s.Do) -> str:
        """`charge(customer, total)`, without `do` and without the policies."""
        last = max((arg.hi for arg in node.args), default=node.callee.hi)
        end = self.source.text.find(")", last) + 1 or node.hi
        return one_line(self.source.text[node.callee.lo : end], LABEL)

    def arms(self, request: FirstOf) -> list[str]:
        return [cut(self.arm(arm)) for arm in request.arms]

    def arm(self, arm: s.SelectArm) -> str:
        return self.call(arm.call) if isinstance(arm, s.OnDone) else select_arm_text(arm, self.source)

    # --- ends ------------------------------------------------------------------------------------------------

    def error(self, exit: Raise) -> str:
        """`fail Declined`, or `` for an error that only goes on outwards."""
        if isinstance(exit.node, s.Try | s.Catch):
            return ""
        error = exit.error
        name = error.callee if isinstance(error, s.Call) else error
        return FAIL_WORD + self.text(name, 30)

    def result(self, exit: Return) -> str:
        if exit.value is None:
            return "end" if isinstance(exit.node, s.Block) else "return"
        text = self.text(exit.value, 32)
        return "return" if "{" in text.split('"')[0] else f"return {text}"
