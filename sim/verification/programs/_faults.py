"""Words that no core executes, whatever its state: one of each kind, from the description of the instruction set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nngen.arch import Core
from nngen.errors import ProgramError
from nngen.isa import (
    BY_OPCODE,
    INSTRUCTION_BITS,
    INSTRUCTIONS,
    MACRO_LIMIT,
    OPCODE_OFFSET,
    OPCODE_WIDTH,
    REGISTERS,
    UNIT_CODES,
    Cause,
    Instruction,
    InstructionFormat,
    OperandRule,
    Unit,
    decode,
    encode,
)
from nngen.sim.verification.variants import Variant, conditions, least_instruction, variant_name

from ._draw import Draw
from ._units import unit_codes

_DECISIVE = frozenset({"unit", "index"})


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A word, what is wrong with it, and the cause with which it stops a core."""

    name: str
    word: Instruction | int
    cause: Cause


def static_faults(core: Core) -> tuple[Fault, ...]:
    """Return a fault of every kind that can be told from the word alone."""
    return (*_undefined_opcodes(), *(fault for format_ in INSTRUCTIONS for fault in _of(core, format_)))


def random_fault(core: Core, draw: Draw) -> Instruction | int:
    """Return a word with a fault of any kind; what does not matter in it is random."""
    opcode = draw.randrange(1 << OPCODE_WIDTH)
    if opcode not in BY_OPCODE and draw.chance(0.4):
        return opcode << OPCODE_OFFSET | draw.getrandbits(OPCODE_OFFSET)
    format_ = draw.choice(INSTRUCTIONS)
    if format_.rules and format_.in_core(core) and draw.chance(0.5):
        broken = list(_broken(core, format_, draw.choice(format_.rules)))
        if broken:
            return draw.choice(broken).word
    fault = draw.choice(list(_of(core, format_)))
    if fault.cause is not Cause.ILLEGAL:
        return fault.word
    free = sum(f.highest << f.offset for f in format_.fields if not f.signed and f.name not in _DECISIVE)
    return as_written(encode(fault.word) | draw.getrandbits(INSTRUCTION_BITS) & free)


def as_written(word: int) -> Instruction | int:
    """Return the instruction of a word, or the word where it is none."""
    try:
        return decode(word)
    except ProgramError:
        return word


def _undefined_opcodes() -> Iterator[Fault]:
    for opcode in range(1 << OPCODE_WIDTH):
        if opcode not in BY_OPCODE:
            yield Fault(name=f"opcode {opcode}", word=opcode << OPCODE_OFFSET, cause=Cause.ILLEGAL)


def _of(core: Core, format_: InstructionFormat) -> Iterator[Fault]:
    good = least_instruction(core, format_)
    if not format_.in_core(core):
        yield _illegal(f"{format_.mnemonic} in a core without it", encode(good))
        return
    for low, high in reserved_regions(format_):
        for name, bits in (("lowest", 1 << low), ("highest", 1 << high), ("all", (2 << high) - (1 << low))):
            if name == "lowest" or low != high:
                yield _illegal(f"{format_.mnemonic} reserved bits {high}..{low} {name}", encode(good) | bits)
    if format_.unit is None:
        yield from _units(core, format_, good)
    if any(f.name == "index" for f in format_.fields):
        yield from _registers(core, good)
    for rule in format_.rules:
        yield from _broken(core, format_, rule)


def reserved_regions(format_: InstructionFormat) -> list[tuple[int, int]]:
    """Return (lowest bit, highest bit) of each run of bits without a meaning."""
    free = [bit for bit in range(INSTRUCTION_BITS) if not format_.used_mask >> bit & 1]
    starts = [bit for bit in free if bit - 1 not in free]
    return [(start, next(bit for bit in range(start, INSTRUCTION_BITS + 1) if bit not in free) - 1) for start in starts]


