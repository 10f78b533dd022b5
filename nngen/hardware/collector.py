"""Collects the codes that POST makes in the output buffer."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nngen.arch import Core
from nngen.isa import index_bits

RESULT_BITS = 32


class Collector(wiring.Component):
    """Appends codes to the bank being written; what does not fit is dropped.

    Ports
    -----
    valid, code
        In: a code to append in this cycle.
    words
        In: codes take four bytes, not one.
    restart
        In: from the next cycle on write from the first byte.
    close
        In: the bank is complete; from the next cycle on write the other one.
    write, bank, address, data
        Out: write port of the output buffer; one write bit a byte, address in words within the bank.
    """

    def __init__(self, core: Core) -> None:
        self.core = core
        lanes = core.word_bytes
        super().__init__(
            {
                "valid": In(1),
                "code": In(RESULT_BITS),
                "words": In(1),
                "restart": In(1),
                "close": In(1),
                "write": Out(lanes),
                "bank": Out(1),
                "address": Out(index_bits(core.output_buffer_bytes // lanes)),
                "data": Out(8 * lanes),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes = self.core.word_bytes
        lane_bits = (lanes - 1).bit_length()
        pointer, bank = Signal(range(self.core.output_buffer_bytes + 4)), Signal()
        size = Mux(self.words, 4, 1)
        accept = self.valid & (pointer + size <= self.core.output_buffer_bytes)
        lane = pointer[:lane_bits]
        byte_mask = Cat(*[lane == i for i in range(lanes)])
        word_mask = Cat(*[lane[2:] == i // 4 for i in range(lanes)]) if lanes > 4 else Const(0b1111, 4)
        m.d.comb += [
            self.bank.eq(bank),
            self.address.eq(pointer >> lane_bits),
            self.data.eq(Mux(self.words, self.code.replicate(lanes // 4), self.code[:8].replicate(lanes))),
            self.write.eq(Mux(accept, Mux(self.words, word_mask, byte_mask), 0)),
        ]
        with m.If(self.restart):
            m.d.sync += pointer.eq(0)
        with m.Elif(accept):
            m.d.sync += pointer.eq(pointer + size)
        m.d.sync += bank.eq(bank ^ self.close)
        return m
