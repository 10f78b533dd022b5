"""What becomes of a file: shapes, codes, what is folded, and that names and time do not matter."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from nngen.compiler.frontend import read_network
from nngen.ir import Network


def read(file: Any, name: str, folder: Path) -> Network:
    file.node("Identity", name, output="y")
    file.output("y")
    return read_network(file.save(folder))


def test_digits_cnn(repository: Path) -> None:
    network = read_network(repository / "flows" / "networks" / "digits" / "cnn_w4a4.onnx")
    assert [layer.weights.shape for layer in network.layers] == [
        (8, 3, 3, 1),
        (8, 3, 3, 8),
        (16, 3, 3, 8),
        (10, 4, 4, 16),
    ]
    assert [network.tensors[layer.output].shape for layer in network.layers] == [
        *((8, 8, 8), (8, 8, 8), (4, 4, 16)),
        (1, 1, 10),
    ]
    assert [network.tensors[layer.output].bits for layer in network.layers] == [4, 4, 4, 32]
    assert network.layers[-1].requantization.shift.tolist() == [0] * 10
    assert network.layers[-1].requantization.multiplier.tolist() == [1] * 10
    (end,) = network.inputs
    assert (end.name, end.file_shape, end.permutation) == ("image", (1, 8, 8), (1, 2, 0))
    assert network.tensors[end.tensor].bits == 4
    assert len([note for note in network.folded if note.startswith("BatchNormalization")]) == 3


def test_reading_a_small_network_is_quick(repository: Path) -> None:
    path = repository / "flows" / "networks" / "digits" / "cnn_w8a8.onnx"
    times = []
    for _ in range(3):
        start = time.perf_counter()
        read_network(path)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.1


def test_names_do_not_matter(repository: Path, tmp_path: Path) -> None:
    """Recognized by structure: with every name replaced the network is the same."""
    path = repository / "flows" / "networks" / "digits" / "cnn_w4a4.onnx"
    model = onnx.load(path)
    names: dict[str, str] = {"": ""}
    for node in model.graph.node:
        node.name = ""
        node.input[:] = [names.setdefault(name, f"v{len(names)}") for name in node.input]
        node.output[:] = [names.setdefault(name, f"v{len(names)}") for name in node.output]
    for value in [*model.graph.input, *model.graph.output, *model.graph.initializer]:
        value.name = names.get(value.name, "unused")
    model.producer_name = ""
    other = tmp_path / "renamed.onnx"
    other.write_bytes(model.SerializeToString())
    for left, right in zip(read_network(path).layers, read_network(other).layers, strict=True):
        assert np.array_equal(left.weights, right.weights)
        for name in ("multiplier", "offset", "shift"):
            assert np.array_equal(getattr(left.requantization, name), getattr(right.requantization, name))


def test_nodes_may_stand_in_any_order(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    name = file.activation(file.input("x", [1, 2]), 0.5)
    name = file.node("MatMul", name, file.dequantized([[1, 2], [3, 4]], 0.25))
    name = file.activation(name, 2.0)
    file.nodes.reverse()
    assert [layer.name for layer in read(file, name, tmp_path).layers] == ["t3"]


def test_flatten_permutes_the_rows_of_the_next_weights(onnx_file: Any, tmp_path: Path) -> None:
    """Row (channel, y, x) of the file becomes row (y, x, channel)."""
    file = onnx_file()
    name = file.node("Flatten", file.activation(file.input("x", [1, 3, 2, 2]), 0.5))
    name = file.activation(file.node("MatMul", name, file.dequantized(np.arange(12)[:, None], 0.25)), 2.0)
    (layer,) = read(file, name, tmp_path).layers
    assert layer.weights.shape == (1, 2, 2, 3)
    assert layer.matrix.ravel().tolist() == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]


def test_a_shape_computed_from_the_batch_folds_away(onnx_file: Any, tmp_path: Path) -> None:
    """The chain that torch exports for x.view(x.shape[0], -1)."""
    file = onnx_file()
    name = file.activation(file.input("x", ["N", 2, 3, 1]), 0.5)
    size = file.node("Gather", file.node("Shape", name), file.constant(0), axis=0)
    size = file.node("Concat", file.node("Unsqueeze", size, file.constant([0])), file.constant([-1]), axis=0)
    name = file.node("MatMul", file.node("Reshape", name, size), file.dequantized(np.ones((6, 1)), 0.25))
    network = read(file, file.activation(name, 2.0), tmp_path)
    assert network.folded == (
        "warning: symbolic batch 'N' of input 'x' bound to 1",
        "4 nodes with constant inputs computed at build time",
        "Reshape node 'n6' folded into the order of weights or of host data",
        "MatMul node 'n8' became a convolution over its whole [3, 1, 2] input",
    )


def test_clip_bounds_say_the_width(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    name = file.activation(file.input("x", [1, 2]), 0.5, kind="int8", clip=(-7, 7))
    name = file.node("MatMul", name, file.dequantized([[1], [1]], 0.25))
    network = read(
        file, file.activation(file.node("Relu", name), 2.0, kind="int8", zero_point=-3, clip=(-8, 7)), tmp_path
    )
    first, last = (network.tensors[name] for name in (network.inputs[0].tensor, network.layers[0].output))
    assert (first.bits, first.signed, first.lowest, first.highest) == (4, True, -7, 7)
    assert (last.bits, last.signed, last.lowest, last.highest) == (4, True, -3, 7)  # Relu: not below the zero point


def test_the_stored_range_holds_the_zero_point(onnx_file: Any, tmp_path: Path) -> None:
    """Padding is the zero point, even where no code can be it."""
    file = onnx_file()
    name = file.activation(file.input("x", [1, 1, 2, 2]), 0.5, clip=(3, 6))
    name = file.node("Conv", name, file.dequantized(np.ones((1, 1, 2, 2)), 0.25), pads=[1, 1, 0, 0])
    network = read(file, file.activation(name, 2.0, zero_point=200, clip=(0, 100)), tmp_path)
    tensors = [network.tensors[name] for name in (network.inputs[0].tensor, network.layers[0].output)]
    assert [(tensor.bits, tensor.zero_point, tensor.lowest) for tensor in tensors] == [(3, 0, 3), (8, 200, 0)]


def test_the_zero_point_of_the_input_is_corrected_in_b(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    name = file.activation(file.input("x", [1, 2]), 0.5, zero_point=10)
    name = file.node(
        "Gemm", name, file.dequantized([[3, 1], [4, 0]], 0.25), file.dequantized([5, -5], 0.125, kind="int32")
    )
    network = read(file, name, tmp_path)
    (layer,) = network.layers
    assert layer.requantization.offset.tolist() == [5 - 70, -5 - 10]
    assert network.outputs[0].offset.tolist() == [0]
    assert network.outputs[0].scale.tolist() == [0.125]


def test_a_bias_of_another_scale_is_left_to_the_host(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    name = file.activation(file.input("x", [1, 2]), 0.5, zero_point=10)
    name = file.node("Gemm", name, file.dequantized([[3, 1], [4, 0]], 0.25), file.dequantized([5, -5], 0.1))
    network = read(file, name, tmp_path)
    assert network.layers[0].requantization.offset.tolist() == [-70, -10]
    assert network.outputs[0].offset.tolist() == [np.float32(0.5), np.float32(-0.5)]


def test_relu_of_a_layer_without_quantizer(onnx_file: Any, tmp_path: Path) -> None:
    """With the bias on the chip the accumulator itself is clipped at 0."""
    file = onnx_file()
    name = file.activation(file.input("x", [1, 2]), 0.5)
    network = read(file, file.node("Relu", file.node("MatMul", name, file.dequantized([[1], [-1]], 0.25))), tmp_path)
    assert network.layers[0].requantization.lowest == 0


def test_identity_quantizers_are_passed_through(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    name = file.activation(file.activation(file.input("x", [1, 2]), 0.5, clip=(0, 15)), 0.5)
    name = file.activation(file.node("MatMul", name, file.dequantized([[1], [1]], 0.25)), 2.0)
    network = read(file, name, tmp_path)
    assert list(network.tensors) == ["t1", "t7"]
    assert network.tensors["t1"].bits == 4


def test_integer_inputs_are_only_reordered(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    codes = file.input("x", [1, 2], onnx.TensorProto.UINT8)
    name = file.node("DequantizeLinear", codes, file.constant(0.5, np.float32), file.constant(7, np.uint8))
    name = file.activation(file.node("MatMul", name, file.dequantized([[1], [2]], 0.25)), 2.0)
    network = read(file, name, tmp_path)
    (end,) = network.inputs
    assert (end.file_type, end.scale, end.zero_point, network.tensors["x"].zero_point) == ("uint8", 1.0, 0, 7)
    assert network.layers[0].requantization.offset.tolist() == [
        -21 * int(network.layers[0].requantization.multiplier[0])
    ]


def test_unread_inputs_are_left_out_with_a_warning(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    file.input("other", [1, 2])
    name = file.activation(file.input("x", [1, 2]), 0.5)
    name = file.activation(file.node("MatMul", name, file.dequantized([[1], [2]], 0.25)), 2.0)
    network = read(file, name, tmp_path)
    assert network.folded == ("warning: nothing reads input 'other'; it is left out",)
    assert [end.name for end in network.inputs] == ["x"]


def test_hostile_names_are_escaped(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    name = file.activation(file.input("x\n\x1b[2J", ["\x07", 2]), 0.5)
    name = file.activation(file.node("MatMul", name, file.dequantized([[1], [2]], 0.25)), 2.0)
    assert read(file, name, tmp_path).folded == (r"warning: symbolic batch '\x07' of input 'x\n\x1b[2J' bound to 1",)


@pytest.mark.parametrize("bits", [17, 25])
def test_multiplier_bits(bits: int, repository: Path) -> None:
    network = read_network(repository / "flows" / "networks" / "digits" / "cnn_w8a8.onnx", multiplier_bits=bits)
    widest = max(int(np.abs(layer.requantization.multiplier).max()) for layer in network.layers)
    assert widest.bit_length() == bits - 1
