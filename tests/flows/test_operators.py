"""Operators that move, repeat and multiply: from a file with two inputs and two outputs down to the Verilog."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nngen.compiler.frontend import read_network
from nngen.flows.build import build
from nngen.flows.inspect import describe
from nngen.flows.verify import verify
from nngen.ir import CopyLayer, MatrixLayer, ProductLayer
from tests.compiler.frontend.conftest import OnnxFile, compare


def shuffled(file: OnnxFile, name: str) -> str:
    """Two groups of four channels."""
    name = file.node("Reshape", name, file.constant([1, 2, 2, 4, 4], np.int64))
    name = file.node("Transpose", name, perm=[0, 2, 1, 3, 4])
    return file.node("Reshape", name, file.constant([1, 4, 4, 4], np.int64))


def make(folder: Path) -> Path:
    """Pad, Split, shuffled channels, squeeze and excite, Resize, a sum of two inputs; a tensor inside is an output."""
    file, random = OnnxFile(opset=13), np.random.default_rng(3)
    image = file.activation(file.input("image", [1, 4, 4, 4]), 0.05, kind="int8", zero_point=3)
    other = file.activation(file.input("other", [1, 4, 8, 8]), 0.1, kind="int8")
    first, second = "first", "second"
    file.node("Split", image, output=first, axis=1)
    file.nodes[-1].output.append(second)
    first = file.activation(file.node("Relu", first), 0.05)
    padded = file.node("Pad", second, file.constant([0, 0, 1, 0, 0, 0, 0, 1], np.int64), file.constant(1.0, np.float32))
    padded = file.node("MaxPool", padded, kernel_shape=[2, 2])
    joined = file.activation(file.node("Concat", first, padded, axis=1), 0.05, kind="int8", zero_point=3)
    mixed = shuffled(file, joined)
    weights = file.dequantized(random.integers(-7, 8, (4, 4, 3, 3)), 0.02)
    padded = file.node("Pad", mixed, file.constant([0, 0, 1, 1, 0, 0, 1, 1], np.int64))
    inner = file.activation(file.node("Conv", padded, weights), 0.0417, kind="int8", zero_point=-5)
    gate = file.activation(file.node("GlobalAveragePool", inner), 0.0217)
    excited = file.activation(file.node("Mul", inner, gate), 0.0313, kind="int8")
    large = file.node("Resize", excited, "", file.constant([1, 1, 2, 2], np.float32), mode="nearest",
                      coordinate_transformation_mode="asymmetric", nearest_mode="floor")  # fmt: skip
    total = file.activation(file.node("Add", large, other), 0.1234, kind="int8")
    file.node("Identity", inner, output="inner")
    file.node("Identity", total, output="total")
    file.output("inner")
    file.output("total")
    return file.save(folder)


def samples(count: int) -> dict[str, Any]:
    random = np.random.default_rng(5)
    shapes = {"image": (4, 4, 4), "other": (4, 8, 8)}
    return {name: random.normal(size=(count, *shape)).astype(np.float32) * 3 for name, shape in shapes.items()}


def test_every_layer_computes_what_onnxruntime_computes(tmp_path: Path) -> None:
    path = make(tmp_path)
    assert all(differing <= 1 for differing, _ in compare(path, samples(20)).values())
    layers = read_network(path).layers
    assert sum(isinstance(layer, CopyLayer) for layer in layers) == 3  # a part, a padded part, the repeated pixels
    assert sum(isinstance(layer, ProductLayer) for layer in layers) == 1
    (matrix,) = (layer for layer in layers if isinstance(layer, MatrixLayer))
    assert matrix.pads == (1, 1, 1, 1)


def test_inspect_shows_it(tmp_path: Path) -> None:
    facts = describe(read_network(make(tmp_path)))
    operators = [layer["operator"] for layer in facts["layers"]]
    assert operators == [
        *("copy", "requantize", "copy", "max pool", "concat", "convolution", "average pool"),
        *("product", "copy", "sum"),
    ]
    assert "Conv node 'n18' takes the padding of its input [1, 1, 1, 1] along" in facts["folded"]
    assert "Conv node 'n18' takes the order of its input's channels along" in facts["folded"]
    assert "'t22' is converted, as the codes of a product have one size and signedness" in facts["folded"]
    assert "layer 't22 as int8' became the zero point of layer 't21'" in facts["folded"]
    assert [end["name"] for end in facts["inputs"]] == ["image", "other"]
    assert [end["name"] for end in facts["outputs"]] == ["inner", "total"]


def test_the_verilog_computes_it(tmp_path: Path, changed_architecture: Callable[..., Path]) -> None:
    np.savez(tmp_path / "samples.npz", **samples(2))
    chip = changed_architecture("residual", macros=1)
    made = build(
        make(tmp_path), chip, tmp_path / "build", calibration=tmp_path / "samples.npz", only=("program", "rtl")
    )
    verified = verify(made.path, samples=1)
    assert verified.equal
    assert verified.iss_rtl.codes >= 4 * 4 * 4 + 4 * 8 * 8
