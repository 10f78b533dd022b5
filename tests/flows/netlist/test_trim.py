"""Trimmed macros of a build: what is written, and that ngspice finds the codes of the network in them."""

import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

from nngen.bundle import BuildDirectory
from nngen.errors import InputError
from nngen.flows.netlist import trim
from nngen.flows.networks.digits import CALIBRATION
from nngen.netlist import read_netlist
from tests.tools import needs_ngspice

Run = Callable[..., Result]
COLUMNS = [0, 1, 5, 8, 13]
FIRST_LAYER = "/layers/layers.2/Gemm_output_0"


@needs_ngspice
def test_columns_of_ideal_cells_give_the_codes_of_the_network(ideal_build: BuildDirectory, tmp_path: Path) -> None:
    trimmed = trim(
        ideal_build.path, tmp_path / "out", layer=FIRST_LAYER, columns=COLUMNS, inputs=CALIBRATION, simulate=True
    )
    assert trimmed.allowed == 0
    there = trimmed.bench.connected
    assert there.sum() == 20
    np.testing.assert_array_equal(trimmed.codes[there], trimmed.expected[there])
    assert len(np.unique(trimmed.codes[there])) > 10


@needs_ngspice
@pytest.mark.slow
def test_columns_of_transistors_give_the_codes_of_the_network_within_their_error(
    mlp_build: BuildDirectory, tmp_path: Path
) -> None:
    trimmed = trim(
        mlp_build.path, tmp_path / "out", layer=FIRST_LAYER, columns=COLUMNS, inputs=CALIBRATION, simulate=True
    )
    assert 0 < trimmed.allowed < 1
    assert trimmed.passed


@needs_ngspice
def test_cells_that_stray_give_the_codes_of_what_they_hold(ideal_build: BuildDirectory, tmp_path: Path) -> None:
    trimmed = trim(
        ideal_build.path,
        tmp_path / "out",
        columns=[0, 1],
        variation=0.1,
        seed=3,
        reads=8,
        inputs=CALIBRATION,
        simulate=True,
    )
    assert trimmed.passed
    there = trimmed.bench.connected
    assert (trimmed.codes[there] != trimmed.expected[there]).any()  # the network's codes are those of exact weights


@needs_ngspice
def test_the_files_run_as_the_readme_says(ideal_build: BuildDirectory, nngen: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = nngen("netlist", "trim", ideal_build.path, "-o", out, "--column", 0, "--reads", 2, "--run", "--json")
    assert result.exit_code == 0
    described = json.loads(result.stdout)
    assert described["passed"]
    assert {path.name for path in out.iterdir()} == {
        *("README.md", "deck.cir", "array.sp", "nngen_crossbar.sp", "expected.json")
    }
    assert json.loads((out / "expected.json").read_text()) == {
        f"code_0_{n}": code[0] for n, code in enumerate(described["codes"])
    }
    assert "ngspice -b deck.cir" in (out / "README.md").read_text()
    array = read_netlist(out / "array.sp").subcircuits[0]
    assert sum(part.name.startswith("Xcell") for part in array.contents) == 2 * 96


@needs_ngspice
def test_the_library_reads_the_same_codes(ideal_build: BuildDirectory, tmp_path: Path) -> None:
    codes = [
        trim(
            ideal_build.path, tmp_path / engine, columns=[2], reads=2, inputs=CALIBRATION, simulate=True, engine=engine
        )
        for engine in ("binary", "library")
    ]
    np.testing.assert_array_equal(codes[0].codes, codes[1].codes)


def test_the_same_columns_are_the_same_bytes(ideal_build: BuildDirectory, tmp_path: Path) -> None:
    for name in ("one", "two"):
        trim(ideal_build.path, tmp_path / name, columns=[3], variation=0.1, seed=5, inputs=CALIBRATION)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": [32]}, "the pairs of a macro must be numbers from 0 to 31, not 32"),
        ({"macro": 1}, "macro must be one in use (0), not 1"),
        ({"layer": "x"}, f"layer must be one of the mapping ({FIRST_LAYER}, logits), not 'x'"),
        ({"sample": 64, "inputs": CALIBRATION}, "sample must be 0 to 63, not 64"),
    ],
)
def test_what_does_not_exist_is_refused(
    ideal_build: BuildDirectory, tmp_path: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError) as error:
        trim(ideal_build.path, tmp_path / "out", **options)
    assert str(error.value) == message
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_left_alone(ideal_build: BuildDirectory, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(InputError) as error:
        trim(ideal_build.path, tmp_path)
    assert str(error.value) == f"output '{tmp_path}' must be a folder that is empty or does not exist yet"


def test_a_trim_that_fails_leaves_nothing(
    ideal_build: BuildDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sys.modules["nngen.flows.netlist.trim"], "write_readme", full)
    with pytest.raises(InputError) as error:
        trim(ideal_build.path, tmp_path / "new" / "out", columns=[0])
    assert str(error.value) == f"output '{tmp_path}/new/out' cannot be written: No space left on device"
    assert not list((tmp_path / "new").iterdir())


def test_netlists_are_what_mapping_and_verilog_say(mlp_build: BuildDirectory, nngen: Run) -> None:
    result = nngen("netlist", "check", mlp_build.path)
    assert result.exit_code == 0
    assert result.stdout.count("none") == 4
    assert "6,144 conductances by name" in result.stdout


def test_a_build_without_netlists_has_none_to_check(program_build: BuildDirectory, nngen: Run) -> None:
    result = nngen("netlist", "check", program_build.path)
    assert result.exit_code == 2
    assert " ".join(result.stderr.split()) == (
        f"nngen: '{program_build.path}' must hold netlists (spice/nngen_crossbar.sp); "
        "build it without --only, or with spice"
    )
