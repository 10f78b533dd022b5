"""STORE and FILL: write activation memory, at any byte address."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from nngen.arch import Core
from nngen.isa import STORE_LATENCY, Unit, index_bits

from .command import Kind, address
from .load import lane_mask, rotate_lanes
from .retire import fold
from .sequencer import address_bits
from .unit import QueuedUnit


class Store(QueuedUnit):
    """One memory word a cycle.

    Ports
    -----
    buffer_enable, buffer_address, buffer_data
        Read port of one bank of the output buffer, in words.
    memory_write, memory_address, memory_data
        Write port of activation memory; one write bit a byte.
    full
        In: a bank is filled. ``released`` goes back to the bookkeeping.
    """

    unit = Unit.STORE
    latency = STORE_LATENCY

    def __init__(self, core: Core, *, retire: bool):
        self.core = core
        lanes = core.word_bytes
        super().__init__(
            {
                "buffer_enable": Out(1),
                "buffer_address": Out(index_bits(core.output_buffer_bytes // lanes)),
                "buffer_data": In(8 * lanes),
                "memory_write": Out(lanes),
                "memory_address": Out(index_bits(core.activation_bytes // lanes)),
                "memory_data": Out(8 * lanes),
                "full": In(1),
                "released": Out(1),
            },
            retire=retire,
        )

    def work(self, m: Module, platform: object) -> None:
        core, lanes = self.core, self.core.word_bytes
        lane_bits = (lanes - 1).bit_length()
        fill = self.head.kind == Kind.FILL
        start = address(self.head.body, address_bits(core))
        low = start[:lane_bits]
        length = Mux(fill, self.operand("FILL", "length"), self.operand("STORE", "length"))
        word, stop = Signal(17), Signal(18)
        m.d.comb += [
            stop.eq(low + length),
            self.can_start.eq(fill | self.full),
            self.work_ends.eq(word == (stop - 1) >> lane_bits),
            self.buffer_enable.eq(self.working & ~fill),
            self.buffer_address.eq(word),
            self.released.eq(self.working & self.work_ends & ~fill & self.operand("STORE", "release")),
        ]
        m.d.sync += word.eq(Mux(self.working & ~self.work_ends, word + 1, 0))
        writing, filling, shift = Signal(), Signal(), Signal(max(1, lane_bits))
        value, mask = Signal(8), Signal(lanes)
        m.d.sync += [
            writing.eq(self.working),
            filling.eq(fill),
            value.eq(self.operand("FILL", "value")),
            shift.eq(low),
            mask.eq(lane_mask(low, stop[:lane_bits], word == 0, self.work_ends, lanes)),
            self.memory_address.eq((start >> lane_bits) + word),
        ]
        # Output byte i goes to lane (i + shift): the lanes below shift come from the word before.
        before = Signal(8 * lanes)
        rotated = rotate_lanes(m, "buffer", self.buffer_data, shift, lanes=lanes)
        with m.If(writing):
            m.d.sync += before.eq(rotated)
        merged = Cat(
            *[
                Mux(lane < shift, before[8 * lane : 8 * lane + 8], rotated[8 * lane : 8 * lane + 8])
                for lane in range(lanes)
            ]
        )
        m.d.comb += [
            self.memory_write.eq(Mux(writing, mask, 0)),
            self.memory_data.eq(Mux(filling, value.replicate(lanes), merged)),
            self.empty.eq(~writing),
        ]
        self._writing = writing

    def digest_write(self, m: Module) -> tuple[Value, Value]:
        lanes = self.core.word_bytes
        kept = Cat(*[self.memory_data[8 * i : 8 * i + 8] & self.memory_write[i].replicate(8) for i in range(lanes)])
        return self._writing, fold(kept) ^ self.memory_address
