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
    element
        In: codes take 0: one byte; 1: the aligned two bytes around the position; 2, 3: the aligned four.
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
                "element": In(2),
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
        size = Mux(self.element[1], 4, Mux(self.element[0], 2, 1))
        accept = self.valid & (pointer + size <= self.core.output_buffer_bytes)
        lane = pointer[:lane_bits]
        mask, data = Signal(lanes), Signal(8 * lanes)
        with m.If(self.element[1]):
            m.d.comb += [
                mask.eq(Cat(*[lane[2:] == i // 4 if lanes > 4 else Const(1) for i in range(lanes)])),
                data.eq(self.code.replicate(lanes // 4)),
            ]
        with m.Elif(self.element[0]):
            m.d.comb += [
                mask.eq(Cat(*[lane[1:] == i // 2 for i in range(lanes)])),
                data.eq(self.code[:16].replicate(lanes // 2)),
            ]
        with m.Else():
            m.d.comb += [mask.eq(Cat(*[lane == i for i in range(lanes)])), data.eq(self.code[:8].replicate(lanes))]
        m.d.comb += [
            self.bank.eq(bank),
            self.address.eq(pointer >> lane_bits),
            self.data.eq(data),
            self.write.eq(Mux(accept, mask, 0)),
        ]
        with m.If(self.restart):
            m.d.sync += pointer.eq(0)
        with m.Elif(accept):
            m.d.sync += pointer.eq(pointer + size)
        m.d.sync += bank.eq(bank ^ self.close)
        return m
