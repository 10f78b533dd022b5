"""Ramp: samples, then tries every code in turn, one a cycle; the last that the input reaches is its code."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class RampController(wiring.Component):
    """Sequences one conversion after the other; the code registers stand beside the comparators.

    Parameters
    ----------
    bits
        Resolution.
    sample_cycles
        Cycles until the sample is settled.

    Ports
    -----
    run
        In: convert. Must stay high until ``done``.
    sample
        Out: last sampling cycle; the input is held at its end, and the code registers are cleared.
    trial
        Out: the code tried in this cycle, from 1 to the highest; zero while sampling.
    done
        Out: last cycle of a conversion; the code is there in the next.
    """

    def __init__(self, *, bits: int, sample_cycles: int):
        self.bits = bits
        self.sample_cycles = sample_cycles
        super().__init__({"run": In(1), "sample": Out(1), "trial": Out(bits), "done": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        waiting = Signal(range(self.sample_cycles))
        trial, sampling = Signal(self.bits), Signal()
        m.d.comb += [
            sampling.eq(self.run & (trial == 0)),
            self.sample.eq(sampling & (waiting == self.sample_cycles - 1)),
            self.trial.eq(trial),
            self.done.eq(trial.all()),
        ]
        with m.If(self.sample):
            m.d.sync += [waiting.eq(0), trial.eq(1)]
        with m.Elif(sampling):
            m.d.sync += waiting.eq(waiting + 1)
        with m.Elif(trial != 0):
            m.d.sync += trial.eq(trial + 1)  # after the highest code it is 0
        return m
