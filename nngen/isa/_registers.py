"""Configuration registers that SET writes, per unit."""

from __future__ import annotations

from dataclasses import dataclass

from nngen.arch import Core

from ._description import ADDRESS_REGISTERS, COEFFICIENTS, MACRO_LIMIT
from ._fields import Field, Unit


@dataclass(frozen=True, kw_only=True)
class Register:
    """``count`` consecutive registers of one unit, from ``index`` on; reset value 0.

    SET keeps the low bits of its value, at most ``width``; ``signed`` says that they are two's complement, ``fields``
    what they hold where that is more than one number.
    """

    unit: Unit
    name: str
    index: int
    count: int
    width: int
    meaning: str
    signed: bool = False
    fields: tuple[Field, ...] = ()

    def bits(self, core: Core) -> int:
        """Return the bits that a core keeps: what counts bytes of its memory is as wide as their number."""
        in_bytes = self.unit is Unit.SEQUENCER or (self.unit is not Unit.VEC and self.name == "STRIDE")
        return min(self.width, core.reach_bytes.bit_length()) if in_bytes else self.width


REGISTERS: tuple[Register, ...] = (
    Register(
        unit=Unit.SEQUENCER, name="BASE", index=0, count=ADDRESS_REGISTERS, width=24, meaning="window's first byte"
    ),
    Register(unit=Unit.SEQUENCER, name="SIZE", index=16, count=ADDRESS_REGISTERS, width=24, meaning="window's bytes"),
    Register(
        unit=Unit.SEQUENCER,
        name="POSITION",
        index=32,
        count=ADDRESS_REGISTERS,
        width=24,
        meaning="offset in the window; must be below SIZE when it is used",
    ),
    Register(unit=Unit.LOAD, name="INVERT", index=0, count=1, width=16, meaning="XORed onto every code loaded"),
    Register(
        unit=Unit.LOAD,
        name="KEEP",
        index=1,
        count=1,
        width=16,
        meaning="bits of a code, after INVERT, that enter the row buffer; 0: all",
    ),
    Register(unit=Unit.LOAD, name="RUNS", index=2, count=1, width=8, meaning="runs of a strided LOAD, at least 1"),
    Register(
        unit=Unit.LOAD,
        name="STRIDE",
        index=3,
        count=1,
        width=24,
        meaning="bytes from one run of a strided LOAD to the next",
    ),
    Register(
        unit=Unit.LOAD, name="GROUP", index=64, count=MACRO_LIMIT, width=7, meaning="load group of macro (index - 64)"
    ),
    Register(unit=Unit.MVM, name="PLANES", index=0, count=1, width=5, meaning="planes of the input, at least 1"),
    Register(unit=Unit.MVM, name="NEGATE_TOP", index=1, count=1, width=1, meaning="1: the top plane counts negative"),
    Register(unit=Unit.MVM, name="SLICES", index=2, count=1, width=5, meaning="slices of a weight, at least 1"),
    Register(
        unit=Unit.MVM, name="NEGATE_SLICE", index=3, count=1, width=1, meaning="1: the last slice counts negative"
    ),
    Register(
        unit=Unit.MVM,
        name="OFFSET",
        index=4,
        count=1,
        width=4,
        meaning="encoding offset: log2 of what is added to every weight",
    ),
    Register(
        unit=Unit.MVM,
        name="MACRO",
        index=64,
        count=MACRO_LIMIT,
        width=17,
        meaning="macro (index - 64): bits 3..0 class, 11..4 first column step, 15..12 log2 of the gain, 16 enabled",
        fields=(
            Field(name="class", offset=0, width=4, meaning="class that MVM commands select"),
            Field(name="first_step", offset=4, width=8, meaning="first column step of each ADC"),
            Field(name="log2_gain", offset=12, width=4, meaning="log2 of the gain of the column readout"),
            Field(name="enabled", offset=16, width=1, meaning="1: the macro takes part"),
        ),
    ),
    Register(unit=Unit.POST, name="LOWEST", index=0, count=1, width=32, meaning="lo, signed", signed=True),
    Register(unit=Unit.POST, name="HIGHEST", index=1, count=1, width=32, meaning="hi, signed", signed=True),
    Register(unit=Unit.POST, name="ZERO_POINT", index=2, count=1, width=17, meaning="z, signed", signed=True),
    Register(unit=Unit.POST, name="ROUNDING", index=3, count=1, width=2, meaning="0 half_even, 1 half_up, 2 floor"),
    Register(
        unit=Unit.POST,
        name="ELEMENT",
        index=4,
        count=1,
        width=2,
        meaning="outputs are 0: bytes; 1: two bytes; 2, 3: four bytes",
    ),
    Register(
        unit=Unit.POST,
        name="TABLE",
        index=5,
        count=1,
        width=5,
        meaning="look-up of the output: bits 3..0 table, 4 enabled",
        fields=(
            Field(name="table", offset=0, width=4, meaning="which table, modulo their number"),
            Field(name="enabled", offset=4, width=1, meaning="1: outputs are looked up"),
        ),
    ),
    Register(
        unit=Unit.POST,
        name="NEGATIVE",
        index=6,
        count=1,
        width=1,
        meaning="1: a negative acc·m + b gives way to that with the record's second constants",
    ),
    Register(
        unit=Unit.POST,
        name="SUM",
        index=64,
        count=MACRO_LIMIT,
        width=7,
        meaning="macro (index - 64): its accumulators are added wherever a record names macro (index - 64) XOR this",
    ),
    Register(unit=Unit.STORE, name="RUNS", index=0, count=1, width=8, meaning="runs of a strided STORE, at least 1"),
    Register(
        unit=Unit.STORE,
        name="STRIDE",
        index=1,
        count=1,
        width=24,
        meaning="bytes from one run of a strided STORE to the next",
    ),
    Register(
        unit=Unit.STORE,
        name="TARGETS",
        index=2,
        count=2,
        width=32,
        meaning="cores that `bus` reaches: bit c of register i is core 32·i + c",
    ),
    Register(unit=Unit.VEC, name="TAPS", index=0, count=1, width=8, meaning="elements combined into one, at least 1"),
    Register(unit=Unit.VEC, name="STRIDE", index=1, count=1, width=11, meaning="bytes from one tap to the next"),
    Register(
        unit=Unit.VEC,
        name="ELEMENT",
        index=2,
        count=1,
        width=2,
        meaning="elements are 0: bytes; 1: two bytes; 2, 3: four bytes",
    ),
    Register(
        unit=Unit.VEC,
        name="SIGNED",
        index=3,
        count=1,
        width=1,
        meaning="1: elements are two's complement; those of four bytes always are",
    ),
    Register(
        unit=Unit.VEC,
        name="ZERO",
        index=4,
        count=2,
        width=17,
        meaning="multiply: subtracted from even, from odd taps, signed",
        signed=True,
    ),
    Register(
        unit=Unit.VEC,
        name="COEFFICIENT",
        index=8,
        count=COEFFICIENTS,
        width=24,
        meaning="scale: factors of the taps, signed, in turn",
        signed=True,
    ),
)


def register(unit: Unit, name: str) -> Register:
    """Return the register (array) of this name."""
    return next(r for r in REGISTERS if r.unit is unit and r.name == name)


def find_register(unit: Unit, index: int) -> Register | None:
    """Return the register (array) that holds this index, or None."""
    return next((r for r in REGISTERS if r.unit is unit and r.index <= index < r.index + r.count), None)
