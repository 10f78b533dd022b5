"""Bad input, end to end through the command line: its own sentence, exit status 2, nothing written."""

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from typer.testing import Result

from nngen.bundle import BuildDirectory
from nngen.flows.networks.digits import CALIBRATION, IMAGES, NETWORKS

Run = Callable[..., Result]
Changed = Callable[..., Path]

ARCHITECTURES = Path(__file__).resolve().parents[2] / "flows" / "architectures"
TINY = ARCHITECTURES / "tiny.toml"
MICRO = ARCHITECTURES / "micro.toml"
NETWORK = next(entry.path for entry in NETWORKS if entry.name == "cnn_w4a4")
LAYER = "/layers/layers.4/Conv_output_0"


SUPPORTED = (
    *("Conv", "Gemm", "MatMul", "Add", "Sub", "Mul", "Div", "BatchNormalization", "Concat", "MaxPool", "AveragePool"),
    *("GlobalMaxPool", "GlobalAveragePool", "ReduceMean", "QuantizeLinear", "DequantizeLinear", "Relu", "Clip"),
    *("PRelu", "Abs", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Mish", "Selu", "Sigmoid"),
    *("Softplus", "Softsign", "Tanh", "Flatten", "Reshape", "Transpose", "Squeeze", "Unsqueeze"),
    *("Slice", "Split", "Gather", "Pad", "Resize", "Identity", "Dropout", "Softmax"),
)


@pytest.fixture
def refused(nngen: Run, tmp_path: Path) -> Callable[..., str]:
    """A function that builds, and returns the message with which that is refused."""

    def build(network: Path = NETWORK, architecture: Path = TINY, *options: object) -> str:
        output = tmp_path / "out"
        return message(nngen("build", network, "--arch", architecture, "-o", output, *options), output)

    return build


def message(result: Result, output: Path | None = None) -> str:
    """Return what stands on standard error, without the name of the program."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("nngen: ")
    assert result.stderr.endswith("\n")
    assert "Traceback" not in result.stderr
    if output is not None:
        assert not output.exists()
        assert not list(output.parent.glob(".out.building-*"))
    return result.stderr.removeprefix("nngen: ").removesuffix("\n")


# ---------------------------------------------------------------- networks


def test_a_missing_network(refused: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "no.onnx"
    assert refused(path) == f"{path}: does not exist; it must be an ONNX file"


def test_a_truncated_network(refused: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "cut.onnx"
    path.write_bytes(NETWORK.read_bytes()[:2000])
    assert refused(path) == f"{path}: is an ONNX model cut short or damaged; export or download it again"


def save(path: Path, nodes: list[onnx.NodeProto], *constants: onnx.TensorProto) -> Path:
    """Write a network of one input ``x`` and one output ``y``, both (1, 4)."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 4))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 4))],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    path.write_bytes(model.SerializeToString())
    return path


def test_a_float_network(refused: Callable[..., str], tmp_path: Path) -> None:
    weights = numpy_helper.from_array(np.ones((4, 4), np.float32), "w")
    path = save(tmp_path / "float.onnx", [helper.make_node("MatMul", ["x", "w"], ["y"], name="dense")], weights)
    reason = "it has no quantizer, nor has any other layer; export as QCDQ (brevitas: export_onnx_qcdq)"
    assert refused(path) == f"{path}: MatMul node 'dense': {reason}"


def test_an_unsupported_operator(refused: Callable[..., str], tmp_path: Path) -> None:
    path = save(tmp_path / "sine.onnx", [helper.make_node("Sin", ["x"], ["y"], name="wave")])
    supported = ", ".join(SUPPORTED)
    assert refused(path) == f"{path}: Sin node 'wave': this operator is not supported; supported are {supported}"


def test_a_scale_that_is_not_a_number(refused: Callable[..., str], tmp_path: Path) -> None:
    model = onnx.load(NETWORK)
    quantizer = next(node for node in model.graph.node if node.op_type == "QuantizeLinear")
    name = quantizer.input[1]
    nan = numpy_helper.from_array(np.float32(np.nan), name)
    for holder in (*model.graph.initializer, *(a.t for node in model.graph.node for a in node.attribute)):
        owners = [node.output[0] for node in model.graph.node for a in node.attribute if a.t is holder]
        if name in (holder.name, *owners):
            holder.CopyFrom(nan)
    path = tmp_path / "nan.onnx"
    onnx.save(model, path)
    where = f"{path}: QuantizeLinear node '{quantizer.name}'"
    assert refused(path) == f"{where}: its scale '{name}' must be finite and above 0, not nan"


# ---------------------------------------------------------------- chips


def test_a_network_that_is_larger_than_the_chip(refused: Callable[..., str], changed_architecture: Changed) -> None:
    sentence = "network 'cnn_w4a4' needs 5 macros of 64x32, the chip has 2: set core[0].macros = 5"
    assert refused(NETWORK, changed_architecture("tiny", macros=2)) == sentence


def test_a_layer_that_no_unit_computes(refused: Callable[..., str]) -> None:
    network = NETWORK.with_name("cnn_residual_w8a8.onnx")
    assert refused(network, TINY) == (
        "layer '/Add_output_0': elementwise layers run on VEC, which the core has not: add [core.vector] to the "
        "architecture"
    )


def test_a_network_that_is_larger_than_any_core(refused: Callable[..., str], changed_architecture: Changed) -> None:
    small = changed_architecture("micro", rows=8)
    assert refused(NETWORK, small) == (
        "layer 'logits' alone needs more than 128 macros of 8x8, the most a core has (its weights alone fill 160); "
        "the chip has 2: choose larger macros (core[0].macro.rows, core[0].macro.columns)"
    )


def test_activation_memory_that_is_too_small(refused: Callable[..., str], changed_architecture: Changed) -> None:
    assert refused(NETWORK, changed_architecture("tiny", activation_bytes=256)) == (
        f"layer '{LAYER}': the tensors alive with it need 1456 bytes of activation memory, the core has 256: "
        "set core[0].memory.activation_bytes = 1456"
    )


def test_program_memory_that_is_too_small(
    refused: Callable[..., str], changed_architecture: Changed, program_build: BuildDirectory
) -> None:
    lines = program_build.file("program/core0.hex").read_text().count("\n")
    found = refused(NETWORK, changed_architecture("tiny", program_instructions=16))
    begin, _, rest = found.partition(" alone takes ")
    assert begin == (f"the program needs {lines} instructions, the core has 16 (layer 'logits'")
    taken, _, end = rest.partition("): ")
    assert taken.isdigit()
    assert end == f"set core[0].memory.program_instructions = {lines}"


def test_constant_memory_that_is_too_small(refused: Callable[..., str], changed_architecture: Changed) -> None:
    assert refused(NETWORK, changed_architecture("tiny", constant_records=16)) == (
        "the network needs 42 constant records, the core has 16 (layer '/layers/layers.7/Conv_output_0' alone takes "
        "16): set core[0].memory.constant_records = 42"
    )


def test_accumulators_that_could_overflow(refused: Callable[..., str], changed_architecture: Changed) -> None:
    assert refused(NETWORK, changed_architecture("tiny", accumulator_bits=10)) == (
        "layer '/layers/layers.1/Conv_output_0' needs accumulators of 12 bits, the core has 10: "
        "set core[0].accumulator_bits = 12"
    )


def test_an_unknown_key_in_the_architecture(refused: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "chip.toml"
    path.write_text(TINY.read_text().replace("columns_per_adc", "columns_per_adcs"))
    sentence = "chip.toml: core[0].macro.columns_per_adcs is not a known key; did you mean 'columns_per_adc'?"
    assert refused(NETWORK, path) == sentence


def test_a_missing_architecture(refused: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "no.toml"
    assert refused(NETWORK, path) == f"architecture file '{path}' does not exist"


# ---------------------------------------------------------------- mappings


@pytest.fixture
def changed_mapping(program_build: BuildDirectory, tmp_path: Path) -> Callable[[Callable[[list[Any]], None]], Path]:
    """A function that writes the mapping of the build with other tiles for one layer."""

    def write(change: Callable[[list[Any]], None]) -> Path:
        mapping = json.loads(program_build.file("mapping.json").read_text())
        layer = next(layer for layer in mapping["layers"] if layer["layer"] == LAYER)
        change(layer["tiles"])
        path = tmp_path / "mapping.json"
        path.write_text(json.dumps(mapping))
        return path

    return write


def free_pair(program_build: BuildDirectory) -> dict[str, int]:
    """Return a word line and a pair of bit lines on which nothing lies."""
    used = np.zeros((12, 64, 16), bool)
    for tile in (tile for layer in program_build.mapping().layers for tile in layer.tiles):
        first = tile.column // 2
        used[tile.macro, tile.row : tile.row + tile.rows, first : first + tile.outputs] = True
    macro, row, pair = np.argwhere(~used)[0].tolist()
    return {"macro": macro, "row": row, "column": 2 * pair}


def test_a_mapping_that_maps_a_weight_twice(
    refused: Callable[..., str],
    changed_mapping: Callable[[Callable[[list[Any]], None]], Path],
    program_build: BuildDirectory,
) -> None:
    again = {"input_range": [0, 1], "output_range": [0, 1], "gain": 1, **free_pair(program_build)}
    path = changed_mapping(lambda tiles: tiles.append(again))
    sentence = "the weight of input row 0 and output 0 must be mapped once, not 2 times"
    assert refused(NETWORK, TINY, "--mapping", path) == f"mapping of layer '{LAYER}': {sentence}"


def test_a_mapping_that_leaves_a_weight_out(
    refused: Callable[..., str], changed_mapping: Callable[[Callable[[list[Any]], None]], Path]
) -> None:
    path = changed_mapping(lambda tiles: tiles.pop(0))
    sentence = "the weight of input row 0 and output 0 must be mapped once, and is not mapped"
    assert refused(NETWORK, TINY, "--mapping", path) == f"mapping of layer '{LAYER}': {sentence}"


def test_a_mapping_that_puts_two_weights_into_a_cell(
    refused: Callable[..., str], changed_mapping: Callable[[Callable[[list[Any]], None]], Path]
) -> None:
    def repeat(tiles: list[Any]) -> None:
        tiles.append(dict(tiles[0]))

    path = changed_mapping(repeat)
    mapping = json.loads(path.read_text())
    tiles = next(layer["tiles"] for layer in mapping["layers"] if layer["layer"] == LAYER)
    count, tile = len(tiles), tiles[0]
    assert refused(NETWORK, TINY, "--mapping", path) == (
        f"mapping of layer '{LAYER}', tile {count - 1}: its cell in macro {tile['macro']}, word line {tile['row']}, "
        f"bit line {tile['column']} is taken by tile 0 of layer '{LAYER}'"
    )


# ---------------------------------------------------------------- samples


def samples(path: Path, array: Any, name: str = "image") -> Path:
    np.savez(path, **{name: array})
    return path


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.zeros((3, 1, 8, 9), np.float32), "input 'image' must have shape (samples, 1, 8, 8), not (3, 1, 8, 9)"),
        (np.zeros((0, 1, 8, 8), np.float32), "input 'image' must have shape (samples, 1, 8, 8), not (0, 1, 8, 8)"),
        (np.zeros((3, 1, 8, 8), np.float64), "input 'image' must be of type float32, not float64"),
        (np.full((3, 1, 8, 8), np.nan, np.float32), "input 'image' must hold numbers, and holds NaN"),
    ],
)
def test_inputs_of_wrong_shape_or_type(
    array: Any, sentence: str, nngen: Run, program_build: BuildDirectory, tmp_path: Path
) -> None:
    path, output = samples(tmp_path / "x.npz", array), tmp_path / "out"
    result = nngen("simulate", program_build.path, "--inputs", path, "--level", "iss", "-o", output)
    assert message(result, output) == f"'{path}': {sentence}"
    result = nngen("build", NETWORK, "--arch", TINY, "--calibration", path, "-o", output)
    assert message(result, output) == f"'{path}': {sentence}"


