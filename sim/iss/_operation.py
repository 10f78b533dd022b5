"""Instructions decoded once for a core: plain attributes, checked operands, what the engines ask for in every step."""

from __future__ import annotations

from collections.abc import Sequence

from nngen.arch import Core
from nngen.errors import ProgramError
from nngen.isa import (
    BY_MNEMONIC,
    INSTRUCTIONS,
    MACRO_LIMIT,
    QUEUED_UNITS,
    UNIT_CODES,
    Cause,
    Instruction,
    Unit,
    core_units,
    decode,
    find_register,
    instruction,
)

UNITS_BY_CODE: tuple[Unit, ...] = (Unit.SEQUENCER, *sorted(QUEUED_UNITS, key=UNIT_CODES.__getitem__))

# Two-deep resources between units; NO_BANK is what stands for none.
NO_BANK, ROWS, ACCUMULATORS, VECTORS, VEC_ACCUMULATORS, OUTPUTS = range(6)
# From which bank a command takes and to which it gives; in a pair, the second is that of commands with `vec`.
_SOURCES = {
    "MVM": (ROWS, ROWS),
    "VEC": (VECTORS, VECTORS),
    "POST": (ACCUMULATORS, VEC_ACCUMULATORS),
    "STORE": (OUTPUTS, OUTPUTS),
}
_TARGETS = {
    "LOAD": (ROWS, VECTORS),
    "MVM": (ACCUMULATORS, ACCUMULATORS),
    "VEC": (VEC_ACCUMULATORS, VEC_ACCUMULATORS),
    "POST": (OUTPUTS, OUTPUTS),
}
_NEITHER = (NO_BANK, NO_BANK)


class Operation:
    """One instruction of a program.

    Parameters
    ----------
    text
        The instruction, or the word that is none.
    cause
        What is wrong with it whatever the state of the machine; NONE where nothing is.
    unit
        Code of the unit whose queue it travels; 0 for the sequencer.
    addressed
        True where an activation memory address is computed at issue.
    works
        True for commands with a pipeline behind them, all but SET, WAIT and SIGNAL.
    bus
        1 for what goes over the bus.
    claims
        True for what claims a port or the bus in a chip with several cores: STORE, FILL and TELL.
    waits, signals
        True for WAIT; for SIGNAL and TELL. What neither works nor waits starts once the pipeline is empty.
    source, target
        Banks that it reads (it starts only once one is filled) and writes.
    first, last, release, counter, count, register, offset, length
        The fields of these names; 0 where there is none.
    span, alignment
        Bytes of its run, and of which number, a power of two, its address must be a multiple.
    fields
        Every field by name; ``value`` of a SET is already truncated to the register's width.
    """

    __slots__ = (
        "addressed",
        "alignment",
        "bus",
        "cause",
        "claims",
        "count",
        "counter",
        "fields",
        "first",
        "last",
        "length",
        "mnemonic",
        "offset",
        "register",
        "release",
        "signals",
        "source",
        "span",
        "target",
        "text",
        "unit",
        "waits",
        "works",
    )

    def __init__(self, text: Instruction | int, mnemonic: str, fields: dict[str, int], unit: int, cause: Cause) -> None:
        get = fields.get
        self.text = text
        self.mnemonic = mnemonic
        self.fields = fields
        self.unit = unit
        self.cause = cause
        self.works = mnemonic in _WORKERS
        self.waits = mnemonic == "WAIT"
        self.signals = mnemonic in {"SIGNAL", "TELL"}
        self.addressed = "offset" in fields
        self.bus = int(mnemonic == "TELL") or get("bus", 0)
        self.claims = mnemonic in _WRITERS or bool(self.bus)
        vec = get("vec", 0)
        self.source = _SOURCES.get(mnemonic, _NEITHER)[vec]
        self.target = _TARGETS.get(mnemonic, _NEITHER)[vec]
        self.first = get("first", 0)
        self.last = get("last", 0)
        self.release = get("release", 0)
        self.counter = get("counter", 0)
        self.count = get("count", 0)
        self.register = get("register", 0)
        self.offset = get("offset", 0)
        self.length = get("length", 0)
        self.span = self.length * BY_MNEMONIC[mnemonic].bytes_each if self.addressed else 0
        self.alignment = _alignment(mnemonic, fields)

    def __repr__(self) -> str:
        return f"<{self.text} unit {self.unit} {self.cause.name}>"


def _alignment(mnemonic: str, fields: dict[str, int]) -> int:
    """Return of which number the address of a command must be a multiple: of its elements' or words' bytes."""
    if mnemonic == "PROG":
        return BY_MNEMONIC[mnemonic].bytes_each
    return 2 if fields.get("wide", 0) else 1


_WRITERS = frozenset({"STORE", "FILL"})
_WORKERS = frozenset({"LOAD", "PROG", "MVM", "VEC", "POST", "STORE", "FILL"})
NOP = Operation(instruction("NOP"), "NOP", {}, 0, Cause.NONE)


def decode_program(core: Core, program: Sequence[Instruction | int]) -> list[Operation]:
    """Decode a program, padded with NOP (words of 0) to the size of the program memory.

    Parameters
    ----------
    program
        Instructions; 64-bit words may stand among them, legal or not.

    Raises
    ------
    ProgramError
        Where the program memory cannot hold it.
    """
    room = core.program_instructions
    if len(program) > room:
        raise ProgramError(f"program must have at most {room} instructions, not {len(program)}")
    operations = [_operation(core, text) for text in program]
    return operations + [NOP] * (room - len(operations))


def _operation(core: Core, text: Instruction | int) -> Operation:
    if isinstance(text, int):
        try:
            known = decode(text)
        except ProgramError:
            return Operation(text, "?", {}, 0, Cause.ILLEGAL)
    else:
        known = text
    layout = known.format
    fields = _ZEROS[known.mnemonic] | known.operands
    unit = fields["unit"] if layout.unit is None else UNIT_CODES[layout.unit]
    cause = _static_cause(core, known.mnemonic, fields, unit)
    return Operation(text, known.mnemonic, fields, unit, cause)


def _static_cause(core: Core, mnemonic: str, fields: dict[str, int], unit: int) -> Cause:
    """Rules 2 and 3 of the sequencer: what can be told from the instruction alone."""
    if unit >= len(UNITS_BY_CODE) or (unit == 0 and mnemonic in {"WAIT", "SIGNAL"}):
        return Cause.ILLEGAL
    if not BY_MNEMONIC[mnemonic].in_core(core) or (unit and UNITS_BY_CODE[unit] not in core_units(core)):
        return Cause.ILLEGAL
    if mnemonic == "SET":
        return _truncate_set(core, fields, unit)
    return Cause.NONE if all(rule.holds(core, fields) for rule in BY_MNEMONIC[mnemonic].rules) else Cause.OPERAND


def _truncate_set(core: Core, fields: dict[str, int], unit: int) -> Cause:
    """Truncate the value of a SET to its register; the cause is ILLEGAL where this core has no such register."""
    known = find_register(UNITS_BY_CODE[unit], fields["index"])
    if known is None or (known.count == MACRO_LIMIT and fields["index"] - known.index >= core.macros):
        return Cause.ILLEGAL
    fields["value"] &= (1 << known.bits(core)) - 1
    return Cause.NONE


_ZEROS = {layout.mnemonic: {f.name: 0 for f in layout.fields} for layout in INSTRUCTIONS}
