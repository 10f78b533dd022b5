"""Writes the program of one core down; one that has nothing to do only halts."""

from __future__ import annotations

from nngen.compiler.scheduler.cores import NumberedCore
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
    Take,
    VectorSchedule,
)
from nngen.isa import Instruction, Unit, instruction

from ._cell_images import cell_images
from ._coefficient_image import coefficient_image
from ._exchange import tell, wait, wait_for_parts
from ._halo import lasting_fills
from ._matrix_layer import matrix_instructions
from ._place import MatrixPlace, VectorPlace
from ._records import layer_records
from ._reloads import memory_image, reload_instructions
from ._repeated import repeated
from ._table_image import table_image
from ._vector_layer import vector_instructions
from ._writer import RegisterFile, loop

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
    """Return the instructions, and where each layer begins; the first one with what comes before all layers."""
    registers = RegisterFile()
    code = _start(low.network, schedule, registers, core)
    if schedule.inferences is None or not schedule.cores[core.number].layers:
        body, starts = _layers(low, schedule, registers, core)
    else:
        body, starts = repeated(registers, lambda inside: _layers(low, schedule, inside, core), core)
    starts = [(name, len(code) + start if i else 0) for i, (name, start) in enumerate(starts)]
    return [*code, *body, instruction("HALT")], starts


def _layers(
    low: Lowered, schedule: Schedule, registers: RegisterFile, core: NumberedCore
) -> tuple[list[Instruction], list[tuple[str, int]]]:
    code: list[Instruction] = []
    starts: list[tuple[str, int]] = []
    for one in schedule.cores[core.number].layers:
        if not starts or starts[-1][0] != low.origin(one.layer):
            starts.append((low.origin(one.layer), len(code)))
        code += _layer_instructions(low.network, one, schedule, registers, core)
        code += wait(Unit.LOAD, one.exchange.last_takes)
        code += tell(registers, one.exchange.tells, core.number)
        code += [instruction("ADD", register=move.address_register, value=move.step) for move in one.exchange.moves]
    return code, starts


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
    windows = {ring.address_register: ring.size for ring in scheduled.rings}
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
            windows=windows,
        )
        return [*pointers, *matrix_instructions(place, registers, wait)]
    assert isinstance(one, VectorSchedule)
    vector_place = VectorPlace(
        network=network,
        target=target,
        core=core.core,
        number=core.number,
        layer=layer,
        scheduled=one,
        windows=windows,
    )
    return [*pointers, *vector_instructions(vector_place, registers, wait)]


def _start(network: Network, schedule: Schedule, registers: RegisterFile, core: NumberedCore) -> list[Instruction]:
    """Return what comes before all layers: halos that stay, signals to itself, windows of address registers."""
    scheduled = schedule.cores[core.number]
    code: list[Instruction] = []
    for name in scheduled.filled:
        code += lasting_fills(scheduled.region(name), network.tensors[name], registers, core.core)
    code += [made for grant in scheduled.grants for made in _grant(grant)]
    for ring in {ring.address_register: ring for ring in scheduled.rings}.values():
        code += registers.set(Unit.SEQUENCER, "BASE", ring.address, element=ring.address_register)
        code += registers.set(Unit.SEQUENCER, "SIZE", ring.size, element=ring.address_register)
    return code


def _grant(grant: Take) -> list[Instruction]:
    signal = [instruction("SIGNAL", unit=Unit.STORE, counter=grant.counter)]
    return signal if grant.count == 1 else loop(grant.count, signal, layer="")


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
