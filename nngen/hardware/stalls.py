"""Seeded stalls of simulation builds: they delay the start of commands, so that units meet in ever other ways."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nngen.isa import LONG_HOLD, SHORT_HOLD, STALL_SEED_BITS, HoldRange, stall_rotation


class Stalls(wiring.Component):
    """Holds each command of a unit, or instruction of the sequencer, for a number of cycles out of a seeded sequence.

    The sequence is that of :func:`nngen.isa.holds`; the seed 0 holds nothing.

    Parameters
    ----------
    code
        Unit code: each unit has a sequence of its own.

    Ports
    -----
    load, seed
        In: start the sequence of this seed, which must stay as it is until the next start.
    valid
        In: a command is there.
    held
        Out: it must not start in this cycle.
    advance
        In: it leaves at the end of the cycle.
    """

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__({"load": In(1), "seed": In(STALL_SEED_BITS), "valid": In(1), "held": Out(1), "advance": In(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        state, waited, hold = Signal(STALL_SEED_BITS), Signal(LONG_HOLD.width), Signal(LONG_HOLD.width)
        m.d.comb += [
            hold.eq(Mux(_chosen(state, SHORT_HOLD), _cycles(state, SHORT_HOLD), 0)),
            self.held.eq(self.valid & (waited != hold)),
        ]
        with m.If(~_chosen(state, SHORT_HOLD) & _chosen(state, LONG_HOLD)):
            m.d.comb += hold.eq(_cycles(state, LONG_HOLD))
        with m.If(self.seed == 0):  # tied to 0, nothing of this is left
            m.d.sync += [state.eq(0), waited.eq(0)]
        with m.Elif(self.load):
            m.d.sync += [state.eq(self.seed.rotate_left(stall_rotation(self.code))), waited.eq(0)]
        with m.Elif(self.advance):
            m.d.sync += [state.eq(_next(state)), waited.eq(0)]
        with m.Elif(self.held):
            m.d.sync += waited.eq(waited + 1)
        return m


def _chosen(state: Value, hold: HoldRange) -> Value:
    return (state & Const(hold.mask, STALL_SEED_BITS)) == 0


def _cycles(state: Value, hold: HoldRange) -> Value:
    return state[hold.offset : hold.offset + hold.width]


def _next(state: Value) -> Value:
    """One step of the generator of :func:`nngen.isa.holds`."""
    for shift in (13, -17, 5):
        moved = state << shift if shift > 0 else state >> -shift
        state = (state ^ moved)[:STALL_SEED_BITS]
    return state
