"""Corners of operands and registers, from the description of the instruction set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nngen.arch import Core
from nngen.isa import INSTRUCTIONS, Field, Instruction, InstructionFormat, Register
from nngen.sim.verification.variants import Variant, applying, least, limits, multiple_of, variants

from ._draw import Draw

_CORNER = 0.5  # how often a field that nobody decides is at a corner


def corners(core: Core, format_: InstructionFormat, field: Field) -> tuple[int, ...]:
    """Return the values of a field that are worth a program of their own, legal or not, ascending.

    These are 0, 1, what its bits can hold at least and at most, and the least and the most that the rules of the
    operands allow in this core, in any variant.
    """
    return tuple(sorted({value for chosen in variants(core, format_) for value in _of(core, format_, field, chosen)}))


def variant_corners(core: Core, format_: InstructionFormat, field: Field, variant: Variant) -> tuple[int, ...]:
    """Return the same within one variant."""
    return tuple(sorted(_of(core, format_, field, variant)))


def _of(core: Core, format_: InstructionFormat, field: Field, variant: Variant) -> set[int]:
    values = {0, 1, field.lowest, field.highest, *limits(core, format_, field, variant), _step(core, format_, field)}
    return {value for value in values if field.lowest <= value <= field.highest}


def register_corners(core: Core, register: Register) -> tuple[int, ...]:
    """Return the values of a register that are worth a program of their own, ascending, as SET writes them."""
    bits = register.bits(core)
    half, full = 1 << (bits - 1), 1 << bits
    return tuple(sorted(value for value in {0, 1, half - 1, half, full - 2, full - 1} if value >= 0))


def _step(core: Core, format_: InstructionFormat, field: Field) -> int:
    return max(multiple_of(core, format_, field, chosen) for chosen in variants(core, format_))


@dataclass(frozen=True, kw_only=True)
class _Bounds:
    """Bounds of a field: its own, and shared rules as (bound, how often it counts, the others with their least)."""

    name: str
    low: int
    high: int
    step: int
    shared: tuple[tuple[int, int, tuple[tuple[str, int], ...]], ...]


class OperandMaker:
    """Makes instructions of which only some operands are decided."""

    def __init__(self, core: Core, draw: Draw) -> None:
        self._draw = draw
        self._variants = {format_.mnemonic: variants(core, format_) for format_ in INSTRUCTIONS}
        self._bounds = {
            (format_.mnemonic, *chosen.values()): [
                _bounds(core, format_, f, chosen) for f in format_.fields if f.name not in chosen
            ]
            for format_ in INSTRUCTIONS
            for chosen in variants(core, format_)
        }

    def make(self, mnemonic: str, **given: int) -> Instruction:
        """Return an instruction that keeps the rules; the fields not ``given`` are random, often at a corner."""
        known = self._variants[mnemonic]
        fitting = [chosen for chosen in known if all(given.get(name, value) == value for name, value in chosen.items())]
        chosen = self._draw.choice(fitting) if len(fitting) > 1 else fitting[0]
        for bounds in self._bounds[mnemonic, *chosen.values()]:
            if bounds.name not in given:
                given[bounds.name] = self._value(bounds, given)
        return Instruction(mnemonic, {**chosen, **given})

    def _value(self, bounds: _Bounds, given: Mapping[str, int]) -> int:
        high = bounds.high
        for bound, times, others in bounds.shared:
            taken = sum(given.get(name, lowest) for name, lowest in others)
            high = min(high, (bound - taken) // times)
        pick = self._draw.number if self._draw.chance(_CORNER) else self._draw.randint
        lowest = -(-bounds.low // bounds.step)
        return pick(lowest, max(lowest, high // bounds.step)) * bounds.step


def _bounds(core: Core, format_: InstructionFormat, field: Field, variant: Variant) -> _Bounds:
    low, high = limits(core, format_, field, variant)
    shared = []
    for rule in applying(format_, variant):
        others = tuple((n, least(core, format_, n, variant)) for n in rule.fields if n != field.name)
        if field.name in rule.fields and rule.most is not None and others:
            shared.append((rule.most(core), rule.fields.count(field.name), others))
    return _Bounds(
        name=field.name, low=low, high=high, step=multiple_of(core, format_, field, variant), shared=tuple(shared)
    )
