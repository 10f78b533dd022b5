"""Cuts a layer's outputs into rounds: what one output buffer takes, and, for a single position, what overlaps best."""

from __future__ import annotations

from nngen.arch import Core
from nngen.compiler.mapper import LARGEST_OVERLAP, Demand, block_limit, layer_cycles
from nngen.ir import LayerMapping

from ._passes import PlannedRound, plan_outputs, round_cost


def plan_rounds(mapping: LayerMapping, demand: Demand, core: Core) -> tuple[PlannedRound, ...]:
    """Return the rounds of a layer, of the cut that takes the fewest cycles; ties go to fewer rounds."""
    fewest = -(-demand.outputs // block_limit(demand, core))
    most = max(fewest, LARGEST_OVERLAP) if demand.positions == 1 else fewest
    plans = [_cut(mapping, demand, blocks, core) for blocks in range(fewest, min(most, demand.outputs) + 1)]
    return min(plans, key=lambda plan: (_cycles(plan, demand, core), len(plan)))


def _cut(mapping: LayerMapping, demand: Demand, blocks: int, core: Core) -> tuple[PlannedRound, ...]:
    length = -(-demand.outputs // blocks)
    return tuple(
        planned
        for first in range(0, demand.outputs, length)
        for planned in plan_outputs(
            mapping, (first, min(first + length, demand.outputs)), slices=demand.slices, core=core
        )
    )


def _cycles(plan: tuple[PlannedRound, ...], demand: Demand, core: Core) -> int:
    return layer_cycles([round_cost(r, demand, core) for r in plan], positions=demand.positions)
