"""Which core computes which outputs of a layer, before anything is placed in its macros."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ._demand import Demand
from ._strip import Strip


@dataclass(frozen=True, kw_only=True)
class Share:
    """Outputs [a, b) of a layer that a core computes, from all its matrix rows unless ``inputs`` says from which.

    Of a layer that has replicas, for every ``replicas``-th part of its positions.
    """

    core: int
    outputs: tuple[int, int]
    inputs: tuple[int, int] | None = None
    replica: int = 0
    replicas: int = 1

    @property
    def count(self) -> int:
        """How many outputs."""
        return self.outputs[1] - self.outputs[0]

    def of(self, demand: Demand) -> Demand:
        """Return the layer as if it had these outputs, rows and positions only."""
        rows = demand.rows if self.inputs is None else self.inputs[1] - self.inputs[0]
        return replace(demand, outputs=self.count, rows=rows, positions=-(-demand.positions // self.replicas))

    def moved(self, strip: Strip) -> Strip:
        """Return a strip of these outputs and rows with the layer's own numbers."""
        row, output = (0 if self.inputs is None else self.inputs[0]), self.outputs[0]
        return replace(
            strip,
            inputs=(strip.inputs[0] + row, strip.inputs[1] + row),
            outputs=(strip.outputs[0] + output, strip.outputs[1] + output),
        )


Shares = dict[str, tuple[Share, ...]]


def even_shares(outputs: int, cores: Sequence[int], *, unit: int) -> tuple[Share, ...]:
    """Return equal shares for some cores, in whole ``unit`` outputs as far as there are as many units as cores."""
    unit = unit if outputs >= unit * len(cores) else 1
    units = -(-outputs // unit)
    bounds = [min(outputs, units * i // len(cores) * unit) for i in range(len(cores) + 1)]
    return tuple(
        Share(core=core, outputs=(bounds[i], bounds[i + 1]))
        for i, core in enumerate(cores)
        if bounds[i] < bounds[i + 1]
    )
