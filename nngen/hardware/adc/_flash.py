"""Flash: samples, then has the whole code in one cycle; without sampling cycles in the very first."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class FlashController(wiring.Component):
    """Sequences one conversion after the other.

    Parameters
    ----------
    bits
        Resolution.
    sample_cycles
        Cycles until the sample is settled; with 0 a conversion takes a single cycle.

    Ports
    -----
    run
        In: convert. Must stay high until ``done``.
    sample
        Out: last sampling cycle; the input is held at its end.
    done
        Out: last cycle of a conversion; the converters' codes are valid.
    """

    def __init__(self, *, bits: int, sample_cycles: int):
        self.bits = bits
        self.sample_cycles = sample_cycles
        super().__init__({"run": In(1), "sample": Out(1), "done": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        cycle = Signal(range(self.sample_cycles + 1))
        m.d.comb += [
            self.sample.eq(self.run & (cycle == self.sample_cycles - 1) if self.sample_cycles else 0),
            self.done.eq(self.run & (cycle == self.sample_cycles)),
        ]
        with m.If(self.run):
            m.d.sync += cycle.eq(cycle + 1)
        with m.If(self.done):
            m.d.sync += cycle.eq(0)
        return m
