"""Latency-first placement: every layer spread over as many ADCs as make it faster.

1. Layers are placed in order of their cells, the largest first; each takes its fastest candidate that still fits.
2. Row tiles that run at once sit in different macros; those that take turns sit in the same ADCs, side by side.
3. A piece of a layer has the same conversions in all ADCs of a macro, so that one MVM command runs it, and the same
   word lines in all its macros, so that one LOAD serves them.
4. Among the places for a rectangle, the one that opens the fewest unused conversions wins: small layers share columns
   with others, on other word lines.
5. A layer that finds no place is moved to the front, and everything is placed again.
6. This is done with layers packed into few macros and with layers spread evenly over all; the faster network wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from nngen.arch import Core

from ._candidate import Candidate
from ._candidates import candidates
from ._demand import Demand
from ._occupancy import Occupancy
from ._places import Placed, place_candidate, strips_of
from ._strip import Strip

Placement = dict[str, tuple[Strip, ...]]


@dataclass(kw_only=True)
class _Attempt:
    """Layers placed so far, their estimated cycles, and the one that found no place."""

    places: list[tuple[Demand, Candidate, tuple[Placed, ...]]] = field(default_factory=list)
    cycles: int = 0
    failed: Demand | None = None


def spread(demands: Sequence[Demand], core: Core, *, balanced: bool) -> Placement | None:
    """Return the strips of every layer, or None where some layer finds no place."""
    attempts = [_with_retries(demands, core, balanced=balanced, even=even) for even in (False, True)]
    complete = [attempt for attempt in attempts if attempt.failed is None]
    if not complete:
        return None
    best = min(complete, key=lambda attempt: attempt.cycles)
    return {demand.name: strips_of(placed, candidate, demand, core) for demand, candidate, placed in best.places}


def _with_retries(demands: Sequence[Demand], core: Core, *, balanced: bool, even: bool) -> _Attempt:
    order = sorted(demands, key=lambda d: -d.rows * d.outputs * d.slices)
    attempt = _place_all(order, core, balanced=balanced, even=even)
    for _ in order:
        if attempt.failed is None or attempt.failed is order[0]:
            break
        order.remove(attempt.failed)
        order.insert(0, attempt.failed)
        attempt = _place_all(order, core, balanced=balanced, even=even)
    return attempt


def _place_all(order: Sequence[Demand], core: Core, *, balanced: bool, even: bool) -> _Attempt:
    occupancy = Occupancy(core)
    attempt = _Attempt()
    for demand in order:
        for candidate in candidates(demand, core, balanced=balanced, even=even):
            placed = place_candidate(demand, candidate, core, occupancy)
            if placed is not None:
                places, occupancy = placed
                attempt.places.append((demand, candidate, places))
                attempt.cycles += candidate.cycles
                break
        else:
            attempt.failed = demand
            break
    return attempt
