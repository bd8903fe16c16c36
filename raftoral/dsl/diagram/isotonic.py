"""Places on a line, as near to the wished ones as their distances allow. Least squares, exact, linear in time."""

from __future__ import annotations


def spread(wished: list[float], gaps: list[float], weights: list[float]) -> list[float]:
    """Places in the order of `wished`, `gaps[i]` or more apart, that differ least from the wishes.

    Subtracting the gaps leaves the rule "never falls": neighbours that break it are pooled at their mean.
    """
    if not wished:
        return []
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many
    for wish, offset, weight in zip(wished, offsets, weights, strict=True):
        pools.append((wish - offset, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            right, left = pools.pop(), pools.pop()
            total = left[1] + right[1]
            pools.append(((left[0] * left[1] + right[0] * right[1]) / total, total, left[2] + right[2]))
    level = [mean for mean, _, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(level, offsets, strict=True)]