def test_an_input_of_another_name(nngen: Run, program_build: BuildDirectory, tmp_path: Path) -> None:
    path = samples(tmp_path / "x.npz", np.zeros((1, 1, 8, 8), np.float32), name="images")
    result = nngen("simulate", program_build.path, "--inputs", path, "--level", "golden")
    assert message(result) == f"'{path}': inputs must be named 'image', not 'images'; did you mean 'image'?"


def test_more_samples_than_there_are(nngen: Run, program_build: BuildDirectory) -> None:
    result = nngen("simulate", program_build.path, "--inputs", IMAGES, "--level", "golden", "--samples", 451)
    assert message(result) == f"'{IMAGES}' must hold at least 451 samples, not 450"


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (np.zeros(449, np.int64), "must have shape (450,), one label for each sample, not (449,)"),
        (np.zeros((450, 1), np.int64), "must have shape (450,), one label for each sample, not (450, 1)"),
    ],
)
def test_labels_that_do_not_fit(
    labels: Any, sentence: str, nngen: Run, program_build: BuildDirectory, tmp_path: Path
) -> None:
    path = tmp_path / "labels.npy"
    np.save(path, labels)
    result = nngen("evaluate", program_build.path, "--inputs", IMAGES, "--labels", path)
    assert message(result) == f"'{path}' {sentence}"


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (np.full(450, 10), "labels must be classes 0 to 9, not 10"),
        (np.zeros(450, np.float32), "labels must be integers, not float32"),
    ],
)
def test_labels_that_are_no_classes(
    labels: Any, sentence: str, nngen: Run, program_build: BuildDirectory, tmp_path: Path
) -> None:
    path = tmp_path / "labels.npy"
    np.save(path, labels)
    assert message(nngen("evaluate", program_build.path, "--inputs", IMAGES, "--labels", path)) == sentence


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--level", "iss", "--waves", "w.fst"), "waves exist at level rtl only, not at level iss"),
        (("--level", "iss", "--dump-tensors", "d"), "tensors can be dumped at level golden only, not at level iss"),
    ],
)
def test_options_of_another_level(
    options: tuple[str, ...], sentence: str, nngen: Run, program_build: BuildDirectory
) -> None:
    assert message(nngen("simulate", program_build.path, "--inputs", IMAGES, *options)) == sentence


