"""The operand classes of each command, derived from the description of its fields, its rules and the core."""

from __future__ import annotations

from collections.abc import Iterator

from nngen.arch import Core
from nngen.isa import (
    ADDRESS_REGISTERS,
    BY_MNEMONIC,
    COUNTERS,
    MACRO_LIMIT,
    REGISTERS,
    Field,
    InstructionFormat,
    Register,
    Unit,
    register,
)
from nngen.sim.verification.variants import (
    Variant,
    least,
    limits,
    multiple_of,
    variant_name,
    variants,
)

from ._classes import (
    OperandClasses,
    Ranges,
    ValueRange,
    each_value,
    magnitudes,
    ones,
    register_values,
    signs,
    sums,
)
from ._commands import Command, sets_register

# Fields that number something: each value is a class.
_NUMBERED = {"register": ADDRESS_REGISTERS, "counter": COUNTERS}
_MACRO_CLASSES = BY_MNEMONIC["MVM"].field("classes")


def operand_classes(command: Command, core: Core) -> tuple[OperandClasses, ...]:
    """Return all operand classes of a command; one that is always met for an instruction without fields."""
    if sets_register(command.format):
        return tuple(_of_set(command, core))
    fields = tuple(f for f in command.format.fields if f.name != "unit")
    found = [
        *(classes for f in fields for classes in _of_field(command.format, f, core)),
        *_of_rules(command.format, core),
    ]
    return tuple(found) or (OperandClasses(name="", fields=(), ranges=(ValueRange(0, 0, ""),)),)


def offset_reach(format_: InstructionFormat, core: Core) -> tuple[int, int]:
    """Return the smallest and the largest distance from an address register that can be executed.

    Position and size of a window hold up to n, as their registers have no more bits. The sum must be within the largest
    window once n was added or taken away: with the position n it begins at −2n, with the position 0 it ends at 2n − 1,
    or, for a run, at the last byte of activation memory.
    """
    size = (1 << register(Unit.SEQUENCER, "SIZE").bits(core)) - 1
    furthest = min(size, core.activation_bytes) - 1 if _touches_memory(format_) else size - 1
    return -2 * size, size + furthest


def register_count(target: Register, core: Core) -> int:
    """Return how many registers of an array a core has."""
    return min(target.count, core.macros) if target.count == MACRO_LIMIT else target.count


def _touches_memory(format_: InstructionFormat) -> bool:
    return {"offset", "length"} <= {f.name for f in format_.fields}


def _of_field(format_: InstructionFormat, f: Field, core: Core) -> Iterator[OperandClasses]:
    """Return the classes of a field: one set of them for each variant that has limits of its own."""
    if f.name == "count" and any(other.name == "host" for other in format_.fields):
        yield from _loop_counts(format_, f)
        return
    if f.signed or f.name in _NUMBERED or f is _MACRO_CLASSES:
        ranges = _special_ranges(format_, f, core)
        yield OperandClasses(name=f.name, fields=(f,), ranges=ranges, counts_ones=f is _MACRO_CLASSES)
        return
    found: dict[tuple[int, int, int], list[Variant]] = {}
    for variant in variants(core, format_):
        low, most = limits(core, format_, f, variant)
        found.setdefault((low, most, multiple_of(core, format_, f, variant)), []).append(variant)
    for (low, most, step), own in found.items():
        ranges = magnitudes(low, most, highest=f.highest, step=step)
        if len(found) == 1:
            yield OperandClasses(name=f.name, fields=(f,), ranges=ranges)
            continue
        for variant in own:
            yield OperandClasses(
                name=_with(f.name, variant), fields=(f,), ranges=ranges, conditions=_conditions(format_, variant)
            )


def _with(name: str, variant: Variant) -> str:
    """Return how bins call a quantity in a variant."""
    chosen = variant_name(variant)
    return f"{name} with {chosen}" if chosen else name


def _conditions(format_: InstructionFormat, variant: Variant) -> tuple[tuple[Field, int, int], ...]:
    return tuple((format_.field(name), value, value) for name, value in variant.items())


