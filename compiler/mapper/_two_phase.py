"""Placements in two phases: where row tiles and macros do not divide, some macros change the row tile on the way.

In the first phase every macro runs one row tile for ``long`` steps, in the second another for ``short`` steps. With R
row tiles of G macro loads of outputs each, ``long + short`` can be ceil(R x G / macros), the least there is.
"""

from __future__ import annotations

from collections.abc import Iterator

from nngen.arch import Core

from ._candidate import Candidate, Piece, block_limit, load_words, step_cycles
from ._cost import RoundCost, layer_cycles
from ._demand import Demand

Shares = list[tuple[int, int]]  # macros of each row tile in the first and in the second phase


def two_phase(demand: Demand, core: Core, bounds: tuple[int, ...]) -> Iterator[Candidate]:
    """Yield the placements of the fewest steps, for each split into two phases."""
    tiles, loads = len(bounds) - 1, -(-demand.outputs // core.macro.adcs)
    if tiles == 1 or demand.outputs > block_limit(demand, core):
        return
    steps = -(-tiles * loads // core.macros)
    if steps * demand.slices > core.macro.columns_per_adc:
        return
    for short in range(1, steps // 2 + 1):
        shares = _share(tiles, loads, steps - short, short, core.macros)
        if shares is not None:
            yield _candidate(demand, core, bounds, shares, (steps - short, short))


def _share(tiles: int, loads: int, long: int, short: int, macros: int) -> Shares | None:
    """Return macros for each row tile, at most ``macros`` in either phase, or None where that is impossible."""
    options = [(x, -(-max(0, loads - long * x) // short)) for x in range(-(-loads // long) + 1)]
    reached: dict[int, tuple[int, Shares]] = {0: (0, [])}  # first-phase macros: fewest second-phase macros, and how
    for _ in range(tiles):
        following: dict[int, tuple[int, Shares]] = {}
        for used, (second, shares) in reached.items():
            for x, y in options:
                total, others = used + x, second + y
                better = total not in following or others < following[total][0]
                if total <= macros and others <= macros and better:
                    following[total] = others, [*shares, (x, y)]
        reached = following
    return reached[max(reached)][1] if reached else None


def _candidate(
    demand: Demand, core: Core, bounds: tuple[int, ...], shares: Shares, steps: tuple[int, int]
) -> Candidate:
    groups: tuple[list[Piece], list[Piece]] = ([], [])
    words = 0
    for tile, macros in enumerate(shares):
        first = 0
        for phase, count in enumerate(macros):
            end = min(first + count * core.macro.adcs * steps[phase], demand.outputs)
            if first < end:
                groups[phase].append(Piece(turns=((tile, (first, end)),), steps=steps[phase]))
                words += load_words(demand, bounds[tile : tile + 2], core)
            first = end
    cost = RoundCost(
        load=words,
        mvm=sum(steps) * step_cycles(demand, core),
        post=(len(bounds) - 1) * demand.outputs,
        store=-(-demand.outputs * demand.output_bytes // core.word_bytes),
    )
    return Candidate(
        bounds=bounds,
        groups=tuple(tuple(group) for group in groups),
        cycles=layer_cycles([cost], positions=demand.positions),
    )
