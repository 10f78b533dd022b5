"""What the proofs of the sequencer share: a small core, its host's manners, fields of the instruction word."""

from __future__ import annotations

from amaranth.hdl import Assume, Module, Signal, Value
from amaranth.lib import wiring

from nngen.arch import Core, Macro
from nngen.isa import BY_MNEMONIC, OPCODE_OFFSET

from ._harness import implies

# No powers of two where there is a choice: a bound must not hold by its width alone.
SMALL_CORE = Core(
    macros=2,
    macro=Macro(
        rows=6,
        columns=12,
        dac_bits=1,
        cell_bits=1,
        encoding="differential",
        columns_per_adc=3,
        gains=(1,),
        controller="sar",
        adc_bits=3,
        sample_cycles=1,
    ),
    activation_bits=4,
    accumulator_bits=8,
    multiplier_bits=4,
    queue_depth=2,
    activation_bytes=20,
    word_bytes=4,
    output_buffer_bytes=12,
    program_instructions=9,
    constant_records=5,
)


def assume_host(m: Module, sequencer: wiring.Component) -> Signal:
    """Assume what host port and core keep to; return whether the program has ended.

    The core runs no further after ``done``, until its reset, and the watchdog watches only a core that runs.
    """
    ended = Signal()
    with m.If(sequencer.done):
        m.d.sync += ended.eq(1)
    m.d.comb += [Assume(implies(sequencer.run, ~ended)), Assume(implies(sequencer.watchdog, sequencer.run))]
    return ended


def field(word: Value, mnemonic: str, name: str) -> Value:
    """Return a field of an instruction."""
    f = BY_MNEMONIC[mnemonic].field(name)
    bits = word[f.offset : f.offset + f.width]
    return bits.as_signed() if f.signed else bits


def is_instruction(word: Value, mnemonic: str) -> Value:
    """Return whether a word has the opcode of an instruction."""
    return word[OPCODE_OFFSET:] == BY_MNEMONIC[mnemonic].opcode
