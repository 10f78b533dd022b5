"""MVM: drives planes, steps the column multiplexers, runs the converters, for all macros of the core in lockstep."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from nngen.arch import Core
from nngen.isa import Unit, index_bits, mvm_latency, register

from .adc import CONTROLLERS
from .crossbar_pins import GAIN_BITS, column_bits, has_trials
from .row_buffers import PLANE_BITS
from .unit import QueuedUnit

COUNT_BITS = 13  # columns of one plane: 255 steps of 31 slices
MOST_SLICES = 31


def shift_bits(core: Core) -> int:
    """Return the width of the largest left shift of a code that a word line and a column can make other than 0."""
    macro = core.macro
    slices = min(MOST_SLICES, macro.columns_per_adc)
    largest = _top_plane(core) + (slices - 1) * macro.cell_bits + (macro.converter().step.bit_length() - 1)
    return max(1, largest.bit_length())


def count_shift_bits(core: Core) -> int:
    """Return the width of the largest left shift of a count of what is driven."""
    return (_top_plane(core) + (1 << register(Unit.MVM, "OFFSET").width) - 1).bit_length()


def _top_plane(core: Core) -> int:
    """Return the lowest bit of the highest plane that the row buffers hold."""
    return -(-core.activation_bits // core.macro.dac_bits) * core.macro.dac_bits - core.macro.dac_bits


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where in a command a conversion is: its column, its shifts but for the gain, what begins or ends with it."""

    column: Value
    shift: Value
    plane_shift: Value
    first_slice: Value
    last_slice: Value
    starts_plane: Value
    starts_entry: Value
    top_plane: Value