@pytest.mark.parametrize(
    "arguments",
    [
        ("simulate", "BUILD", "--inputs", IMAGES, "--level", "golden", "-o", "FILE"),
        ("inspect", NETWORK, "--inputs", IMAGES, "-o", "FILE"),
        ("verify", "BUILD", "--json", "FILE"),
        ("isa", "manual", "-o", "FILE"),
    ],
)
def test_results_that_cannot_be_written(
    arguments: tuple[Any, ...], nngen: Run, program_build: BuildDirectory, tmp_path: Path
) -> None:
    file = tmp_path / "no" / "file"
    places = {"BUILD": program_build.path, "FILE": file}
    result = nngen(*(places.get(argument, argument) for argument in arguments))
    assert message(result) == f"'{file}' cannot be written: No such file or directory"


# ---------------------------------------------------------------- machine and build directory


def test_icarus_that_is_not_installed(
    nngen: Run, mlp_build: BuildDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    sentence = (
        "co-simulation with icarus needs the program 'iverilog', which is not on PATH: "
        "install it with 'apt-get install iverilog' ('nngen doctor' shows all tools)"
    )
    result = nngen("simulate", mlp_build.path, "--inputs", IMAGES, "--samples", 1, "--level", "rtl")
    assert message(result) == sentence
    assert message(nngen("verify", mlp_build.path, "--samples", 1)) == sentence


def test_an_output_below_a_file(nngen: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    output = tmp_path / "file" / "out"
    result = nngen("build", NETWORK, "--arch", MICRO, "--only", "rtl", "-o", output)
    assert message(result) == f"output '{output}' cannot be written: Not a directory; what was there before is kept"


def test_an_output_that_may_not_be_written(nngen: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "mkdir", refuse)
    output = tmp_path / "out"
    result = nngen("build", NETWORK, "--arch", TINY, "--only", "program", "-o", output)
    sentence = f"output '{output}' cannot be written: Permission denied; what was there before is kept"
    assert message(result, output) == sentence


def test_an_output_that_is_not_a_build(nngen: Run, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    sentence = f"output '{tmp_path}' exists and is not a build directory; move it away or name another one"
    assert message(nngen("build", NETWORK, "--arch", TINY, "-o", tmp_path)) == sentence
    assert (tmp_path / "notes").read_text() == "mine"


@pytest.fixture
def copied_build(program_build: BuildDirectory, tmp_path: Path) -> Path:
    shutil.copytree(program_build.path, tmp_path / "build")
    return tmp_path / "build"


def rewrite(build: Path, name: str, old: str, new: str) -> None:
    """Change a file of a build together with its hash."""
    path = build / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    manifest = json.loads((build / "manifest.json").read_text())
    manifest["outputs"][name] = hashlib.sha256(path.read_bytes()).hexdigest()
    (build / "manifest.json").write_text(json.dumps(manifest))


def test_a_program_for_another_architecture(nngen: Run, copied_build: Path) -> None:
    rewrite(copied_build, "architecture.toml", "columns_per_adc = 8", "columns_per_adc = 4")
    result = nngen("simulate", copied_build, "--inputs", IMAGES, "--level", "golden")
    compiled_for = json.loads((copied_build / "program/program.json").read_text())["architecture_sha256"]
    begin, _, end = message(result).partition("…, not ")
    assert begin == f"program.json: program was compiled for architecture {compiled_for[:12]}"
    assert re.fullmatch(r"[0-9a-f]{12}… \('tiny'\): build it again", end)


def test_a_damaged_build(nngen: Run, copied_build: Path) -> None:
    path = copied_build / "program" / "core0.hex"
    path.write_bytes(path.read_bytes().replace(b"0", b"1", 1))
    found = message(nngen("simulate", copied_build, "--inputs", IMAGES, "--level", "golden"))
    assert found.startswith(f"'{path}' is damaged: its SHA-256 must be ")


@pytest.mark.parametrize("command", ["simulate", "evaluate", "verify"])
def test_a_build_that_does_not_exist(command: str, nngen: Run, tmp_path: Path) -> None:
    options = {
        "simulate": ("--inputs", IMAGES, "--level", "golden"),
        "evaluate": ("--inputs", IMAGES, "--labels", IMAGES.with_name("labels.npy")),
        "verify": (),
    }
    path = tmp_path / "no"
    result = nngen(command, path, *options[command])
    assert message(result) == f"build directory '{path}' does not exist; make it with 'nngen build'"


def test_a_build_without_verilog(nngen: Run, program_build: BuildDirectory) -> None:
    result = nngen("simulate", program_build.path, "--inputs", CALIBRATION, "--level", "rtl")
    assert message(result) == f"build '{program_build.path}' holds no 'rtl'; build again with it"


def test_a_part_that_does_not_exist(nngen: Run, tmp_path: Path) -> None:
    result = nngen("build", NETWORK, "--arch", TINY, "-o", tmp_path / "out", "--only", "gds")
    assert result.exit_code == 2
    assert "'gds' is not one of 'program'" in " ".join(result.stderr.split())
