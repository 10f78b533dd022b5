"""Variants of instructions: what the rules of their operands allow in a core.

Some rules hold only where other fields, the conditions, have certain values. A *variant* of an instruction is one
choice of all its conditions: within it, each field has its own least and most.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

from nngen.arch import Core
from nngen.isa import Field, Instruction, InstructionFormat, OperandRule

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
    low, step = least(core, format_, field.name, variant), multiple_of(core, format_, field, variant)
    most = field.highest
    if field.name == "length" and any(f.name == "offset" for f in format_.fields):
        most = min(most, core.activation_bytes // format_.bytes_each)
    for rule in applying(format_, variant):
        if field.name in rule.fields and rule.most is not None:
            others = sum(least(core, format_, name, variant) for name in rule.fields if name != field.name)
            most = min(most, (rule.most(core) - others) // rule.fields.count(field.name))
    return low, most // step * step


def least(core: Core, format_: InstructionFormat, name: str, variant: Variant) -> int:
    """Return the least value that the rules allow a field in a variant."""
    field = format_.field(name)
    bounds = [rule.least for rule in applying(format_, variant) if rule.fields == (name,)]
    step = multiple_of(core, format_, field, variant)
    return max([variant.get(name, field.lowest), *(-(-bound // step) * step for bound in bounds)])


def least_instruction(core: Core, format_: InstructionFormat, variant: Variant | None = None) -> Instruction:
    """Return an instruction with the least operands that its rules allow; its unit is the first with a queue."""
    chosen = dict.fromkeys(conditions(format_), 0) | dict(variant or {})
    operands = {f.name: max(0, least(core, format_, f.name, chosen)) for f in format_.fields} | chosen
    if format_.unit is None:
        operands["unit"] = 1
    return Instruction(format_.mnemonic, operands)


def _about(format_: InstructionFormat, names: Iterable[str]) -> list[OperandRule]:
    """Return the rules that say something of these fields alone."""
    known = set(names)
    return [rule for rule in format_.rules if known.issuperset(rule.fields)]


def applying(format_: InstructionFormat, variant: Variant) -> list[OperandRule]:
    """Return the rules that hold in a variant."""
    return [rule for rule in format_.rules if all(variant[name] == value for name, value in rule.when)]


def _condition_limits(core: Core, format_: InstructionFormat, field: Field) -> tuple[int, int]:
    values = [chosen[field.name] for chosen in variants(core, format_)]
    return min(values), max(values)


def multiple_of(core: Core, format_: InstructionFormat, field: Field, variant: Variant) -> int:
    """Return of which number a field must be a multiple."""
    own = [rule for rule in applying(format_, variant) if rule.fields == (field.name,)]
    return max((rule.multiple(core) for rule in own if rule.multiple is not None), default=1)
