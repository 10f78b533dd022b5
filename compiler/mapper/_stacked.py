"""Stacked placements: blocks of outputs on different word lines of the same columns, for layers of few rows."""

from __future__ import annotations

from collections.abc import Iterator

from nngen.arch import Core

from ._candidate import Candidate, Piece, block_limit, load_words, step_cycles
from ._cost import RoundCost, layer_cycles
from ._demand import Demand


def stacked(demand: Demand, core: Core, bounds: tuple[int, ...]) -> Iterator[Candidate]:
    """Yield placements of a layer of one row tile in blocks that fill the columns of some macros."""
    steps = core.macro.columns_per_adc // demand.slices
    if len(bounds) > 2:
        return
    for macros in range(core.macros, 0, -1):
        adcs = macros * core.macro.adcs
        block = min(steps * adcs, block_limit(demand, core))
        if 1 < -(-demand.outputs // block) <= core.macro.rows // demand.rows:
            yield _candidate(demand, core, bounds, block, adcs)


def _candidate(demand: Demand, core: Core, bounds: tuple[int, ...], block: int, adcs: int) -> Candidate:
    groups, costs = [], []
    for first in range(0, demand.outputs, block):
        outputs = min(block, demand.outputs - first)
        steps = -(-outputs // adcs)
        groups.append((Piece(turns=((0, (first, first + outputs)),), steps=steps),))
        costs.append(
            RoundCost(
                load=load_words(demand, bounds, core),
                mvm=steps * step_cycles(demand, core),
                post=outputs,
                store=-(-outputs * demand.output_bytes // core.word_bytes),
            )
        )
    return Candidate(bounds=bounds, groups=tuple(groups), cycles=layer_cycles(costs, positions=demand.positions))
