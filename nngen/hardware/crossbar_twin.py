"""What the crossbar macro does, in Amaranth: for its simulator, which ignores black boxes, and for an FPGA."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nngen.arch import Core

from .crossbar_pins import crossbar_parameters, crossbar_pins, has_trials


class CrossbarTwin(wiring.Component):
    """Behavioural twin of the macro: equal to its behavioural Verilog view at every clock edge.

    Neither cells nor held sums know a reset: cells keep their levels until they are programmed, and a conversion begins
    with sampling. Amaranth's simulator takes up to 2^16 bits of cells an ADC.

    Parameters
    ----------
    core
        Its ``macro`` is this one; the pins and the numbers to compute with derive from it.

    Attributes
    ----------
    pins
        All pins but the clock, which is that of the domain ``sync``.

    Ports
    -----
    enable, word_lines
        In: the macro takes part; the plane of every row, valid while it does.
    sample, column, gain
        In: with ``enable``, hold the columns at the end of the cycle: which pair or column of each ADC, log2 of the
        gain. A macro without sampling cycles holds nothing.
    trial
        In: code tried of every ADC, unsigned, valid from the cycle after ``sample`` on.
    compare
        Out, one bit an ADC: the held value is at or above the tried code's transition; in the cycle of ``trial``.
    code
        Out, in place of the two: code of every ADC, from the cycle after ``sample`` on; without sampling cycles in any
        cycle with ``enable``, else 0.
    program_enable, program_row, program_word, program_data
        In: write a group of cells at the end of the cycle.
    """

    def __init__(self, core: Core) -> None:
        self.pins = tuple(pin for pin in crossbar_pins(core) if pin.name != "clk")
        self._has_trials = has_trials(core)
        self._parameters = crossbar_parameters(core)
        flows = {"input": In, "output": Out}
        super().__init__({pin.name: flows[pin.direction](pin.width) for pin in self.pins})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sums = [self._dot_product(m, cells, k) for k, cells in enumerate(self._cells(m))]
        if not self._parameters["SAMPLED"]:
            codes = [Mux(self.enable, code, 0) for code in self._codes(m, sums, self.gain)]
        else:
            gain = Signal.like(self.gain, name="held_gain", reset_less=True)
            held = [Signal(total.shape(), name=f"held{k}", reset_less=True) for k, total in enumerate(sums)]
            # Dot products stand here and nowhere else: the simulator computes them when they are sampled, not whenever
            # a word line moves.
            with m.If(self.enable & self.sample):
                m.d.sync += [gain.eq(self.gain), *(kept.eq(total) for kept, total in zip(held, sums, strict=True))]
            codes = self._codes(m, held, gain)
        if not self._has_trials:
            m.d.comb += self.code.eq(Cat(*[code[: self._parameters["ADC_BITS"]] for code in codes]))
        else:
            bits = self._parameters["ADC_BITS"]
            m.d.comb += [self.compare[k].eq(code >= self.trial.word_select(k, bits)) for k, code in enumerate(codes)]
        return m

    def _cells(self, m: Module) -> list[Signal]:
        """Program the cells; returns those of each ADC: column after column, of pairs the positive bit line first."""
        parameters = self._parameters
        rows, bits = parameters["ROWS"], parameters["CELL_BITS"]
        lines = parameters["LINES"] * parameters["COLUMNS_PER_ADC"]
        groups = [Signal(lines * rows * bits, name=f"cells{k}", reset_less=True) for k in range(parameters["ADCS"])]
        bit_lines = [group.word_select(line, rows * bits) for group in groups for line in range(lines)]
        with m.If(self.program_enable), m.Switch(self.program_word):
            for word in range(parameters["WORDS"]):
                first = word * parameters["CELLS_PER_WORD"]
                with m.Case(word):
                    for place, bit_line in enumerate(bit_lines[first : first + parameters["CELLS_PER_WORD"]]):
                        level = self.program_data.word_select(place, bits)
                        m.d.sync += bit_line.word_select(self.program_row, bits).eq(level)
        return groups

    def _dot_product(self, m: Module, cells: Signal, adc: int) -> Value:
        """Return the dot product of an ADC's selected pair or column; zero where none is connected."""
        parameters = self._parameters
        width = parameters["ROWS"] * parameters["CELL_BITS"]
        column = Signal(parameters["LINES"] * width, name=f"column{adc}")
        connected = self.column < parameters["COLUMNS_PER_ADC"]
        m.d.comb += column.eq(Mux(connected, cells.word_select(self.column, len(column)), 0))
        negative = self._bit_line(column[width:]) if parameters["LINES"] == 2 else Const(0)
        total = self._bit_line(column[:width]) - negative
        found = Signal(signed(len(total)), name=f"sum{adc}")
        m.d.comb += found.eq(total)
        return found

    def _bit_line(self, cells: Value) -> Value:
        """Return the dot product of the word lines and one bit line."""
        dac_bits, cell_bits = self._parameters["DAC_BITS"], self._parameters["CELL_BITS"]
        return _sum(
            [
                self.word_lines.word_select(row, dac_bits) * cells.word_select(row, cell_bits)
                for row in range(self._parameters["ROWS"])
            ]
        )

    def _codes(self, m: Module, sums: Sequence[Value], gain: Value) -> list[Value]:
        """Return the code of each sum, unsigned."""
        parameters, codes = self._parameters, []
        lowest, highest = parameters["LOWEST"], parameters["HIGHEST"]
        for k, total in enumerate(sums):
            # floor(sum * gain / step + 1/2), clipped, and lifted to begin at 0.
            scaled = (((total * 2) << gain) + parameters["STEP"]) >> parameters["STEP_LOG2_PLUS_1"]
            rounded, code = (
                Signal(scaled.shape(), name=f"rounded{k}"),
                Signal(parameters["ADC_BITS"], name=f"code_of{k}"),
            )
            m.d.comb += [
                rounded.eq(scaled),
                code.eq(Mux(rounded > highest, highest, Mux(rounded < lowest, lowest, rounded)) - lowest),
            ]
            codes.append(code)
        return codes


def _sum(values: Sequence[Value]) -> Value:
    """Add values as a balanced tree, so that the widths grow with its depth only."""
    if len(values) == 1:
        return values[0]
    middle = len(values) // 2
    return _sum(values[:middle]) + _sum(values[middle:])
