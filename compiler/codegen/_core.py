"""Writes the program of one core down; one that has nothing to do only halts."""

from __future__ import annotations

from nngen.compiler.scheduler.cores import NumberedCore
from nngen.compiler.scheduler.counters import PADDED
from nngen.compiler.scheduler.partial_sums import Lowered
from nngen.compiler.scheduler.parts import mapping_on
from nngen.errors import CapacityError
from nngen.ir import (
    CoreProgram,
    LayerSchedule,
    MatrixLayer,
    MatrixSchedule,
    Network,
    Schedule,
    Tell,
    VectorSchedule,
)
from nngen.isa import Instruction, instruction

from ._cell_images import cell_images
from ._coefficient_image import coefficient_image
from ._exchange import tell, wait_for_parts
from ._halo import all_gap_fills, has_halo, outer_fills
from ._matrix_layer import matrix_instructions
from ._place import MatrixPlace, VectorPlace
from ._records import layer_records
from ._reloads import memory_image, reload_instructions
from ._table_image import table_image
from ._vector_layer import vector_instructions
from ._writer import RegisterFile

_MOST = 1 << 16  # instructions


def core_program(low: Lowered, schedule: Schedule, core: NumberedCore) -> CoreProgram:
    """Return the program of one core.

    Raises
    ------
    CapacityError
        Where its program memory is too small.
    """
    network, own = low.network, mapping_on(low.mapping, core.number)
    scheduled = schedule.cores[core.number]
    instructions, starts = _instructions(low, schedule, core)
    _check_length(instructions, starts, core)
    return CoreProgram(
        core=core.number,
        instructions=tuple(instructions),
        layer_starts=tuple(starts),
        records=tuple(
            record
            for one in scheduled.layers
            for record in layer_records(network, network.layer(one.layer), one, core.core)
        ),
        cells=cell_images(network, own, core.core),
        coefficients=coefficient_image(network, scheduled, core.core),
        tables=table_image(network, core.core),
        memory=memory_image(network, own, scheduled.reloads, core.core),
    )


def _instructions(
    low: Lowered, schedule: Schedule, core: NumberedCore
) -> tuple[list[Instruction], list[tuple[str, int]]]:
    registers, network = RegisterFile(), low.network
    code = _input_halos(network, schedule, registers, core)
    starts: list[tuple[str, int]] = []
    for one in schedule.cores[core.number].layers:
        if not starts or starts[-1][0] != low.origin(one.layer):
            starts.append((low.origin(one.layer), len(code) if starts else 0))
        code += _layer_instructions(network, one, schedule, registers, core)
        code += tell(registers, one.exchange.tells, core.number)
    return [*code, instruction("HALT")], starts


def _layer_instructions(
    network: Network, one: LayerSchedule, schedule: Schedule, registers: RegisterFile, core: NumberedCore
) -> list[Instruction]:
    """Return the instructions of a part of a layer; it waits until the layer before has stored everything.

    So reads follow writes, and a region that is used again is written only after its last read.
    """
    scheduled, layer = schedule.cores[core.number], network.layer(one.layer)
    target = schedule.region(layer.output)
    pointers, reloads = reload_instructions(scheduled.reloads, layer.name, registers, core.core)
    wait = [*wait_for_parts(one.exchange), *reloads]
    if isinstance(layer, MatrixLayer):
        assert isinstance(one, MatrixSchedule)
        place = MatrixPlace(
            network=network,
            target=target,
            core=core.core,
            number=core.number,
            layer=layer,
            scheduled=one,
            source=scheduled.region(layer.input),
        )
        return [*pointers, *matrix_instructions(place, registers, wait)]
    assert isinstance(one, VectorSchedule)
    vector_place = VectorPlace(
        network=network, target=target, core=core.core, number=core.number, layer=layer, scheduled=one
    )
    return [*pointers, *vector_instructions(vector_place, registers, wait)]


def _input_halos(
    network: Network, schedule: Schedule, registers: RegisterFile, core: NumberedCore
) -> list[Instruction]:
    """Return the FILLs around what the host writes, and the SIGNAL that the core's first part waits for."""
    held = {region.tensor: region for region in schedule.cores[core.number].regions}
    code: list[Instruction] = []
    for entry in network.inputs:
        region, tensor = held.get(entry.tensor), network.tensors[entry.tensor]
        if region is not None and has_halo(region):
            code += outer_fills(region, tensor, registers, core.core)
            code += all_gap_fills(region, tensor, registers, core.core)
    return [*code, *tell(registers, [Tell(counter=PADDED, cores=(core.number,))], core.number)] if code else []


def _check_length(instructions: list[Instruction], starts: list[tuple[str, int]], core: NumberedCore) -> None:
    available = core.core.program_instructions
    if len(instructions) <= available:
        return
    ends = [start for _, start in starts[1:]] + [len(instructions)]
    sizes = {name: end - start for (name, start), end in zip(starts, ends, strict=True)}
    largest = max(sizes, key=lambda name: sizes[name])
    needed = len(instructions)
    fix = f"set {core.table}.memory.program_instructions = {needed}" if needed <= _MOST else f"the most is {_MOST}"
    raise CapacityError(
        f"the program needs {needed} instructions, {core.name} has {available} (layer '{largest}' alone "
        f"takes {sizes[largest]}): {fix}"
    )
