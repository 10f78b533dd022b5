"""POST: sums accumulators, or takes VEC's one by one, requantizes them, collects the codes in the output buffer."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from nngen.arch import Core
from nngen.isa import (
    RECORD_SIGNED_FIELDS,
    Unit,
    constant_record_layout,
    index_bits,
    post_latency,
    record_words,
    register,
)

from .collector import Collector
from .requantizer import Requantizer, RequantizerWidths
from .retire import fold
from .unit import QueuedUnit

TABLE_WORDS = 64  # of four entries


class Post(QueuedUnit):
    """One constant record a cycle.

    Ports
    -----
    record_enable, record_address, record_data
        Read port of constant memory.
    entry, adc, named
        Out, in the cycle after a record was read: which accumulator it adds, of which macros (a bit each).
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
    vector_full, vector_read_bank, vector_released, vector_freed
        The same of VEC's accumulators, in cores with VEC.
    vector_read, vector_bank, vector_entry
        Out, in cores with VEC: one of its accumulators is read, in place of a macro's. ``vector_value`` follows in the
        next cycle, with ``takes_vector``.
    table_enable, table_address, table_data
        Read port of the look-up tables, four entries a word, in cores with tables.
    """

    unit = Unit.POST

    def __init__(self, core: Core, *, retire: bool):
        self.core = core
        self.latency = post_latency(core.tables)
        lanes = core.word_bytes
        ports = {
            "record_enable": Out(1),
            "record_address": Out(index_bits(core.constant_records)),
            "record_data": In(32 * record_words(core)),
            "entry": Out(index_bits(core.accumulator_entries)),
            "adc": Out(index_bits(core.macro.adcs)),
            "named": Out(core.macros),
            "accumulator": In(signed(core.accumulator_bits)),
            "buffer_write": Out(lanes),
            "buffer_bank": Out(1),
            "buffer_address": Out(index_bits(core.output_buffer_bytes // lanes)),
            "buffer_data": Out(8 * lanes),
        }
        ports |= dict.fromkeys(("full", "read_bank", "free"), In(1))
        ports |= dict.fromkeys(
            ("bank", "read", "released", "freed", "acquire", "written_out", "filled", "output"), Out(1)
        )
        if core.vector is not None:
            ports |= dict.fromkeys(("vector_full", "vector_read_bank"), In(1))
            ports |= dict.fromkeys(("vector_released", "vector_freed", "vector_read", "vector_bank"), Out(1))
            ports |= {
                "vector_entry": Out(index_bits(core.vector.accumulators)),
                "vector_value": In(signed(core.accumulator_bits)),
            }
        if core.tables:
            ports |= {
                "table_enable": Out(1),
                "table_address": Out(index_bits(core.tables * TABLE_WORDS)),
                "table_data": In(32),
            }
        super().__init__(ports, retire=retire)

    def work(self, m: Module, platform: object) -> None:
        count, first = self.operand("POST", "count"), self.operand("POST", "first")
        self.vec = self.operand("POST", "vec") if self.core.vector is not None else Const(0)
        self.index = index = Signal(13)
        full = Mux(self.vec, self.vector_full, self.full) if self.core.vector is not None else self.full
        single = self.vec & self.operand("POST", "single")
        m.d.comb += [
            self.can_start.eq(full & (~first | self.free)),
            self.work_ends.eq(index + 1 == count),
            self.record_enable.eq(self.working),
            self.record_address.eq(self.operand("POST", "record") + Mux(single, 0, index)),
            self.acquire.eq(self.starting & first),
            self.written_out.eq(self.working & self.work_ends & self.operand("POST", "last")),
        ]
        m.d.sync += index.eq(Mux(self.working & ~self.work_ends, index + 1, 0))
        self._release(m)
        record = self._record()
        total, finished = self._sum(m, record)
        code, emit = self._requantize(m, record, total), _delay(m, finished, 4, "emit")
        if self.core.tables:
            code, emit = self._look_up(m, code, emit), _delay(m, emit, 1, "emit_looked_up")
        self._code, self._emit = code, emit
        self._collect(m)
        stages = Signal(self.latency - 1)
        m.d.sync += stages.eq(Cat(self.working, stages[:-1]))
        m.d.comb += self.empty.eq(~stages.any())

    def _release(self, m: Module) -> None:
        """Give back the bank that was read: of the macros' accumulators, or with ``vec`` of VEC's."""
        released = self.working & self.work_ends & self.operand("POST", "release")
        m.d.comb += [self.released.eq(released & ~self.vec), self.freed.eq(_delay(m, self.released, 1, "release"))]
        if self.core.vector is not None:
            m.d.comb += [
                self.vector_released.eq(released & self.vec),
                self.vector_freed.eq(_delay(m, self.vector_released, 1, "vector_release")),
            ]

    def _sum(self, m: Module, record: dict[str, Value]) -> tuple[Value, Value]:
        """Stages 1 to 3: the record is there, its accumulator is read, it is added.

        Returns the sum, one cycle later, and (in stage 3) whether it is finished.
        """
        valid = _delay(m, self.working, 1, "valid")
        vec = _delay(m, self.vec, 1, "vec")
        m.d.comb += [
            self.read.eq(valid & ~vec),
            self.entry.eq(record["entry"]),
            self.adc.eq(record["adc"]),
            self.named.eq(self._named(m, record["macro"])),
            self.bank.eq(_delay(m, self.read_bank, 1, "bank")),
        ]
        accumulator: Value = self.accumulator
        if self.core.vector is not None:
            m.d.comb += [
                self.vector_read.eq(valid & vec),
                self.vector_bank.eq(_delay(m, self.vector_read_bank, 1, "vector_bank")),
                self.vector_entry.eq(_delay(m, (self.operand("POST", "entry") + self.index)[:12], 1, "vector_entry")),
            ]
            accumulator = Mux(_delay(m, vec, 1, "vec_late"), self.vector_value, self.accumulator)
        width = signed(self.core.accumulator_bits)
        value, total, added, fresh = Signal(width), Signal(width), Signal(width), Signal()
        adds = _delay(m, valid, 2, "adds")
        finishes = _delay(m, valid & (record["last"] | vec), 2, "finishes")
        starts = _delay(m, self.starting, 3, "starts")
        m.d.comb += added.eq(Mux(fresh | starts, 0, total) + value)
        m.d.sync += value.eq(accumulator)
        with m.If(adds):
            m.d.sync += [total.eq(added), fresh.eq(finishes)]
        return total, finishes

    def _named(self, m: Module, macro: Value) -> Value:
        """Return which macros a record names."""
        first, width = register(Unit.POST, "SUM").index, register(Unit.POST, "SUM").width
        if self.core.macros == 1:
            return Const(1)
        return Cat(*[self.register(m, first + i, width, f"sum{i}") ^ i == macro for i in range(self.core.macros)])

    def _requantize(self, m: Module, record: dict[str, Value], total: Value) -> Value:
        """Stages 4 to 7: the sum becomes a code."""
        core = self.core
        m.submodules.requantizer = requantizer = Requantizer(
            RequantizerWidths(
                accumulator=core.accumulator_bits,
                multiplier=core.multiplier_bits,
                offset=core.offset_bits,
                shift=core.shift_bits,
                second=core.negative_slope,
            )
        )
        for name in ("multiplier", "offset", "shift", "negative_multiplier", "negative_offset"):
            if name in record:
                m.d.comb += getattr(requantizer, name).eq(_delay(m, record[name], 3, name))
        for name in ("LOWEST", "HIGHEST", "ZERO_POINT", "ROUNDING"):
            m.d.comb += getattr(requantizer, name.lower()).eq(self._register(m, name))
        if core.negative_slope:
            m.d.comb += requantizer.negative.eq(self._register(m, "NEGATIVE"))
        m.d.comb += requantizer.accumulator.eq(total)
        return requantizer.result

    def _look_up(self, m: Module, code: Value, emit: Value) -> Value:
        """Stage 8, in cores with tables: the code, or where TABLE is enabled its entry."""
        table = self._register(m, "TABLE")
        number, enabled = table[: (self.core.tables - 1).bit_length()], table[4]
        late = _delay(m, code, 1, "clipped")
        m.d.comb += [
            self.table_enable.eq(emit & enabled),
            self.table_address.eq(Cat(code[2:8], number)),
        ]
        entry = self.table_data.word_select(late[:2], 8)
        return Mux(enabled, entry, late.as_unsigned())

    def _collect(self, m: Module) -> None:
        """Last stage: the code goes to the output buffer, which is handed over after the command's last one."""
        m.submodules.collector = collector = Collector(self.core)
        m.d.comb += [
            collector.valid.eq(self._emit),
            collector.code.eq(self._code.as_unsigned()),
            collector.element.eq(self._register(m, "ELEMENT")),
            collector.restart.eq(_delay(m, self.acquire, self.latency - 2, "acquired") | self.filled),
            collector.close.eq(self.filled),
            self.filled.eq(_delay(m, self.written_out, self.latency - 1, "filled")),
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
            fields[name] = bits.as_signed() if name in RECORD_SIGNED_FIELDS else bits
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
