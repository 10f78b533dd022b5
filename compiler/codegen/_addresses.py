"""Which address register serves what. All windows span all that can be written: positions are plain addresses."""

from __future__ import annotations

from nngen.arch import Core
from nngen.isa import ADDRESS_REGISTERS, Instruction, Unit

from ._writer import RegisterFile

INPUT = 0  # moves with the output position over the layer's input
OUTPUT = 1  # moves with the output position over the layer's output
FIXED = 2  # stays at 0 as far as offsets reach: the offset of an instruction is the address
POINTERS = tuple(register for register in range(ADDRESS_REGISTERS) if register != FIXED)  # of vector layers


def point(registers: RegisterFile, core: Core, index: int, address: int, *, moves: bool) -> list[Instruction]:
    """Return the SETs that make an address register point at an address; one that ``moves`` is set again next time."""
    made = registers.set(Unit.SEQUENCER, "SIZE", core.reach_bytes, element=index)
    made += registers.set(Unit.SEQUENCER, "POSITION", address, element=index)
    if moves:
        registers.forget(Unit.SEQUENCER, "POSITION", element=index)
    return made
