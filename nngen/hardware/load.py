"""LOAD: copies runs of activation memory into the macros' row buffers."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from nngen.arch import Core
from nngen.isa import LOAD_LATENCY, Unit, index_bits, register

from .command import address
from .retire import fold
from .sequencer import address_bits
from .unit import QueuedUnit


class Load(QueuedUnit):
    """One memory word a cycle, placed at any row from any byte address.

    Ports
    -----
    memory_enable, memory_address, memory_data
        Read port of activation memory.
    free, write_bank
        In: bookkeeping of the row buffers. ``acquire``, ``written``, ``filled`` go back to it.
    row_hit
        Out, one bit a macro: this cycle's word goes to its row buffer.
    row_bank
        Out: bank it goes to.
    row_index
        Out: row-buffer word of the lowest row, minus one where the first lanes lie before row 0 (then all ones).
    row_low, row_high
        Out, one bit a lane: written in that word; in the one after it.
    row_data
        Out: one code a lane.
    words, bytes_written
        Out, for the event counters.
    """

    unit = Unit.LOAD
    latency = LOAD_LATENCY

    def __init__(self, core: Core, *, retire: bool):
        self.core = core
        lanes = core.word_bytes
        words = core.macro.rows // lanes
        super().__init__(
            {
                "memory_enable": Out(1),
                "memory_address": Out(index_bits(core.activation_bytes // lanes)),
                "memory_data": In(8 * lanes),
                "free": In(1),
                "write_bank": In(1),
                "acquire": Out(1),
                "written": Out(1),
                "filled": Out(1),
                "row_hit": Out(core.macros),
                "row_bank": Out(1),
                "row_index": Out(index_bits(words + 1)),
                "row_low": Out(lanes),
                "row_high": Out(lanes),
                "row_data": Out(lanes * core.activation_bits),
                "bytes_written": Out(range(lanes * core.macros + 1)),
            },
            retire=retire,
        )

    def work(self, m: Module, platform: object) -> None:
        core, lanes = self.core, self.core.word_bytes
        lane_bits = (lanes - 1).bit_length()
        start = address(self.head.body, address_bits(core))
        low = start[:lane_bits]
        length, row = self.operand("LOAD", "length"), self.operand("LOAD", "row")
        first, last = self.operand("LOAD", "first"), self.operand("LOAD", "last")
        word = Signal(13)
        stop = Signal(14)
        m.d.comb += [
            stop.eq(low + length),
            self.can_start.eq(~first | self.free),
            self.work_ends.eq(word == (stop - 1) >> lane_bits),
            self.memory_enable.eq(self.working),
            self.memory_address.eq((start >> lane_bits) + word),
            self.acquire.eq(self.starting & first),
            self.written.eq(self.working & self.work_ends & last),
        ]
        m.d.sync += word.eq(Mux(self.working & ~self.work_ends, word + 1, 0))
        # The word read in this cycle is placed in the next: keep where its lanes go.
        position = Signal(signed(16))
        m.d.comb += position.eq(row - low + (word << lane_bits))
        groups = Cat(
            *[
                self.register(m, register(Unit.LOAD, "GROUP").index + i, 6, f"group{i}")
                == self.operand("LOAD", "group")
                for i in range(core.macros)
            ]
        )
        shift = Signal(max(1, lane_bits))
        lane_valid = Signal(lanes)
        valid = lane_mask(low, stop[:lane_bits], word == 0, self.work_ends, lanes)
        m.d.sync += [
            self.row_hit.eq(Mux(self.working, groups, 0)),
            self.row_bank.eq(self.write_bank),
            self.row_index.eq(position >> lane_bits),
            shift.eq(position[:lane_bits]),
            lane_valid.eq(valid),
            self.filled.eq(self.written),
        ]
        hits = sum(self.row_hit[i] for i in range(core.macros))
        placed_valid = rotate_lanes(m, "valid", lane_valid, shift, lanes=lanes)
        above = Cat(*[lane >= shift for lane in range(lanes)])
        invert = self.register(m, register(Unit.LOAD, "INVERT").index, core.activation_bits, "invert")
        codes = Cat(*[self.memory_data[8 * i : 8 * i + core.activation_bits] ^ invert for i in range(lanes)])
        m.d.comb += [
            self.row_low.eq(placed_valid & above),
            self.row_high.eq(placed_valid & ~above),
            self.row_data.eq(rotate_lanes(m, "codes", codes, shift, lanes=lanes)),
            self.bytes_written.eq(sum(lane_valid[i] for i in range(lanes)) * hits),
        ]
        busy_before = Signal()
        m.d.sync += busy_before.eq(self.working)
        m.d.comb += self.empty.eq(~busy_before)
        self._digest_inputs = (busy_before, placed_valid, position)

    def digest_write(self, m: Module) -> tuple[Value, Value]:
        core, lanes = self.core, self.core.word_bytes
        write, valid, position = self._digest_inputs
        # A run's first row is where it starts; of later words it is the row of lane 0.
        row = Signal(16)
        m.d.sync += row.eq(Mux(self.starting, self.operand("LOAD", "row"), position))
        bits = core.activation_bits
        bytes_ = [
            Cat(self.row_data[i * bits : (i + 1) * bits] & valid[i].replicate(bits), Const(0, 8 - bits))
            for i in range(lanes)
        ]
        return write, fold(Cat(*bytes_)) ^ row


def lane_mask(low: Value, stop_low: Value, first: Value, last: Value, lanes: int) -> Value:
    """Return the lanes a run covers: from ``low`` in its first word, below ``stop_low`` in its last (0: all)."""
    return Cat(*[~(first & (low > lane)) & ~(last & (stop_low != 0) & (stop_low <= lane)) for lane in range(lanes)])


def rotate_lanes(m: Module, name: str, value: Value, shift: Value, *, lanes: int) -> Value:
    """Move lane i to lane (i + shift) mod lanes; ``lanes`` is a power of two."""
    width = len(value) // lanes
    for bit in range((lanes - 1).bit_length()):
        cut = (lanes - (1 << bit)) * width
        stage = Signal(len(value), name=f"{name}_rotated{bit}")
        m.d.comb += stage.eq(Mux(shift[bit], Cat(value[cut:], value[:cut]), value))
        value = stage
    return value
