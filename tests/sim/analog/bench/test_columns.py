"""Columns of all cells in ngspice, read through the macro's pins, against the numerics contract."""

from pathlib import Path

import numpy as np
import pytest

from nngen.cellib import CellLibrary
from nngen.errors import CellError
from nngen.flows.cells.chips import Combination, combinations, macro_of
from nngen.sim.analog.bench import Mismatch, column_bench, column_curve, verilog_codes
from tests.tools import needs_ngspice

LIBRARY = CellLibrary()
COMBINATIONS = list(combinations(LIBRARY))
IDEAL = Combination(bitcell="ideal", row_driver="ideal_driver", readout="ideal_readout", adc="ideal_adc")


def test_every_bitcell_readout_and_converter_has_its_combinations() -> None:
    kinds = {name: LIBRARY.kind(name) for name in LIBRARY.names}
    for kind, attribute in (("bitcell", "bitcell"), ("column_readout", "readout"), ("adc", "adc")):
        assert {getattr(one, attribute) for one in COMBINATIONS} == {name for name, of in kinds.items() if of == kind}
    assert len(COMBINATIONS) == 44


@needs_ngspice
@pytest.mark.parametrize("chosen", COMBINATIONS, ids=str)
def test_codes_of_a_column_are_within_what_the_cells_say(chosen: Combination, tmp_path: Path) -> None:
    architecture = macro_of(chosen, LIBRARY, adc_bits=4)
    curve = column_curve(architecture, tmp_path, rows=16, points=4)
    assert curve.largest_error <= architecture.analog.code_error
    assert np.ptp(curve.codes) > 4  # it is a curve, and no constant


@needs_ngspice
@pytest.mark.parametrize("driver", ["ideal_driver", "driver_dac"])
def test_planes_of_several_bits(driver: str, tmp_path: Path) -> None:
    chosen = Combination(bitcell="rram_2t2r", row_driver=driver, readout="ideal_readout", adc="ideal_adc")
    architecture = macro_of(chosen, LIBRARY, adc_bits=6, dac_bits=3)
    curve = column_curve(architecture, tmp_path, rows=8, points=4)
    assert curve.largest_error <= architecture.analog.code_error


@needs_ngspice
@pytest.mark.parametrize("encoding", ["twos_complement", "offset", "differential"])
def test_ideal_cells_give_the_codes_of_the_contract(encoding: str, tmp_path: Path) -> None:
    curve = column_curve(macro_of(IDEAL, LIBRARY, adc_bits=7, encoding=encoding), tmp_path, rows=16)
    np.testing.assert_array_equal(curve.codes, curve.expected)


@pytest.mark.parametrize("name", ["sar_cdac", "ramp", "flash", "ideal_adc"])
def test_verilog_views_give_the_codes_of_the_contract(name: str) -> None:
    chosen = Combination(bitcell="ideal", row_driver="ideal_driver", readout="ideal_readout", adc=name)
    bench = column_bench(macro_of(chosen, LIBRARY, adc_bits=5), rows=16)
    adc = macro_of(chosen, LIBRARY, adc_bits=5).analog.adc
    exact = bench.exact()[:, 0]
    right = np.clip(np.floor(exact + 0.5), 0, 31)
    for mismatch in (None, Mismatch.nominal(adc)):
        np.testing.assert_array_equal(verilog_codes(adc, exact, mismatch), right)


def test_a_cell_without_a_verilog_view_has_no_codes() -> None:
    with pytest.raises(CellError, match=r"^cell 'ideal' must have a Verilog view, the file ideal\.v$"):
        verilog_codes(macro_of(IDEAL, LIBRARY).analog.bitcell, np.zeros(1), None)
