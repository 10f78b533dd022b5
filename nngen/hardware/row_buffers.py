"""The row buffers of a macro: two banks of one code a row, and the plane of one of them on the word lines."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nngen.arch import Core
from nngen.isa import index_bits

PLANE_BITS = 5


def row_ports(core: Core) -> dict[str, object]:
    """Return the ports toward LOAD and MVM, as the row buffers see them."""
    lanes = core.word_bytes
    return {
        "row_write": In(1),
        "row_bank": In(1),
        "row_index": In(index_bits(core.macro.rows // lanes + 1)),
        "row_low": In(lanes),
        "row_high": In(lanes),
        "row_data": In(lanes * core.activation_bits),
        "row_clear": In(1),
        "row_read_bank": In(1),
        "plane": In(PLANE_BITS),
        "drive": In(1),
    }


class RowBuffers(wiring.Component):
    """Registers, as all rows are driven at once.

    Ports
    -----
    row_*
        From LOAD, see there; ``row_write`` is this macro's bit of ``row_hit``.
    row_clear, row_read_bank
        In: clear the row buffer that MVM reads, at the end of the cycle; which one that is.
    plane, drive
        In: which plane is on the word lines; without ``drive`` none is.
    word_lines
        Out: plane of every row, row 0 lowest.
    """

    def __init__(self, core: Core) -> None:
        self.core = core
        super().__init__({**row_ports(core), "word_lines": Out(core.macro.rows * core.macro.dac_bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes, bits, rows = self.core.word_bytes, self.core.activation_bits, self.core.macro.rows
        banks = [[Signal(lanes * bits, name=f"rows{b}_{w}") for w in range(rows // lanes)] for b in range(2)]
        self._write(m, banks)
        self._select(m, banks)
        return m

    def _select(self, m: Module, banks: list[list[Signal]]) -> None:
        core = self.core
        lanes, bits, rows, dac_bits = core.word_bytes, core.activation_bits, core.macro.rows, core.macro.dac_bits
        planes, rest = -(-bits // dac_bits), bits % dac_bits
        offset, there = Signal(range(bits), name="plane_offset"), Signal(dac_bits, name="plane_there")
        m.d.comb += offset.eq(self.plane * dac_bits)
        with m.If(self.drive & (self.plane < planes)):
            m.d.comb += there.eq(-1)
            if rest:
                with m.If(self.plane == planes - 1):
                    m.d.comb += there.eq((1 << rest) - 1)
        # A word moves as a whole: the plane of each of its codes comes to where the code begins. Behind the last one is
        # room for a plane that is wider than a code.
        selected = []
        for w, words in enumerate(zip(*banks, strict=True)):
            read, moved = Signal(lanes * bits, name=f"read{w}"), Signal(lanes * bits + dac_bits, name=f"moved{w}")
            m.d.comb += [read.eq(Mux(self.row_read_bank, words[1], words[0])), moved.eq(read >> offset)]
            selected += [moved[lane * bits : lane * bits + dac_bits] for lane in range(lanes)]
        m.d.comb += self.word_lines.eq(Cat(*selected) & there.replicate(rows))

    def _write(self, m: Module, banks: list[list[Signal]]) -> None:
        lanes, bits, words = self.core.word_bytes, self.core.activation_bits, len(banks[0])
        # Bit w: the lower part of the word goes to row-buffer word w - 1, the upper part to word w.
        hits = Signal(words + 1)
        m.d.comb += hits.eq(
            Cat(*[self.row_write & (self.row_index == (w - 1) % (1 << len(self.row_index))) for w in range(words + 1)])
        )
        for b, bank in enumerate(banks):
            here, clear = Signal(name=f"here{b}"), Signal(name=f"clear{b}")
            m.d.comb += [here.eq(self.row_bank == b), clear.eq(self.row_clear & (self.row_read_bank == b))]
            for w, word in enumerate(bank):
                written = Signal(lanes, name=f"written{b}_{w}")
                low, high = (hits[w + 1] & here).replicate(lanes), (hits[w] & here).replicate(lanes)
                m.d.comb += written.eq((low & self.row_low) | (high & self.row_high))
                for lane in range(lanes):
                    with m.If(written[lane]):
                        bits_of_lane = slice(lane * bits, (lane + 1) * bits)
                        m.d.sync += word[bits_of_lane].eq(self.row_data[bits_of_lane])
                with m.If(clear):
                    m.d.sync += word.eq(0)
