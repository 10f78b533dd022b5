"""Writes the programs of a schedule down: instructions, constant records, cell images, core by core."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary

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
    Region,
    Schedule,
    VectorSchedule,
)
from nngen.isa import Instruction, instruction

from ._cell_images import cell_images
from ._coefficient_image import coefficient_image
from ._exchange import PADDED, signal, targeting, telling, waiting
from ._halo import all_gap_fills, has_halo, outer_fills
from ._matrix_layer import matrix_instructions
from ._place import MatrixPlace, Place, VectorPlace
from ._records import layer_records
from ._reloads import memory_image, reload_instructions
from ._table_image import table_image
from ._vector_layer import vector_instructions
from ._writer import RegisterFile

_MOST = 1 << 16  # instructions


def generate(network: Network, mapping: Mapping, schedule: Schedule, architecture: Architecture) -> Program:
    """Generate the programs of a network for all cores of a chip.

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
    regions = {region.tensor: region for scheduled in schedule.cores for region in scheduled.regions}
    return Program(
        architecture_sha256=architecture.sha256,
        cores=tuple(
            _core_program(network, mapping, scheduled, regions, core)
            for scheduled, core in zip(schedule.cores, architecture.cores, strict=True)
        ),
    )


def _core_program(
    network: Network, mapping: Mapping, scheduled: CoreSchedule, regions: Dictionary[str, Region], core: Core
) -> CoreProgram:
    layers = {layer.name: layer for layer in network.layers}
    instructions, starts = _instructions(network, scheduled, regions, core)
    _check_length(instructions, starts, core, scheduled.core)
    return CoreProgram(
        core=scheduled.core,
        instructions=tuple(instructions),
        layer_starts=tuple(starts),
        records=tuple(
            record for one in scheduled.layers for record in layer_records(network, layers[one.layer], one, core)
        ),
        cells=cell_images(network, mapping, core, number=scheduled.core),
        coefficients=coefficient_image(network, scheduled, core),
        tables=table_image(network, used=any(one.table is not None for one in scheduled.layers)),
        memory=memory_image(network, mapping, scheduled.reloads, core),
    )


def _instructions(
    network: Network, scheduled: CoreSchedule, regions: Dictionary[str, Region], core: Core
) -> tuple[list[Instruction], list[tuple[str, int]]]:
    layers = {layer.name: layer for layer in network.layers}
    registers = RegisterFile()
    code = _input_halos(network, scheduled, registers, core)
    starts: list[tuple[str, int]] = []
    for i, one in enumerate(scheduled.layers):
        starts.append((one.layer, len(code) if i else 0))
        code += _layer_instructions(
            network, layers[one.layer], scheduled, regions=regions, core=core, registers=registers
        )
    return [*code, instruction("HALT")], starts


def _layer_instructions(
    network: Network,
    layer: Layer,
    scheduled: CoreSchedule,
    *,
    regions: Dictionary[str, Region],
    core: Core,
    registers: RegisterFile,
) -> list[Instruction]:
    """Return the instructions of a core's part of a layer; it waits until the layer before has stored everything.

    So reads follow writes, and a region that is used again is written only after its last read.
    """
    one, target = scheduled.layer(layer.name), regions[layer.output]
    pointers, reloads = reload_instructions(scheduled.reloads, layer.name, registers, core)
    place: Place
    if isinstance(layer, MatrixLayer):
        assert isinstance(one, MatrixSchedule)
        source = regions[layer.input]
        place = MatrixPlace(network=network, target=target, core=core, layer=layer, scheduled=one, source=source)
        sets = targeting(place, registers)
        code = matrix_instructions(place, registers, [*waiting(place), *reloads])
    else:
        assert isinstance(one, VectorSchedule)
        place = VectorPlace(network=network, target=target, core=core, layer=layer, scheduled=one)
        sets = targeting(place, registers)
        code = vector_instructions(place, registers, [*waiting(place), *reloads])
    return [*pointers, *sets, *code, *telling(place, registers, core=scheduled.core)]


def _input_halos(network: Network, scheduled: CoreSchedule, registers: RegisterFile, core: Core) -> list[Instruction]:
    """Return the FILLs around what the host writes, and the SIGNAL that the first layer waits for."""
    code: list[Instruction] = []
    held = {region.tensor: region for region in scheduled.regions}
    for entry in network.inputs:
        if entry.tensor in held and has_halo(held[entry.tensor]):
            region, tensor = held[entry.tensor], network.tensors[entry.tensor]
            code += outer_fills(region, tensor, registers, core)
            code += all_gap_fills(region, tensor, registers, core)
    return [*code, signal(PADDED)] if code else []


def _check_length(instructions: list[Instruction], starts: list[tuple[str, int]], core: Core, number: int) -> None:
    if len(instructions) <= core.program_instructions:
        return
    ends = [start for _, start in starts[1:]] + [len(instructions)]
    sizes = {name: end - start for (name, start), end in zip(starts, ends, strict=True)}
    largest = max(sizes, key=lambda name: sizes[name])
    needed = len(instructions)
    named = "the program" if core.bus is None else f"the program of core {number}"
    fix = f"set {core.where}.memory.program_instructions = {needed}" if needed <= _MOST else f"the most is {_MOST}"
    raise CapacityError(
        f"{named} needs {needed} instructions, the core has {core.program_instructions} (layer '{largest}' alone "
        f"takes {sizes[largest]}): {fix}"
    )