class Mvm(QueuedUnit):
    """Controller of the macro tiles.

    Ports
    -----
    row_full, acc_free, acc_write_bank
        In: bookkeeping. ``row_released`` (row buffers), ``acquire``, ``written``, ``filled`` (accumulators) go back.
    drive
        Out, one bit a macro: it takes part in this cycle.
    plane
        Out: plane on the word lines.
    column_<m>
        Out: column of each ADC of macro m that is converted.
    gain_<m>
        Out: log2 of the gain of macro m.
    sample, trial
        Out: see the ADC controller.
    entry
        Out: accumulator entry of the conversion; read in the cycle of ``convert_done``.
    convert_done
        Out: last cycle of a conversion.
    add
        Out, one bit a macro: add the code of its ADC ``add_lane`` of each shift-adder, with ``overwrite``, ``negate``,
        ``add_entry``, ``add_bank`` and ``shift_<m>``.
    add_count, count_shift, negate_plane
        Out, in encoding offset: subtract what is driven, shifted; the plane counts negative, and so does that.
    plane_drives, conversions
        Out, for the event counters: macros that start a plane; ADCs that finish a conversion.
    macro_digest
        In, simulation builds: folded accumulators of the conversion, in the cycle of the last one's write.
    """

    unit = Unit.MVM

    def __init__(self, core: Core, *, retire: bool):
        self.core = core
        macro = core.macro
        self.latency = mvm_latency(macro.accumulation_cycles)
        ports = {
            "row_full": In(1),
            "row_released": Out(1),
            "acc_free": In(1),
            "acc_write_bank": In(1),
            "acquire": Out(1),
            "written": Out(1),
            "filled": Out(1),
            "drive": Out(core.macros),
            "plane": Out(PLANE_BITS),
            "sample": Out(1),
            "entry": Out(index_bits(core.accumulator_entries)),
            "convert_done": Out(1),
            "add": Out(core.macros),
            "add_lane": Out(index_bits(macro.accumulation_cycles)),
            "overwrite": Out(1),
            "negate": Out(1),
            "add_entry": Out(index_bits(core.accumulator_entries)),
            "add_bank": Out(1),
            "plane_drives": Out(range(core.macros + 1)),
            "conversions": Out(range(core.adcs + 1)),
        }
        for i in range(core.macros):
            ports |= {
                f"column_{i}": Out(column_bits(core)),
                f"gain_{i}": Out(GAIN_BITS),
                f"shift_{i}": Out(shift_bits(core)),
            }
        if has_trials(core):
            ports["trial"] = Out(macro.adc_bits)
        if macro.encoding == "offset":
            ports |= {"add_count": Out(1), "negate_plane": Out(1), "count_shift": Out(count_shift_bits(core))}
        if retire:
            ports["macro_digest"] = In(32)
        super().__init__(ports, retire=retire)

    def work(self, m: Module, platform: object) -> None:
        macro = self.core.macro
        m.submodules.controller = controller = CONTROLLERS[macro.controller](
            bits=macro.adc_bits, sample_cycles=macro.sample_cycles
        )
        first, last, release = (self.operand("MVM", name) for name in ("first", "last", "release"))
        m.d.comb += [
            self.can_start.eq(self.row_full & (~first | self.acc_free)),
            controller.run.eq(self.working),
            self.sample.eq(controller.sample),
            self.convert_done.eq(self.working & controller.done),
            self.acquire.eq(self.starting & first),
            self.written.eq(self.working & self.work_ends & last),
            self.row_released.eq(self.working & self.work_ends & release),
        ]
        if has_trials(self.core):
            m.d.comb += self.trial.eq(controller.trial)
        place = self._conversions(m)
        taking_part = self._macros(m, place)
        self._additions(m, place, taking_part)
        count = sum(taking_part[i] for i in range(self.core.macros))
        m.d.comb += [
            self.drive.eq(Mux(self.working, taking_part, 0)),
            self.plane_drives.eq(Mux(self.convert_done & place.starts_plane, count, 0)),
            self.conversions.eq(Mux(self.convert_done, count * macro.adcs, 0)),
        ]

    def _conversions(self, m: Module) -> _Place:
        """Count planes, outputs in each, slices in each."""
        macro = self.core.macro
        plane, output, slice_ = Signal(PLANE_BITS), Signal(8), Signal(5)
        column, shift_width = Signal(COUNT_BITS), shift_bits(self.core)
        plane_shift, slice_shift = Signal(shift_width), Signal(shift_width)
        top_plane, last_output, last_slice = Signal(), Signal(), Signal()
        m.d.comb += [
            top_plane.eq(plane + 1 >= self._register(m, "PLANES")),
            last_output.eq(output + 1 == self.operand("MVM", "steps")),
            last_slice.eq(slice_ + 1 >= self._register(m, "SLICES")),
            self.work_ends.eq(self.convert_done & top_plane & last_output & last_slice),
            self.plane.eq(plane),
            self.entry.eq(self.operand("MVM", "entry") + output),
        ]
        with m.If(self.convert_done):
            m.d.sync += [slice_.eq(slice_ + 1), slice_shift.eq(slice_shift + macro.cell_bits), column.eq(column + 1)]
            with m.If(last_slice):
                m.d.sync += [slice_.eq(0), slice_shift.eq(0), output.eq(output + 1)]
                with m.If(last_output):
                    m.d.sync += [
                        output.eq(0),
                        column.eq(0),
                        plane.eq(Mux(top_plane, 0, plane + 1)),
                        plane_shift.eq(Mux(top_plane, 0, plane_shift + macro.dac_bits)),
                    ]
        return _Place(
            column=column,
            shift=plane_shift + slice_shift,
            plane_shift=plane_shift,
            first_slice=slice_ == 0,
            last_slice=last_slice,
            starts_plane=(output == 0) & (slice_ == 0),
            starts_entry=(plane == 0) & (slice_ == 0),
            top_plane=top_plane,
        )

    def _macros(self, m: Module, place: _Place) -> Value:
        """Per macro: does it take part, which column, which gain, which shift."""
        macro = self.core.macro
        classes, step = self.operand("MVM", "classes"), self.operand("MVM", "step")
        step_shift = macro.converter().step.bit_length() - 1
        taking_part = []
        for i in range(self.core.macros):
            setting = self.register(m, register(Unit.MVM, "MACRO").index + i, 17, f"macro{i}")
            class_, first_step, gain, enabled = setting[:4], setting[4:12], setting[12:16], setting[16]
            taking_part.append(enabled & classes.bit_select(class_, 1))
            column = Signal(COUNT_BITS + 1, name=f"full_column{i}")
            m.d.comb += [
                column.eq(first_step + step + place.column),
                getattr(self, f"column_{i}").eq(Mux(column < macro.columns_per_adc, column, macro.columns_per_adc)),
                getattr(self, f"gain_{i}").eq(gain),
            ]
            with m.If(self.convert_done):
                m.d.sync += getattr(self, f"shift_{i}").eq(place.shift + (step_shift - gain))
        return Cat(*taking_part)

    def _additions(self, m: Module, place: _Place, taking_part: Value) -> None:
        """A code is in its register one cycle after convert_done: keep what to do with it while it is added."""
        ends, turns_left = Signal(), Signal()
        negate_plane = self._register(m, "NEGATE_TOP") & place.top_plane
        negate_slice = self._register(m, "NEGATE_SLICE") & place.last_slice
        m.d.comb += turns_left.eq(self.add_lane != self.core.macro.accumulation_cycles - 1)
        offset = self._register(m, "OFFSET") if self.core.macro.encoding == "offset" else 0
        with m.If(self.convert_done):
            m.d.sync += [
                self.add.eq(taking_part),
                self.add_lane.eq(0),
                self.overwrite.eq(self.operand("MVM", "overwrite") & place.starts_entry),
                self.negate.eq(negate_plane ^ negate_slice),
                self.add_entry.eq(self.entry),
                self.add_bank.eq(self.acc_write_bank),
                ends.eq(self.written),
            ]
            if self.core.macro.encoding == "offset":
                m.d.sync += [
                    self.add_count.eq(place.first_slice),
                    self.count_shift.eq(place.plane_shift + offset),
                    self.negate_plane.eq(negate_plane),
                ]
        with m.Elif(turns_left):
            m.d.sync += self.add_lane.eq(self.add_lane + 1)
        with m.Else():
            m.d.sync += [self.add.eq(0), ends.eq(0)]
        in_flight = Signal(self.latency - 1)
        m.d.sync += in_flight.eq(Cat(self.working, in_flight[:-1]))
        m.d.comb += [self.filled.eq(ends & ~turns_left), self.empty.eq(~in_flight.any())]
        self._last_turn = ~turns_left

    def _register(self, m: Module, name: str) -> Value:
        described = register(Unit.MVM, name)
        return self.register(m, described.index, described.width, name.lower())

    def digest_write(self, m: Module) -> tuple[Value, Value]:
        return self.add.any() & self._last_turn, self.macro_digest
