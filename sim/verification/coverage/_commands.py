"""Which instructions each unit executes, and which may come one after the other there.

Rules for what comes before an instruction in the order in which its unit retires:

1. A unit retires only what it executes: what names it as its unit, and SET, WAIT and SIGNAL as far as they may name it.
2. Nothing comes after the instruction that ends the program.
3. What the sequencer executes itself and an address can refuse is never its first: the window of every address
   register is empty until a SET opens it.
"""

from __future__ import annotations

from dataclasses import dataclass

from nngen.arch import Core
from nngen.isa import (
    BY_MNEMONIC,
    INSTRUCTION_BITS,
    INSTRUCTIONS,
    OPCODE_OFFSET,
    OPCODE_WIDTH,
    REGISTERS,
    UNIT_CODES,
    Cause,
    InstructionFormat,
    Unit,
    core_units,
)

UNITS = tuple(Unit)
END = BY_MNEMONIC["HALT"]  # ends the program; the only one that the sequencer executes itself and may have to wait for


@dataclass(frozen=True, kw_only=True)
class Command:
    """An instruction as one unit of a core executes it; those that name their unit are a command of each such unit."""

    format: InstructionFormat
    unit: Unit
    core: Core

    @property
    def mnemonic(self) -> str:
        """Of the instruction."""
        return self.format.mnemonic

    @property
    def name(self) -> str:
        """The mnemonic, with the unit where the instruction itself names it."""
        return self.mnemonic if self.format.unit else f"{self.mnemonic} {self.unit}"

    @property
    def queued(self) -> bool:
        """Whether it travels a queue."""
        return self.unit is not Unit.SEQUENCER

    @property
    def can_wait(self) -> bool:
        """Whether it can stand ready and not start; seeded stalls hold up everything that travels a queue."""
        return self.queued or self.format is END

    @property
    def fixed_bits(self) -> tuple[int, int]:
        """Return (which, what they are): the bits of the word that are the same in each such command."""
        reserved = ~self.format.used_mask & ((1 << INSTRUCTION_BITS) - 1)
        mask = reserved | ((1 << OPCODE_WIDTH) - 1) << OPCODE_OFFSET
        value = self.format.opcode << OPCODE_OFFSET
        if self.format.unit is None:
            field = self.format.field("unit")
            mask |= field.highest << field.offset
            value |= UNIT_CODES[self.unit] << field.offset
        return mask, value

    @property
    def predecessors(self) -> tuple[InstructionFormat | None, ...]:
        """All that can come before it; None: it is the first of its unit."""
        before = (format_ for format_ in executed_by(self.core, self.unit) if format_ is not END)
        return (*((None,) if self.may_be_first else ()), *before)

    @property
    def may_be_first(self) -> bool:
        """Whether the unit can execute it before anything else."""
        refused = {cause for cause, _ in self.format.state_refusals}
        return self.queued or Cause.ADDRESS not in refused


def units(core: Core) -> tuple[Unit, ...]:
    """Return the units of a core."""
    return (Unit.SEQUENCER, *core_units(core))


def takes(core: Core, unit: Unit, format_: InstructionFormat) -> bool:
    """Return whether a unit executes an instruction; SET needs a register there, WAIT and SIGNAL a queue."""
    if not format_.in_core(core) or unit not in units(core):
        return False
    if format_.unit is not None:
        return format_.unit is unit
    if sets_register(format_):
        return any(r.unit is unit for r in REGISTERS)
    return unit is not Unit.SEQUENCER


def sets_register(format_: InstructionFormat) -> bool:
    """Return whether an instruction writes configuration registers."""
    return any(f.name == "index" for f in format_.fields)


def executed_by(core: Core, unit: Unit) -> tuple[InstructionFormat, ...]:
    """Return what a unit executes, in the order of the description."""
    return tuple(format_ for format_ in INSTRUCTIONS if takes(core, unit, format_))


def commands(core: Core) -> tuple[Command, ...]:
    """Return every command, unit by unit."""
    return tuple(
        Command(format=format_, unit=unit, core=core) for unit in units(core) for format_ in executed_by(core, unit)
    )
