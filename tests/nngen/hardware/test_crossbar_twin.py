"""The macro's behavioural twin against the numerics, and edge for edge against the macro's Verilog view."""

import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.sim import Simulator, SimulatorContext

from nngen.arch import Architecture, Core, Macro
from nngen.hardware import CROSSBAR_MODULE, crossbar_pins, crossbar_twin
from nngen.hardware.crossbar_pins import crossbar_parameters, has_trials
from nngen.hardware.crossbar_twin import CrossbarTwin
from nngen.isa import cells_per_word, words_per_row
from nngen.templating import templates

IntArray = np.ndarray
Process = Callable[[SimulatorContext], Awaitable[None]]


def macro(core: Core, **changes: object) -> Core:
    return replace(core, macro=replace(core.macro, **changes))


@pytest.fixture(params=["micro", "planes", "lossless", "words", "columns", "flash", "instant"])
def core(request: pytest.FixtureRequest, micro: Architecture) -> Core:
    """Macros that differ in what the twin depends on; rows that are no power of two, words that are not full."""
    changes: dict[str, object] = {
        "micro": {},
        "planes": {"rows": 12, "dac_bits": 3, "cell_bits": 3, "adc_bits": 6, "gains": (1, 2, 4, 8, 16)},
        "lossless": {"rows": 5, "cell_bits": 1, "adc_bits": 4, "gains": (1,), "columns_per_adc": 1},
        "columns": {"encoding": "offset", "columns": 6, "columns_per_adc": 3, "controller": "ramp"},
        "flash": {"controller": "flash", "adc_bits": 4},
        "instant": {"encoding": "twos_complement", "controller": "flash", "adc_bits": 4, "sample_cycles": 0},
        "words": {"rows": 9, "columns": 24, "cell_bits": 3, "adc_bits": 3, "columns_per_adc": 3, "gains": (1, 4)},
    }[request.param]
    return macro(micro.core, **changes)


@dataclass
class Bench:
    """Drives a twin as the tile does."""

    macro: Macro
    core: Core
    twin: CrossbarTwin
    context: SimulatorContext

    def set(self, **pins: int) -> None:
        for name, value in pins.items():
            self.context.set(getattr(self.twin, name), value)

    async def program(self, cells: IntArray) -> None:
        """Write cells, int of shape (rows, columns)."""
        bits, group = self.macro.cell_bits, cells_per_word(self.core)
        for row, levels in enumerate(cells):
            for word in range(words_per_row(self.core)):
                data = packed(levels[word * group : (word + 1) * group], bits)
                self.set(program_enable=1, program_row=row, program_word=word, program_data=data)
                await self.context.tick()
        self.set(program_enable=0)

    async def sample(self, plane: IntArray, *, column: int, gain: int) -> None:
        """Hold one pair or column of each ADC."""
        self.set(enable=1, sample=1, word_lines=packed(plane, self.macro.dac_bits), column=column)
        self.set(gain=gain.bit_length() - 1)
        self.at_once = self.unpacked_codes() if not self.macro.sample_cycles else []
        await self.context.tick()
        self.set(enable=0, sample=0, word_lines=0, column=0, gain=0)

    async def codes(self) -> list[int]:
        """Try bit after bit, or take what is there; return the codes, of pairs signed."""
        bits, found = self.macro.adc_bits, [0] * self.macro.adcs
        if self.macro.controller == "flash":
            return self.unpacked_codes() if self.macro.sample_cycles else self.at_once
        for bit in reversed(range(bits)):
            tried = [code | 1 << bit for code in found]
            self.set(trial=packed(tried, bits))
            high = self.context.get(self.twin.compare)
            found = [new if high >> k & 1 else old for k, (old, new) in enumerate(zip(found, tried, strict=True))]
            await self.context.tick()
        return [code + self.macro.converter().lowest for code in found]

    def unpacked_codes(self) -> list[int]:
        bits, codes = self.macro.adc_bits, self.context.get(self.twin.code)
        return [(codes >> bits * k) % (1 << bits) + self.macro.converter().lowest for k in range(self.macro.adcs)]

    async def convert(self, plane: IntArray, *, column: int, gain: int) -> list[int]:
        await self.sample(plane, column=column, gain=gain)
        return await self.codes()


def packed(values: IntArray | list[int], bits: int) -> int:
    return sum(int(value) << bits * i for i, value in enumerate(values))


def simulate(core: Core, process: Callable[[Bench], Awaitable[None]], *, reset: Signal | None = None) -> None:
    twin = CrossbarTwin(core)
    module = Module()
    module.submodules.twin = twin if reset is None else ResetInserter(reset)(twin)
    simulator = Simulator(module)
    simulator.add_clock(1e-6)

    async def testbench(context: SimulatorContext) -> None:
        await process(Bench(core.macro, core, twin, context))

    simulator.add_testbench(testbench)
    simulator.run()


