"""Decides in what order the units of every core work, and where tensors live: everything but the instructions."""

from __future__ import annotations

from collections.abc import Sequence

from nngen.arch import Architecture, Core
from nngen.errors import CapacityError
from nngen.ir import CoreSchedule, LayerSchedule, Mapping, MatrixLayer, MatrixSchedule, Network, Region, Schedule

from ._matrix_layer import schedule_matrix
from ._memory import allocate
from ._parts import Parts, tiles_of_core
from ._reloads import plan_reloads, reload_bytes
from ._settings import Held
from .vector import CoefficientMemory, schedule_vector

_MOST_RECORDS = 1 << 14


def schedule(network: Network, mapping: Mapping, architecture: Architecture) -> Schedule:
    """Schedule a network layer by layer on the cores of a chip.

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
    cores = architecture.cores
    parts = Parts.of(network, mapping)
    reloads = [plan_reloads(network, mapping, core) if len(cores) == 1 else () for core in cores]
    reserved = [reload_bytes(ours, core) for ours, core in zip(reloads, cores, strict=True)]
    regions = allocate(network, parts.holders, cores, reserved=reserved)
    return Schedule(
        architecture_sha256=architecture.sha256,
        cores=tuple(
            CoreSchedule(
                core=number,
                regions=tuple(region for name, region in regions.items() if number in parts.holders[name]),
                layers=_core_layers(parts, mapping, regions, core, number),
                reloads=reloads[number],
            )
            for number, core in enumerate(cores)
        ),
    )


def _core_layers(
    parts: Parts, mapping: Mapping, regions: dict[str, Region], core: Core, number: int
) -> tuple[LayerSchedule, ...]:
    """Return the schedules of a core's parts: with as few constant records as there must be, if they are too many."""
    layers = _layers(parts, mapping, regions, core, number, repeats=True)
    if sum(map(_records, layers)) > core.constant_records:
        layers = _layers(parts, mapping, regions, core, number, repeats=False)
    _check_records(layers, core, number)
    return tuple(layers)


def _layers(
    parts: Parts, mapping: Mapping, regions: dict[str, Region], core: Core, number: int, *, repeats: bool
) -> list[LayerSchedule]:  # fmt: skip
    network = parts.network
    own = parts.layers(number)
    held = Held.at_start(core)
    coefficients = CoefficientMemory.of(network, own, core)
    layers: list[LayerSchedule] = []
    record = 0
    for layer in own:
        exchange = parts.exchange(layer, number)
        if isinstance(layer, MatrixLayer):
            mapped = tiles_of_core(mapping.layer(layer.name), number)
            layers.append(
                schedule_matrix(network, layer, mapped, regions, core, record=record, held=held, exchange=exchange)
            )
        else:
            layers.append(
                schedule_vector(
                    network,
                    layer,
                    regions,
                    core,
                    record=record,
                    coefficients=coefficients,
                    repeats=repeats,
                    exchange=exchange,
                )
            )
        record += _records(layers[-1])
    return layers


def _records(layer: LayerSchedule) -> int:
    return sum(len(r.sources) for r in layer.rounds) if isinstance(layer, MatrixSchedule) else len(layer.records)


def _check_records(layers: Sequence[LayerSchedule], core: Core, number: int) -> None:
    needed = sum(map(_records, layers))
    if needed <= core.constant_records:
        return
    sizes = {layer.layer: _records(layer) for layer in layers}
    largest = max(sizes, key=lambda name: sizes[name])
    named = "the network" if core.bus is None else f"the network in core {number}"
    fix = (
        f"set {core.where}.memory.constant_records = {needed}"
        if needed <= _MOST_RECORDS
        else f"the most is {_MOST_RECORDS}"
    )
    raise CapacityError(
        f"{named} needs {needed} constant records, the core has {core.constant_records} (layer '{largest}' alone "
        f"takes {sizes[largest]}): {fix}"
    )
