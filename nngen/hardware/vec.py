"""VEC: combines taps of the vector buffer into accumulators of its own, a memory word of elements a cycle."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from types import SimpleNamespace

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from nngen.arch import Core
from nngen.isa import COEFFICIENTS, VEC_LATENCY, Unit, index_bits, register

from .retire import fold
from .unit import QueuedUnit
from .vec_lane import FACTOR_BITS, ZERO_BITS, VecLane

_FLAGS = ("works", "largest", "plain", "weighted", "pairs", "second", "first", "overwrite", "bank")


class Operation(IntEnum):
    """How elements are combined."""

    SUM = 0
    MAX = 1
    SCALE = 2
    WEIGHT = 3
    MULTIPLY = 4


@dataclass(frozen=True, kw_only=True)
class _Step:
    """Where in a command this cycle is: its group of elements and its tap; which lanes hold an element."""

    group: Value
    tap: Value
    last_tap: Value
    last_group: Value
    groups: Value
    lanes: Value


class Vec(QueuedUnit):
    """One tap of one group a cycle, in four stages: read; extend, subtract; multiply; add and write.

    Ports
    -----
    buffer_enable, buffer_place, buffer_data
        Read port of the vector buffer: as many bytes as a memory word has, from a place on.
    coefficient_enable, coefficient_address, coefficient_data
        Read port of coefficient memory.
    vector_full
        In: a vector buffer is filled. ``vector_released`` goes back to its bookkeeping.
    free, write_bank
        In: bookkeeping of the accumulators. ``acquire``, ``written``, ``filled`` go back to it.
    old_enable, old_word, old_bank, old_data
        Read port of the accumulators; a word has as many as a memory word has bytes.
    sum_write, sum_word, sum_bank, sum_data
        Write port of the accumulators; one write bit an accumulator.
    operations
        Out: elements combined, for the event counters.
    """

    unit = Unit.VEC
    latency = VEC_LATENCY

    def __init__(self, core: Core, *, retire: bool):
        if core.vector is None:
            raise ValueError("core must have a vector unit, not None")
        self.core, self.vector = core, core.vector
        self.lanes = lanes = core.word_bytes
        self.lane_bits = (lanes - 1).bit_length()
        word = index_bits(self.vector.accumulators // lanes)
        super().__init__(
            {
                "buffer_enable": Out(1),
                "buffer_place": Out(range(self.vector.buffer_bytes)),
                "buffer_data": In(8 * lanes),
                "coefficient_enable": Out(1),
                "coefficient_address": Out(index_bits(self.vector.coefficient_words)),
                "coefficient_data": In(16 * lanes),
                "vector_full": In(1),
                "vector_released": Out(1),
                "free": In(1),
                "write_bank": In(1),
                "acquire": Out(1),
                "written": Out(1),
                "filled": Out(1),
                "old_enable": Out(1),
                "old_word": Out(word),
                "old_bank": Out(1),
                "old_data": In(core.accumulator_bits * lanes),
                "sum_write": Out(lanes),
                "sum_word": Out(word),
                "sum_bank": Out(1),
                "sum_data": Out(core.accumulator_bits * lanes),
                "operations": Out(range(lanes + 1)),
            },
            retire=retire,
        )

    def work(self, m: Module, platform: object) -> None:
        first, last, release = (self.operand("VEC", name) for name in ("first", "last", "release"))
        self.element = self._register(m, "ELEMENT")
        step = self._step(m)
        m.d.comb += [
            self.can_start.eq(self.vector_full & (~first | self.free)),
            self.work_ends.eq(step.last_tap & step.last_group),
            self.acquire.eq(self.starting & first),
            self.written.eq(self.working & self.work_ends & last),
            self.vector_released.eq(self.working & self.work_ends & release),
        ]
        self._read(m, step)
        self._combine(m, self._stages(m, step))
        in_flight, ends = Signal(self.latency - 1), Signal(self.latency - 1)
        m.d.sync += [in_flight.eq(Cat(self.working, in_flight[:-1])), ends.eq(Cat(self.written, ends[:-1]))]
        m.d.comb += [self.empty.eq(~in_flight.any()), self.filled.eq(ends[-1])]

    def _register(self, m: Module, name: str, number: int = 0) -> Value:
        found = register(Unit.VEC, name)
        return self.register(m, found.index + number, found.width, f"{name.lower()}{number}", signed=found.signed)

    def _by_element(self, one: Value | int, two: Value | int, four: Value | int) -> Value:
        """Choose by the size of an element."""
        return Mux(self.element[1], four, Mux(self.element[0], two, one))

    def _step(self, m: Module) -> _Step:
        """Count groups, and taps in each."""
        length, taps = self.operand("VEC", "length"), self._register(m, "TAPS")
        group, tap, groups, left = Signal(12), Signal(8), Signal(12), Signal(13)
        last_tap, last_group, valid = Signal(), Signal(), Signal(self.lanes)
        shifts = [self.lane_bits - e for e in range(3)]  # log2 of the elements of a group
        fits = [self._by_element(*((self.lanes >> e) > lane for e in range(3))) for lane in range(self.lanes)]
        m.d.comb += [
            groups.eq(self._by_element(*((length + (1 << shift) - 1) >> shift for shift in shifts))),
            left.eq(length - self._by_element(*(group << shift for shift in shifts))),
            valid.eq(Cat(*[(left > lane) & fits[lane] for lane in range(self.lanes)])),
            last_tap.eq(tap + 1 >= taps),
            last_group.eq(group + 1 == groups),
        ]
        with m.If(self.working):
            m.d.sync += tap.eq(tap + 1)
            with m.If(last_tap):
                m.d.sync += [tap.eq(0), group.eq(Mux(last_group, 0, group + 1))]
        return _Step(group=group, tap=tap, last_tap=last_tap, last_group=last_group, groups=groups, lanes=valid)

    def _read(self, m: Module, step: _Step) -> None:
        """Stage 0: the bytes of the tap and, where they are weighted, their coefficients."""
        stride, coefficient = self._register(m, "STRIDE"), self.operand("VEC", "coefficient")
        place, word = Signal.like(self.buffer_place, name="tap_place"), Signal(14, name="tap_word")
        address_bits = self.vector.coefficient_words.bit_length() - 1
        m.d.comb += [
            self.buffer_enable.eq(self.working),
            self.buffer_place.eq(self.operand("VEC", "source") + (step.group << self.lane_bits) + place),
            self.coefficient_enable.eq(self.working),
            self.coefficient_address.eq((coefficient + step.group + word)[:address_bits]),
            self.operations.eq(Mux(self.working, sum(step.lanes[i] for i in range(self.lanes)), 0)),
        ]
        with m.If(self.working):
            m.d.sync += [
                place.eq(Mux(step.last_tap, 0, place + stride)),
                word.eq(Mux(step.last_tap, 0, word + step.groups)),
            ]

    def _stages(self, m: Module, step: _Step) -> list[SimpleNamespace]:
        """Keep for stages 1 to 3 what to do with the elements that are read."""
        widths = {
            **dict.fromkeys(_FLAGS, 1),
            "factor": FACTOR_BITS,
            "zero": ZERO_BITS,
            "writes": self.lanes,
            "word": len(self.sum_word),
            "part": 2,
        }
        # A signal a field: registers keep names of their own in the Verilog, whatever is optimized away around them.
        now, *stages = [
            SimpleNamespace(**{field: Signal(width, name=f"tap{i}_{field}") for field, width in widths.items()})
            for i in range(4)
        ]
        operation, entry = self.operand("VEC", "operation"), self.operand("VEC", "entry") >> self.lane_bits
        factors = Array([self._register(m, "COEFFICIENT", i) for i in range(COEFFICIENTS)])
        zeros = [self._register(m, "ZERO", i) for i in range(2)]
        pairs = operation == Operation.MULTIPLY
        group, odd = step.group, step.tap[0]
        m.d.comb += [
            now.works.eq(self.working),
            now.largest.eq(operation == Operation.MAX),
            now.plain.eq((operation == Operation.SUM) | (operation == Operation.MAX)),
            now.weighted.eq(operation == Operation.WEIGHT),
            now.pairs.eq(pairs),
            now.second.eq(pairs & odd),
            now.first.eq(self.working & (step.tap == 0)),
            now.overwrite.eq(self.operand("VEC", "overwrite")),
            now.bank.eq(self.write_bank),
            now.factor.eq(factors[(self.operand("VEC", "coefficient") + step.tap)[: index_bits(COEFFICIENTS)]]),
            now.zero.eq(Mux(pairs, Mux(odd, zeros[1], zeros[0]), 0)),
            now.writes.eq(Mux(self.working & step.last_tap, step.lanes, 0)),
            # Groups of two-byte elements take half a word of accumulators, those of four-byte elements a quarter.
            now.word.eq(entry + self._by_element(group, group >> 1, group >> 2)),
            now.part.eq(self._by_element(0, group[0] << 1, group[:2])),
        ]
        for before, stage in zip((now, *stages), stages, strict=False):
            m.d.sync += [getattr(stage, field).eq(getattr(before, field)) for field in widths]
        return stages

    def _combine(self, m: Module, stages: list[SimpleNamespace]) -> None:
        """Stages 1 to 3."""
        core, lanes = self.core, self.lanes
        tap, late, last = stages
        same = (late.word == last.word) & (late.part == last.part) & (late.bank == last.bank)
        forwarded, has_sign = Signal(lanes), self._register(m, "SIGNED")
        m.d.sync += forwarded.eq(Mux(same, last.writes, 0))
        m.d.comb += [self.old_enable.eq(late.first), self.old_word.eq(late.word), self.old_bank.eq(late.bank)]
        self._totals = []
        for i in range(lanes):
            bytes_ = 4 if i < lanes // 4 else 2 if i < lanes // 2 else 1
            m.submodules[f"lane{i}"] = lane = VecLane(accumulator_bits=core.accumulator_bits, bytes_=bytes_)
            weight = self.coefficient_data.word_select(i, 16).as_signed()
            pieces = [self.buffer_data.word_select(i, 8 << e) for e in range(bytes_.bit_length())]
            m.d.comb += [
                lane.element.eq(self.element),
                lane.has_sign.eq(has_sign),
                lane.data.eq(self._by_element(*(pieces[min(e, len(pieces) - 1)] for e in range(3)))),
                lane.factor.eq(Mux(tap.weighted, weight, tap.factor.as_signed())),
                lane.zero.eq(tap.zero),
                lane.second.eq(tap.second),
                lane.pairs.eq(tap.pairs),
                lane.plain.eq(late.plain),
                lane.works.eq(last.works),
                lane.largest.eq(last.largest),
                lane.first.eq(last.first),
                lane.overwrite.eq(last.overwrite),
                lane.forwarded.eq(forwarded[i]),
                lane.old.eq(self._old(i, last.part)),
            ]
            self._totals.append(lane.total)
        self._write(m, last)

    def _old(self, lane: int, part: Value) -> Value:
        """Return the accumulator of a lane out of the word that was read."""
        quarter, width = self.lanes // 4, self.core.accumulator_bits
        if lane < quarter:
            places = [lane + i * quarter for i in range(4)]
            old = [self.old_data.word_select(place, width) for place in places]
            return Mux(part[1], Mux(part[0], old[3], old[2]), Mux(part[0], old[1], old[0]))
        if lane < 2 * quarter:
            later = self.old_data.word_select(lane + 2 * quarter, width)
            return Mux(part[1], later, self.old_data.word_select(lane, width))
        return self.old_data.word_select(lane, width)

    def _write(self, m: Module, last: SimpleNamespace) -> None:
        """Put the sums of a group where its accumulators lie in their word."""
        quarter, writes, sums = self.lanes // 4, [], []
        for place in range(self.lanes):
            half = last.writes[place % (2 * quarter)] & (last.part[1] == place // (2 * quarter))
            fourth = last.writes[place % quarter] & (last.part == place // quarter)
            writes.append(self._by_element(last.writes[place], half, fourth))
            lanes = (place, place % (2 * quarter), place % quarter)
            sums.append(self._by_element(*(self._totals[lane] for lane in lanes)))
        m.d.comb += [
            self.sum_write.eq(Cat(*writes)),
            self.sum_word.eq(last.word),
            self.sum_bank.eq(last.bank),
            self.sum_data.eq(Cat(*[total[: self.core.accumulator_bits] for total in sums])),
        ]
        self._writes = last.writes

    def digest_write(self, m: Module) -> tuple[Value, Value]:
        digest: Value = Mux(self._writes[0], fold(self._totals[0]), 0)
        for i, total in enumerate(self._totals[1:], start=1):
            digest = digest ^ Mux(self._writes[i], fold(total).rotate_left(i % 32), 0)
        return self._writes.any(), digest
