"""The instruction set, declared once: codec, assembler, hardware decoder, simulator and manual derive from it."""

from __future__ import annotations

from nngen.arch import Core

from ._fields import Cause, Field, InstructionFormat, OperandRule, Unit

ADDRESS_REGISTERS = 8
COUNTERS = 8
COUNTER_BITS = 8
LOOP_DEPTH = 4
MACRO_LIMIT = 128
COEFFICIENTS = 8


def _layout(*fields: tuple[str, int, str] | tuple[str, int, str, bool]) -> tuple[Field, ...]:
    """Lay fields out from bit 0 upwards."""
    offset, laid = 0, []
    for name, width, meaning, *signed in fields:
        laid.append(Field(name=name, offset=offset, width=width, meaning=meaning, signed=bool(signed and signed[0])))
        offset += width
    return tuple(laid)


_UNIT = ("unit", 3, "unit whose queue the instruction travels")
_ADDRESS = ("register", 3, "address register")
_OFFSET = ("offset", 20, "signed bytes added to the address register", True)
_OUT_OF_MEMORY = (Cause.ADDRESS, "the run begins outside the register's window or ends beyond activation memory")


def _has_vector(core: Core) -> int:
    return int(core.vector is not None)


def _has_bus(core: Core) -> int:
    return int(core.bus is not None)


def _has_strides(core: Core) -> int:
    return int(core.strided_access)


_BUS = ("bus", 1, "1: over the bus, to the cores in TARGETS; 0: to this core")
_NO_BUS = OperandRule(fields=("bus",), most=_has_bus, refused="`bus` is set and the core is the only one")


def _positive(name: str) -> OperandRule:
    return OperandRule(fields=(name,), least=1, refused=f"`{name}` is 0")


