"""Retire ports of simulation builds: which command took effect, in which state it found the core, what it wrote."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .command import ISSUE_STATE_BITS, PC_BITS

STATE_BITS = ISSUE_STATE_BITS + 1  # the highest: it stood at the head of its queue and could not start
RETIRE_PORTS = {
    "retire_valid": Out(1),
    "retire_word": Out(64),
    "retire_pc": Out(PC_BITS),
    "retire_state": Out(STATE_BITS),
    "retire_digest": Out(32),
}


def fold(value: Value) -> Value:
    """XOR the 32-bit parts of a value."""
    bits = Cat(value, Const(0, -len(value) % 32))
    result = bits[0:32]
    for start in range(32, len(bits), 32):
        result = result ^ bits[start : start + 32]
    return result


class RetirePipeline(wiring.Component):
    """Delays the end of each command by ``latency`` cycles and collects its digest on the way out.

    Ports
    -----
    ended, word, pc, state
        In: a command is in its last busy cycle.
    write, contribution
        In: in the cycle a write takes effect, its folded data. Writes of a command take effect up to, and
        including, the cycle it retires in.
    """

    def __init__(self, *, latency: int):
        self.latency = latency
        super().__init__(
            {
                "ended": In(1),
                "word": In(64),
                "pc": In(PC_BITS),
                "state": In(STATE_BITS),
                "write": In(1),
                "contribution": In(32),
                **RETIRE_PORTS,
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        stage = Cat(self.ended, self.word, self.pc, self.state)
        for i in range(self.latency):
            register = Signal(len(stage), name=f"stage{i}")
            m.d.sync += register.eq(stage)
            stage = register
        digest, now = Signal(32), Signal(32)
        m.d.comb += [
            now.eq(Mux(self.write, Cat(digest[-1], digest[:-1]) ^ self.contribution, digest)),
            self.retire_valid.eq(stage[0]),
            self.retire_word.eq(stage[1:65]),
            self.retire_pc.eq(stage[65 : 65 + PC_BITS]),
            self.retire_state.eq(stage[65 + PC_BITS :]),
            self.retire_digest.eq(now),
        ]
        m.d.sync += digest.eq(Mux(stage[0], 0, now))
        return m