def _special_ranges(format_: InstructionFormat, f: Field, core: Core) -> Ranges:
    if f.signed:
        return signs(f.lowest, f.highest, reach=offset_reach(format_, core))
    return ones(f.width) if f is _MACRO_CLASSES else each_value(_NUMBERED[f.name], highest=f.highest)


def _loop_counts(format_: InstructionFormat, count: Field) -> Iterator[OperandClasses]:
    """The count of a loop must be at least 1, but is ignored where the host gives it."""
    host = format_.field("host")
    yield OperandClasses(
        name="count",
        fields=(count,),
        ranges=magnitudes(1, count.highest, highest=count.highest),
        conditions=((host, 0, 0),),
    )
    yield OperandClasses(
        name="ignored count",
        fields=(count,),
        ranges=(ValueRange(0, 0, "0"), ValueRange(1, count.highest, "not 0")),
        conditions=((host, 1, 1),),
    )


def _of_rules(format_: InstructionFormat, core: Core) -> Iterator[OperandClasses]:
    """Operands that only together reach a bound."""
    known = variants(core, format_)
    for rule in format_.rules:
        own = [variant for variant in known if all(variant[name] == value for name, value in rule.when)]
        if len(set(rule.fields)) > 1 and rule.most and own:
            fields = tuple(format_.field(name) for name in rule.fields)
            lowest = min(sum(least(core, format_, name, variant) for name in rule.fields) for variant in own)
            yield OperandClasses(
                name=_with("+".join(rule.fields), dict(rule.when)),
                fields=fields,
                ranges=sums(max(rule.least, lowest), rule.most(core), highest=sum(f.highest for f in fields)),
                conditions=_conditions(format_, dict(rule.when)),
            )


def _of_set(command: Command, core: Core) -> Iterator[OperandClasses]:
    """Which register, and for each (array) what is written: the value, and the parts of one that holds several."""
    index, value = command.format.field("index"), command.format.field("value")
    targets = sorted((r for r in REGISTERS if r.unit is command.unit), key=lambda r: r.index)
    yield OperandClasses(name="register", fields=(index,), ranges=_indexes(targets, index, core))
    for target in targets:
        conditions = ((index, target.index, target.index + register_count(target, core) - 1),)
        written = register_values(target.bits(core), highest=value.highest)
        yield OperandClasses(name=target.name, fields=(value,), ranges=written, conditions=conditions)
        for part in target.fields:
            f = Field(name=part.name, offset=value.offset + part.offset, width=part.width, meaning=part.meaning)
            yield OperandClasses(
                name=f"{target.name}.{part.name}", fields=(f,), ranges=_part_values(part, core), conditions=conditions
            )


def _part_values(part: Field, core: Core) -> Ranges:
    """Gains that the converter cannot use may be written, as long as no conversion does."""
    if part.name != "log2_gain":
        return magnitudes(0, part.highest, highest=part.highest)
    most = max(core.macro.usable_gains).bit_length() - 1
    usable = magnitudes(0, most, highest=most)
    return (*usable, *((ValueRange(most + 1, part.highest, "unusable"),) if most < part.highest else ()))


def _indexes(targets: list[Register], index: Field, core: Core) -> Ranges:
    """Each register; of an array the first, the last and what lies between."""
    found: list[ValueRange] = []
    free = 0
    for target in targets:
        last = target.index + register_count(target, core) - 1
        found.append(_no_register(free, target.index - 1))
        found += _array(target, last) if target.count > 1 else [ValueRange(last, last, target.name)]
        free = last + 1
    found.append(_no_register(free, index.highest))
    return tuple(r for r in found if r.low <= r.high)


def _array(target: Register, last: int) -> list[ValueRange]:
    return [
        ValueRange(target.index, target.index, f"{target.name} first"),
        ValueRange(target.index + 1, last - 1, f"{target.name} between"),
        ValueRange(max(last, target.index + 1), last, f"{target.name} last"),
    ]


def _no_register(low: int, high: int) -> ValueRange:
    return ValueRange(low, high, f"no register from {low}", False)
