"""Values for the configuration registers of the units: any that leave the program fast and its result defined."""

from __future__ import annotations

from collections.abc import Callable

from nngen.arch import Core
from nngen.isa import MACRO_LIMIT, REGISTERS, Instruction, Register, Unit, core_units, instruction, register

from ._draw import Draw

_PLAIN_MACRO = 0.05
_WIDE_VALUE = 0.2
_GROUPS = 1 << register(Unit.LOAD, "GROUP").width
_CLASS = 0xF  # bits of MACRO that hold the class
_VALUE_BITS = 32
_BOUNDS = (-(1 << 31), -(1 << 15), -129, -128, -1, 0, 1, 127, 255, 1 << 15, (1 << 31) - 1)


class Settings:
    """What the SETs of one program write.

    LOWEST seldom exceeds HIGHEST: a pivot lies between most of their values.
    PLANES and SLICES stay small, since an MVM takes their product, and so do TAPS; ``_parts`` makes the exceptions.
    Runs at a stride stay together: whatever SETs come before a command, its runs fit into ``spread`` bytes and one run.

    Attributes
    ----------
    spread
        Bytes between the beginnings of the first and the last run of LOAD and of STORE, at most.
    groups, classes
        Load group and class that each macro was given last.
    """

    def __init__(self, core: Core, draw: Draw) -> None:
        self.core = core
        self._draw = draw
        self.groups = [0] * core.macros
        self.classes = [0] * core.macros
        self._some_groups = [0, draw.number(0, _GROUPS - 1), draw.randrange(_GROUPS)][: draw.choice((1, 1, 1, 2, 3))]
        self._some_classes = [draw.number(0, 15) for _ in range(draw.choice((1, 1, 2, 3)))]
        self._pivot = draw.choice((*_BOUNDS, 0, 0, 0))
        self._registers = {unit: [r for r in REGISTERS if r.unit is unit] for unit in core_units(core)}
        runs = {unit: draw.choice((1, 2, 2, 3, 4, 8)) for unit in (Unit.LOAD, Unit.STORE)}
        strides = {unit: draw.choice((0, 1, 2, core.word_bytes, draw.randint(0, 20))) for unit in runs}
        self.spread = {unit: (runs[unit] - 1) * strides[unit] for unit in runs}
        self._values: dict[tuple[Unit, str], Callable[[], int]] = {
            (Unit.LOAD, "INVERT"): lambda: draw.choice((0, 0x80, 0xFF, 0xFFFF, 1, draw.randrange(1 << 16))),
            (Unit.LOAD, "KEEP"): lambda: draw.choice((0, 0, 0x7F, 0xFF, 0xFFF0, 0xFFFF, 1, draw.randrange(1 << 16))),
            (Unit.LOAD, "RUNS"): lambda: draw.randint(0, runs[Unit.LOAD]),
            (Unit.LOAD, "STRIDE"): lambda: draw.randint(0, strides[Unit.LOAD]),
            (Unit.STORE, "RUNS"): lambda: draw.randint(0, runs[Unit.STORE]),
            (Unit.STORE, "STRIDE"): lambda: draw.randint(0, strides[Unit.STORE]),
            (Unit.VEC, "TAPS"): lambda: draw.choice((0, 1, 1, 2, 3, 5)),
            (Unit.VEC, "ELEMENT"): lambda: draw.choice((0, 0, 1, 1, 2, 3)),
            (Unit.VEC, "STRIDE"): lambda: draw.choice((draw.randint(0, 16), draw.number(0, (1 << 11) - 1))),
            (Unit.LOAD, "GROUP"): self._group,
            (Unit.MVM, "PLANES"): lambda: draw.choice((0, 1, 1, 2)),
            (Unit.MVM, "SLICES"): lambda: draw.choice((0, 1, 1, 2)),
            (Unit.MVM, "MACRO"): self.macro,
            (Unit.POST, "LOWEST"): self._lowest,
            (Unit.POST, "HIGHEST"): self._highest,
        }

    def random(self, unit: Unit, *, names: frozenset[tuple[Unit, str]] | None = None) -> Instruction:
        """Return a SET of any register of a unit, or of one of these."""
        known = self._draw.choice([r for r in self._registers[unit] if names is None or (unit, r.name) in names])
        last = min(known.count, self.core.macros if known.count == MACRO_LIMIT else known.count) - 1
        return self.set(unit, known.name, self._draw.randint(0, last))

    def set(self, unit: Unit, name: str, number: int = 0, value: int | None = None) -> Instruction:
        """Return a SET of a register, to a random value where none is given, at times with bits it has not."""
        known = register(unit, name)
        if value is None:
            value = self._values.get((unit, name), lambda: self._any(known))()
        value &= (1 << known.width) - 1
        if (unit, name) == (Unit.LOAD, "GROUP"):
            self.groups[number] = value
        elif (unit, name) == (Unit.MVM, "MACRO"):
            self.classes[number] = value & _CLASS
        if known.width < _VALUE_BITS and self._draw.chance(_WIDE_VALUE):
            value |= self._draw.number(0, (1 << (_VALUE_BITS - known.width)) - 1) << known.width
        return instruction("SET", unit=unit, index=known.index + number, value=value)

    def macro(self, *, enabled: bool | None = None) -> int:
        """Return a random value of MACRO; the gain is one that can be used unless the macro is not."""
        draw = self._draw
        if enabled is None and draw.chance(_PLAIN_MACRO):
            return draw.choice((0, 1))
        enabled = draw.chance(0.9) if enabled is None else enabled
        decided = {
            "class": draw.choice(self._some_classes) if draw.chance(0.9) else draw.number(0, _CLASS),
            "first_step": self._first_step(),
            "enabled": int(enabled),
        }
        if enabled or draw.chance(0.5):
            decided["log2_gain"] = draw.choice(self.core.macro.usable_gains).bit_length() - 1
        value = 0
        for field in register(Unit.MVM, "MACRO").fields:
            chosen = decided.get(field.name, -1)
            value |= (chosen if chosen >= 0 else self._draw.number(field.lowest, field.highest)) << field.offset
        return value

    def _group(self) -> int:
        return self._draw.choice(self._some_groups) if self._draw.chance(0.9) else self._draw.number(0, _GROUPS - 1)

    def _first_step(self) -> int:
        columns = self.core.macro.columns_per_adc
        if self._draw.chance(0.85):
            return 0 if self._draw.chance(0.6) else self._draw.number(0, columns - 1)
        return self._draw.choice((columns, self._draw.number(0, 255)))

    def _lowest(self) -> int:
        return self._bound(_BOUNDS[0], [value for value in _BOUNDS if value <= self._pivot])

    def _highest(self) -> int:
        return self._bound(_BOUNDS[-1], [value for value in _BOUNDS if value >= self._pivot])

    def _bound(self, widest: int, usual: list[int]) -> int:
        kind = self._draw.random()
        if kind < 0.3:
            return widest
        return self._draw.choice(usual) if kind < 0.9 else self._draw.randint(_BOUNDS[0], _BOUNDS[-1])

    def _any(self, known: Register) -> int:
        return self._draw.number(0, (1 << known.width) - 1)
