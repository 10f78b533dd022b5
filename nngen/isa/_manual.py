"""The manual of the instruction set, made from its description."""

from __future__ import annotations

from collections.abc import Iterable

from nngen.markdown import code_block, table

from ._description import (
    ADDRESS_REGISTERS,
    COUNTER_BITS,
    COUNTERS,
    INSTRUCTIONS,
    LOOP_DEPTH,
    MACRO_LIMIT,
)
from ._drawing import draw_word
from ._events import EVENTS
from ._examples import EXAMPLES, STATEMENTS
from ._fields import (
    CAUSE_MEANINGS,
    INSTRUCTION_BITS,
    OPCODE_OFFSET,
    OPCODE_WIDTH,
    UNIT_CODES,
    Field,
    InstructionFormat,
    Unit,
)
from ._registers import REGISTERS, Register
from ._service import LOAD_LATENCY, VEC_LATENCY, mvm_latency, post_latency, store_latency

_INTRODUCTION = f"""\
# The instruction set

Generated from `nngen/isa/` by `python -m nngen.flows.documentation`; do not edit.

A core runs one program: a list of {INSTRUCTION_BITS}-bit instructions. Its sequencer issues one a cycle. Some it
executes itself; the rest are commands for one of its units (LOAD, MVM, POST, STORE and, where the core has it, VEC),
each with a queue in front. The units work at the same time and hand results over in buffers of two banks: the flag
`first` of a command acquires a bank, `last` hands it over to the next unit, `release` gives back the bank that was
read. How all this works to the cycle stands in [core.md](core.md).

A program ends with HALT, or with a *cause* where an instruction cannot be executed.
"""

_ASSEMBLY = """\
## Assembly

One instruction a line: the mnemonic, then `name=value` for a field and the bare name for a field of one bit that is 1,
separated by commas. A field that is not named is 0. Numbers are decimal (`12`, `-3`), hexadecimal (`0x1f`) or binary
(`0b101`); the field `unit` takes a unit's name. `;` starts a comment; spaces at the beginning of a line mean nothing.
SET names its register: `SET unit.REGISTER = value`, with `[index]` where there are several; `SET unit=…, index=…,
value=…` writes any index, also one that no core has.

`nngen isa assemble` and `nngen isa disassemble` turn text into the words of a program memory and back, without loss.
"""

_LIMITS: tuple[tuple[str, int], ...] = (
    ("address registers", ADDRESS_REGISTERS),
    (f"counters, each of {COUNTER_BITS} bits", COUNTERS),
    ("loops inside each other", LOOP_DEPTH),
    ("macros of a core, at most", MACRO_LIMIT),
)


def manual() -> str:
    """Return the manual as Markdown."""
    parts = [_INTRODUCTION, _ASSEMBLY, _limits(), _encoding()]
    parts += [_instruction(known) for known in INSTRUCTIONS]
    parts += [_registers(), _causes(), _events(), _latencies(), _examples()]
    return "\n".join(parts)


def _limits() -> str:
    return "## Limits\n\nThe same in every core; all other sizes are the architecture's.\n\n" + table(
        ("what", "how many"), _LIMITS
    )


def _encoding() -> str:
    rows = [
        (known.mnemonic, known.opcode, _unit_name(known), known.effect.replace("``", "`")) for known in INSTRUCTIONS
    ]
    units = ", ".join(f"{code} {unit}" for unit, code in UNIT_CODES.items())
    return (
        "## Encoding\n\n"
        f"The opcode stands in bits {OPCODE_OFFSET + OPCODE_WIDTH - 1}..{OPCODE_OFFSET}; fields follow each other\n"
        "from bit 0 up. Bits without a field must be 0. Opcodes that are not listed are illegal.\n"
        f"The field `unit` holds {units}; in WAIT and SIGNAL it must not be\nthe sequencer.\n\n"
        + table(("mnemonic", "opcode", "unit", "effect"), rows)
        + "\n## Instructions\n"
    )


def _unit_name(known: InstructionFormat) -> str:
    return known.unit.value if known.unit else "field `unit`"


