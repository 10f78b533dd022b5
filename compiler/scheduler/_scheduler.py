"""Decides in what order the units of a core work, and where tensors live: everything but the instructions."""

from __future__ import annotations

from collections.abc import Sequence

from nngen.arch import Architecture, Core
from nngen.errors import CapacityError
from nngen.ir import CoreSchedule, LayerSchedule, Mapping, MatrixLayer, MatrixSchedule, Network, Region, Schedule

from ._matrix_layer import schedule_matrix
from ._memory import allocate
from ._reloads import plan_reloads, reload_bytes
from ._settings import Held
from .vector import CoefficientMemory, schedule_vector

_MOST_RECORDS = 1 << 14


def schedule(network: Network, mapping: Mapping, architecture: Architecture) -> Schedule:
    """Schedule a network layer by layer on the one core.

    Parameters
    ----------
    network, mapping
        What runs where; the mapping has passed ``validate_mapping``.
    architecture
        The chip.

    Raises
    ------
    CapacityError
        Where activation memory, constant memory or coefficient memory is too small: which layer, how much is needed and
        available.
    """
    core = architecture.core
    reloads = plan_reloads(network, mapping, core)
    regions = {region.tensor: region for region in allocate(network, core, reserved=reload_bytes(reloads, core))}
    layers = _layers(network, mapping, regions, core, repeats=True)
    if sum(map(_records, layers)) > core.constant_records:
        layers = _layers(network, mapping, regions, core, repeats=False)
    _check_records(layers, core)
    return Schedule(
        architecture_sha256=architecture.sha256,
        cores=(CoreSchedule(core=0, regions=tuple(regions.values()), layers=tuple(layers), reloads=reloads),),
    )


def _layers(
    network: Network, mapping: Mapping, regions: dict[str, Region], core: Core, *, repeats: bool
) -> list[LayerSchedule]:
    """Return the layers' schedules; without ``repeats`` with as few constant records as there must be."""
    held = Held.at_start(core)
    coefficients = CoefficientMemory.of(network, core)
    layers: list[LayerSchedule] = []
    record = 0
    for layer in network.layers:
        if isinstance(layer, MatrixLayer):
            mapped = mapping.layer(layer.name)
            layers.append(schedule_matrix(network, layer, mapped, regions, core, record=record, held=held))
        else:
            layers.append(
                schedule_vector(
                    network, layer, regions, core, record=record, coefficients=coefficients, repeats=repeats
                )
            )
        record += _records(layers[-1])
    return layers


def _records(layer: LayerSchedule) -> int:
    return sum(len(r.sources) for r in layer.rounds) if isinstance(layer, MatrixSchedule) else len(layer.records)


def _check_records(layers: Sequence[LayerSchedule], core: Core) -> None:
    needed = sum(map(_records, layers))
    if needed <= core.constant_records:
        return
    sizes = {layer.layer: _records(layer) for layer in layers}
    largest = max(sizes, key=lambda name: sizes[name])
    fix = (
        f"set core[0].memory.constant_records = {needed}" if needed <= _MOST_RECORDS else f"the most is {_MOST_RECORDS}"
    )
    raise CapacityError(
        f"the network needs {needed} constant records, the core has {core.constant_records} (layer '{largest}' alone "
        f"takes {sizes[largest]}): {fix}"
    )
