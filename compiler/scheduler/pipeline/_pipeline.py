"""Plans a pipeline: which tensors pass between cores, where they live, and who waits for whom."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence

from nngen.compiler.scheduler._core import ChipPlan, CoreStart
from nngen.compiler.scheduler._memory import allocate, lives_of, shape_of
from nngen.compiler.scheduler.cores import NumberedCore
from nngen.compiler.scheduler.partial_sums import Lowered
from nngen.compiler.scheduler.parts import Cores, holders_of
from nngen.errors import CapacityError
from nngen.ir import Network, Region, Ring, Take

from ._flows import Flows
from ._numbers import OWN, Counters, counters_of, with_registers
from ._streams import Stream, streams_of
from ._windows import windows_of

Registers = dict[tuple[str, int], int]

_SLOTS = (2, 1)  # of tensors between cores, where memory and registers suffice


def pipeline_plan(low: Lowered, cores: Sequence[NumberedCore], *, reserved: Sequence[int], inferences: int) -> ChipPlan:
    """Return the plan of a pipeline with a place for inputs and outputs of so many inferences.

    Raises
    ------
    CapacityError
        Where memory, counters or address registers of a core do not suffice.
    """
    holders = holders_of(low.network, low.mapping)
    for slots in _SLOTS:
        streams, registers = _streams(low, holders, cores, inferences=inferences, slots=slots)
        try:
            regions = _regions(low, streams, holders, cores, reserved)
        except CapacityError:
            if slots == _SLOTS[-1]:
                raise
        else:
            break
    counters = counters_of(streams, cores)
    by_name = {stream.tensor: stream for stream in streams}
    for name, slots_of in low.slots.items():
        height = low.network.output_shape(low.network.layer(name))[0]
        regions |= slots_of.views(regions[name], height)
        holders |= dict.fromkeys(slots_of.names, holders[name])
    flows = Flows(low=low, streams=by_name, counters=counters, registers=registers, regions=regions)
    return ChipPlan(
        network=low.network,
        mapping=low.mapping,
        slots=low.slots,
        holders=holders,
        regions=regions,
        exchanges=flows.exchanges(),
        starts=tuple(
            CoreStart(
                filled=_filled(streams, regions, core.number),
                grants=_grants(streams, counters, core.number),
                rings=_rings(low, registers, regions, core.number),
            )
            for core in cores
        ),
    )


def _streams(
    low: Lowered,
    holders: MappingOf[str, Cores],
    cores: Sequence[NumberedCore],
    *,
    inferences: int,
    slots: int,
) -> tuple[tuple[Stream, ...], Registers]:
    """Return the streams and their registers; windows that get none are tried anew as whole tensors."""
    without: set[str] = set()
    while True:
        wanted = streams_of(low, holders, windows_of(low, without=without), inferences)
        streams, registers = with_registers(wanted, cores, slots=slots)
        lost = {a.tensor for a, b in zip(wanted, streams, strict=True) if a.window and not b.window}
        if not lost:
            return streams, registers
        without |= lost


def _regions(
    low: Lowered,
    streams: Sequence[Stream],
    holders: MappingOf[str, Cores],
    cores: Sequence[NumberedCore],
    reserved: Sequence[int],
) -> dict[str, Region]:
    by_name = {stream.tensor: stream for stream in streams}
    word = cores[0].core.word_bytes
    shapes = {name: _shape(low.network, name, by_name.get(name), word) for name in holders}
    always = (-1, len(low.network.layers))
    lives = lives_of(low.network, holders) | dict.fromkeys(by_name, always)
    return allocate(low.network, shapes, holders, lives, cores, reserved=reserved)


def _shape(network: Network, name: str, stream: Stream | None, word_bytes: int) -> Region:
    shape = shape_of(network, name)
    if stream is None:
        return shape
    if stream.window:
        rows = stream.window.rows
        return shape.model_copy(update={"rows": rows, "size": rows * shape.pitch})
    if stream.slots == 1:
        return shape
    slot_bytes = -(-shape.size // word_bytes) * word_bytes
    return shape.model_copy(update={"slots": stream.slots, "slot_bytes": slot_bytes})


def _filled(streams: Sequence[Stream], regions: MappingOf[str, Region], core: int) -> tuple[str, ...]:
    return tuple(stream.tensor for stream in streams if core in stream.readers and any(regions[stream.tensor].halo))


def _grants(streams: Sequence[Stream], counters: Counters, core: int) -> tuple[Take, ...]:
    """Return that nothing is stored yet, and that all places of what the core writes are free."""
    free = [
        Take(counter=counters.read[stream.tensor, reader], count=stream.capacity)
        for stream in streams
        if core in stream.writers
        for reader in stream.readers_of(core)
    ]
    return (Take(counter=OWN, count=1), *free)


def _rings(
    low: Lowered, registers: MappingOf[tuple[str, int], int], regions: MappingOf[str, Region], core: int
) -> tuple[Ring, ...]:
    """Return the tensors that have an address register to themselves on a core, with each part of partial sums."""
    rings = []
    for (name, place), register in registers.items():
        if place == core:
            region = regions[name]
            names = low.slots[name].names if name in low.slots else (name,)
            rings += [
                Ring(tensor=one, address_register=register, address=region.address, size=region.bytes) for one in names
            ]
    return tuple(rings)