def _illegal(name: str, word: int) -> Fault:
    return Fault(name=name, word=as_written(word), cause=Cause.ILLEGAL)


def _changed(good: Instruction, **operands: int) -> Instruction:
    return Instruction(good.mnemonic, good.operands | operands)


def _units(core: Core, format_: InstructionFormat, good: Instruction) -> Iterator[Fault]:
    codes = [code for code in range(format_.field("unit").highest + 1) if code not in unit_codes(core)]
    if any(f.name == "index" for f in format_.fields):  # it needs no queue
        codes.remove(UNIT_CODES[Unit.SEQUENCER])
    for code in codes:
        yield _illegal(f"{format_.mnemonic} unit={code}", encode(_changed(good, unit=code)))


def _registers(core: Core, good: Instruction) -> Iterator[Fault]:
    """Yield SETs of the first and the last index of each gap between a unit's registers."""
    highest = good.format.field("index").highest
    for unit, code in UNIT_CODES.items():
        present = registers_present(core, unit)
        if code and code not in unit_codes(core):
            continue
        missing = [index for index in range(highest + 1) if index not in present]
        for index in missing:
            if index - 1 not in missing or index + 1 not in missing:
                yield _illegal(f"SET {unit} index={index}", encode(_changed(good, unit=code, index=index)))


def registers_present(core: Core, unit: Unit) -> frozenset[int]:
    """Return the indices of the registers that a unit of this core has."""
    return frozenset(
        index
        for r in REGISTERS
        if r.unit is unit
        for index in range(r.index, r.index + (min(r.count, core.macros) if r.count == MACRO_LIMIT else r.count))
    )


def _broken(core: Core, format_: InstructionFormat, rule: OperandRule) -> Iterator[Fault]:
    """Yield a sum just below what is needed, just beyond the bound by each of its fields, and as large as can be.

    Of a rule about multiples: the least sum beyond one. Everything else keeps the rules, as far as this one lets it.
    """
    variant = dict.fromkeys(conditions(format_), 0) | dict(rule.when)
    good = least_instruction(core, format_, variant)
    name = " ".join(filter(None, ("+".join(rule.fields), variant_name(dict(rule.when)))))
    if rule.least:
        yield _operand(f"{name} {rule.least - 1}", _changed(good, **{rule.fields[0]: rule.least - 1}))
    if rule.multiple is not None:
        step = rule.multiple(core)
        if step > 1:
            yield _operand(f"{name} no multiple of {step}", _changed(good, **{rule.fields[0]: step + 1}))
    if rule.most is None:
        return
    bound = rule.most(core)
    for field in map(format_.field, dict.fromkeys(rule.fields)):
        times = rule.fields.count(field.name)
        value = (bound - sum(good[other] for other in rule.fields if other != field.name)) // times + 1
        step = _step_of(core, format_, field.name, variant)
        value = -(-value // step) * step
        if value <= field.highest:
            total = sum(value if other == field.name else good[other] for other in rule.fields)
            # A condition of other rules: the rest keeps these.
            rest = least_instruction(core, format_, variant | {field.name: value}) if field.name in variant else good
            yield _operand(f"{name} {total} by {field.name}", _changed(rest, **{field.name: value}))
    largest = {other: format_.field(other).highest for other in rule.fields}
    total = sum(largest[other] for other in rule.fields)
    if total > bound:
        yield _operand(f"{name} largest", _changed(good, **largest))


def _step_of(core: Core, format_: InstructionFormat, name: str, variant: Variant) -> int:
    """Return of which number a field must be a multiple."""
    steps = [
        rule.multiple(core) for rule in format_.rules
        if rule.multiple is not None and rule.fields == (name,) and all(variant[n] == v for n, v in rule.when)
    ]  # fmt: skip
    return max(steps, default=1)


def _operand(name: str, word: Instruction) -> Fault:
    return Fault(name=f"{word.mnemonic} {name}", word=word, cause=Cause.OPERAND)
