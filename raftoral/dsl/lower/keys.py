"""Slot keys: stable names, from a label or from what is waited for (language reference 5.1).

    charge_card   wait.decide   sleep   select.decide+withdraw   child.Ship   join   catch   loaded.transform

The second and later uses of a key get `.2`, `.3` in source order. Line numbers and local names are no part of it.
"""

from __future__ import annotations

from .. import syntax as s


class Keys:
    """Hands out the keys of one workflow."""

    __slots__ = ("labels", "used")

    def __init__(self, labels: set[str]) -> None:
        self.used: dict[str, int] = {}
        self.labels = labels

    def take(self, prefix: str, name: str, label: s.Token | None) -> str:
        """The key of the next slot that waits for `name`; `prefix` is the branch it is in."""
        if label is not None:
            return label.text
        key = f"{prefix}.{name}" if prefix else name
        count = self.used.get(key, 0) + 1
        while (key if count == 1 else f"{key}.{count}") in self.labels:
            count += 1
        self.used[key] = count
        return key if count == 1 else f"{key}.{count}"


def name_of(node: s.Node) -> str:
    """What a suspension waits for, as part of a key."""
    if isinstance(node, s.Do):
        return f"child.{node.callee.name.text}" if node.callee.is_workflow else node.callee.name.text
    if isinstance(node, s.Wait):
        return f"wait.{node.name.text}"
    if isinstance(node, s.Sleep):
        return "sleep"
    if isinstance(node, s.Select):
        names = []
        for arm in node.arms:
            if isinstance(arm, s.OnSignal):
                names.append(arm.name.text)
            elif isinstance(arm, s.OnDone):
                names.append(name_of(arm.call))
        return "select." + "+".join(names) if names else "select"
    if isinstance(node, s.Try):
        return "catch"
    return "join"
