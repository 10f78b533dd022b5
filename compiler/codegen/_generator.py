"""Writes the program of a schedule down: instructions, constant records, cell images."""

from __future__ import annotations

from nngen.arch import Architecture, Core
from nngen.errors import CapacityError
from nngen.ir import CoreProgram, CoreSchedule, Mapping, Network, Program, Schedule
from nngen.isa import Instruction, instruction

from ._cell_images import cell_images
from ._halo import all_gap_fills, has_halo, outer_fills, signal
from ._layer import STORED, LayerPlace, layer_instructions
from ._records import layer_records
from ._writer import RegisterFile

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
    )
    return Program(architecture_sha256=architecture.sha256, cores=(program,))


def _instructions(
    network: Network, scheduled: CoreSchedule, core: Core
) -> tuple[list[Instruction], list[tuple[str, int]]]:
    registers = RegisterFile()
    code = _input_halos(network, scheduled, registers, core)
    filled = bool(code)
    starts: list[tuple[str, int]] = []
    for i, (layer, one) in enumerate(zip(network.layers, scheduled.layers, strict=True)):
        place = LayerPlace(
            network=network,
            layer=layer,
            scheduled=one,
            source=scheduled.region(layer.input),
            target=scheduled.region(layer.output),
            core=core,
            waits=i > 0 or filled,
            signals=i + 1 < len(network.layers),
        )
        starts.append((layer.name, len(code) if i else 0))
        code += layer_instructions(place, registers)
    return [*code, instruction("HALT")], starts


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
