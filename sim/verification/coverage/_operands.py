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


def bounds(format_: InstructionFormat, core: Core) -> dict[str, tuple[int, int]]:
    """Return the least and the largest value of each unsigned field with which the instruction can be executed.

    What the rules leave to a field is least when the others are; a run of bytes must lie in activation memory.
    """
    unsigned = [f for f in format_.fields if not f.signed]
    least = {f.name: 0 for f in unsigned}
    most = {f.name: f.highest for f in unsigned}
    for rule in format_.rules:
        if len(rule.fields) == 1:
            least[rule.fields[0]] = max(least[rule.fields[0]], rule.least)
    for rule in format_.rules:
        if rule.most is None:
            continue
        for name in rule.fields:
            others = sum(least[other] for other in rule.fields if other != name)
            most[name] = min(most[name], rule.most(core) - others)
    if _touches_memory(format_):
        most["length"] = min(most["length"], core.activation_bytes)
    return {name: (least[name], most[name]) for name in least}


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
    if f.name == "count" and any(other.name == "host" for other in format_.fields):
        yield from _loop_counts(format_, f)
        return
    yield OperandClasses(name=f.name, fields=(f,), ranges=_ranges(format_, f, core), counts_ones=f is _MACRO_CLASSES)


def _ranges(format_: InstructionFormat, f: Field, core: Core) -> Ranges:
    if f.signed:
        return signs(f.lowest, f.highest, reach=offset_reach(format_, core))
    if f.name in _NUMBERED:
        return each_value(_NUMBERED[f.name], highest=f.highest)
    if f is _MACRO_CLASSES:
        return ones(f.width)
    least, most = bounds(format_, core)[f.name]
    return magnitudes(least, most, highest=f.highest)


def _loop_counts(format_: InstructionFormat, count: Field) -> Iterator[OperandClasses]:
    """The count of a loop must be at least 1, but is ignored where the host gives it."""
    host = format_.field("host")
    yield OperandClasses(
        name="count",
        fields=(count,),
        ranges=magnitudes(1, count.highest, highest=count.highest),
        condition=(host, 0, 0),
    )
    yield OperandClasses(
        name="ignored count",
        fields=(count,),
        ranges=(ValueRange(0, 0, "0"), ValueRange(1, count.highest, "not 0")),
        condition=(host, 1, 1),
    )


def _of_rules(format_: InstructionFormat, core: Core) -> Iterator[OperandClasses]:
    """Operands that only together reach a bound."""
    limits = bounds(format_, core)
    for rule in format_.rules:
        if len(rule.fields) > 1 and rule.most:
            fields = tuple(format_.field(name) for name in rule.fields)
            least = max(rule.least, sum(limits[name][0] for name in rule.fields))
            yield OperandClasses(
                name="+".join(rule.fields),
                fields=fields,
                ranges=sums(least, rule.most(core), highest=sum(f.highest for f in fields)),
            )


def _of_set(command: Command, core: Core) -> Iterator[OperandClasses]:
    """Which register, and for each (array) what is written: the value, and the parts of one that holds several."""
    index, value = command.format.field("index"), command.format.field("value")
    targets = sorted((r for r in REGISTERS if r.unit is command.unit), key=lambda r: r.index)
    yield OperandClasses(name="register", fields=(index,), ranges=_indexes(targets, index, core))
    for target in targets:
        condition = (index, target.index, target.index + register_count(target, core) - 1)
        written = register_values(target.bits(core), highest=value.highest)
        yield OperandClasses(name=target.name, fields=(value,), ranges=written, condition=condition)
        for part in target.fields:
            f = Field(name=part.name, offset=value.offset + part.offset, width=part.width, meaning=part.meaning)
            yield OperandClasses(
                name=f"{target.name}.{part.name}", fields=(f,), ranges=_part_values(part, core), condition=condition
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
