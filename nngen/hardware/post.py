"""POST: sums accumulators, requantizes them, collects the codes in the output buffer."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from nngen.arch import Core
from nngen.isa import Unit, constant_record_layout, index_bits, post_latency, record_words, register

from .collector import Collector
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

    unit = Unit.POST
    latency = post_latency(0)

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
        total, finished = self._sum(m, record)
        self._code = self._requantize(m, record, total)
        self._emit = _delay(m, finished, 4, "emit")
        self._collect(m)
        stages = Signal(self.latency - 1)
        m.d.sync += stages.eq(Cat(self.working, stages[:-1]))
        m.d.comb += self.empty.eq(~stages.any())

    def _sum(self, m: Module, record: dict[str, Value]) -> tuple[Value, Value]:
        """Stages 1 to 3: the record is there, its accumulator is read, it is added.

        Returns the sum, one cycle later, and (in stage 3) whether it is finished.
        """
        valid = _delay(m, self.working, 1, "valid")
        m.d.comb += [
            self.read.eq(valid),
            self.entry.eq(record["entry"]),
            self.adc.eq(record["adc"]),
            self.macro.eq(record["macro"]),
            self.bank.eq(_delay(m, self.read_bank, 1, "bank")),
            self.freed.eq(_delay(m, self.released, 1, "release")),
        ]
        width = signed(self.core.accumulator_bits)
        value, total, added, fresh = Signal(width), Signal(width), Signal(width), Signal()
        adds = _delay(m, valid, 2, "adds")
        finishes = _delay(m, valid & record["last"], 2, "finishes")
        starts = _delay(m, self.starting, 3, "starts")
        m.d.comb += added.eq(Mux(fresh | starts, 0, total) + value)
        m.d.sync += value.eq(self.accumulator)
        with m.If(adds):
            m.d.sync += [total.eq(added), fresh.eq(finishes)]
        return total, finishes

    def _requantize(self, m: Module, record: dict[str, Value], total: Value) -> Value:
        """Stages 4 to 7: the sum becomes a code."""
        core = self.core
        m.submodules.requantizer = requantizer = Requantizer(
            RequantizerWidths(
                accumulator=core.accumulator_bits,
                multiplier=core.multiplier_bits,
                offset=core.offset_bits,
                shift=core.shift_bits,
            )
        )
        for name in ("multiplier", "offset", "shift"):
            m.d.comb += getattr(requantizer, name).eq(_delay(m, record[name], 3, name))
        for name in ("LOWEST", "HIGHEST", "ZERO_POINT", "ROUNDING"):
            m.d.comb += getattr(requantizer, name.lower()).eq(self._register(m, name))
        m.d.comb += requantizer.accumulator.eq(total)
        return requantizer.result

    def _collect(self, m: Module) -> None:
        """Stage 7: the code goes to the output buffer, which is handed over after the command's last one."""
        m.submodules.collector = collector = Collector(self.core)
        m.d.comb += [
            collector.valid.eq(self._emit),
            collector.code.eq(self._code.as_unsigned()),
            collector.element.eq(self._register(m, "ELEMENT")),
            collector.restart.eq(_delay(m, self.acquire, 6, "acquired") | self.filled),
            collector.close.eq(self.filled),
            self.filled.eq(_delay(m, self.written_out, 7, "filled")),
            self.output.eq(self._emit),
            self.buffer_write.eq(collector.write),
            self.buffer_bank.eq(collector.bank),
            self.buffer_address.eq(collector.address),
            self.buffer_data.eq(collector.data),
        ]

    def _record(self) -> dict[str, Value]:
        fields, offset = {}, 0
        for name, width in constant_record_layout(self.core):
            bits = self.record_data[offset : offset + width]
            fields[name] = bits.as_signed() if name in ("multiplier", "offset") else bits
            offset += width
        return fields

    def _register(self, m: Module, name: str) -> Value:
        described = register(Unit.POST, name)
        return self.register(m, described.index, described.width, name.lower(), signed=described.signed)

    def digest_write(self, m: Module) -> tuple[Value, Value]:
        return self.buffer_write.any(), fold(self._code.as_unsigned())


def _delay(m: Module, value: Value, cycles: int, name: str) -> Value:
    """Delay a value by register stages."""
    for i in range(cycles):
        stage = Signal(value.shape(), name=f"{name}_{i + 1}")
        m.d.sync += stage.eq(value)
        value = stage
    return value
