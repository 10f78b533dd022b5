"""The benchmark of netlists, with small arrays: its rows, its rival, and ngspice on what is emitted."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from nngen.flows.benchmarks import netlist
from nngen.flows.benchmarks.memory_array import FloatArray, all_different, few_levels, switched_bench, transistor_array
from nngen.netlist import check
from tests.tools import needs_ngspice


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SIDE", "LARGE_SIDE", "SMALL_SIDE", "BENCH_SIDE"):
        monkeypatch.setattr(netlist, name, 8)
    monkeypatch.delenv(netlist.HDL21_PYTHON, raising=False)


@needs_ngspice
@pytest.mark.usefixtures("small")
def test_every_figure_is_measured() -> None:
    rows = {row.figure: row for row in netlist.measure_netlist()}
    assert len(rows) == 10
    assert rows["8x8 in ngspice: column currents against G^T V"].met
    beside = "8x8 1T1R: hdl21 by the design's figure; it is not installed (make benchmark-netlist)"
    assert rows[beside].measured == 2200
    assert [row.figure for row in rows.values() if row.limit is not None and not row.timing] == [
        "8x8 1T1R, 0.0 M devices, 0 MB: peak memory",
        "8x8 in ngspice: column currents against G^T V",
    ]


@needs_ngspice
@pytest.mark.usefixtures("small")
def test_a_rival_that_is_named_is_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rival = tmp_path / "python"
    rival.write_text(f'#!{sys.executable}\nimport sys\nassert sys.argv[1].endswith("hdl21_array.py")\nprint(0.5)\n')
    rival.chmod(0o755)
    monkeypatch.setenv(netlist.HDL21_PYTHON, str(rival))
    rows = {row.figure: row for row in netlist.measure_netlist()}
    assert rows["8x8 1T1R: hdl21 beside it"].measured == 2 * 8 * 8 / 0.5


@pytest.mark.parametrize("resistance", [few_levels(4), all_different(4)])
def test_the_bench_is_sound(resistance: FloatArray) -> None:
    bench, currents = switched_bench(resistance, np.ones(4))
    check(bench)
    assert currents.shape == (4,)
    assert [part.rows * part.columns for part in transistor_array(resistance).contents] == [16, 16]


def test_the_benchmark_has_its_make_target(repository: Path) -> None:
    assert f"{netlist.HDL21_PYTHON}=$(HDL21)/bin/python" in (repository / "Makefile").read_text()
