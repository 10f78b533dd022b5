"""Decides in what order the units of every core work, and where tensors live: everything but the instructions."""

from __future__ import annotations

from nngen.arch import Architecture
from nngen.ir import Mapping, Network, Schedule

from ._core import schedule_core
from ._layers import layer_plan
from ._reloads import plan_reloads, reload_bytes
from .cores import numbered_cores
from .partial_sums import lowered
from .parts import mapping_on
from .pipeline import pipeline_plan


def schedule(
    network: Network,
    mapping: Mapping,
    architecture: Architecture,
    *,
    pipelined: bool = False,
    inferences: int = 1,
) -> Schedule:
    """Schedule a network layer by layer: all cores work on one layer at a time, or as a pipeline.

    Parameters
    ----------
    network, mapping
        What runs where; the mapping has passed ``validate_mapping``.
    architecture
        The chip.
    pipelined
        Each core runs its layers for one inference after the other, as many as the host register LOOP_COUNT says;
        several are under way at once.
    inferences
        Of a pipeline: how many have a place for inputs and outputs.

    Raises
    ------
    CapacityError
        Where activation memory, constant memory or coefficient memory of a core is too small: which layer, how much is
        needed and available.
    """
    cores = numbered_cores(architecture)
    low = lowered(network, mapping, architecture.core)
    reloads = [plan_reloads(low.network, mapping_on(low.mapping, core.number), core) for core in cores]
    reserved = [reload_bytes(some, core.core) for some, core in zip(reloads, cores, strict=True)]
    if pipelined:
        plan = pipeline_plan(low, cores, reserved=reserved, inferences=inferences)
    else:
        plan = layer_plan(low, cores, reserved=reserved)
    return Schedule(
        architecture_sha256=architecture.sha256,
        inferences=inferences if pipelined else None,
        cores=tuple(schedule_core(plan, core, some) for core, some in zip(cores, reloads, strict=True)),
    )
