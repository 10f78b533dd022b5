"""One crossbar macro with what surrounds it: row buffers, converter registers, shift-adders, accumulators."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nngen.arch import Core
from nngen.isa import index_bits, words_per_row

from .crossbar import Crossbar
from .crossbar_pins import GAIN_BITS, column_bits
from .memory import Memory, add_memory
from .mvm import PLANE_BITS, shift_bits
from .retire import fold


class Tile(wiring.Component):
    """A macro of the core. All tiles of a core are equal; the controllers drive them in lockstep.

    Ports
    -----
    row_*
        From LOAD, see there; ``row_write`` is this tile's bit of ``row_hit``.
    row_clear, row_read_bank
        In: clear the row buffer that MVM reads, at the end of the cycle; which one that is.
    drive, plane, column, gain, sample, trial, entry, convert_done, write_bank
        From MVM, see there; this tile's bits.
    add, add_lane, add_entry, add_bank, overwrite, negate, shift
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
        macro, lanes = core.macro, core.word_bytes
        ports = {
            "row_write": In(1),
            "row_bank": In(1),
            "row_index": In(index_bits(macro.rows // lanes + 1)),
            "row_low": In(lanes),
            "row_high": In(lanes),
            "row_data": In(lanes * core.activation_bits),
            "row_clear": In(1),
            "row_read_bank": In(1),
            "drive": In(1),
            "plane": In(PLANE_BITS),
            "column": In(column_bits(core)),
            "gain": In(GAIN_BITS),
            "sample": In(1),
            "trial": In(macro.adc_bits),
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
        if retire:
            ports["digest"] = Out(32)
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        crossbar = Crossbar(self.core)
        crossbar.add_to(m, platform, "crossbar")
        m.d.comb += [
            crossbar["word_lines"].eq(self._row_buffers(m)),
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
        self._accumulators(m, platform, codes)
        return m

    def _row_buffers(self, m: Module) -> Value:
        """Two banks of one code a row; returns the plane on the word lines."""
        core = self.core
        lanes, bits, rows = core.word_bytes, core.activation_bits, core.macro.rows
        words = rows // lanes
        banks = [[Signal(lanes * bits, name=f"rows{b}_{w}") for w in range(words)] for b in range(2)]
        # Bit w: the lower part of the word goes to row-buffer word w - 1, the upper part to word w.
        hits = Signal(words + 1)
        m.d.comb += hits.eq(
            Cat(*[self.row_write & (self.row_index == (w - 1) % (1 << len(self.row_index))) for w in range(words + 1)])
        )
        for b, bank in enumerate(banks):
            here, clear = Signal(name=f"here{b}"), Signal(name=f"clear{b}")
            m.d.comb += [here.eq(self.row_bank == b), clear.eq(self.row_clear & (self.row_read_bank == b))]
            for w, word in enumerate(bank):
                written = Signal(lanes, name=f"written{b}_{w}")
                low, high = (hits[w + 1] & here).replicate(lanes), (hits[w] & here).replicate(lanes)
                m.d.comb += written.eq((low & self.row_low) | (high & self.row_high))
                for lane in range(lanes):
                    with m.If(written[lane]):
                        bits_of_lane = slice(lane * bits, (lane + 1) * bits)
                        m.d.sync += word[bits_of_lane].eq(self.row_data[bits_of_lane])
                with m.If(clear):
                    m.d.sync += word.eq(0)
        dac_bits = core.macro.dac_bits
        codes = [[word[lane * bits : (lane + 1) * bits] for word in bank for lane in range(lanes)] for bank in banks]
        planes = [
            Cat(*[_plane(code, plane, dac_bits) for code in bank])
            for plane in range(-(-bits // dac_bits))
            for bank in codes
        ]
        selected = Signal(rows * dac_bits)
        with m.Switch(Cat(self.row_read_bank, self.plane)):
            for index, plane in enumerate(planes):
                with m.Case(index):
                    m.d.comb += selected.eq(plane)
        word_lines = Signal(rows * dac_bits)
        m.d.comb += word_lines.eq(selected & self.drive.replicate(rows * dac_bits))
        return word_lines

    def _converters(self, m: Module, crossbar: Crossbar) -> list[Value]:
        """Code registers of the converters; returns their signed codes."""
        bits, codes, trials = self.core.macro.adc_bits, [], []
        for k in range(self.core.macro.adcs):
            code, tried = Signal(bits, name=f"code{k}"), Signal(bits, name=f"trial{k}")
            m.d.comb += tried.eq(code | self.trial)
            with m.If(self.sample):
                m.d.sync += code.eq(0)
            with m.Elif(self.drive & self.trial.any() & crossbar["compare"][k]):
                m.d.sync += code.eq(tried)
            trials.append(tried)
            codes.append(Cat(code[:-1], ~code[-1]).as_signed())
        m.d.comb += crossbar["trial"].eq(Cat(*trials))
        return codes

    def _accumulators(self, m: Module, platform: object, codes: list[Value]) -> None:
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
        sums = []
        for g, group in enumerate(groups):
            code = self._chain(m, group, g)
            before = Mux(self.add_bank, *(bank.read_data[g * width : (g + 1) * width] for bank in reversed(banks)))
            shifted, total = Signal(signed(width), name=f"shifted{g}"), Signal(width, name=f"sum{g}")
            m.d.comb += [
                shifted.eq(code << self.shift),
                total.eq(Mux(self.overwrite, 0, before) + (shifted ^ self.negate.replicate(width)) + self.negate),
            ]
            sums.append(total)
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


def _plane(code: Value, plane: int, dac_bits: int) -> Value:
    bits = code[plane * dac_bits : (plane + 1) * dac_bits]
    return bits if len(bits) == dac_bits else Cat(bits, Const(0, dac_bits - len(bits)))


def _xor(values: list[Value]) -> Value:
    result = values[0]
    for value in values[1:]:
        result = result ^ value
    return result
