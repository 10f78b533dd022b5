"""What a core refuses whatever its state: instructions, units and registers it does not have, operands out of range."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from nngen.arch import Core
from nngen.isa import (
    INSTRUCTIONS,
    MACRO_LIMIT,
    OPCODE_OFFSET,
    REGISTERS,
    UNIT_CODES,
    InstructionFormat,
    OperandRule,
    Unit,
    core_units,
)

from .command import operand

INSTRUCTION_BITS = 64


def core_instructions(core: Core) -> tuple[InstructionFormat, ...]:
    """Return the instructions that a core has."""
    return tuple(format_ for format_ in INSTRUCTIONS if format_.in_core(core))


def illegal(m: Module, word: Value, core: Core) -> Signal:
    """Return whether a word is no instruction of the core, or names a unit or register that the core does not have."""
    wrong = Signal(name="illegal")
    m.d.comb += wrong.eq(1)
    with m.Switch(word[OPCODE_OFFSET:]):
        for format_ in core_instructions(core):
            with m.Case(format_.opcode):
                reserved = word & Const(~format_.used_mask & ((1 << INSTRUCTION_BITS) - 1), INSTRUCTION_BITS)
                m.d.comb += wrong.eq((reserved != 0) | _wrong_unit(m, word, core, format_.mnemonic))
    return wrong


def breaks(word: Value, core: Core, format_: InstructionFormat) -> Value:
    """Return whether the operands of an instruction break one of its rules."""
    found = [_breaks(word, core, format_.mnemonic, rule) for rule in format_.rules]
    return Cat(*found).any() if found else Const(0)


def _breaks(word: Value, core: Core, mnemonic: str, rule: OperandRule) -> Value:
    fields = [operand(word, mnemonic, name) for name in rule.fields]
    total = sum(fields[1:], fields[0])
    wrong = []
    if rule.least:
        wrong.append(total < rule.least)
    if rule.most is not None:
        wrong.append(total > rule.most(core))
    if rule.multiple is not None and rule.multiple(core) > 1:
        wrong.append(total[: rule.multiple(core).bit_length() - 1].any())
    conditions = [operand(word, mnemonic, name) == value for name, value in rule.when]
    return Mux(Cat(*conditions).all(), Cat(*wrong).any(), 0) if conditions else Cat(*wrong).any()


def _wrong_unit(m: Module, word: Value, core: Core, mnemonic: str) -> Value:
    """Return whether the unit (and for SET the register) that the instruction names does not exist."""
    units = core_units(core)
    if mnemonic in ("WAIT", "SIGNAL"):
        unit = operand(word, mnemonic, "unit")
        return (unit == 0) | (unit > max(UNIT_CODES[name] for name in units))
    if mnemonic != "SET":
        return Const(0)
    known = Signal(name="known_register")
    index = operand(word, "SET", "index")
    with m.Switch(operand(word, "SET", "unit")):
        for name in (Unit.SEQUENCER, *units):
            with m.Case(UNIT_CODES[name]):
                for r in REGISTERS:
                    if r.unit is name:
                        count = min(r.count, core.macros) if r.count == MACRO_LIMIT else r.count
                        with m.If((index >= r.index) & (index < r.index + count)):
                            m.d.comb += known.eq(1)
    return ~known
