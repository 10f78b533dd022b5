"""Decides in what order the units of every core work, and where tensors live: everything but the instructions."""

from __future__ import annotations

from nngen.arch import Architecture
from nngen.ir import Mapping, Network, Region, Schedule

from ._core import ChipPlan, schedule_core
from ._exchanges import exchanges_of
from ._memory import allocate
from ._reloads import plan_reloads, reload_bytes
from .cores import numbered_cores
from .partial_sums import lowered
from .parts import holders_of, mapping_on


def schedule(network: Network, mapping: Mapping, architecture: Architecture) -> Schedule:
    """Schedule a network layer by layer: all cores work on one layer at a time.

    Parameters
    ----------
    network, mapping
        What runs where; the mapping has passed ``validate_mapping``.
    architecture
        The chip.

    Raises
    ------
    CapacityError
        Where activation memory, constant memory or coefficient memory of a core is too small: which layer, how much is
        needed and available.
    """
    cores = numbered_cores(architecture)
    low = lowered(network, mapping, architecture.core)
    network, mapping = low.network, low.mapping
    reloads = [plan_reloads(network, mapping_on(mapping, core.number), core) for core in cores]
    reserved = [reload_bytes(some, core.core) for some, core in zip(reloads, cores, strict=True)]
    holders = holders_of(network, mapping)
    regions: dict[str, Region] = {
        region.tensor: region for region in allocate(network, holders, cores, reserved=reserved)
    }
    for name, slots in low.slots.items():
        regions |= slots.views(regions[name], network.output_shape(network.layer(name))[0])
        holders |= dict.fromkeys(slots.names, holders[name])
    exchanges = exchanges_of(network, mapping, holders, regions)
    plan = ChipPlan(
        network=network, mapping=mapping, slots=low.slots, holders=holders, regions=regions, exchanges=exchanges
    )
    return Schedule(
        architecture_sha256=architecture.sha256,
        cores=tuple(schedule_core(plan, core, some) for core, some in zip(cores, reloads, strict=True)),
    )
