"""Cuts a layer's outputs into rounds: what one output buffer takes, and, for a single position, what overlaps best."""

from __future__ import annotations

from collections.abc import Sequence

from nngen.arch import Core
from nngen.compiler.mapper import LARGEST_OVERLAP, Demand, RoundCost, block_limit, layer_cycles
from nngen.ir import LayerMapping

from ._added_macros import named_sums, names_of_macros
from ._passes import PlannedRound, plan_outputs

Ranges = Sequence[tuple[int, int]]


def plan_rounds(mapping: LayerMapping, ranges: Ranges, demand: Demand, core: Core) -> tuple[PlannedRound, ...]:
    """Return the rounds of some outputs of a layer, of the cut that takes the fewest cycles; ties go to fewer rounds.

    All outputs of a round are in one of the ``ranges`` [a, b).
    """
    outputs = sum(end - first for first, end in ranges)
    fewest = -(-outputs // block_limit(demand, core))
    most = max(fewest, LARGEST_OVERLAP) if demand.positions == 1 else fewest
    plans = [
        _cut(mapping, ranges, demand, -(-outputs // blocks), core) for blocks in range(fewest, min(most, outputs) + 1)
    ]
    return min(plans, key=lambda plan: (_cycles(plan, demand, core), len(plan)))


def mapped_outputs(mapping: LayerMapping) -> tuple[tuple[int, int], ...]:
    """Return the ranges [a, b) of outputs that have tiles, ascending, with neighbours merged."""
    ranges: list[tuple[int, int]] = []
    for first, end in sorted(tile.output_range for tile in mapping.tiles):
        if ranges and first <= ranges[-1][1]:
            ranges[-1] = ranges[-1][0], max(end, ranges[-1][1])
        else:
            ranges.append((first, end))
    return tuple(ranges)


def _cut(mapping: LayerMapping, ranges: Ranges, demand: Demand, length: int, core: Core) -> tuple[PlannedRound, ...]:
    return tuple(
        planned
        for begin, end in ranges
        for first in range(begin, end, length)
        for planned in plan_outputs(mapping, (first, min(first + length, end)), slices=demand.slices, core=core)
    )


def _cycles(plan: tuple[PlannedRound, ...], demand: Demand, core: Core) -> int:
    return layer_cycles([round_cost(r, demand, core) for r in plan], positions=demand.positions)


def round_cost(planned: PlannedRound, demand: Demand, core: Core) -> RoundCost:
    """Return the busy cycles of a round."""
    contents = [rows for p in planned.passes for rows in {job.rows for job in p.jobs}]
    outputs = planned.outputs[1] - planned.outputs[0]
    return RoundCost(
        load=sum(-(-(inputs[1] - inputs[0]) * demand.input_bytes // core.word_bytes) for _, inputs in contents),
        mvm=planned.steps * demand.planes * demand.slices * core.macro.conversion_cycles,
        post=len(named_sums(planned, names_of_macros([planned]))),
        store=-(-outputs * demand.output_bytes // core.word_bytes),
    )
