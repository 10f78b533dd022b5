"""Instruction objects and their 64-bit encoding."""

from __future__ import annotations

from dataclasses import dataclass, field

from nngen.errors import ProgramError, suggestion

from ._description import BY_MNEMONIC, BY_OPCODE
from ._fields import INSTRUCTION_BITS, OPCODE_OFFSET, UNIT_CODES, InstructionFormat, Unit

_UNITS_BY_CODE = {code: unit for unit, code in UNIT_CODES.items()}


@dataclass(frozen=True)
class Instruction:
    """A mnemonic with the value of every field; fields not named are 0.

    ``operands`` holds every field in the order of the description, so equal instructions compare and hash equal. Values
    are checked against the width of their field and nothing else: what a core refuses when it runs can be written down.

    Raises
    ------
    ProgramError
        For an unknown mnemonic or field, or a value its field cannot hold.
    """

    mnemonic: str
    operands: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = BY_MNEMONIC.get(self.mnemonic)
        if known is None:
            raise ProgramError(
                f"mnemonic must be one of the instruction set's, not '{self.mnemonic}'"
                + suggestion(self.mnemonic.upper(), BY_MNEMONIC)
            )
        operands = dict.fromkeys([f.name for f in known.fields], 0)
        for name in self.operands:
            if name not in operands:
                raise ProgramError(f"{self.mnemonic} has no field '{name}'" + suggestion(name, list(operands)))
        for f in known.fields:
            value = self.operands.get(f.name, 0)
            if not f.lowest <= value <= f.highest:
                raise ProgramError(f"{self.mnemonic} {f.name} must be {f.lowest} to {f.highest}, not {value}")
            operands[f.name] = int(value)
        object.__setattr__(self, "operands", operands)

    def __hash__(self) -> int:
        return hash((self.mnemonic, *self.operands.values()))

    @property
    def format(self) -> InstructionFormat:
        """The description of this instruction."""
        return BY_MNEMONIC[self.mnemonic]

    @property
    def unit(self) -> Unit:
        """Who executes it; a ProgramError where the field ``unit`` names none."""
        if self.format.unit is not None:
            return self.format.unit
        if self["unit"] not in _UNITS_BY_CODE:
            raise ProgramError(f"{self.mnemonic} unit must be 0 to {max(_UNITS_BY_CODE)}, not {self['unit']}")
        return _UNITS_BY_CODE[self["unit"]]

    def __getitem__(self, name: str) -> int:
        """Return the value of a field."""
        return self.operands[name]


def instruction(mnemonic: str, *, unit: Unit | None = None, **operands: int) -> Instruction:
    """Make an instruction; ``unit`` stands for the field of that name."""
    if unit is not None:
        operands["unit"] = UNIT_CODES[unit]
    return Instruction(mnemonic, operands)


def encode(instruction: Instruction | int) -> int:
    """Return the 64-bit word of an instruction; of a word, legal or not, the word itself."""
    if isinstance(instruction, int):
        return instruction
    word = instruction.format.opcode << OPCODE_OFFSET
    for f in instruction.format.fields:
        word |= (instruction[f.name] & ((1 << f.width) - 1)) << f.offset
    return word


def decode(word: int) -> Instruction:
    """Return the instruction of a 64-bit word.

    Raises
    ------
    ProgramError
        For an undefined opcode, unit, or a reserved bit that is set.
    """
    if not 0 <= word < 1 << INSTRUCTION_BITS:
        raise ProgramError(f"instruction must be {INSTRUCTION_BITS} bits wide, not {word:#x}")
    known = BY_OPCODE.get(word >> OPCODE_OFFSET)
    if known is None:
        raise ProgramError(f"instruction {word:#018x}: opcode {word >> OPCODE_OFFSET} is not defined")
    if word & ~known.used_mask:
        raise ProgramError(f"instruction {word:#018x}: {known.mnemonic} has reserved bits that are not zero")
    operands = {}
    for f in known.fields:
        value = word >> f.offset & ((1 << f.width) - 1)
        operands[f.name] = value - (1 << f.width) if f.signed and value >> (f.width - 1) else value
    if known.unit is None and operands["unit"] not in _UNITS_BY_CODE:
        raise ProgramError(
            f"instruction {word:#018x}: {known.mnemonic} names unit {operands['unit']}, which does not exist"
        )
    return Instruction(known.mnemonic, operands)
