"""The vocabulary of the instruction description: fields, units, instructions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from nngen.arch import Core


class Unit(StrEnum):
    """Who executes an instruction."""

    SEQUENCER = "sequencer"
    LOAD = "load"
    MVM = "mvm"
    POST = "post"
    STORE = "store"
    VEC = "vec"


# The code of a unit in an instruction.
UNIT_CODES: dict[Unit, int] = {
    Unit.SEQUENCER: 0,
    Unit.LOAD: 1,
    Unit.MVM: 2,
    Unit.POST: 3,
    Unit.STORE: 4,
    Unit.VEC: 5,
}
QUEUED_UNITS: tuple[Unit, ...] = (Unit.LOAD, Unit.MVM, Unit.POST, Unit.STORE, Unit.VEC)


def core_units(core: Core) -> tuple[Unit, ...]:
    """Return the queued units that a core has: VEC is an option."""
    return tuple(unit for unit in QUEUED_UNITS if unit is not Unit.VEC or core.vector is not None)


class Cause(IntEnum):
    """Why a core stopped."""

    NONE = 0
    ILLEGAL = 1
    OPERAND = 2
    ADDRESS = 3
    LOOP = 4
    PROGRAM = 5
    WATCHDOG = 6


CAUSE_MEANINGS: dict[Cause, str] = {
    Cause.NONE: "HALT ended the program",
    Cause.ILLEGAL: "an opcode, unit or register that this core does not have, or a reserved bit that is set",
    Cause.OPERAND: "an operand beyond what this architecture has, or zero where it must not be",
    Cause.ADDRESS: "activation memory address out of range, or an address register outside its window",
    Cause.LOOP: "more than the nesting depth, count zero, or a body that does not end inside the loop around it",
    Cause.PROGRAM: "program counter past the program memory",
    Cause.WATCHDOG: "nothing was issued or executed for as long as the watchdog allows",
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """Bits ``[offset, offset + width)`` of an instruction."""

    name: str
    offset: int
    width: int
    meaning: str
    signed: bool = False

    @property
    def lowest(self) -> int:
        """Smallest value."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def highest(self) -> int:
        """Largest value."""
        return (1 << (self.width - 1)) - 1 if self.signed else (1 << self.width) - 1


@dataclass(frozen=True, kw_only=True)
class OperandRule:
    """The sum of ``fields`` (unsigned ones) must lie in ``least`` … ``most``; what breaks it stops with cause OPERAND.

    ``most`` tells the bound of a core; None: the fields' own widths are the only one. A field named twice counts twice.
    ``multiple`` tells of which number, a power of two, the sum must be a multiple. The rule holds only for instructions
    whose fields ``when`` have these values. ``refused`` says, in the words of the manual, what breaks the rule.
    """

    fields: tuple[str, ...]
    refused: str
    least: int = 0
    most: Callable[[Core], int] | None = None
    multiple: Callable[[Core], int] | None = None
    when: tuple[tuple[str, int], ...] = ()

    def applies(self, operands: Mapping[str, int]) -> bool:
        """Whether the rule says anything of an instruction."""
        return all(operands[name] == value for name, value in self.when)

    def holds(self, core: Core, operands: Mapping[str, int]) -> bool:
        """Whether operands keep the rule."""
        if not self.applies(operands):
            return True
        total = sum(operands[name] for name in self.fields)
        whole = self.multiple is None or total % self.multiple(core) == 0
        return whole and total >= self.least and (self.most is None or total <= self.most(core))


@dataclass(frozen=True, kw_only=True)
class InstructionFormat:
    """One instruction: everything encoder, decoder, hardware, simulator and manual are made from.

    ``unit`` is None where the field ``unit`` of the instruction names it. ``service_time`` is a formula in the words of
    the manual; the executable form stands in ``_service.py``. ``drains`` marks commands that wait until their unit's
    pipeline is empty. ``rules`` are what its operands must keep; ``state_refusals`` say, in the words of the manual,
    what else stops the core, depending on its state. ``exists`` tells which cores have the instruction, where not all
    do; ``option`` names, in the words of the manual, what a core needs for it. ``bytes_each`` are the bytes that one
    unit of its ``length`` takes in activation memory.
    """

    mnemonic: str
    opcode: int
    unit: Unit | None
    fields: tuple[Field, ...]
    effect: str
    service_time: str
    drains: bool = False
    rules: tuple[OperandRule, ...] = ()
    state_refusals: tuple[tuple[Cause, str], ...] = ()
    exists: Callable[[Core], bool] | None = None
    option: str = ""
    bytes_each: int = 1

    def in_core(self, core: Core) -> bool:
        """Whether a core has this instruction; in others it is ILLEGAL."""
        return self.exists is None or self.exists(core)

    @property
    def refusals(self) -> tuple[tuple[Cause, str], ...]:
        """All that stops the core instead, beside ILLEGAL, with the cause."""
        return (*((Cause.OPERAND, rule.refused) for rule in self.rules), *self.state_refusals)

    def field(self, name: str) -> Field:
        """Return the field of this name."""
        return next(f for f in self.fields if f.name == name)

    @property
    def used_mask(self) -> int:
        """Bits that carry meaning; every other bit must be zero."""
        mask = ((1 << OPCODE_WIDTH) - 1) << OPCODE_OFFSET
        for f in self.fields:
            mask |= ((1 << f.width) - 1) << f.offset
        return mask


INSTRUCTION_BITS = 64
OPCODE_OFFSET = 58
OPCODE_WIDTH = 6
