"""Schedules what one core has to do: its parts of layers, with records and coefficients out of its own memories."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass

from nngen.errors import CapacityError
from nngen.ir import (
    CoreSchedule,
    Exchange,
    LayerSchedule,
    Mapping,
    MatrixLayer,
    MatrixSchedule,
    Network,
    Region,
    Reload,
    Ring,
    Take,
)

from ._matrix_layer import schedule_matrix
from ._settings import Held
from .cores import NumberedCore
from .partial_sums import Slots
from .parts import Cores, layers_on, mapping_on
from .vector import CoefficientMemory, schedule_vector

_MOST_RECORDS = 1 << 14


@dataclass(frozen=True, kw_only=True)
class CoreStart:
    """What a core has before its first layer.

    Parameters
    ----------
    filled
        Tensors whose halos it writes.
    grants
        What it adds to its counters then.
    rings
        Tensors that have an address register to themselves.
    """

    filled: tuple[str, ...] = ()
    grants: tuple[Take, ...] = ()
    rings: tuple[Ring, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ChipPlan:
    """What is decided for all cores together.

    Parameters
    ----------
    network, mapping
        What runs where.
    slots
        Partial sums, by the name of their layer.
    holders, regions
        The cores that hold each tensor, and where in their memories.
    exchanges
        How each part of a layer, by layer and core, works together with the others.
    starts
        What each core has of its own.
    """

    network: Network
    mapping: Mapping
    slots: MappingOf[str, Slots]
    holders: MappingOf[str, Cores]
    regions: dict[str, Region]
    exchanges: MappingOf[tuple[str, int], Exchange]
    starts: tuple[CoreStart, ...]


def schedule_core(plan: ChipPlan, core: NumberedCore, reloads: tuple[Reload, ...]) -> CoreSchedule:
    """Return the schedule of one core.

    Raises
    ------
    CapacityError
        Where its constant memory or coefficient memory is too small.
    """
    layers = _layers(plan, core, repeats=True)
    if sum(map(_records, layers)) > core.core.constant_records:
        layers = _layers(plan, core, repeats=False)
    _check_records(layers, core)
    regions = tuple(region for name, region in plan.regions.items() if core.number in plan.holders[name])
    start = plan.starts[core.number]
    return CoreSchedule(
        core=core.number,
        regions=regions,
        layers=tuple(layers),
        reloads=reloads,
        rings=start.rings,
        filled=start.filled,
        grants=start.grants,
    )


def _layers(plan: ChipPlan, core: NumberedCore, *, repeats: bool) -> list[LayerSchedule]:
    """Return the layers' schedules; without ``repeats`` with as few constant records as there must be."""
    parts = layers_on(plan.network, plan.mapping, core.number)
    mapping = mapping_on(plan.mapping, core.number)
    held = Held.at_start(core.core)
    coefficients = CoefficientMemory.of(plan.network, parts, core)
    layers: list[LayerSchedule] = []
    record = 0
    for layer in parts:
        exchange = plan.exchanges[layer.name, core.number]
        if isinstance(layer, MatrixLayer):
            mapped, slots = mapping.layer(layer.name), plan.slots.get(layer.name)
            layers.append(
                schedule_matrix(
                    plan.network,
                    layer,
                    mapped,
                    plan.regions,
                    core.core,
                    record=record,
                    held=held,
                    exchange=exchange,
                    slots=slots.ranges(core.number) if slots else (),
                ).model_copy(update={"partial_sums_of": slots.layer if slots else None})
            )
        else:
            layers.append(
                schedule_vector(
                    plan.network,
                    layer,
                    plan.regions,
                    core,
                    record=record,
                    coefficients=coefficients,
                    repeats=repeats,
                    exchange=exchange,
                    rings={ring.tensor: ring for ring in plan.starts[core.number].rings},
                )
            )
        layers[-1] = _with_moves(layers[-1], plan.starts[core.number].rings)
        record += _records(layers[-1])
    return layers


def _with_moves(layer: LayerSchedule, rings: Sequence[Ring]) -> LayerSchedule:
    """Return a layer whose address registers of single tensors come out where its exchange says, and not elsewhere."""
    sizes = {ring.address_register: ring.size for ring in rings}
    moved = _moved(layer)
    moves = []
    for move in layer.exchange.moves:
        step = (move.step - moved[move.address_register]) % sizes[move.address_register]
        if step:
            moves.append(move.model_copy(update={"step": step}))
    return layer.model_copy(update={"exchange": layer.exchange.model_copy(update={"moves": tuple(moves)})})


def _moved(layer: LayerSchedule) -> dict[int | None, int]:
    """Return how far a layer moves the address registers that tensors have to themselves."""
    if isinstance(layer, MatrixSchedule):
        rows, exchange = layer.positions[0], layer.exchange
        return {
            exchange.input_register: rows * layer.input_step[0],
            exchange.output_register: (rows + sum(exchange.rows_around)) * layer.output_step[0],
        }
    rows = sum(band.rows for band in layer.bands)
    return {pointer.address_register: rows * pointer.row_step for pointer in layer.pointers}


def _records(layer: LayerSchedule) -> int:
    return sum(len(r.sources) for r in layer.rounds) if isinstance(layer, MatrixSchedule) else len(layer.records)


def _check_records(layers: Sequence[LayerSchedule], core: NumberedCore) -> None:
    needed, available = sum(map(_records, layers)), core.core.constant_records
    if needed <= available:
        return
    sizes = {layer.layer: _records(layer) for layer in layers}
    largest = max(sizes, key=lambda name: sizes[name])
    fix = (
        f"set {core.table}.memory.constant_records = {needed}"
        if needed <= _MOST_RECORDS
        else f"the most is {_MOST_RECORDS}"
    )
    raise CapacityError(
        f"the network needs {needed} constant records, {core.name} has {available} (layer '{largest}' alone "
        f"takes {sizes[largest]}): {fix}"
    )
