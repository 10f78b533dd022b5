"""The row buffers of a macro: two banks of one code a row, and the plane of one of them on the word lines."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value
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
        core = self.core
        lanes, bits, rows, dac_bits = core.word_bytes, core.activation_bits, core.macro.rows, core.macro.dac_bits
        banks = [[Signal(lanes * bits, name=f"rows{b}_{w}") for w in range(rows // lanes)] for b in range(2)]
        self._write(m, banks)
        codes = [[word[lane * bits : (lane + 1) * bits] for word in bank for lane in range(lanes)] for bank in banks]
        planes = [
            Cat(*[_plane(code, plane, dac_bits) for code in bank])
            for plane in range(-(-bits // dac_bits))
            for bank in codes
        ]
        selected = Signal(rows * dac_bits)
        with m.Switch(Cat(self.row_read_bank, self.plane)):
            for index, plane in enumerate(planes):
                with m.Case(index):
                    m.d.comb += selected.eq(plane)
        m.d.comb += self.word_lines.eq(selected & self.drive.replicate(rows * dac_bits))
        return m

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


def _plane(code: Value, plane: int, dac_bits: int) -> Value:
    bits = code[plane * dac_bits : (plane + 1) * dac_bits]
    return bits if len(bits) == dac_bits else Cat(bits, Const(0, dac_bits - len(bits)))
