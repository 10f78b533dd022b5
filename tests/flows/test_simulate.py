"""`nngen simulate`, `evaluate` and `inspect`: what they compute, print and write."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import Result

from nngen.bundle import BuildDirectory
from nngen.errors import ToolError
from nngen.flows import machine as machine_module
from nngen.flows.arrays import read_arrays
from nngen.flows.build import build
from nngen.flows.evaluate import evaluate
from nngen.flows.levels import Level
from nngen.flows.machine import Machine
from nngen.flows.networks.digits import CALIBRATION, FOLDER, IMAGES, LABELS
from nngen.flows.reference import run_reference
from nngen.flows.samples import read_samples
from nngen.flows.simulate import render, run_samples, simulate
from nngen.flows.utilization import utilization
from nngen.host.ends import quantize_inputs
from nngen.isa import EVENT_NAMES, Cause

Run = Callable[..., Result]

CNN = FOLDER / "cnn_w4a4.onnx"
SAMPLES = 12


def test_results_have_the_names_shapes_and_types_of_the_file(program_build: BuildDirectory, tmp_path: Path) -> None:
    path = tmp_path / "y.npz"
    simulate(program_build.path, IMAGES, level=Level.GOLDEN, samples=SAMPLES, output=path)
    found = read_arrays(path)
    reference = run_reference(CNN, {"image": read_arrays(IMAGES)["image"][:SAMPLES]})
    assert {name: (array.shape, array.dtype) for name, array in found.items()} == {
        name: (array.shape, array.dtype) for name, array in reference.items()
    }
    assert np.abs(found["logits"] - reference["logits"]).max() < 1  # `tiny` may round, the answers stay


def test_codes_are_added_on_demand_and_equal_at_every_level(program_build: BuildDirectory, tmp_path: Path) -> None:
    found = {}
    for level in (Level.GOLDEN, Level.ISS):
        path = tmp_path / f"{level}.npz"
        simulate(program_build.path, IMAGES, level=level, samples=SAMPLES, output=path, codes=True)
        found[level] = read_arrays(path)
    assert set(found[Level.ISS]) == {"logits", "codes/logits"}
    assert found[Level.ISS]["codes/logits"].shape == (SAMPLES, 1, 1, 10)
    assert found[Level.ISS]["codes/logits"].dtype == np.int64
    assert np.array_equal(found[Level.ISS]["codes/logits"], found[Level.GOLDEN]["codes/logits"])
    assert np.array_equal(found[Level.ISS]["logits"], found[Level.GOLDEN]["logits"])


def test_every_tensor_can_be_dumped(program_build: BuildDirectory, nngen: Run, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "tensors"
    options = ("--level", "golden", "--samples", 2, "--dump-tensors", folder)
    assert nngen("simulate", program_build.path, "--inputs", IMAGES, *options).exit_code == 0
    network = program_build.network()
    found = read_arrays(folder / "tensors.npz")
    assert {name: array.shape for name, array in found.items()} == {
        name: (2, *tensor.shape) for name, tensor in network.tensors.items()
    }


def test_a_batch_axis_after_the_samples_is_accepted(program_build: BuildDirectory, tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, image=read_arrays(IMAGES)["image"][:2, np.newaxis])
    with_axis = simulate(program_build.path, path, level=Level.ISS)
    without = simulate(program_build.path, IMAGES, level=Level.ISS, samples=2)
    assert np.array_equal(with_axis.outputs["logits"], without.outputs["logits"])


def test_the_json_says_everything(program_build: BuildDirectory, nngen: Run) -> None:
    options = ("--level", "iss", "--samples", 2, "--json")
    result = nngen("simulate", program_build.path, "--inputs", IMAGES, *options)
    found = json.loads(result.stdout)
    assert (found["level"], found["samples"]) == ("iss", 2)
    assert np.array(found["outputs"]["logits"]).shape == (2, 10)
    assert set(found["events"]) == set(EVENT_NAMES)
    assert found["events"]["cycles"][0] == found["events"]["cycles"][1] > 5000


def test_the_table_says_what_ran_and_what_it_cost(program_build: BuildDirectory, nngen: Run) -> None:
    result = nngen("simulate", program_build.path, "--inputs", IMAGES, "--level", "iss", "--samples", 2)
    assert result.stdout.startswith("2 samples at level iss\n")
    assert "logits" in result.stdout
    assert "cycles for each sample" in result.stdout


def test_many_samples_are_simulated_in_parts(program_build: BuildDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = simulate(program_build.path, IMAGES, level=Level.ISS, samples=SAMPLES)
    monkeypatch.setattr(machine_module, "MEMORY_AT_ONCE", 5 * 4096)
    parts = simulate(program_build.path, IMAGES, level=Level.ISS, samples=SAMPLES)
    assert np.array_equal(parts.codes["logits"], whole.codes["logits"])
    assert parts.samples == SAMPLES


def test_a_program_that_stops_with_a_cause_is_an_error(
    program_build: BuildDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine.open(program_build.path)
    samples = read_samples(IMAGES, machine.network, samples=1)
    sound = machine.iss(quantize_inputs(machine.network, samples))
    stopped = replace(sound, timings=(replace(sound.timings[0], cause=Cause.ADDRESS, pc=7),))
    monkeypatch.setattr(Machine, "iss", lambda *_: stopped)
    sentence = "program must end with HALT, but stopped with cause ADDRESS at instruction 7"
    with pytest.raises(ToolError, match=f"^{sentence}$"):
        run_samples(machine, samples, level=Level.ISS)


def test_the_verilog_gives_the_same_and_leaves_a_waveform(mlp_build: BuildDirectory, tmp_path: Path) -> None:
    waves = tmp_path / "w.vcd"
    rtl = simulate(mlp_build.path, IMAGES, level=Level.RTL, samples=1, waves=waves)
    iss = simulate(mlp_build.path, IMAGES, level=Level.ISS, samples=1)
    assert np.array_equal(rtl.codes["logits"], iss.codes["logits"])
    assert {name: values.tolist() for name, values in rtl.events.items()} == {
        name: values.tolist() for name, values in iss.events.items()
    }
    assert waves.read_bytes().startswith(b"$date")


@pytest.mark.parametrize("option", [("--simulator", "verilator"), ("--rtl", ".")])
def test_what_is_of_the_verilog_goes_with_the_verilog(program_build: BuildDirectory, nngen: Run, option) -> None:
    result = nngen("simulate", program_build.path, "--inputs", IMAGES, "--level", "iss", *option)
    assert result.exit_code == 2
    what = "a simulator can be chosen" if option[0] == "--simulator" else "Verilog is simulated"
    assert result.stderr == f"nngen: {what} at level rtl only, not at level iss\n"


def test_a_simulator_goes_with_the_verilog_in_evaluate_too(program_build: BuildDirectory, nngen: Run) -> None:
    result = nngen("evaluate", program_build.path, "--inputs", IMAGES, "--labels", LABELS, "--simulator", "icarus")
    assert result.exit_code == 2
    assert result.stderr == "nngen: a simulator can be chosen at level rtl only, not at level golden\n"


def test_accuracy_on_the_verilog_in_verilator(mlp_build: BuildDirectory) -> None:
    result = evaluate(mlp_build.path, IMAGES, LABELS, level=Level.RTL, simulator="verilator", samples=40)
    models = evaluate(mlp_build.path, IMAGES, LABELS, level=Level.GOLDEN, samples=40)
    assert np.array_equal(result.build.confusion, models.build.confusion)


def test_accuracy_of_build_and_reference(program_build: BuildDirectory, nngen: Run) -> None:
    result = evaluate(program_build.path, IMAGES, LABELS)
    assert (result.reference.correct, result.reference.samples) == (447, 450)
    assert result.points_lost <= 1
    assert result.agreeing >= 445
    assert result.build.confusion.sum() == 450
    printed = nngen("evaluate", program_build.path, "--inputs", IMAGES, "--labels", LABELS, "--level", "iss")
    assert printed.exit_code == 0
    assert "447 of 450" in printed.stdout
    assert "this build, iss" in printed.stdout
    assert f"{result.agreeing} of 450 samples are given the same label" in printed.stdout


def test_accuracy_of_the_first_samples(program_build: BuildDirectory) -> None:
    result = evaluate(program_build.path, IMAGES, LABELS, samples=20)
    assert result.build.samples == result.reference.samples == 20


def test_the_integer_network_is_shown_and_run(nngen: Run, tmp_path: Path) -> None:
    assert "4 layers" in nngen("inspect", CNN).stdout
    path = tmp_path / "y.npz"
    result = nngen("inspect", CNN, "--inputs", IMAGES, "-o", path, "--json")
    found = json.loads(result.stdout)
    assert len(found["layers"]) == 4
    results = read_arrays(path)["logits"]
    assert np.allclose(found["results"]["logits"], results)
    reference = run_reference(CNN, {"image": read_arrays(IMAGES)["image"]})["logits"]
    assert (results.argmax(1) == reference.argmax(1)).all()


def test_results_without_samples_are_refused(nngen: Run, tmp_path: Path) -> None:
    result = nngen("inspect", CNN, "-o", tmp_path / "y.npz")
    assert result.exit_code == 2
    assert "needs --inputs" in result.stderr


def test_cells_and_converters_in_use_are_counted(program_build: BuildDirectory) -> None:
    machine = Machine.open(program_build.path)
    used = utilization(machine.network, machine.mapping, machine.cores)
    assert used.cells == (2 * 4360, 12 * 64 * 32)  # a weight of 4 bits is one pair of 3-bit cells
    assert used.macros[1] == 12
    assert used.converters[0] <= used.converters[1] == 24
    assert [layer.matrix for layer in used.layers] == [(9, 8), (72, 8), (72, 16), (256, 10)]


def test_a_pipeline_computes_what_the_golden_model_does(repository: Path, tmp_path: Path) -> None:
    """Four samples at three a start: the last one takes three places of the second start."""
    quad = repository / "flows" / "architectures" / "cim256_quad.toml"
    made = build(
        FOLDER / "cnn_residual_w8a8.onnx", quad, tmp_path / "build", calibration=CALIBRATION, strategy="throughput",
        inferences=3, only=("program",),
    )  # fmt: skip
    machine = Machine.of(made)
    samples = {name: array[:4] for name, array in read_arrays(CALIBRATION).items()}
    golden, iss = (run_samples(machine, samples, level=level) for level in (Level.GOLDEN, Level.ISS))
    for name, codes in golden.codes.items():
        np.testing.assert_array_equal(iss.codes[name], codes)
    assert iss.events["cycles"].shape == (2,)
    console = Console(width=100)
    with console.capture() as capture:
        console.print(render(iss))
    assert f"{iss.events['cycles'][0]:,} cycles for each 3 samples" in capture.get()
