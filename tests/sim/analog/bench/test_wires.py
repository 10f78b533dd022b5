"""Macros whose wires have resistance: ngspice reads the codes that the solver of wires says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nngen.arch import WiresSpec
from nngen.cellib import CellLibrary
from nngen.errors import InputError
from nngen.flows.cells.chips import Combination, macro_of
from nngen.netlist.macro import macro_netlist
from nngen.sim.analog.bench import Bench, Read, code_errors
from tests.tools import needs_ngspice

ROWS, CONVERSIONS = 16, 6
WIRES = WiresSpec(row_ohm=300.0, column_ohm=400.0)


def bench(bitcell: str, driver: str, encoding: str, wires: WiresSpec = WIRES) -> Bench:
    chosen = Combination(bitcell=bitcell, row_driver=driver, readout="ideal_readout", adc="ideal_adc")
    chip = macro_of(chosen, CellLibrary(), adc_bits=10, encoding=encoding)
    lines = chip.core.macro.lines
    macro = replace(chip.core.macro, rows=ROWS, columns=lines * CONVERSIONS, columns_per_adc=2)
    chip = replace(chip, cores=(replace(chip.core, macro=macro),), analog=replace(chip.analog, wires=wires))
    generator = np.random.default_rng(3)
    levels = generator.integers(0, 16, (ROWS, lines * CONVERSIONS))
    reads = [Read(planes=tuple(int(bit) for bit in generator.integers(0, 2, ROWS)), column=n % 2) for n in range(6)]
    return Bench(made=macro_netlist(chip), levels=levels, reads=reads, title="wires")


@needs_ngspice
@pytest.mark.parametrize(
    ("bitcell", "driver", "encoding"),
    [
        ("ideal", "ideal_driver", "differential"),  # one image for all patterns
        ("ideal", "ideal_driver", "offset"),
        ("rram_1t1r", "ideal_driver", "offset"),  # rows that rest are held; a reference column
        ("rram_1t1r", "driver_1b", "differential"),  # rows that rest are cut off
    ],
)
def test_codes_are_those_of_the_solver(bitcell: str, driver: str, encoding: str, tmp_path: Path) -> None:
    wired = bench(bitcell, driver, encoding)
    straight = replace(wired, made=bench(bitcell, driver, encoding, WiresSpec()).made)
    codes = wired.run(tmp_path)
    real = 0.0 if bitcell == "ideal" else 0.8  # the access transistor's resistance, 10 bits
    assert np.abs(code_errors(codes, wired.exact(), highest=1023)).max() <= real
    assert np.abs(wired.exact() - straight.exact()).max() > 3  # the wires matter


def test_cells_with_two_bit_lines_are_no_crossbar_of_single_columns() -> None:
    with pytest.raises(
        InputError,
        match=r"^wires of an array must have cells with one bit line to be predicted, and 'rram_2t2r' has two$",
    ):
        bench("rram_2t2r", "driver_1b", "differential").exact()
