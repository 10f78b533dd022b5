"""Corners of operands and registers, from the description of the instruction set."""

from __future__ import annotations

from nngen.arch import Core
from nngen.isa import INSTRUCTIONS, Field, Instruction, InstructionFormat, Register

from ._draw import Draw

_CORNER = 0.5  # how often a field that nobody decides is at a corner


def corners(core: Core, format_: InstructionFormat, field: Field) -> tuple[int, ...]:
    """Return the values of a field that are worth a program of their own, legal or not, ascending.

    These are 0, 1, what its bits can hold at least and at most, and the least and the most that the rules of the
    operands allow in this core.
    """
    values = {0, 1, field.lowest, field.highest, *limits(core, format_, field)}
    return tuple(sorted(value for value in values if field.lowest <= value <= field.highest))


def limits(core: Core, format_: InstructionFormat, field: Field) -> tuple[int, int]:
    """Return the least and the most that the rules allow a field while the others are at their least.

    A run of bytes must also lie in activation memory.
    """
    most = field.highest
    if field.name == "length" and any(f.name == "offset" for f in format_.fields):
        most = min(most, core.activation_bytes)
    for rule in format_.rules:
        if field.name in rule.fields and rule.most is not None:
            most = min(most, rule.most(core) - sum(least(format_, name) for name in rule.fields if name != field.name))
    return least(format_, field.name), most


def least(format_: InstructionFormat, name: str) -> int:
    """Return the least value that the rules allow a field."""
    field = format_.field(name)
    bounds = [rule.least for rule in format_.rules if rule.fields == (name,)]
    return max([field.lowest, *bounds])


def register_corners(core: Core, register: Register) -> tuple[int, ...]:
    """Return the values of a register that are worth a program of their own, ascending, as SET writes them."""
    bits = register.bits(core)
    half, full = 1 << (bits - 1), 1 << bits
    return tuple(sorted(value for value in {0, 1, half - 1, half, full - 2, full - 1} if value >= 0))


class OperandMaker:
    """Makes instructions of which only some operands are decided."""

    def __init__(self, core: Core, draw: Draw) -> None:
        self._draw = draw
        # By mnemonic, per field: its name, the least and the most on its own, rules it shares with others as
        # (bound, the others with the least they take).
        self._fields = {
            format_.mnemonic: [_bounds(core, format_, f) for f in format_.fields] for format_ in INSTRUCTIONS
        }

    def make(self, mnemonic: str, **given: int) -> Instruction:
        """Return an instruction that keeps the rules; the fields not ``given`` are random, often at a corner."""
        for name, low, high, shared in self._fields[mnemonic]:
            if name not in given:
                taken = (bound - sum(given.get(other, lowest) for other, lowest in others) for bound, others in shared)
                pick = self._draw.number if self._draw.chance(_CORNER) else self._draw.randint
                given[name] = pick(low, min([high, *taken]))
        return Instruction(mnemonic, given)


_Bounds = tuple[str, int, int, list[tuple[int, list[tuple[str, int]]]]]


def _bounds(core: Core, format_: InstructionFormat, field: Field) -> _Bounds:
    low, high = limits(core, format_, field)
    shared = []
    for rule in format_.rules:
        others = [(name, least(format_, name)) for name in rule.fields if name != field.name]
        if field.name in rule.fields and rule.most is not None and others:
            shared.append((rule.most(core), others))
    return field.name, low, high, shared
