"""The instruction set: one description, and what derives from it without hardware."""

from ._assembler import assemble
from ._codec import Instruction, decode, encode, instruction
from ._description import (
    ADDRESS_REGISTERS,
    BY_MNEMONIC,
    BY_OPCODE,
    COEFFICIENTS,
    COUNTER_BITS,
    COUNTERS,
    INSTRUCTIONS,
    LOOP_DEPTH,
    MACRO_LIMIT,
)
from ._disassembler import disassemble, instruction_text
from ._events import EVENT_NAMES, EVENTS, Event, chip_events
from ._fields import (
    CAUSE_MEANINGS,
    INSTRUCTION_BITS,
    OPCODE_OFFSET,
    OPCODE_WIDTH,
    QUEUED_UNITS,
    UNIT_CODES,
    Cause,
    Field,
    InstructionFormat,
    OperandRule,
    Unit,
    core_units,
)
from ._manual import manual
from ._records import (
    RECORD_SIGNED_FIELDS,
    cells_per_word,
    coefficient_lanes,
    constant_record_bits,
    constant_record_layout,
    index_bits,
    record_words,
    words_per_row,
)
from ._registers import REGISTERS, Register, find_register, register
from ._service import (
    ACCUMULATOR_RELEASE_LATENCY,
    BUS_SIGNAL_LATENCY,
    FIRST_ISSUE,
    ISSUE_LATENCY,
    LOAD_LATENCY,
    OUTPUT_RELEASE_LATENCY,
    ROW_RELEASE_LATENCY,
    VEC_LATENCY,
    VECTOR_RELEASE_LATENCY,
    mvm_cycles,
    mvm_latency,
    post_latency,
    store_latency,
    vec_cycles,
    words_touched,
)
from ._stalls import LONG_HOLD, LONGEST_HOLD, SHORT_HOLD, STALL_SEED_BITS, HoldRange, holds, stall_rotation

__all__ = [
    # description
    "ADDRESS_REGISTERS",
    "BY_MNEMONIC",
    "BY_OPCODE",
    "CAUSE_MEANINGS",
    "COEFFICIENTS",
    "COUNTERS",
    "COUNTER_BITS",
    "INSTRUCTIONS",
    "INSTRUCTION_BITS",
    "LOOP_DEPTH",
    "MACRO_LIMIT",
    "OPCODE_OFFSET",
    "OPCODE_WIDTH",
    "QUEUED_UNITS",
    "REGISTERS",
    "UNIT_CODES",
    "Cause",
    "Field",
    "InstructionFormat",
    "OperandRule",
    "Register",
    "Unit",
    "core_units",
    "find_register",
    "register",
    # events
    "EVENTS",
    "EVENT_NAMES",
    "chip_events",
    "Event",
    # codec
    "Instruction",
    "decode",
    "encode",
    "instruction",
    # assembly
    "assemble",
    "disassemble",
    "instruction_text",
    "manual",
    # constant records and cells
    "RECORD_SIGNED_FIELDS",
    "cells_per_word",
    "coefficient_lanes",
    "constant_record_bits",
    "constant_record_layout",
    "index_bits",
    "record_words",
    "words_per_row",
    # service times
    "ACCUMULATOR_RELEASE_LATENCY",
    "FIRST_ISSUE",
    "ISSUE_LATENCY",
    "LOAD_LATENCY",
    "OUTPUT_RELEASE_LATENCY",
    "ROW_RELEASE_LATENCY",
    "BUS_SIGNAL_LATENCY",
    "VECTOR_RELEASE_LATENCY",
    "VEC_LATENCY",
    "mvm_cycles",
    "mvm_latency",
    "post_latency",
    "store_latency",
    "vec_cycles",
    "words_touched",
    # stalls of simulation builds
    "LONGEST_HOLD",
    "LONG_HOLD",
    "SHORT_HOLD",
    "STALL_SEED_BITS",
    "HoldRange",
    "holds",
    "stall_rotation",
]
