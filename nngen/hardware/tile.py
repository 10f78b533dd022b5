"""One crossbar macro with what surrounds it: row buffers, converter registers, shift-adders, accumulators."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nngen.arch import Core
from nngen.isa import index_bits, words_per_row

from .crossbar import Crossbar
from .memory import Memory, add_memory
from .mvm import FIRST_STEP_BITS, GAIN_BITS, PLANE_BITS, shift_bits
from .retire import fold


class Tile(wiring.Component):
    """A macro of the core. All tiles of a core are equal; the controllers drive them in lockstep.

    Ports
    -----
    row_*
        From LOAD, see there; ``row_write`` is this tile's bit of ``row_hit``.
    row_clear, row_read_bank
        In: clear the row buffer that MVM reads, at the end of the cycle; which one that is.
    drive, plane, column, gain, sample, trial, entry, add, overwrite, negate, add_entry, add_bank, shift
        From MVM, see there; this tile's bits.
    read_bank, read_entry, read_adc
        In, from POST: accumulator to read. ``accumulator`` follows one cycle later.
    program_enable, program_row, program_word, program_data
        Programming port of the macro.
    digest
        Out, simulation builds: folded accumulators written in this cycle.
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
            "column": In(FIRST_STEP_BITS),
            "gain": In(GAIN_BITS),
            "sample": In(1),
            "trial": In(macro.adc_bits),
            "entry": In(index_bits(core.accumulator_entries)),
            "convert_done": In(1),
            "add": In(1),
            "overwrite": In(1),
            "negate": In(1),
            "add_entry": In(index_bits(core.accumulator_entries)),
            "add_bank": In(1),
            "write_bank": In(1),
            "shift": In(shift_bits(core)),
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

    def elaborate(self, platform):
        m = Module()
        crossbar = Crossbar(self.core)
        crossbar.add_to(m, platform, "crossbar")
        m.d.comb += [
            crossbar.word_lines.eq(self._row_buffers(m)),
            crossbar.enable.eq(self.drive),
            crossbar.sample.eq(self.sample & self.drive),
            crossbar.column.eq(self.column),
            crossbar.gain.eq(self.gain),
            crossbar.program_enable.eq(self.program_enable),
            crossbar.program_row.eq(self.program_row),
            crossbar.program_word.eq(self.program_word),
            crossbar.program_data.eq(self.program_data),
        ]
        codes = self._converters(m, crossbar)
        self._accumulators(m, platform, codes)
        return m

    def _row_buffers(self, m: Module) -> Value:
        """Two banks of one code a row; returns the plane on the word lines."""
        core = self.core
        lanes, bits, rows = core.word_bytes, core.activation_bits, core.macro.rows
        banks = [[Signal(bits, name=f"row{r}_bank{b}") for r in range(rows)] for b in range(2)]
        data = Signal(lanes * bits)
        m.d.comb += data.eq(Mux(self.row_write, self.row_data, 0))
        before_first = (1 << len(self.row_index)) - 1
        for b, bank in enumerate(banks):
            here, clear = Signal(name=f"write_bank{b}"), Signal(name=f"clear_bank{b}")
            m.d.comb += [
                here.eq(self.row_write & (self.row_bank == b)),
                clear.eq(self.row_clear & (self.row_read_bank == b)),
            ]
            lower = Signal(name=f"below_bank{b}")
            m.d.comb += lower.eq(here & (self.row_index == before_first))
            for w in range(rows // lanes):
                hit = Signal(name=f"hit{w}_bank{b}")
                m.d.comb += hit.eq(here & (self.row_index == w))
                for j in range(lanes):
                    row = bank[w * lanes + j]
                    with m.If(clear):
                        m.d.sync += row.eq(0)
                    with m.Elif((hit & self.row_low[j]) | (lower & self.row_high[j])):
                        m.d.sync += row.eq(data[j * bits : (j + 1) * bits])
                lower = hit
        reading = [Signal(bits, name=f"row{r}") for r in range(rows)]
        for r in range(rows):
            m.d.comb += reading[r].eq(Mux(self.row_read_bank, banks[1][r], banks[0][r]))
        dac_bits = core.macro.dac_bits
        planes = Signal(rows * dac_bits)
        with m.Switch(self.plane):
            for p in range(-(-bits // dac_bits)):
                with m.Case(p):
                    m.d.comb += planes.eq(Cat(*[_plane(row, p, dac_bits) for row in reading]))
        word_lines = Signal(rows * dac_bits)
        m.d.comb += word_lines.eq(planes & self.drive.replicate(rows * dac_bits))
        return word_lines

    def _converters(self, m: Module, crossbar: Crossbar) -> list[Value]:
        """Code registers of the converters; returns their signed codes."""
        bits, codes, trials = self.core.macro.adc_bits, [], []
        for k in range(self.core.macro.adcs):
            code, tried = Signal(bits, name=f"code{k}"), Signal(bits, name=f"trial{k}")
            m.d.comb += tried.eq(code | self.trial)
            with m.If(self.sample):
                m.d.sync += code.eq(0)
            with m.Elif(self.drive & self.trial.any() & crossbar.compare[k]):
                m.d.sync += code.eq(tried)
            trials.append(tried)
            codes.append(Cat(code[:-1], ~code[-1]).as_signed())
        m.d.comb += crossbar.trial.eq(Cat(*trials))
        return codes

    def _accumulators(self, m: Module, platform: object, codes: list[Value]) -> None:
        """Shift-add every code onto its accumulator: read in the cycle of convert_done, write in the next."""
        core = self.core
        width, adcs = core.accumulator_bits, core.macro.adcs
        banks = []
        for b in range(2):
            memory = Memory(depth=core.accumulator_entries, width=width * adcs)
            banks.append(add_memory(m, platform, f"accumulators{b}", memory))
        adc, bank = Signal.like(self.read_adc), Signal()
        m.d.sync += [adc.eq(self.read_adc), bank.eq(self.read_bank)]
        held = Signal(width * adcs)
        m.d.comb += held.eq(Mux(self.add_bank, banks[1].read_data, banks[0].read_data))
        sums = []
        for k, code in enumerate(codes):
            shifted, total = Signal(signed(width), name=f"shifted{k}"), Signal(width, name=f"sum{k}")
            m.d.comb += [
                shifted.eq(code << self.shift),
                total.eq(
                    Mux(self.overwrite, 0, held[k * width : (k + 1) * width])
                    + (shifted ^ self.negate.replicate(width))
                    + self.negate
                ),
            ]
            sums.append(total)
        for b, memory in enumerate(banks):
            converting = Signal(name=f"converting{b}")
            m.d.comb += [
                converting.eq(self.convert_done & (self.write_bank == b)),
                memory.read_enable.eq(1),
                memory.read_address.eq(Mux(converting, self.entry, self.read_entry)),
                memory.write_enable.eq(self.add & (self.add_bank == b)),
                memory.write_address.eq(self.add_entry),
                memory.write_data.eq(Cat(*sums)),
            ]
        chosen = Signal(width * adcs)
        m.d.comb += chosen.eq(Mux(bank, banks[1].read_data, banks[0].read_data))
        m.d.comb += self.accumulator.eq(chosen.word_select(adc, width).as_signed())
        if self.retire:
            lanes = [_rotated(total, k) for k, total in enumerate(sums)]
            m.d.comb += self.digest.eq(Mux(self.add, _xor(lanes), 0))


def _plane(code: Value, plane: int, dac_bits: int) -> Value:
    bits = code[plane * dac_bits : (plane + 1) * dac_bits]
    return bits if len(bits) == dac_bits else Cat(bits, Const(0, dac_bits - len(bits)))


def _rotated(value: Value, by: int) -> Value:
    """Rotate a number, as 32 bits, left."""
    wide = fold(value)
    return wide.rotate_left(by % 32)


def _xor(values: list[Value]) -> Value:
    result = values[0]
    for value in values[1:]:
        result = result ^ value
    return result
