"""Which core computes which outputs of a layer, before anything is placed in its macros."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ._demand import Demand


@dataclass(frozen=True, kw_only=True)
class Share:
    """The outputs [a, b) of a layer that a core computes, from all its matrix rows."""

    core: int
    outputs: tuple[int, int]

    @property
    def count(self) -> int:
        """How many outputs."""
        return self.outputs[1] - self.outputs[0]

    def of(self, demand: Demand) -> Demand:
        """Return the layer as if it had these outputs only."""
        return replace(demand, outputs=self.count)


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