INSTRUCTIONS: tuple[InstructionFormat, ...] = (
    InstructionFormat(
        mnemonic="NOP", opcode=0, unit=Unit.SEQUENCER, fields=(), effect="nothing", service_time="1 cycle"
    ),
    InstructionFormat(
        mnemonic="HALT",
        opcode=1,
        unit=Unit.SEQUENCER,
        fields=(),
        effect="waits until every queue and unit is empty, then ends the program and raises the interrupt",
        service_time="1 cycle once all units are empty",
    ),
    InstructionFormat(
        mnemonic="SET",
        opcode=2,
        unit=None,
        fields=_layout(_UNIT, ("index", 8, "configuration register of the unit"), ("value", 32, "new value")),
        effect="writes a configuration register, in order with the unit's other commands",
        service_time="1 cycle, once the unit's pipeline is empty",
        drains=True,
    ),
    InstructionFormat(
        mnemonic="ADD",
        opcode=3,
        unit=Unit.SEQUENCER,
        fields=_layout(_ADDRESS, ("value", 24, "signed bytes", True)),
        effect="moves an address register; the sum wraps once at either end of its window [0, size)",
        service_time="1 cycle",
        state_refusals=((Cause.ADDRESS, "the sum, wrapped once, is outside the window; the register keeps its value"),),
    ),
    InstructionFormat(
        mnemonic="LOOP",
        opcode=4,
        unit=Unit.SEQUENCER,
        fields=_layout(
            ("count", 16, "repetitions, at least 1; ignored and zero with host"),
            ("length", 12, "instructions in the body, at least 1"),
            ("host", 1, "1: take the count from the host register LOOP_COUNT"),
        ),
        effect="repeats the next ``length`` instructions; the body of an inner loop must end before the outer one's",
        service_time="1 cycle; repeating costs none",
        rules=(_positive("length"),),
        state_refusals=(
            (Cause.LOOP, "the count, or with `host` the host's, is 0"),
            (Cause.LOOP, f"{LOOP_DEPTH} loops are open already"),
            (Cause.LOOP, "the body's last instruction is at or after that of the loop around it"),
        ),
    ),
    InstructionFormat(
        mnemonic="WAIT",
        opcode=5,
        unit=None,
        fields=_layout(_UNIT, ("counter", 3, "counter"), ("count", 8, "n, at least 1")),
        effect="the unit waits until the counter is at least n, then subtracts n",
        service_time="1 cycle once the counter is there",
        rules=(_positive("count"),),
    ),
    InstructionFormat(
        mnemonic="SIGNAL",
        opcode=6,
        unit=None,
        fields=_layout(_UNIT, ("counter", 3, "counter")),
        effect="adds 1 to the counter after everything the unit did before has taken effect",
        service_time="1 cycle, once the unit's pipeline is empty",
        drains=True,
    ),
    InstructionFormat(
        mnemonic="LOAD",
        opcode=8,
        unit=Unit.LOAD,
        fields=_layout(
            _ADDRESS,
            _OFFSET,
            ("length", 12, "bytes, at least 1"),
            ("row", 11, "first word line"),
            ("group", 7, "macros whose load group this is receive the run"),
            ("first", 1, "1: acquire a row buffer, or with `vec` a vector buffer, first"),
            ("last", 1, "1: hand that buffer over to MVM, or with `vec` to VEC"),
            ("vec", 1, "1: the run goes to VEC's buffer, `row` is a byte in it; INVERT, KEEP and `group` mean nothing"),
            ("wide", 1, "1: an element takes two bytes, the lower first; 0: one"),
            ("strided", 1, "1: copy RUNS runs, STRIDE bytes apart, to rows that follow each other"),
        ),
        effect="copies a run of activation memory to consecutive rows of the row buffer being filled, or to the "
        "vector buffer",
        service_time="memory words that the runs touch",
        rules=(
            _positive("length"),
            OperandRule(fields=("vec",), most=_has_vector, refused="`vec` is set and the core has no VEC"),
            OperandRule(
                fields=("wide",),
                most=lambda core: int(core.activation_bits > 8),
                refused="`wide` is set and the core's activations have at most 8 bits",
            ),
            OperandRule(
                fields=("strided",), most=_has_strides, refused="`strided` is set and the core has no strided access"
            ),
            OperandRule(
                fields=("row", "length"),
                most=lambda core: core.macro.rows,
                when=(("vec", 0), ("wide", 0)),
                refused="`row` + `length` is beyond the macros' rows",
            ),
            OperandRule(
                fields=("row", "row", "length"),
                most=lambda core: 2 * core.macro.rows,
                when=(("vec", 0), ("wide", 1)),
                refused="`row` + `length` / 2 is beyond the macros' rows",
            ),
            OperandRule(
                fields=("row", "length"),
                most=lambda core: core.vector.buffer_bytes if core.vector else 0,
                when=(("vec", 1),),
                refused="`row` + `length` is beyond the vector buffer",
            ),
            OperandRule(
                fields=("length",), multiple=lambda _: 2, when=(("wide", 1),), refused="`length` is odd with `wide`"
            ),
            OperandRule(
                fields=("wide",), most=lambda _: 0, when=(("vec", 1),), refused="`wide` is set together with `vec`"
            ),
        ),
        state_refusals=(_OUT_OF_MEMORY, (Cause.ADDRESS, "with `wide`: the run begins at an odd address")),
    ),
    InstructionFormat(
        mnemonic="MVM",
        opcode=9,
        unit=Unit.MVM,
        fields=_layout(
            ("classes", 16, "bit c: macros of class c take part"),
            ("step", 8, "added to each macro's first column step"),
            ("steps", 8, "outputs per ADC, at least 1"),
            ("entry", 8, "first accumulator entry"),
            ("overwrite", 1, "1: entries start from 0; 0: add to what they hold"),
            ("first", 1, "1: acquire an accumulator bank first"),
            ("last", 1, "1: hand the accumulator bank over to POST"),
            ("release", 1, "1: clear and free the row buffer at the end"),
        ),
        effect="for each plane, for each step, for each slice: one conversion in every ADC of the macros that take "
        "part, added to the accumulator entry of the step",
        service_time="planes x steps x slices x cycles per conversion",
        rules=(
            _positive("steps"),
            OperandRule(
                fields=("entry", "steps"),
                most=lambda core: core.accumulator_entries,
                refused="`entry` + `steps` is beyond the columns per ADC",
            ),
        ),
    ),
    InstructionFormat(
        mnemonic="POST",
        opcode=10,
        unit=Unit.POST,
        fields=_layout(
            ("record", 14, "first constant record"),
            ("count", 13, "records, at least 1"),
            ("first", 1, "1: acquire an output buffer, and write from its first byte"),
            ("last", 1, "1: hand the output buffer over to STORE"),
            ("release", 1, "1: free the accumulator bank, or with `vec` that of VEC"),
            ("vec", 1, "1: read VEC's accumulators, one an output, from `entry` on"),
            ("single", 1, "1, with `vec`: all outputs take the constants of the first record"),
            ("entry", 12, "with `vec`: first accumulator"),
        ),
        effect="sums the accumulators that the records name, or takes VEC's one by one; requantizes, appends to the "
        "output buffer",
        service_time="records",
        rules=(
            _positive("count"),
            OperandRule(fields=("vec",), most=_has_vector, refused="`vec` is set and the core has no VEC"),
            OperandRule(
                fields=("record", "count"),
                most=lambda core: core.constant_records,
                when=(("single", 0),),
                refused="`record` + `count` is beyond the constant memory",
            ),
            OperandRule(
                fields=("record",),
                most=lambda core: core.constant_records - 1,
                when=(("single", 1),),
                refused="`record` is beyond the constant memory",
            ),
            OperandRule(
                fields=("single",), most=lambda _: 0, when=(("vec", 0),), refused="`single` is set without `vec`"
            ),
            OperandRule(
                fields=("entry", "count"),
                most=lambda core: core.vector.accumulators if core.vector else 0,
                when=(("vec", 1),),
                refused="`entry` + `count` is beyond VEC's accumulators",
            ),
        ),
    ),
    InstructionFormat(
        mnemonic="STORE",
        opcode=11,
        unit=Unit.STORE,
        fields=_layout(
            _ADDRESS,
            _OFFSET,
            ("length", 13, "bytes, at least 1"),
            ("release", 1, "1: free the output buffer"),
            ("strided", 1, "1: write RUNS runs of `length` bytes, STRIDE bytes apart"),
            _BUS,
        ),
        effect="copies the first bytes of the output buffer to activation memory, of this core or over the bus",
        service_time="memory words that the runs touch",
        rules=(
            _positive("length"),
            _NO_BUS,
            OperandRule(
                fields=("strided",), most=_has_strides, refused="`strided` is set and the core has no strided access"
            ),
            OperandRule(
                fields=("length",),
                most=lambda core: core.output_buffer_bytes,
                refused="`length` is beyond the output buffer",
            ),
            OperandRule(
                fields=("length",),
                multiple=lambda core: core.word_bytes,
                when=(("strided", 1),),
                refused="`length` is no multiple of a memory word with `strided`",
            ),
        ),
        state_refusals=(_OUT_OF_MEMORY,),
    ),
    InstructionFormat(
        mnemonic="FILL",
        opcode=12,
        unit=Unit.STORE,
        fields=_layout(_ADDRESS, _OFFSET, ("length", 16, "bytes, at least 1"), ("value", 8, "byte to write"), _BUS),
        effect="writes one byte value to a run of activation memory: the padding of a tensor",
        service_time="memory words that the run touches",
        rules=(_positive("length"), _NO_BUS),
        state_refusals=(_OUT_OF_MEMORY,),
    ),
    InstructionFormat(
        mnemonic="VEC",
        opcode=13,
        unit=Unit.VEC,
        fields=_layout(
            ("operation", 3, "0 sum, 1 max, 2 scale, 3 weight, 4 multiply"),
            ("source", 11, "first element's byte in the vector buffer"),
            ("entry", 12, "first accumulator, a multiple of the memory's word_bytes"),
            ("length", 12, "elements, at least 1"),
            ("coefficient", 14, "scale: register COEFFICIENT of the first tap; weight: first coefficient word"),
            ("overwrite", 1, "1: accumulators start from nothing; 0: from what they hold"),
            ("first", 1, "1: acquire a bank of VEC's accumulators first"),
            ("last", 1, "1: hand that bank over to POST"),
            ("release", 1, "1: free the vector buffer at the end"),
        ),
        effect="combines TAPS elements of the vector buffer, STRIDE bytes apart, into each accumulator",
        service_time="taps x groups of as many elements as a memory word holds",
        rules=(
            _positive("length"),
            OperandRule(fields=("operation",), most=lambda _: 4, refused="`operation` is above 4"),
            OperandRule(
                fields=("entry", "length"),
                most=lambda core: core.vector.accumulators if core.vector else 0,
                refused="`entry` + `length` is beyond VEC's accumulators",
            ),
            OperandRule(
                fields=("entry",),
                multiple=lambda core: core.word_bytes,
                refused="`entry` is no multiple of the memory's word_bytes",
            ),
        ),
        exists=lambda core: core.vector is not None,
        option="VEC (`vector` in the architecture)",
    ),
    InstructionFormat(
        mnemonic="PROG",
        opcode=14,
        unit=Unit.LOAD,
        fields=_layout(
            _ADDRESS,
            _OFFSET,
            ("length", 16, "programming words of four bytes, at least 1"),
            ("row", 11, "first word line"),
            ("macro", 7, "macro that is written"),
        ),
        effect="writes cells: programming words of consecutive rows, each from its first column on",
        service_time="programming words",
        rules=(
            _positive("length"),
            OperandRule(
                fields=("row",), most=lambda core: core.macro.rows - 1, refused="`row` is beyond the macros' rows"
            ),
            OperandRule(fields=("macro",), most=lambda core: core.macros - 1, refused="`macro` is not in the core"),
        ),
        state_refusals=(_OUT_OF_MEMORY, (Cause.ADDRESS, "the run begins at an address that is no multiple of 4")),
        exists=lambda core: core.reprogram,
        option="`reprogram` in the architecture",
        bytes_each=4,
    ),
    InstructionFormat(
        mnemonic="TELL",
        opcode=15,
        unit=Unit.STORE,
        fields=_layout(("counter", 3, "counter")),
        effect="adds 1 to the counter of every core in TARGETS after everything stored before has taken effect",
        service_time="1 cycle, once the unit's pipeline is empty and the bus granted",
        drains=True,
        exists=lambda core: core.bus is not None,
        option="a chip with several cores",
    ),
)

BY_MNEMONIC: dict[str, InstructionFormat] = {i.mnemonic: i for i in INSTRUCTIONS}
BY_OPCODE: dict[int, InstructionFormat] = {i.opcode: i for i in INSTRUCTIONS}
