"""Writes the program of a schedule down: instructions, constant records, cell images."""

from __future__ import annotations

from nngen.arch import Architecture, Core
from nngen.errors import CapacityError
from nngen.ir import (
    CoreProgram,
    CoreSchedule,
    Layer,
    Mapping,
    MatrixLayer,
    MatrixSchedule,
    Network,
    Program,
    Schedule,
    VectorSchedule,
)
from nngen.isa import Instruction, Unit, instruction

from ._cell_images import cell_images
from ._coefficient_image import coefficient_image
from ._halo import all_gap_fills, has_halo, outer_fills, signal
from ._matrix_layer import matrix_instructions
from ._place import MatrixPlace, VectorPlace
from ._records import layer_records
from ._reloads import memory_image, reload_instructions
from ._table_image import table_image
from ._vector_layer import vector_instructions
from ._writer import RegisterFile

STORED = 0  # counter: STORE has written what the next layer reads
_MOST = 1 << 16  # instructions


def generate(network: Network, mapping: Mapping, schedule: Schedule, architecture: Architecture) -> Program:
    """Generate the program of a network.

    Parameters
    ----------
    network, mapping, schedule
        What runs, where, and in what order.
    architecture
        The chip.

    Raises
    ------
    CapacityError
        Where program memory is too small: what is needed and available, and which layer takes most.
    """
    core = architecture.core
    scheduled = schedule.cores[0]
    instructions, starts = _instructions(network, scheduled, core)
    _check_length(instructions, starts, core)
    records = tuple(
        record
        for layer, one in zip(network.layers, scheduled.layers, strict=True)
        for record in layer_records(network, layer, one, core)
    )
    program = CoreProgram(
        core=scheduled.core,
        instructions=tuple(instructions),
        layer_starts=tuple(starts),
        records=records,
        cells=cell_images(network, mapping, core),
        coefficients=coefficient_image(network, scheduled, core),
        tables=table_image(network),
        memory=memory_image(network, mapping, scheduled.reloads, core),
    )
    return Program(architecture_sha256=architecture.sha256, cores=(program,))


def _instructions(
    network: Network, scheduled: CoreSchedule, core: Core
) -> tuple[list[Instruction], list[tuple[str, int]]]:
    registers = RegisterFile()
    code = _input_halos(network, scheduled, registers, core)
    filled = bool(code)
    starts: list[tuple[str, int]] = []
    for i, layer in enumerate(network.layers):
        starts.append((layer.name, len(code) if i else 0))
        code += _layer_instructions(network, layer, scheduled, core, registers, waits=i > 0 or filled)
        if i + 1 < len(network.layers):
            code.append(signal(STORED))
    return [*code, instruction("HALT")], starts


def _layer_instructions(
    network: Network, layer: Layer, scheduled: CoreSchedule, core: Core, registers: RegisterFile, *, waits: bool
) -> list[Instruction]:
    """Return the instructions of a layer; it waits until the layer before has stored everything.

    So reads follow writes, and a region that is used again is written only after its last read.
    """
    one, target = scheduled.layer(layer.name), scheduled.region(layer.output)
    wait = [instruction("WAIT", unit=Unit.LOAD, counter=STORED, count=1)] if waits else []
    pointers, reloads = reload_instructions(scheduled.reloads, layer.name, registers, core)
    wait += reloads
    if isinstance(layer, MatrixLayer):
        assert isinstance(one, MatrixSchedule)
        source = scheduled.region(layer.input)
        place = MatrixPlace(network=network, target=target, core=core, layer=layer, scheduled=one, source=source)
        return [*pointers, *matrix_instructions(place, registers, wait)]
    assert isinstance(one, VectorSchedule)
    vector_place = VectorPlace(network=network, target=target, core=core, layer=layer, scheduled=one)
    return [*pointers, *vector_instructions(vector_place, registers, wait)]


def _input_halos(network: Network, scheduled: CoreSchedule, registers: RegisterFile, core: Core) -> list[Instruction]:
    """Return the FILLs around what the host writes, and the SIGNAL that the first layer waits for."""
    code: list[Instruction] = []
    for entry in network.inputs:
        region, tensor = scheduled.region(entry.tensor), network.tensors[entry.tensor]
        if has_halo(region):
            code += outer_fills(region, tensor, registers, core)
            code += all_gap_fills(region, tensor, registers, core)
    return [*code, signal(STORED)] if code else []


def _check_length(instructions: list[Instruction], starts: list[tuple[str, int]], core: Core) -> None:
    if len(instructions) <= core.program_instructions:
        return
    ends = [start for _, start in starts[1:]] + [len(instructions)]
    sizes = {name: end - start for (name, start), end in zip(starts, ends, strict=True)}
    largest = max(sizes, key=lambda name: sizes[name])
    needed = len(instructions)
    fix = f"set core[0].memory.program_instructions = {needed}" if needed <= _MOST else f"the most is {_MOST}"
    raise CapacityError(
        f"the program needs {needed} instructions, the core has {core.program_instructions} (layer '{largest}' alone "
        f"takes {sizes[largest]}): {fix}"
    )
