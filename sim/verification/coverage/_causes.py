"""Why a core refuses an instruction, as far as its word tells: each reason must be met on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

from nngen.arch import Core
from nngen.isa import (
    BY_OPCODE,
    INSTRUCTION_BITS,
    INSTRUCTIONS,
    MACRO_LIMIT,
    OPCODE_OFFSET,
    REGISTERS,
    UNIT_CODES,
    Cause,
    Field,
    InstructionFormat,
    OperandRule,
    Unit,
    find_register,
)
from nngen.sim.verification.variants import conditions, least_instruction, variant_name, variants

from ._commands import UNITS, sets_register, takes
from ._operands import register_count

# Causes that the host reads without an instruction being at fault; NONE is no fault at all.
_WITHOUT_WORD = (Cause.NONE, Cause.PROGRAM, Cause.WATCHDOG)
# The order of the sequencer's checks: a later one is only made where the earlier found nothing.
_ORDER = (Cause.ILLEGAL, Cause.OPERAND, Cause.LOOP, Cause.ADDRESS)


@dataclass(frozen=True, kw_only=True)
class CauseBin:
    """A cause, or a reason for it.

    Parameters
    ----------
    name
        ``cause ADDRESS LOAD``.
    cause
        The code in the register CAUSE.
    mnemonic
        Of the instruction at fault; empty where there is none.
    applies
        Whether a word gives this reason; None: the bin of the cause itself.
    possible
        Whether there can be such a word.
    """

    name: str
    cause: Cause
    mnemonic: str = ""
    applies: Callable[[int], bool] | None = None
    possible: bool = True


def cause_bins(core: Core) -> tuple[CauseBin, ...]:
    """Return the bins of all causes."""
    found = [CauseBin(name=f"cause {cause.name}", cause=cause) for cause in Cause]
    found.append(
        CauseBin(
            name="cause ILLEGAL undefined opcode",
            cause=Cause.ILLEGAL,
            applies=lambda word: word >> OPCODE_OFFSET not in BY_OPCODE,
        )
    )
    for format_ in INSTRUCTIONS:
        found += [*_illegal(format_, core), *_operand(format_, core), *_state(format_, core)]
    found += [CauseBin(name=_no_reason(cause), cause=cause, possible=False) for cause in _ORDER]
    return tuple(found)


def names_met(bins: tuple[CauseBin, ...], cause: Cause, word: int | None) -> list[str]:
    """Return the names of the bins that a stop of the core has met.

    With a word that gives several reasons nobody knows which of them the core saw: it meets none. A word that gives
    none for this cause, or one for a cause that is looked for earlier, is one the core must not have refused so.
    """
    names = [f"cause {cause.name}"]
    if word is None or cause in _WITHOUT_WORD:
        return names
    reasons = [found for found in bins if found.applies and found.applies(word)]
    first = min((_ORDER.index(reason.cause) for reason in reasons), default=len(_ORDER))
    own = [reason.name for reason in reasons if reason.cause is cause]
    if not own or first < _ORDER.index(cause):
        return [*names, _no_reason(cause)]
    return names + (own if len(own) == 1 else [])


def _no_reason(cause: Cause) -> str:
    return f"cause {cause.name} without a reason"


def _illegal(format_: InstructionFormat, core: Core) -> Iterator[CauseBin]:
    """Reserved bits; where the instruction names its unit: a unit, or a register of it, that does not exist."""
    if not format_.in_core(core):
        yield _reason(Cause.ILLEGAL, format_, "not in this core", lambda word: True)
        return
    reserved = (1 << INSTRUCTION_BITS) - 1 & ~format_.used_mask
    yield _reason(Cause.ILLEGAL, format_, "reserved bits", lambda word: bool(word & reserved), possible=reserved > 0)
    if format_.unit is not None:
        return
    unit = format_.field("unit")
    yield _reason(Cause.ILLEGAL, format_, "undefined unit", lambda word: _value(word, unit) not in UNIT_CODES.values())
    for name in UNITS:
        if not takes(core, name, format_):
            yield _reason(Cause.ILLEGAL, format_, name, _names_unit(unit, name))
        elif sets_register(format_):
            yield from _no_register(format_, name, core)


def _no_register(format_: InstructionFormat, unit: Unit, core: Core) -> Iterator[CauseBin]:
    """An index that no core has a register for, and one of a macro that this core does not have."""
    names_unit, index = _names_unit(format_.field("unit"), unit), format_.field("index")

    def no_register(word: int) -> bool:
        return names_unit(word) and find_register(unit, _value(word, index)) is None

    def no_macro(word: int) -> bool:
        found = find_register(unit, _value(word, index)) if names_unit(word) else None
        return found is not None and _value(word, index) >= found.index + register_count(found, core)

    yield _reason(Cause.ILLEGAL, format_, f"{unit} undefined register", no_register)
    if any(r.unit is unit and r.count == MACRO_LIMIT for r in REGISTERS):
        yield _reason(
            Cause.ILLEGAL, format_, f"{unit} macro beyond the core", no_macro, possible=core.macros < MACRO_LIMIT
        )


def _operand(format_: InstructionFormat, core: Core) -> Iterator[CauseBin]:
    """Each side of each rule; possible where the fields are wide enough to break it and keep all the others."""
    if not format_.in_core(core):
        return
    for rule in format_.rules:
        name = "+".join(rule.fields)
        variant = variant_name(dict(rule.when))
        name = f"{name} with {variant}" if variant else name
        for side, breaks in _sides(rule, core).items():
            possible = any(_alone(core, format_, rule, tried) for tried in _attempts(core, format_, rule, breaks))
            applies = _applies(format_, rule, breaks)
            yield _reason(Cause.OPERAND, format_, f"{name} {side}", applies, possible=possible)


def _sides(rule: OperandRule, core: Core) -> dict[str, Callable[[int], bool]]:
    """Return what a sum may be that breaks a rule, by what bins call it."""
    sides: dict[str, Callable[[int], bool]] = {}
    if rule.least > 0:
        sides["too small"] = lambda total: total < rule.least
    if rule.multiple is not None:
        step = rule.multiple(core)
        sides["no multiple"] = lambda total: total % step > 0
    if rule.most is not None:
        most = rule.most(core)
        sides["too large"] = lambda total: total > most
    return sides


def _applies(format_: InstructionFormat, rule: OperandRule, breaks: Callable[[int], bool]) -> Callable[[int], bool]:
    """Return whether a word breaks a rule."""
    fields = tuple(format_.field(name) for name in rule.fields)
    when = tuple((format_.field(name), value) for name, value in rule.when)
    return lambda word: (
        all(_value(word, f) == value for f, value in when) and breaks(sum(_value(word, f) for f in fields))
    )


def _attempts(
    core: Core, format_: InstructionFormat, rule: OperandRule, breaks: Callable[[int], bool]
) -> Iterator[dict[str, int]]:
    """Yield operands that break a rule by one of its fields, as little as that can."""
    named, known = conditions(format_), [dict(rule.when), *variants(core, format_)]
    steps = {other.multiple(core) for other in format_.rules if other.multiple is not None}
    bound = rule.most(core) if rule.most is not None else rule.least
    for name, variant in product(dict.fromkeys(rule.fields), known):
        if not all(variant.get(condition) == value for condition, value in rule.when):
            continue
        good = least_instruction(core, format_, variant).operands
        times, rest = rule.fields.count(name), sum(good[other] for other in rule.fields if other != name)
        around = {0, 1, 3, (bound - rest) // times + 1}
        around |= {-(-value // step) * step for value in set(around) for step in steps}
        for value in around:
            if 0 <= value <= format_.field(name).highest and breaks(rest + times * value):
                changed = {**variant, name: value} if name in named else variant
                yield least_instruction(core, format_, changed).operands | {name: value}


def _alone(core: Core, format_: InstructionFormat, rule: OperandRule, operands: dict[str, int]) -> bool:
    """Whether operands break no other rule."""
    return all(other is rule or other.holds(core, operands) for other in format_.rules)


def _state(format_: InstructionFormat, core: Core) -> Iterator[CauseBin]:
    """What the state of the core refuses."""
    if not format_.in_core(core):
        return
    for cause in dict.fromkeys(cause for cause, _ in format_.state_refusals):
        if cause is Cause.LOOP:
            yield from _loop(format_)
        else:
            yield _reason(cause, format_, "", lambda word: True)


def _loop(format_: InstructionFormat) -> Iterator[CauseBin]:
    """What the word tells of a loop that was refused; with ``host`` it may be the host's count or the nesting."""
    count, host = format_.field("count"), format_.field("host")
    yield _reason(Cause.LOOP, format_, "count 0", lambda word: not (_value(word, host) or _value(word, count)))
    yield _reason(Cause.LOOP, format_, "nesting", lambda word: not _value(word, host) and bool(_value(word, count)))
    yield _reason(Cause.LOOP, format_, "host", lambda word: bool(_value(word, host)))


def _reason(
    cause: Cause, format_: InstructionFormat, detail: str, applies: Callable[[int], bool], *, possible: bool = True
) -> CauseBin:
    """Return the bin of a reason that only words of one instruction give."""

    def of_this(word: int) -> bool:
        return word >> OPCODE_OFFSET == format_.opcode and applies(word)

    name = " ".join(filter(None, ("cause", cause.name, format_.mnemonic, detail)))
    return CauseBin(name=name, cause=cause, mnemonic=format_.mnemonic, applies=of_this, possible=possible)


def _value(word: int, field: Field) -> int:
    """Return an unsigned field of a word."""
    return word >> field.offset & field.highest


def _names_unit(field: Field, unit: Unit) -> Callable[[int], bool]:
    return lambda word: _value(word, field) == UNIT_CODES[unit]
