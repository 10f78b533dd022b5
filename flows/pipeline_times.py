"""How fast a pipeline is: cycles from one inference to the next, beside those of the core with the most to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nngen.ir import CoreProgram
from nngen.isa import UNIT_CODES, Unit
from nngen.sim.iss import Timing
from nngen.sim.kpi import mapping_bounds

from .machine import Machine

__all__ = ["PipelineTimes", "Stage", "describe_pipeline", "pipeline_times"]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What a core does for each inference.

    Parameters
    ----------
    core
        Which one.
    layers
        Names of the layers that it works for, in order.
    bound
        Cycles of an inference that no order of work can avoid, as the network is mapped: the sum over its layers, which
        it runs one after the other.
    """

    core: int
    layers: tuple[str, ...]
    bound: int


@dataclass(frozen=True, kw_only=True)
class PipelineTimes:
    """A start of a pipeline in the instruction set simulator.

    Parameters
    ----------
    ends
        Cycle in which the last code of each inference was stored.
    stages
        Of the cores that have work, in order.
    """

    ends: tuple[int, ...]
    stages: tuple[Stage, ...]

    @property
    def interval(self) -> float:
        """Cycles from one inference to the next, once the first is through."""
        return (self.ends[-1] - self.ends[0]) / max(len(self.ends) - 1, 1)

    @property
    def slowest(self) -> Stage:
        """The stage that sets the pace."""
        return max(self.stages, key=lambda stage: stage.bound)

    @property
    def bound(self) -> int:
        """Cycles of the start that no order of work can avoid."""
        return len(self.ends) * self.slowest.bound

    @property
    def share(self) -> float:
        """Throughput over that which the bound of the slowest stage allows."""
        return self.slowest.bound / max(self.interval, 1)


def pipeline_times(machine: Machine, timings: Sequence[Timing]) -> PipelineTimes | None:
    """Return how fast a pipeline is, from timings with retirements; None for a build of one inference a start."""
    if machine.places == 1:
        return None
    outputs = {layer.name for layer in machine.network.layers if layer.output in machine.output_tensors}
    ends = [
        _ends(timing, program, name, machine.places)
        for timing, program in zip(timings, machine.program.cores, strict=True)
        for name in sorted(outputs & program.layer_ranges.keys())
    ]
    return PipelineTimes(
        ends=tuple(int(end) for end in np.max(ends, axis=0)),
        stages=tuple(stage for number in range(len(machine.cores)) if (stage := _stage(machine, number)).layers),
    )


def _ends(timing: Timing, program: CoreProgram, layer: str, inferences: int) -> list[int]:
    """Return when a core stored its last code of a layer in each inference: in all it stores equally often."""
    addresses, store = program.layer_ranges[layer], UNIT_CODES[Unit.STORE]
    cycles = [record[7] for record in timing.records if record[1] == store and record[2] in addresses]
    each = len(cycles) // inferences
    return cycles[each - 1 :: each]


def _stage(machine: Machine, number: int) -> Stage:
    network, core = machine.network, machine.cores[number]
    bounds = {
        layer.name: sum(
            mapping_bounds(network, layer, scheduled, core).bound for scheduled in machine.parts_on(layer.name, number)
        )
        for layer in network.layers
        if machine.parts_on(layer.name, number)
    }
    return Stage(core=number, layers=tuple(bounds), bound=sum(bounds.values()))


def describe_pipeline(times: PipelineTimes | None) -> dict[str, Any] | None:
    """Return the figures as JSON takes them."""
    if times is None:
        return None
    return {
        "inferences": len(times.ends),
        "ends": list(times.ends),
        "interval": times.interval,
        "bound": times.slowest.bound,
        "share": times.share,
        "stages": [{"core": stage.core, "layers": list(stage.layers), "bound": stage.bound} for stage in times.stages],
    }