def _instruction(known: InstructionFormat) -> str:
    opcode = Field(name=f"{known.opcode}", offset=OPCODE_OFFSET, width=OPCODE_WIDTH, meaning="opcode")
    parts = [
        f"### {known.mnemonic}\n",
        f"{_sentence(known.effect)}\n",
        code_block(draw_word((*known.fields, opcode), bits=INSTRUCTION_BITS), "text"),
    ]
    if known.fields:
        parts.append(_fields(known.fields))
    parts += [f"Executed by: {_unit_name(known)}. Busy: {known.service_time}.\n", *_refusals(known)]
    if known.option:
        parts.append(f"Only in cores with {known.option}; in others it is ILLEGAL.\n")
    parts.append(code_block(STATEMENTS[known.mnemonic], "asm"))
    return "\n".join(parts)


def _fields(fields: Iterable[Field]) -> str:
    rows = [(f"`{f.name}`", _bits(f), f"{f.lowest} … {f.highest}", f.meaning) for f in fields]
    return table(("field", "bits", "range", "meaning"), rows)


def _bits(field: Field) -> str:
    high = field.offset + field.width - 1
    return str(high) if field.width == 1 else f"{high}..{field.offset}"


def _refusals(known: InstructionFormat) -> list[str]:
    if not known.refusals:
        return []
    rows = [f"- {cause.name}: {condition}" for cause, condition in known.refusals]
    return ["Stops the core with\n", "\n".join(rows) + "\n"]


def _sentence(text: str) -> str:
    text = text.replace("``", "`")
    return text[0].upper() + text[1:] + "."


def _registers() -> str:
    parts = [
        "## Configuration registers\n",
        "SET writes them, in order with the other commands of their unit. All are 0 when a program starts. A\n"
        "register keeps the low bits of the value; signed ones hold two's complement. An index without a register, or\n"
        "of a macro that the core does not have, stops the core with ILLEGAL.\n",
    ]
    for unit in Unit:
        known = [register for register in REGISTERS if register.unit is unit]
        if known:
            parts += [f"### {unit.value}\n", table(("register", "index", "bits", "meaning"), map(_register_row, known))]
    for register in REGISTERS:
        if register.fields:
            parts += [
                f"The value of `{register.unit}.{register.name}`:\n",
                code_block(draw_word(register.fields, bits=register.width), "text"),
                _fields(register.fields),
            ]
    return "\n".join(parts)


def _register_row(register: Register) -> tuple[str, str, int, str]:
    last = register.index + register.count - 1
    if register.count == 1:
        return f"`{register.name}`", f"{register.index}", register.width, register.meaning
    name = f"`{register.name}[0]` … `[{register.count - 1}]`"
    return name, f"{register.index} … {last}", register.width, register.meaning


def _causes() -> str:
    rows = [(cause.value, cause.name, meaning) for cause, meaning in CAUSE_MEANINGS.items()]
    return (
        "## Causes\n\n"
        "The host reads them in the register CAUSE, with the address of the instruction in CAUSE_PC. The instruction\n"
        "has no effect; what the queues hold is still executed.\n\n" + table(("code", "cause", "meaning"), rows)
    )


def _events() -> str:
    rows = [(number, f"`{event.name}`", event.meaning) for number, event in enumerate(EVENTS)]
    return (
        "## Events\n\n"
        "Counters of 32 bits, cleared when a program starts; the host reads them. SET, WAIT and SIGNAL count as one\n"
        "busy cycle of their unit.\n\n" + table(("number", "event", "counts"), rows)
    )


def _latencies() -> str:
    rows = (
        ("LOAD, PROG", LOAD_LATENCY, "row buffer or vector buffer filled, cells written"),
        ("MVM", f"{mvm_latency(1)}, one more for each further ADC of its shift-adder", "accumulators written"),
        ("VEC", VEC_LATENCY, "accumulators written"),
        ("POST", f"{post_latency(0)}, {post_latency(1)} in a core with tables", "outputs written"),
        ("STORE, FILL", store_latency(bus=False), "memory written: a read in that cycle sees it"),
        ("STORE, FILL of a chip with several cores", store_latency(bus=True), "the same, over the bus too"),
    )
    return (
        "## Latencies\n\n"
        "Cycles from a command's last busy cycle to the one in which its effect is seen. SET and SIGNAL wait until\n"
        "the pipeline of their unit is empty.\n\n" + table(("command", "cycles", "effect"), rows)
    )


def _examples() -> str:
    parts = ["## Examples\n"]
    for example in EXAMPLES:
        parts += [f"### {example.title}\n", f"{example.introduction}\n", code_block(example.text, "asm")]
    return "\n".join(parts)
