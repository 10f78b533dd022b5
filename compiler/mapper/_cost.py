"""What a layer costs in time: the estimate by which mapper and scheduler choose among placements and orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RoundCost:
    """Busy cycles of each unit for one round at one output position."""

    load: int
    mvm: int
    post: int
    store: int


def layer_cycles(rounds: Sequence[RoundCost], *, positions: int) -> int:
    """Return the cycles of a layer whose units form a pipeline: its slowest unit at work, one fill and one drain."""
    load, mvm = sum(r.load for r in rounds), sum(r.mvm for r in rounds)
    post, store = sum(r.post for r in rounds), sum(r.store for r in rounds)
    busiest = max(load, mvm, post, store)
    return positions * busiest + rounds[0].load + rounds[-1].post + rounds[-1].store
