"""One crossbar macro with what surrounds it: row buffers, converter registers, shift-adders, accumulators."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nngen.arch import Core
from nngen.isa import index_bits, words_per_row

from .crossbar import Crossbar
from .crossbar_pins import GAIN_BITS, column_bits, has_trials
from .memory import Memory, add_memory
from .mvm import count_shift_bits, shift_bits
from .retire import fold
from .row_buffers import RowBuffers, row_ports


class Tile(wiring.Component):
    """A macro of the core. All tiles of a core are equal; the controllers drive them in lockstep.

    Ports
    -----
    row_*, plane, drive
        See :class:`~nngen.hardware.row_buffers.RowBuffers`; ``plane`` and ``drive`` come from MVM.
    column, gain, sample, trial, entry, convert_done, write_bank
        From MVM, see there; this tile's bits.
    add, add_lane, add_entry, add_bank, overwrite, negate, shift, add_count, count_shift, negate_plane
        From MVM, see there; this tile's bits.
    read, read_bank, read_entry, read_adc
        In, from POST: accumulator to read. ``accumulator`` follows one cycle later.
    program_enable, program_row, program_word, program_data
        Programming port of the macro.
    digest
        Out, simulation builds: folded accumulators of a conversion, in the cycle of their last write.
    """

    def __init__(self, core: Core, *, retire: bool):
        self.core = core
        self.retire = retire
        macro = core.macro
        ports = {
            **row_ports(core),
            "column": In(column_bits(core)),
            "gain": In(GAIN_BITS),
            "sample": In(1),
            "entry": In(index_bits(core.accumulator_entries)),
            "convert_done": In(1),
            "add": In(1),
            "add_lane": In(index_bits(macro.accumulation_cycles)),
            "overwrite": In(1),
            "negate": In(1),
            "add_entry": In(index_bits(core.accumulator_entries)),
            "add_bank": In(1),
            "write_bank": In(1),
            "shift": In(shift_bits(core)),
            "read": In(1),
            "read_bank": In(1),
            "read_entry": In(index_bits(core.accumulator_entries)),
            "read_adc": In(index_bits(macro.adcs)),
            "accumulator": Out(signed(core.accumulator_bits)),
            "program_enable": In(1),
            "program_row": In(index_bits(macro.rows)),
            "program_word": In(index_bits(words_per_row(core))),
            "program_data": In(32),
        }
        if has_trials(core):
            ports["trial"] = In(macro.adc_bits)
        if macro.encoding == "offset":
            ports |= {"add_count": In(1), "negate_plane": In(1), "count_shift": In(count_shift_bits(core))}
        if retire:
            ports["digest"] = Out(32)
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        crossbar, rows = Crossbar(self.core), RowBuffers(self.core)
        crossbar.add_to(m, platform, "crossbar")
        m.submodules.rows = rows
        m.d.comb += [getattr(rows, name).eq(getattr(self, name)) for name in row_ports(self.core)]
        m.d.comb += [
            crossbar["word_lines"].eq(rows.word_lines),
            crossbar["enable"].eq(self.drive),
            crossbar["sample"].eq(self.sample & self.drive),
            crossbar["column"].eq(self.column),
            crossbar["gain"].eq(self.gain),
            crossbar["program_enable"].eq(self.program_enable),
            crossbar["program_row"].eq(self.program_row),
            crossbar["program_word"].eq(self.program_word),
            crossbar["program_data"].eq(self.program_data),
        ]
        codes = self._converters(m, crossbar)
        count = self._count(m, rows.word_lines) if self.core.macro.encoding == "offset" else None
        self._accumulators(m, platform, codes, count)
        return m

    def _converters(self, m: Module, crossbar: Crossbar) -> list[Value]:
        """Code registers of the converters; returns their codes, of pairs signed."""
        macro = self.core.macro
        registers = [Signal(macro.adc_bits, name=f"code{k}") for k in range(macro.adcs)]
        if has_trials(self.core):
            self._try(m, crossbar, registers)
        else:
            with m.If(self.convert_done & self.drive):
                m.d.sync += Cat(*registers).eq(crossbar["code"])
        return [Cat(code[:-1], ~code[-1]).as_signed() if macro.lines == 2 else code for code in registers]

    def _try(self, m: Module, crossbar: Crossbar, registers: list[Signal]) -> None:
        """Try the controller's codes: bits on top of those found (SAR), or code after code (ramp)."""
        trials = []
        for k, code in enumerate(registers):
            tried = Signal(len(code), name=f"trial{k}")
            m.d.comb += tried.eq(self.trial | code if self.core.macro.controller == "sar" else self.trial)
            with m.If(self.sample):
                m.d.sync += code.eq(0)
            with m.Elif(self.drive & self.trial.any() & crossbar["compare"][k]):
                m.d.sync += code.eq(tried)
            trials.append(tried)
        m.d.comb += crossbar["trial"].eq(Cat(*trials))

    def _count(self, m: Module, word_lines: Value) -> Value:
        """Return what is subtracted from every sum of a conversion: what its plane drives, at the offset's place."""
        bits, rows = self.core.macro.dac_bits, self.core.macro.rows
        driven = Signal(range(rows * ((1 << bits) - 1) + 1))
        with m.If(self.convert_done):
            m.d.sync += driven.eq(add_up([word_lines.word_select(row, bits) for row in range(rows)]))
        term = Signal(self.core.accumulator_bits, name="count_term")
        m.d.comb += term.eq(Mux(self.add_count, driven << self.count_shift, 0))
        count, negative = Signal(len(term)), ~self.negate_plane
        m.d.comb += count.eq((term ^ negative.replicate(len(term))) + negative)
        return count

    def _accumulators(self, m: Module, platform: object, codes: list[Value], count: Value | None) -> None:
        """Shift-add every code onto its accumulator.

        Each shift-adder takes the codes of its ADCs one a cycle, from the cycle after convert_done on: the first from
        its register, the others from a chain that moves up. The accumulators of the ADCs that have the same turn make
        up a word; it is read in the cycle before.
        """
        core = self.core
        width, share = core.accumulator_bits, core.macro.accumulation_cycles
        groups = [codes[first : first + share] for first in range(0, len(codes), share)]
        turn_bits = len(self.add_lane) if share > 1 else 0
        next_turn = Mux(self.convert_done, 0, self.add_lane + 1)[:turn_bits]
        reading = self.convert_done | self.add
        banks = []
        for b in range(2):
            memory = Memory(
                depth=core.accumulator_entries << turn_bits, width=width * len(groups), granularity=width * len(groups)
            )
            banks.append(add_memory(m, platform, f"accumulators{b}", memory))
        sums: list[Value] = []
        for g, group in enumerate(groups):
            code = self._chain(m, group, g)
            before = self._before(m, banks, g)
            shifted, total = Signal(signed(width), name=f"shifted{g}"), Signal(width, name=f"sum{g}")
            added = Mux(self.overwrite, 0, before) + (shifted ^ self.negate.replicate(width)) + self.negate
            m.d.comb += [
                shifted.eq(code << self.shift),
                total.eq(added if count is None else added + count),
            ]
            sums.append(total)
        if self.core.macro.conversion_cycles == 1:
            self._keep_last(m, sums)
        entry = Mux(self.convert_done, self.entry, self.add_entry)
        for b, memory in enumerate(banks):
            mine = Signal(name=f"accumulating{b}")
            m.d.comb += [
                mine.eq(reading & (Mux(self.convert_done, self.write_bank, self.add_bank) == b)),
                memory.read_enable.eq(mine | (self.read & (self.read_bank == b))),
                memory.read_address.eq(
                    Mux(mine, Cat(next_turn, entry), Cat(self.read_adc[:turn_bits], self.read_entry))
                ),
                memory.write_enable.eq(self.add & (self.add_bank == b)),
                memory.write_address.eq(Cat(self.add_lane[:turn_bits], self.add_entry)),
                memory.write_data.eq(Cat(*sums)),
            ]
        group, bank = Signal(range(max(2, len(groups)))), Signal()
        m.d.sync += [group.eq(self.read_adc >> turn_bits), bank.eq(self.read_bank)]
        chosen = Mux(bank, banks[1].read_data, banks[0].read_data)
        m.d.comb += self.accumulator.eq(chosen.word_select(group, width).as_signed())
        if self.retire:
            self._digest(m, sums)

    def _before(self, m: Module, banks: list[Memory], group: int) -> Value:
        """Return what a shift-adder adds to: what was read, or with a conversion a cycle perhaps its last sum."""
        width = self.core.accumulator_bits
        read = Mux(self.add_bank, *(bank.read_data[group * width : (group + 1) * width] for bank in reversed(banks)))
        if self.core.macro.conversion_cycles > 1:
            return read
        if not group:
            self._again, self._last = Signal(name="again"), Signal(width * self.core.macro.adcs, name="last_sums")
        return Mux(self._again, self._last.word_select(group, width), read)

    def _keep_last(self, m: Module, sums: list[Value]) -> None:
        """Keep what is written now: the read of the next conversion is in the same cycle and comes too early for it."""
        same = (self.entry == self.add_entry) & (self.write_bank == self.add_bank)
        m.d.sync += [self._again.eq(self.add & self.convert_done & same), self._last.eq(Cat(*sums))]

    def _chain(self, m: Module, codes: list[Value], group: int) -> Value:
        """Return the code of the ADC whose turn it is."""
        if len(codes) == 1:
            return codes[0]
        chain = [Signal.like(code, name=f"chain{group}_{i + 1}") for i, code in enumerate(codes[1:])]
        for i, register in enumerate(chain):
            later = chain[i + 1] if i + 1 < len(chain) else register
            m.d.sync += register.eq(Mux(self.add_lane == 0, codes[i + 1], later))
        code = Signal.like(codes[0], name=f"turn{group}")
        m.d.comb += code.eq(Mux(self.add_lane == 0, codes[0], chain[0]))
        return code

    def _digest(self, m: Module, sums: list[Value]) -> None:
        """Collect the accumulators of one conversion; complete in the cycle of the last write."""
        share, adcs = self.core.macro.accumulation_cycles, self.core.macro.adcs
        written = Signal(32)
        with m.Switch(self.add_lane):
            for turn in range(share):
                now = [
                    fold(total).rotate_left((g * share + turn) % 32)
                    for g, total in enumerate(sums)
                    if g * share + turn < adcs
                ]
                with m.Case(turn):
                    m.d.comb += written.eq(_xor(now) & self.add.replicate(32))
        collected = Signal(32)
        m.d.comb += self.digest.eq(Mux(self.add_lane == 0, 0, collected) ^ written)
        m.d.sync += collected.eq(self.digest)


def add_up(values: list[Value]) -> Value:
    """Add values as a balanced tree, so that the widths grow with its depth only."""
    if len(values) == 1:
        return values[0]
    middle = len(values) // 2
    return add_up(values[:middle]) + add_up(values[middle:])


def _xor(values: list[Value]) -> Value:
    result = values[0]
    for value in values[1:]:
        result = result ^ value
    return result
