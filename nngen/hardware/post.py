"""POST: sums accumulators, requantizes them, collects the codes in the output buffer."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from nngen.arch import Core
from nngen.isa import POST_LATENCY, Unit, constant_record_layout, index_bits, record_words, register

from .requantizer import Requantizer, RequantizerWidths
from .retire import fold
from .unit import QueuedUnit


class Post(QueuedUnit):
    """One constant record a cycle.

    Ports
    -----
    record_enable, record_address, record_data
        Read port of constant memory.
    entry, adc, macro
        Out, in the cycle after a record was read: which accumulator it adds.
    read, bank
        Out: an accumulator is read; its bank.
    accumulator
        In, in the cycle after that: its value.
    buffer_write, buffer_address, buffer_data
        Write port of the output buffer: one write bit a byte, address in words within the bank ``buffer_bank``.
    full, read_bank, free
        In: bookkeeping of accumulators and output buffer. ``released``, ``freed`` (accumulators), ``acquire``,
        ``written_out``, ``filled`` (output buffer) go back to it.
    output
        Out: an output is written in this cycle, for the event counters.
    """

    latency = POST_LATENCY

    def __init__(self, core: Core, *, retire: bool):
        self.core = core
        lanes = core.word_bytes
        super().__init__(
            {
                "record_enable": Out(1),
                "record_address": Out(index_bits(core.constant_records)),
                "record_data": In(32 * record_words(core)),
                "entry": Out(index_bits(core.accumulator_entries)),
                "adc": Out(index_bits(core.macro.adcs)),
                "macro": Out(index_bits(core.macros)),
                "bank": Out(1),
                "read": Out(1),
                "accumulator": In(signed(core.accumulator_bits)),
                "buffer_write": Out(lanes),
                "buffer_bank": Out(1),
                "buffer_address": Out(index_bits(core.output_buffer_bytes // lanes)),
                "buffer_data": Out(8 * lanes),
                "full": In(1),
                "read_bank": In(1),
                "released": Out(1),
                "freed": Out(1),
                "free": In(1),
                "acquire": Out(1),
                "written_out": Out(1),
                "filled": Out(1),
                "output": Out(1),
            },
            retire=retire,
        )

    def work(self, m: Module, platform: object) -> None:
        count, first = self.operand("POST", "count"), self.operand("POST", "first")
        last, release = self.operand("POST", "last"), self.operand("POST", "release")
        index = Signal(13)
        m.d.comb += [
            self.can_start.eq(self.full & (~first | self.free)),
            self.work_ends.eq(index + 1 == count),
            self.record_enable.eq(self.working),
            self.record_address.eq(self.operand("POST", "record") + index),
            self.acquire.eq(self.starting & first),
            self.released.eq(self.working & self.work_ends & release),
            self.written_out.eq(self.working & self.work_ends & last),
        ]
        m.d.sync += index.eq(Mux(self.working & ~self.work_ends, index + 1, 0))
        record = self._record()
        # Stage 1: the record is there, the accumulator is read.
        valid1 = self._delay(m, self.working, 1, "valid")
        m.d.comb += [
            self.read.eq(valid1),
            self.entry.eq(record["entry"]),
            self.adc.eq(record["adc"]),
            self.macro.eq(record["macro"]),
            self.bank.eq(self._delay(m, self.read_bank, 1, "bank")),
            self.freed.eq(self._delay(m, self.released, 1, "release")),
        ]
        # Stage 2: the accumulator is there (registered below). Stage 3: it is added.
        value, total = Signal(signed(self.core.accumulator_bits)), Signal(signed(self.core.accumulator_bits))
        fresh = Signal()
        is_last1 = valid1 & record["last"]
        starts1 = self._delay(m, self.starting, 1, "starting")
        valid3 = self._delay(m, valid1, 2, "valid3")
        last3 = self._delay(m, is_last1, 2, "last3")
        starts3 = self._delay(m, starts1, 2, "starts3")
        added = Signal(signed(self.core.accumulator_bits))
        m.d.comb += added.eq(Mux(fresh | starts3, 0, total) + value)
        m.d.sync += value.eq(self.accumulator)
        with m.If(valid3):
            m.d.sync += [total.eq(added), fresh.eq(last3)]
        # Stages 4 to 7: requantize; the code leaves in stage 7.
        m.submodules.requantizer = requantizer = Requantizer(
            RequantizerWidths(
                accumulator=self.core.accumulator_bits,
                multiplier=self.core.multiplier_bits,
                offset=self.core.offset_bits,
                shift=self.core.shift_bits,
            )
        )
        for name in ("multiplier", "offset", "shift"):
            m.d.comb += getattr(requantizer, name).eq(self._delay(m, record[name], 3, name))
        m.d.comb += [
            requantizer.accumulator.eq(total),
            requantizer.lowest.eq(self._register(m, "LOWEST", 32)),
            requantizer.highest.eq(self._register(m, "HIGHEST", 32)),
            requantizer.zero_point.eq(self._register(m, "ZERO_POINT", 17)),
            requantizer.rounding.eq(self._register(m, "ROUNDING", 2)),
        ]
        words = self._register(m, "WORDS", 1)
        emit = self._delay(m, last3, 4, "emit")
        acquired = self._delay(m, self.acquire, 6, "acquired")
        closes = self._delay(m, self.written_out, 6, "closes")
        m.d.comb += [self.output.eq(emit), self.filled.eq(self._delay(m, closes, 1, "filled"))]
        self._append(m, emit, requantizer.result, words, acquired, self.filled)
        stages = Signal(POST_LATENCY - 1)
        m.d.sync += stages.eq(Cat(self.working, stages[:-1]))
        m.d.comb += self.empty.eq(~stages.any())
        self._emitted = (emit, requantizer.result)

    def _append(self, m: Module, emit: Value, code: Value, words: Value, acquired: Value, closed: Value) -> None:
        """Write a code behind the last one; a bank starts at its first byte."""
        lanes = self.core.word_bytes
        lane_bits = (lanes - 1).bit_length()
        pointer, bank = Signal(range(self.core.output_buffer_bytes + 4)), Signal()
        size = Mux(words, 4, 1)
        fits = pointer + size <= self.core.output_buffer_bytes
        lane = pointer[:lane_bits]
        byte_mask = Cat(*[(lane == i) for i in range(lanes)])
        word_mask = Cat(*[(lane[2:] == i // 4) for i in range(lanes)]) if lanes > 4 else Const((1 << lanes) - 1, lanes)
        m.d.comb += [
            self.buffer_bank.eq(bank),
            self.buffer_address.eq(pointer >> lane_bits),
            self.buffer_data.eq(Mux(words, code.as_unsigned().replicate(lanes // 4), code[:8].replicate(lanes))),
            self.buffer_write.eq(Mux(emit & fits, Mux(words, word_mask, byte_mask), 0)),
        ]
        with m.If(emit & fits):
            m.d.sync += pointer.eq(pointer + size)
        with m.If(acquired):
            m.d.sync += pointer.eq(0)
        m.d.sync += bank.eq(bank ^ closed)

    def _record(self) -> dict[str, Value]:
        fields, offset = {}, 0
        for name, width in constant_record_layout(self.core):
            bits = self.record_data[offset : offset + width]
            fields[name] = bits.as_signed() if name in ("multiplier", "offset") else bits
            offset += width
        return fields

    def _register(self, m: Module, name: str, width: int) -> Value:
        r = register(Unit.POST, name)
        return self.register(m, r.index, width, name.lower(), signed=name in ("LOWEST", "HIGHEST", "ZERO_POINT"))

    @staticmethod
    def _delay(m: Module, value: Value, cycles: int, name: str) -> Value:
        """Delay a value by register stages."""
        for i in range(cycles):
            stage = Signal(value.shape(), name=f"{name}_{i + 1}")
            m.d.sync += stage.eq(value)
            value = stage
        return value

    def digest_write(self, m: Module) -> tuple[Value, Value]:
        emit, code = self._emitted
        return emit, fold(code.as_unsigned())
