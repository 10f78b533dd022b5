"""Corners of operands and registers, from the description of the instruction set.

Some rules hold only where other fields, the conditions, have certain values. A *variant* of an instruction is one
choice of all its conditions: within it, each field has its own least and most.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

from nngen.arch import Core
from nngen.isa import INSTRUCTIONS, Field, Instruction, InstructionFormat, OperandRule, Register

from ._draw import Draw

_CORNER = 0.5  # how often a field that nobody decides is at a corner
Variant = Mapping[str, int]


def conditions(format_: InstructionFormat) -> tuple[str, ...]:
    """Return the fields on whose values rules depend, in order."""
    named = {name for rule in format_.rules for name, _ in rule.when}
    return tuple(f.name for f in format_.fields if f.name in named)


def variants(core: Core, format_: InstructionFormat) -> tuple[Variant, ...]:
    """Return every choice of the conditions that no rule about them alone refuses."""
    names = conditions(format_)
    values = [range(format_.field(name).highest + 1) for name in names]
    return tuple(
        chosen
        for combination in product(*values)
        for chosen in (dict(zip(names, combination, strict=True)),)
        if all(rule.holds(core, chosen) for rule in _about(format_, names) if rule.applies(chosen))
    )


def variant_name(variant: Variant) -> str:
    """Return the conditions that are set, for names of bins and programs."""
    return " ".join(name if value == 1 else f"{name}={value}" for name, value in variant.items() if value)


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


def limits(core: Core, format_: InstructionFormat, field: Field, variant: Variant | None = None) -> tuple[int, int]:
    """Return the least and the most that the rules allow a field while the others are at their least.

    A run of bytes must also lie in activation memory.

    Parameters
    ----------
    variant
        Choice of the conditions; None: any.
    """
    if variant is None:
        found = [limits(core, format_, field, chosen) for chosen in variants(core, format_)]
        return min(low for low, _ in found), max(high for _, high in found)
    if field.name in variant:
        return _condition_limits(core, format_, field)
    low, most, step = least(core, format_, field.name, variant), field.highest, _multiple(core, format_, field, variant)
    if field.name == "length" and any(f.name == "offset" for f in format_.fields):
        most = min(most, core.activation_bytes // format_.bytes_each)
    for rule in _applying(format_, variant):
        if field.name in rule.fields and rule.most is not None:
            others = sum(least(core, format_, name, variant) for name in rule.fields if name != field.name)
            most = min(most, (rule.most(core) - others) // rule.fields.count(field.name))
    return low, most // step * step


def least(core: Core, format_: InstructionFormat, name: str, variant: Variant) -> int:
    """Return the least value that the rules allow a field in a variant."""
    field = format_.field(name)
    bounds = [rule.least for rule in _applying(format_, variant) if rule.fields == (name,)]
    step = _multiple(core, format_, field, variant)
    return max([variant.get(name, field.lowest), *(-(-bound // step) * step for bound in bounds)])


def least_instruction(core: Core, format_: InstructionFormat, variant: Variant | None = None) -> Instruction:
    """Return an instruction with the least operands that its rules allow; its unit is the first with a queue."""
    chosen = dict.fromkeys(conditions(format_), 0) | dict(variant or {})
    operands = {f.name: max(0, least(core, format_, f.name, chosen)) for f in format_.fields} | chosen
    if format_.unit is None:
        operands["unit"] = 1
    return Instruction(format_.mnemonic, operands)


def register_corners(core: Core, register: Register) -> tuple[int, ...]:
    """Return the values of a register that are worth a program of their own, ascending, as SET writes them."""
    bits = register.bits(core)
    half, full = 1 << (bits - 1), 1 << bits
    return tuple(sorted(value for value in {0, 1, half - 1, half, full - 2, full - 1} if value >= 0))


def _about(format_: InstructionFormat, names: Iterable[str]) -> list[OperandRule]:
    """Return the rules that say something of these fields alone."""
    known = set(names)
    return [rule for rule in format_.rules if known.issuperset(rule.fields)]


def _applying(format_: InstructionFormat, variant: Variant) -> list[OperandRule]:
    return [rule for rule in format_.rules if all(variant[name] == value for name, value in rule.when)]


def _condition_limits(core: Core, format_: InstructionFormat, field: Field) -> tuple[int, int]:
    values = [chosen[field.name] for chosen in variants(core, format_)]
    return min(values), max(values)


def _multiple(core: Core, format_: InstructionFormat, field: Field, variant: Variant) -> int:
    """Return of which number a field must be a multiple."""
    own = [rule for rule in _applying(format_, variant) if rule.fields == (field.name,)]
    return max((rule.multiple(core) for rule in own if rule.multiple is not None), default=1)


def _step(core: Core, format_: InstructionFormat, field: Field) -> int:
    return max(_multiple(core, format_, field, chosen) for chosen in variants(core, format_))


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
    for rule in _applying(format_, variant):
        others = tuple((n, least(core, format_, n, variant)) for n in rule.fields if n != field.name)
        if field.name in rule.fields and rule.most is not None and others:
            shared.append((rule.most(core), rule.fields.count(field.name), others))
    return _Bounds(
        name=field.name, low=low, high=high, step=_multiple(core, format_, field, variant), shared=tuple(shared)
    )
