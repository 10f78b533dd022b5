"""Plans a network layer by layer: where tensors live while all cores work on one layer after the other."""

from __future__ import annotations

from collections.abc import Sequence

from ._core import ChipPlan
from ._exchanges import exchanges_of, starts_of
from ._memory import allocate, lives_of, shape_of
from .cores import NumberedCore
from .partial_sums import Lowered
from .parts import holders_of


def layer_plan(low: Lowered, cores: Sequence[NumberedCore], *, reserved: Sequence[int]) -> ChipPlan:
    """Return the plan; the last ``reserved`` bytes of each core's memory hold something else.

    Raises
    ------
    CapacityError
        Where the memory of a core is too small.
    """
    network, mapping = low.network, low.mapping
    holders = holders_of(network, mapping)
    shapes = {name: shape_of(network, name) for name in holders}
    regions = allocate(network, shapes, holders, lives_of(network, holders), cores, reserved=reserved)
    for name, slots in low.slots.items():
        regions |= slots.views(regions[name], network.output_shape(network.layer(name))[0])
        holders |= dict.fromkeys(slots.names, holders[name])
    return ChipPlan(
        network=network,
        mapping=mapping,
        slots=low.slots,
        holders=holders,
        regions=regions,
        exchanges=exchanges_of(network, mapping, holders, regions),
        starts=starts_of(network, holders, regions, len(cores)),
    )
