"""When each layer of a build ran, and how far that is from what no order of work can avoid: verification and report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nngen.sim.iss import Timing
from nngen.sim.kpi import Bounds, chip_layer_bounds, chip_mapping_bounds

from .machine import Machine
from .retirements import layer_cycles

__all__ = ["LayerTime", "describe_bounds", "layer_times"]


@dataclass(frozen=True, kw_only=True)
class LayerTime:
    """One layer in the instruction set simulator.

    Parameters
    ----------
    layer
        Its name.
    positions
        Output positions of an inference.
    cycles
        From the end of the layer before (the first one: from cycle 0) to the retirement of its last instruction.
    bound, mapping_bound
        Cycles that no order of work can avoid: at the best placement, and as it is mapped.
    """

    layer: str
    positions: int
    cycles: int
    bound: Bounds
    mapping_bound: Bounds

    @property
    def ratio(self) -> float:
        """Cycles over the bound; over 1 for a layer without work of its own."""
        return self.cycles / max(self.bound.bound, 1)


def layer_times(machine: Machine, timings: Sequence[Timing]) -> tuple[LayerTime, ...]:
    """Return the layers of a build in the network's order, as the instruction set simulator timed them."""
    done: list[int] = []
    for layer in machine.network.layers:
        effects = [
            timing.last_effect[address]
            for timing, program in zip(timings, machine.program.cores, strict=True)
            for address in program.layer_ranges.get(layer.name, ())
        ]
        done.append(max(effects, default=done[-1] if done else -1))
    return tuple(
        LayerTime(
            layer=layer.name,
            positions=machine.network.positions(layer),
            cycles=taken,
            bound=chip_layer_bounds(machine.network, layer, machine.cores),
            mapping_bound=chip_mapping_bounds(machine.network, layer, machine.parts(layer.name)),
        )
        for layer, taken in zip(machine.network.layers, layer_cycles(done), strict=True)
    )


def describe_bounds(bounds: Bounds) -> dict[str, Any]:
    """Return bounds as JSON takes them: cycles, the unit that sets them, and each unit's."""
    return {"cycles": bounds.bound, "unit": bounds.unit, **asdict(bounds)}
