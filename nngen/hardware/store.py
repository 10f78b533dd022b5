"""STORE and FILL: write activation memory, at any byte address."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from nngen.arch import Core
from nngen.isa import COUNTERS, Unit, index_bits, register, store_latency

from .command import Kind
from .retire import fold
from .runs import RunWord, rotate_lanes, walk_runs
from .unit import QueuedUnit

WORD_BITS = 17


class Store(QueuedUnit):
    """One memory word a cycle.

    Ports
    -----
    buffer_enable, buffer_address, buffer_data
        Read port of one bank of the output buffer, in words.
    memory_write, memory_address, memory_data
        Write port of activation memory; one write bit a byte.
    touched
        Out: a word is written in this cycle, or would be if it were in memory; for the event counters.
    full
        In: a bank is filled. ``released`` goes back to the bookkeeping.
    ask, ask_bus, ports, ends, start
        In a chip with several cores, toward its arbiter: the command at the head asks, and for the bus and which ports;
        one that has started ends; it may start.
    targets, on_bus, tells
        Out, there: cores that the bus reaches; what is written goes over the bus; a TELL is executed, of counter
        ``told_counter``.
    """

    unit = Unit.STORE

    def __init__(self, core: Core, *, retire: bool):
        self.core = core
        self.latency = store_latency(bus=core.bus is not None)
        lanes = core.word_bytes
        bus: dict[str, object] = {}
        if core.bus is not None:
            bus = {name: Out(1) for name in ("ask", "ask_bus", "ends", "on_bus", "tells")}
            bus |= {"told_counter": Out(index_bits(COUNTERS))}
            bus |= {"start": In(1), "ports": Out(core.bus.cores), "targets": Out(core.bus.cores)}
        super().__init__(
            {
                **bus,
                "buffer_enable": Out(1),
                "buffer_address": Out(index_bits(core.output_buffer_bytes // lanes)),
                "buffer_data": In(8 * lanes),
                "memory_write": Out(lanes),
                "memory_address": Out(index_bits(core.reach_bytes // lanes)),
                "memory_data": Out(8 * lanes),
                "touched": Out(1),
                "full": In(1),
                "released": Out(1),
            },
            retire=retire,
        )

    @property
    def told(self) -> Value:
        """A TELL at the head is executed."""
        return super().told if self.core.bus is None else self.tells

    def work(self, m: Module, platform: object) -> None:
        core, lanes = self.core, self.core.word_bytes
        fill = self.head.kind == Kind.FILL
        length = self.operand("STORE", "length")
        ready: Value = fill | self.full
        over_bus: Value = Const(0)
        if core.bus is not None:
            over_bus = Mux(fill, self.operand("FILL", "bus"), self.operand("STORE", "bus"))
            self._ask(m, ready, over_bus)
            ready = self.start
        words = None if core.bus is None else Mux(over_bus, core.reach_bytes // lanes, core.activation_bytes // lanes)
        run = walk_runs(
            m,
            self,
            core,
            active=self.working,
            length=Mux(fill, self.operand("FILL", "length"), length),
            word_bits=WORD_BITS,
            strided=~fill & self.operand("STORE", "strided"),
            words=words,
        )
        m.d.comb += [
            self.can_start.eq(ready),
            self.work_ends.eq(run.ends),
            self.buffer_enable.eq(self.working & ~fill),
            self.buffer_address.eq(self._buffer_word(m, run, length)),
            self.released.eq(self.working & self.work_ends & ~fill & self.operand("STORE", "release")),
        ]
        filling, shift = Signal(), Signal(len(run.low))
        value, mask = Signal(8), Signal(lanes)
        self._address = Signal(len(run.address), name="word_address")
        m.d.sync += [
            self.touched.eq(self.working),
            filling.eq(fill),
            value.eq(self.operand("FILL", "value")),
            shift.eq(run.low),
            mask.eq(Mux(run.beyond, 0, run.lanes)),
            self._address.eq(run.address),
        ]
        # Output byte i goes to lane (i + shift): the lanes below shift come from the word before.
        before = Signal(8 * lanes)
        rotated = rotate_lanes(m, "buffer", self.buffer_data, shift, lanes=lanes)
        with m.If(self.touched):
            m.d.sync += before.eq(rotated)
        merged = Cat(
            *[
                Mux(lane < shift, before[8 * lane : 8 * lane + 8], rotated[8 * lane : 8 * lane + 8])
                for lane in range(lanes)
            ]
        )
        m.d.comb += [
            self.memory_write.eq(Mux(self.touched, mask, 0)),
            self.memory_address.eq(self._address),
            self.memory_data.eq(Mux(filling, value.replicate(lanes), merged)),
        ]
        if core.bus is None:
            m.d.comb += self.empty.eq(~self.touched)
        else:
            written = Signal()  # what is written passes a register in front of the memory
            m.d.sync += [written.eq(self.touched), self.on_bus.eq(over_bus)]
            m.d.comb += self.empty.eq(~self.touched & ~written)

    def _ask(self, m: Module, ready: Value, over_bus: Value) -> None:
        """Tell the arbiter what the command at the head claims, and when it is through."""
        assert self.core.bus is not None
        kind = self.head.kind
        works = (kind == Kind.WORK) | (kind == Kind.FILL)
        signals = kind == Kind.TELL
        described = register(Unit.STORE, "TARGETS")
        targets = [
            self.register(m, described.index + i, described.width, f"targets{i}") for i in range(described.count)
        ]
        asks_to_signal = Signal()
        m.d.comb += [
            asks_to_signal.eq(self.valid & signals & self.empty & ~self.held),
            self.ask.eq((self.valid & works & ~self.running & ready & ~self.held) | asks_to_signal),
            self.ask_bus.eq(signals | (works & over_bus)),
            self.tells.eq(asks_to_signal & self.start),
            self.ends.eq((self.working & self.work_ends) | self.tells),
            self.targets.eq(Cat(*targets)),
            self.told_counter.eq(self.operand("TELL", "counter")),
            self.ports.eq(Mux(works, self.targets, 0)),
        ]

    def _buffer_word(self, m: Module, run: RunWord, length: Value) -> Value:
        """Return which word of the output buffer is read: each run goes on where the one before ended."""
        core = self.core
        if not core.strided_access:
            return run.number
        lane_bits = (core.word_bytes - 1).bit_length()
        words = core.output_buffer_bytes // core.word_bytes
        done = Signal(range(words), name="words_done")
        after = _modulo(m, done + (length >> lane_bits), words, "words_after")
        with m.If(self.working & run.last):
            m.d.sync += done.eq(Mux(run.ends, 0, after))
        # One word more than a run has is asked for where a run is not aligned, and not used.
        return _modulo(m, done + run.number[: words.bit_length()], words, "buffer_word")

    def digest_write(self, m: Module) -> tuple[Value, Value]:
        lanes = self.core.word_bytes
        kept = Cat(*[self.memory_data[8 * i : 8 * i + 8] & self.memory_write[i].replicate(8) for i in range(lanes)])
        if self.core.bus is None:
            return self.touched, fold(kept) ^ self._address
        late, contribution = Signal(name="late_touched"), Signal(32, name="late_contribution")
        m.d.sync += [late.eq(self.touched), contribution.eq(fold(kept) ^ self._address)]
        return late, contribution


def _modulo(m: Module, value: Value, modulus: int, name: str) -> Value:
    """Return a value below twice the modulus, modulo it."""
    total = Signal(range(2 * modulus), name=name)
    m.d.comb += total.eq(value)
    return Mux(total >= modulus, total - modulus, total)[: index_bits(modulus)]
