"""`nngen arch suggest`: whatever it suggests holds the network, and says why."""

import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

from nngen.arch import read_architecture
from nngen.compiler.frontend import read_network
from nngen.errors import CapacityError, InputError, ModelError
from nngen.flows.compiling import compile_network
from nngen.flows.networks.digits import CALIBRATION, FOLDER, IMAGES
from nngen.flows.suggest import suggest_for
from nngen.flows.suggest._search import chip_name
from nngen.sim.golden import GoldenMachine, run_golden
from tests.compiler.builders import convolution, make_network, make_tensor, perceptron, pointwise
from tests.compiler.randoms import random_chip, random_codes, random_network

Run = Callable[..., Result]


def accepted() -> list[Path]:
    """The example networks that the front end reads."""
    found = []
    for path in sorted(FOLDER.glob("*.onnx")):
        try:
            read_network(path)
        except ModelError:
            continue
        found.append(path)
    return found


@pytest.mark.parametrize("network", accepted(), ids=lambda path: path.stem)
def test_a_build_on_the_suggested_chip_succeeds(nngen: Run, network: Path, tmp_path: Path) -> None:
    chip, out = tmp_path / "chip.toml", tmp_path / "out"
    result = nngen("arch", "suggest", network, "-o", chip)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[0] == f"wrote {chip}"
    for calibration in ((), ("--calibration", CALIBRATION)):
        built = nngen("build", network, "--arch", chip, "--only", "program", "-o", out, *calibration)
        assert (built.exit_code, built.stderr) == (0, "")


def test_the_suggested_chip_is_accurate(nngen: Run, tmp_path: Path) -> None:
    network, chip, out = FOLDER / "cnn_w8a8.onnx", tmp_path / "chip.toml", tmp_path / "out"
    nngen("arch", "suggest", network, "-o", chip)
    nngen("build", network, "--arch", chip, "--only", "program", "-o", out, "--calibration", CALIBRATION)
    result = nngen("evaluate", out, "--inputs", IMAGES, "--labels", FOLDER / "labels.npy")
    assert result.exit_code == 0
    accuracies = [float(share) for share in re.findall(r"(\d+\.\d+) %", result.stdout)]
    assert accuracies[0] >= 90, result.stdout


def test_without_a_file_it_goes_to_the_terminal_and_each_key_says_why(nngen: Run) -> None:
    text = nngen("arch", "suggest", FOLDER / "cnn_w4a4.onnx").stdout
    lines = text.splitlines()
    (core,) = tomllib.loads(text)["core"]
    keys = [*core, *core["macro"], *core["memory"]]
    for key in set(keys) - {"macro", "memory"}:
        (place,) = [i for i, line in enumerate(lines) if line.startswith(f"{key} = ")]
        assert lines[place - 1].startswith("# "), key
    assert max(map(len, lines)) <= 120
    assert text == nngen("arch", "suggest", FOLDER / "cnn_w4a4.onnx").stdout


@pytest.mark.parametrize("seed", range(12))
def test_random_networks_fit_what_is_suggested_for_them(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    network = random_network(rng, random_chip(rng, lossless=True).core)
    suggestion = suggest_for(network)
    path = tmp_path / "chip.toml"
    path.write_text(suggestion.text, encoding="utf-8")
    architecture = read_architecture(path)
    assert architecture.sha256 == suggestion.architecture.sha256
    samples = {entry.tensor: random_codes(rng, network.tensors[entry.tensor], 8) for entry in network.inputs}
    compiled = compile_network(network, architecture, samples=samples)
    machine = GoldenMachine(core=architecture.core, mapping=compiled.mapping)
    assert set(run_golden(compiled.network, samples, machine=machine)) >= {entry.tensor for entry in network.outputs}


def test_macros_are_as_few_as_hold_the_network() -> None:
    network = perceptron(100, 100, 10)
    suggested = suggest_for(network).architecture
    core = suggested.core
    assert (core.macro.rows, core.macro.columns) == (64, 64)
    assert core.macros > 1
    with pytest.raises(CapacityError, match=f"set core.0..macros = {core.macros}$"):
        compile_network(network, replace(suggested, cores=(replace(core, macros=core.macros - 1),)))


def test_a_network_that_needs_it_gets_larger_macros() -> None:
    core = suggest_for(perceptron(400, 700, 10)).architecture.core
    assert core.macro.rows > 64
    assert core.macros <= 16


def test_rows_and_columns_can_be_chosen() -> None:
    suggestion = suggest_for(pointwise(40, 30), rows=36, columns=24)
    core = suggestion.architecture.core
    assert (core.macro.rows, core.macro.columns, core.word_bytes) == (36, 24, 4)
    assert core.macro.conversions % core.macro.columns_per_adc == 0


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        (42, None, "rows of a macro must be a multiple of 4, the narrowest memory word, not 42"),
        (None, 63, "columns of a macro must be a multiple of 2, those of one weight, not 63"),
    ],
)
def test_impossible_macros_are_refused(rows: int | None, columns: int | None, message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        suggest_for(pointwise(8, 4), rows=rows, columns=columns)


def test_a_network_that_no_chip_holds_is_refused() -> None:
    with pytest.raises(CapacityError, match=r"^network 'test' needs more than 128 macros, the most a core has$"):
        suggest_for(perceptron(400, 400, 10), rows=4, columns=8)


def test_codes_that_no_row_buffer_takes_are_refused() -> None:
    source = make_tensor("x", (1, 1, 4), bits=17)
    layer = convolution(source, "y", np.ones((2, 1, 1, 4)))
    message = "layer 'y': codes of its input 'x' must have at most 16 bits, not 17; quantize that tensor"
    with pytest.raises(CapacityError, match=f"^{message}$"):
        suggest_for(make_network([layer], [source, make_tensor("y", (1, 1, 2))]))


@pytest.mark.parametrize(
    ("network", "name"),
    [("cnn_w8a8", "cnn_w8a8_chip"), ("ResNet-18 (v2)", "resnet_18_v2_chip"), ("8bit", "chip"), ("größe", "gr_e_chip")],
)
def test_the_chip_is_named_after_the_network(network: str, name: str) -> None:
    assert chip_name(network) == name


def test_a_hostile_name_stays_in_its_comment_and_its_string(nngen: Run, tmp_path: Path) -> None:
    network = tmp_path / '"]\n[[core]]\u202e\\\x7f.onnx'
    network.write_bytes((FOLDER / "mlp_w8a8.onnx").read_bytes())
    result = nngen("arch", "suggest", network)
    assert result.exit_code == 0
    assert tomllib.loads(result.stdout)["description"] == f"suggested for {network.stem}"
    assert "\u202e" not in result.stdout
