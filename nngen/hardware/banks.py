"""Bookkeeping of a two-deep (ping-pong) buffer between two units."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Banks(wiring.Component):
    """Which of two banks is written, which is read, and whether either may start.

    Ports
    -----
    acquire
        In: the writer starts a bank.
    written
        In: the writer issued its last write; its bank pointer moves on.
    filled
        In: that bank's data can be read from the next cycle on.
    released
        In: the reader issued its last read; its bank pointer moves on.
    freed
        In: that bank may be acquired again from the next cycle on.
    free
        Out: a bank can be acquired.
    full
        Out: a filled bank waits for or is used by the reader.
    write_bank, read_bank
        Out: bank of writer and reader.
    """

    def __init__(self) -> None:
        inputs = dict.fromkeys(("acquire", "written", "filled", "released", "freed"), In(1))
        outputs = dict.fromkeys(("free", "full", "write_bank", "read_bank"), Out(1))
        super().__init__(inputs | outputs)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        used, ready = Signal(2), Signal(2)
        m.d.sync += [
            used.eq(used + self.acquire - self.freed),
            ready.eq(ready + self.filled - self.released),
            self.write_bank.eq(self.write_bank ^ self.written),
            self.read_bank.eq(self.read_bank ^ self.released),
        ]
        m.d.comb += [self.free.eq(~used[1]), self.full.eq(ready != 0)]
        return m