def random_cells(core: Core, generator: np.random.Generator) -> IntArray:
    """Random levels, but the first pair of the macro is all positive and the last all negative."""
    levels = 1 << core.macro.cell_bits
    cells = generator.integers(0, levels, (core.macro.rows, core.macro.columns))
    pairs = cells.reshape(core.macro.rows, core.macro.adcs, core.macro.columns_per_adc, core.macro.lines)
    pairs[:, 0, 0] = [levels - 1, 0][: core.macro.lines]
    pairs[:, -1, -1] = [0, levels - 1][: core.macro.lines]
    return cells


def random_planes(core: Core, generator: np.random.Generator, count: int) -> list[IntArray]:
    levels, rows = 1 << core.macro.dac_bits, core.macro.rows
    return [
        np.zeros(rows, np.int64),
        np.full(rows, levels - 1),
        *generator.integers(0, levels, (count, rows)),
    ]


def dot_products(core: Core, cells: IntArray, plane: IntArray, column: int) -> IntArray:
    """One of each ADC; 0 where the column connects none."""
    if column >= core.macro.columns_per_adc:
        return np.zeros(core.macro.adcs, np.int64)
    pairs = cells.reshape(core.macro.rows, core.macro.adcs, core.macro.columns_per_adc, core.macro.lines)[:, :, column]
    return plane @ (pairs[:, :, 0] - pairs[:, :, 1] if core.macro.lines == 2 else pairs[:, :, 0])


def converted(core: Core, *, programmings: int = 2) -> tuple[list[list[int]], list[list[int]], IntArray]:
    """Return (codes of the twin, codes of the numerics, all dot products), over all columns and gains."""
    generator = np.random.default_rng(7)
    found, expected, sums = [], [], []

    async def process(bench: Bench) -> None:
        for _ in range(programmings):
            cells = random_cells(core, generator)
            await bench.program(cells)
            for plane in random_planes(core, generator, 4):
                for column in range(1 << len(bench.twin.column)):
                    for gain in core.macro.gains:
                        q = dot_products(core, cells, plane, column)
                        sums.append(q)
                        expected.append(core.macro.converter(gain).convert(q).tolist())
                        found.append(await bench.convert(plane, column=column, gain=gain))

    simulate(core, process)
    return found, expected, np.array(sums)


def test_codes_are_those_of_the_numerics(core: Core) -> None:
    """For every gain and column, also after programming anew; sums of both signs, and both ends of the range."""
    found, expected, sums = converted(core)
    assert found == expected
    assert (sums.min() < 0) == (core.macro.lines == 2)
    assert sums.max() > 0
    if core.macro.gains[-1] > 1:
        ends = {core.macro.converter().lowest, core.macro.converter().highest}
        assert ends <= {code for codes in expected for code in codes}


@pytest.mark.parametrize(
    "fault",
    [
        {"STEP": 0},  # floor instead of round to nearest
        {"STEP_LOG2_PLUS_1": 1},  # another step
        {"HIGHEST": 14},
        {"LOWEST": -17},  # as if offset binary began elsewhere
        {"COLUMNS_PER_ADC": 1},
        {"ROWS": 15},
    ],
    ids=lambda fault: next(iter(fault)),
)
def test_a_wrong_number_is_seen(micro: Architecture, monkeypatch: pytest.MonkeyPatch, fault: dict[str, int]) -> None:
    right = crossbar_parameters(micro.core)
    assert right.items().isdisjoint(fault.items())
    monkeypatch.setattr(crossbar_twin, "crossbar_parameters", lambda _: right | fault)
    found, expected, _ = converted(micro.core)
    assert found != expected


def test_no_reset_touches_cells_and_held_values(core: Core) -> None:
    generator = np.random.default_rng(2)
    cells = random_cells(core, generator)
    plane = random_planes(core, generator, 1)[-1]
    expected = core.macro.converter().convert(dot_products(core, cells, plane, 0)).tolist()
    reset = Signal()

    async def process(bench: Bench) -> None:
        await bench.program(cells)
        await bench.sample(plane, column=0, gain=1)
        bench.context.set(reset, 1)
        await bench.context.tick().repeat(3)
        bench.context.set(reset, 0)
        assert await bench.codes() == expected
        assert await bench.convert(plane, column=0, gain=1) == expected

    simulate(core, process, reset=reset)
    assert any(expected)


