"""PROG in LOAD's unit: words of activation memory go to the programming port of a macro."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Const, Module, Mux, Signal, Value

from nngen.arch import Core
from nngen.isa import BY_MNEMONIC, index_bits, words_per_row

from .command import address, operand
from .sequencer import address_bits
from .unit import QueuedUnit

_FORMAT = BY_MNEMONIC["PROG"]
_ROW_BITS = 18  # the first row and a row for each word


@dataclass(frozen=True, kw_only=True)
class Programming:
    """A PROG in progress.

    Parameters
    ----------
    ends
        It reads its last word in this cycle.
    address
        Memory word read in this cycle.
    written
        A word goes to the port in this cycle: it was read in the last one.
    macros
        One bit a macro: the word enters its cells.
    row, word, data
        For the port.
    """

    ends: Value
    address: Value
    written: Value
    macros: Value
    row: Value
    word: Value
    data: Value


def program_macros(m: Module, unit: QueuedUnit, core: Core, *, active: Value, memory_data: Value) -> Programming:
    """Read a programming word a cycle while ``active``; write it in the next."""
    body, part_bits = unit.head.body, (core.word_bytes // 4).bit_length() - 1
    done, in_row, rows = Signal(_FORMAT.field("length").width), Signal(index_bits(words_per_row(core))), Signal(17)
    place, row, ends = Signal(address_bits(core)), Signal(_ROW_BITS), Signal()
    macro = operand(body, "PROG", "macro")
    m.d.comb += [
        place.eq((address(body, address_bits(core)) >> 2) + done),
        row.eq(operand(body, "PROG", "row") + rows),
        ends.eq(active & (done + 1 == operand(body, "PROG", "length"))),
    ]
    with m.If(active):
        m.d.sync += [done.eq(Mux(ends, 0, done + 1)), in_row.eq(in_row + 1)]
        with m.If(ends | (in_row == words_per_row(core) - 1)):
            m.d.sync += [in_row.eq(0), rows.eq(Mux(ends, 0, rows + 1))]
    written, macros = Signal(name="programming"), Signal(core.macros, name="programmed_macros")
    part, word, late_row = Signal(max(1, part_bits)), Signal.like(in_row), Signal(_ROW_BITS)
    inside = row < core.macro.rows
    m.d.sync += [
        written.eq(active),
        macros.eq(Mux(active & inside, Const(1, core.macros) << macro, 0)),
        part.eq(place[:part_bits] if part_bits else 0),
        word.eq(in_row),
        late_row.eq(row),
    ]
    return Programming(
        ends=ends,
        address=place >> part_bits,
        written=written,
        macros=macros,
        row=late_row,
        word=word,
        data=memory_data.word_select(part, 32) if part_bits else memory_data,
    )