def test_what_is_not_enabled_does_nothing(micro: Architecture) -> None:
    """Neither sampling without enable nor programming without program_enable; nor a row that does not exist."""
    core = macro(micro.core, rows=12)
    generator = np.random.default_rng(3)
    cells, plane = random_cells(core, generator), np.ones(12, np.int64)
    expected = core.macro.converter().convert(dot_products(core, cells, plane, 0)).tolist()

    async def process(bench: Bench) -> None:
        await bench.program(cells)
        await bench.sample(plane, column=0, gain=1)
        bench.set(sample=1, column=1, word_lines=0, program_row=3, program_word=0, program_data=0)
        await bench.context.tick()
        bench.set(sample=0, enable=1)
        await bench.context.tick()
        assert await bench.codes() == expected
        for row in range(12, 16):
            bench.set(program_enable=1, program_row=row, program_data=0x5555)
            await bench.context.tick()
        bench.set(program_enable=0)
        assert await bench.convert(plane, column=0, gain=1) == expected

    simulate(core, process)


# ---------------------------------------------------------------- the Verilog view

VIEW_BENCH = """
module bench;
  reg clk = 0;
  reg [{width}-1:0] stimuli [0:{cycles}-1];
  reg [{width}-1:0] pins = 0;
  wire [{outputs}-1:0] {output};
  integer cycle;
  {module} view (.clk(clk), {connections}, .{output}({output}));
  initial begin
    $readmemh("stimuli.txt", stimuli);
    for (cycle = 0; cycle < {cycles}; cycle = cycle + 1) begin
      pins = stimuli[cycle];
      #1 $display("%b", {output});
      clk = 1;
      #1 clk = 0;
    end
  end
endmodule
"""


def input_widths(core: Core) -> dict[str, int]:
    return {pin.name: pin.width for pin in crossbar_pins(core) if pin.direction == "input" and pin.name != "clk"}


def output(core: Core) -> str:
    return "compare" if has_trials(core) else "code"


def output_bits(core: Core) -> int:
    return core.macro.adcs * (1 if has_trials(core) else core.macro.adc_bits)


def stimuli(core: Core, cycles: int) -> list[dict[str, int]]:
    """Program every cell and sample once, then anything at once."""
    generator = np.random.default_rng(11)
    widths = input_widths(core)

    def anything(**fixed: int) -> dict[str, int]:
        chosen = {name: int.from_bytes(generator.bytes(64), "little") % (1 << width) for name, width in widths.items()}
        return chosen | fixed

    programming = [
        anything(program_enable=1, program_row=row, program_word=word)
        for row in range(core.macro.rows)
        for word in range(words_per_row(core))
    ]
    known = [*programming, anything(enable=1, sample=1, gain=0)]
    return known + [anything(gain=i % len(core.macro.gains)) for i in range(cycles - len(known))]


def view_outputs(core: Core, steps: list[dict[str, int]], folder: Path) -> list[str]:
    """Outputs of the Verilog view in each cycle."""
    environment = templates("verilog")
    view = environment.get_template("crossbar_behavioural.v.j2").render(
        module=CROSSBAR_MODULE,
        pins=crossbar_pins(core),
        parameters=crossbar_parameters(core),
        has_trials=has_trials(core),
    )
    widths = input_widths(core)
    offsets = dict(zip(widths, np.cumsum([0, *widths.values()]).tolist(), strict=False))
    text = VIEW_BENCH.format(
        module=CROSSBAR_MODULE,
        width=sum(widths.values()),
        cycles=len(steps),
        output=output(core),
        outputs=output_bits(core),
        connections=", ".join(f".{name}(pins[{offsets[name]} +: {width}])" for name, width in widths.items()),
    )
    (folder / "bench.v").write_text(text)
    (folder / "view.v").write_text(view)
    lines = [f"{sum(step[name] << offset for name, offset in offsets.items()):x}" for step in steps]
    (folder / "stimuli.txt").write_text("\n".join(lines) + "\n")
    subprocess.run(["iverilog", "-g2012", "-o", "bench", "bench.v", "view.v"], cwd=folder, check=True)
    return subprocess.run(
        ["vvp", "-n", "bench"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.splitlines()


def twin_outputs(core: Core, steps: list[dict[str, int]]) -> list[str]:
    outputs: list[str] = []

    async def process(bench: Bench) -> None:
        for step in steps:
            bench.set(**step)
            outputs.append(f"{bench.context.get(getattr(bench.twin, output(core))):0{output_bits(core)}b}")
            await bench.context.tick()

    simulate(core, process)
    return outputs


def test_every_cycle_is_that_of_the_verilog_view(core: Core, tmp_path: Path) -> None:
    steps = stimuli(core, 600)
    first = core.macro.rows * words_per_row(core) + 1  # before it the Verilog view holds nothing known
    outputs = view_outputs(core, steps, tmp_path)[first:]
    assert outputs == twin_outputs(core, steps)[first:]
    assert len(set(outputs)) == 1 << core.macro.adcs if has_trials(core) else len(set(outputs)) > 10
