"""Random small networks of each operator against onnxruntime, layer by layer on its own input codes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import helper

from nngen.compiler.frontend import read_network
from nngen.ir import ConcatLayer, DepthwiseLayer, ElementwiseLayer, MatrixLayer, Network, PoolLayer
from tests.compiler.frontend.fuzzing import FUZZ

Array = npt.NDArray[Any]
Compare = Callable[[Path, dict[str, Array]], dict[str, tuple[int, int]]]

RANDOM = settings(
    max_examples=25 * FUZZ,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
KINDS = st.sampled_from(["uint8", "int8", "int16", "uint16"])
NARROW = st.sampled_from(["uint8", "int8"])


class Made:
    """A file in the making, with draws and seeded values."""

    def __init__(self, draw: st.DrawFn, file: Any) -> None:
        self.draw, self.file = draw, file
        self.random = np.random.default_rng(draw(st.integers(0, 1 << 32)))
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.spread = 60.0

    def input(self, *shape: int, kinds: st.SearchStrategy[str] = KINDS) -> str:
        name = f"x{len(self.shapes)}"
        self.shapes[name] = shape
        return self.activation(self.file.input(name, [1, *shape]), kinds=kinds)

    def activation(self, name: str, *, kinds: st.SearchStrategy[str] = KINDS) -> str:
        kind = self.draw(kinds)
        lowest, highest = (0, 255) if kind in ("uint8", "uint16") else (-128, 127)
        zero_point = self.draw(st.sampled_from([0, lowest, highest, 7, 100]))
        clip = self.draw(st.sampled_from([None, None, (0, 15), (3, 90)]))
        if kind.endswith("16"):  # onnxruntime clips no such codes
            clip = None
        # Random digits: hypothesis would find scales like 1/3, whose sums are near-ties all over.
        scale = 2.0 ** -self.draw(st.integers(0, 5)) if self.draw(st.booleans()) else self.random.uniform(0.01, 0.9)
        scale /= 256 if kind.endswith("16") else 1
        return str(self.file.activation(name, scale, kind=kind, zero_point=zero_point, clip=clip))

    def weights(self, *shape: int, axis: int = 0) -> str:
        """Quantized weights, symmetric or with a zero point, scaled per tensor or per channel."""
        kind = self.draw(NARROW)
        low, high = (0, 255) if kind == "uint8" else (-127, 127)
        codes = self.random.integers(low, high + 1, shape)
        scale = np.float32(self.random.uniform(0.01, 0.1, shape[axis] if self.draw(st.booleans()) else ()))
        zero_point = 128 if kind == "uint8" else self.draw(st.sampled_from([0, 5]))
        return str(self.file.dequantized(codes, scale, kind=kind, zero_point=zero_point, axis=axis))

    def check(self, name: str, folder: Path, compare: Compare, *, most: int = 1) -> Network:
        """Compare with onnxruntime; means that are ties aside, at most one near-tie, or ``most``.

        Codes of 16 bits are compared too, but their near-ties are not counted: float32 has 24 bits, so that it moves
        one of some hundred of them.
        """
        self.file.node("Identity", name, output="y")
        self.file.output("y")
        path = self.file.save(folder)
        samples = {
            name: (self.random.normal(size=(8, *shape)) * self.spread).astype(np.float32)
            for name, shape in self.shapes.items()
        }
        found, network = compare(path, samples), read_network(path)
        narrow = {layer.name for layer in network.layers if network.tensors[layer.output].bits <= 8}
        assert sum(count for name, (count, _) in found.items() if name in narrow) <= most
        return network


def kinds_of(network: Network) -> list[str]:
    return [type(layer).__name__ for layer in network.layers]


def finished(made: Made, name: str) -> str:
    """A bound or none, then a quantizer."""
    bound = made.draw(st.sampled_from(["", "Relu", "LeakyRelu"]))
    if bound:
        name = made.file.node(bound, name, **({"alpha": 0.2} if bound == "LeakyRelu" else {}))
    return made.activation(name)


@RANDOM
@given(data=st.data())
def test_convolutions(data: st.DataObject, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare) -> None:
    """Grouped, depthwise, dilated, in one and two dimensions."""
    draw, made = data.draw, Made(data.draw, onnx_file(opset=21))
    rank = draw(st.integers(1, 2))
    group, width, each = draw(st.integers(1, 4)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    channels, outputs = group * width, group * each
    kernel, spread = [draw(st.integers(1, 3)) for _ in range(rank)], [draw(st.integers(1, 2)) for _ in range(rank)]
    extent = [(size - 1) * step + 1 for size, step in zip(kernel, spread, strict=True)]
    attributes: dict[str, Any] = {"strides": [draw(st.integers(1, 2)) for _ in range(rank)], "dilations": spread}
    if draw(st.booleans()) and spread == [1] * rank:
        attributes["auto_pad"] = draw(st.sampled_from(["SAME_UPPER", "SAME_LOWER"]))
    else:
        attributes["pads"] = [draw(st.integers(0, extent[axis % rank] - 1)) for axis in range(2 * rank)]
    name = made.input(channels, *(draw(st.integers(6, 8)) for _ in range(rank)))
    made.spread /= 8
    inputs = [name, made.weights(outputs, width, *kernel)]
    if draw(st.booleans()):
        inputs.append(made.file.constant(made.random.normal(size=outputs), np.float32))
    name = made.file.node("Conv", *inputs, group=group, **attributes)
    network = made.check(finished(made, name), tmp_path, compare_with_reference)
    depthwise = group > 1 and width == each == 1
    assert isinstance(network.layers[0], DepthwiseLayer if depthwise else MatrixLayer)


@RANDOM
@given(data=st.data())
def test_pools(data: st.DataObject, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare) -> None:
    draw, made = data.draw, Made(data.draw, onnx_file(opset=21))
    operator = draw(st.sampled_from(["MaxPool", "AveragePool"]))
    kernel = [draw(st.integers(1, 3)), draw(st.integers(1, 3))]
    attributes: dict[str, Any] = {"kernel_shape": kernel, "strides": [draw(st.integers(1, 3)), draw(st.integers(1, 3))]}
    attributes["pads"] = [draw(st.integers(0, kernel[axis % 2] - 1)) for axis in range(4)]
    counts = operator == "AveragePool" and draw(st.booleans())
    attributes |= {"count_include_pad": 1} if counts else {"ceil_mode": draw(st.integers(0, 1))}
    # A window that begins in the padding at the end: onnxruntime releases differ about it.
    attributes["pads"][2:] = [0, 0] if attributes.get("ceil_mode") else attributes["pads"][2:]
    name = made.input(draw(st.integers(1, 3)), draw(st.integers(5, 7)), draw(st.integers(5, 7)))
    name = made.file.node(operator, name, **attributes)
    way = draw(st.sampled_from(["quantized", "read by a layer"]))
    if way == "quantized" or operator == "AveragePool":
        name = made.activation(name)
    else:
        name = made.file.node("Conv", name, made.weights(2, network_channels(made), 1, 1))
        name = made.activation(name)
    network = made.check(name, tmp_path, compare_with_reference)
    assert isinstance(network.layers[0], PoolLayer)


def network_channels(made: Made) -> int:
    return made.shapes["x0"][0]


@RANDOM
@given(data=st.data())
def test_pools_over_all_of_space(
    data: st.DataObject, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare
) -> None:
    draw, made = data.draw, Made(data.draw, onnx_file(opset=21))
    name = made.input(3, draw(st.integers(1, 5)), draw(st.integers(1, 5)))
    way = draw(st.sampled_from(["GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "channel-last"]))
    if way == "channel-last":
        name = made.file.node("Transpose", name, perm=[0, 2, 3, 1])
        name = made.file.node("ReduceMean", name, made.file.constant([1, 2]), keepdims=0)
    elif way == "ReduceMean":
        name = made.file.node("ReduceMean", name, made.file.constant([-1, 2]), keepdims=draw(st.integers(0, 1)))
    else:
        name = made.file.node(way, name)
    network = made.check(made.activation(name), tmp_path, compare_with_reference)
    assert kinds_of(network) == ["PoolLayer"]


@RANDOM
@given(data=st.data())
def test_sums_of_two_activations(
    data: st.DataObject, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare
) -> None:
    draw, made = data.draw, Made(data.draw, onnx_file(opset=21))
    shape = draw(st.sampled_from([(3, 4, 5), (7,)]))
    first = made.input(*shape)
    second = first if draw(st.integers(0, 4)) == 4 else made.input(*shape)
    name = made.file.node(draw(st.sampled_from(["Add", "Sub"])), first, second)
    network = made.check(finished(made, name), tmp_path, compare_with_reference)
    (layer,) = network.layers
    assert isinstance(layer, ElementwiseLayer)
    assert all(abs(factor) < 1 << 23 for factor in layer.coefficients)
    bound = sum(abs(c) * network.tensors[x].largest_code for c, x in zip(layer.coefficients, layer.inputs, strict=True))
    assert bound < 1 << 31


@RANDOM
@given(data=st.data())
def test_constants_on_activations(
    data: st.DataObject, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare
) -> None:
    """Sums and products with constants, slopes and bounds of an activation: layers of their own."""
    draw, made = data.draw, Made(data.draw, onnx_file(opset=21))
    name = made.input(3, 4, 4)
    operator = draw(
        st.sampled_from(["Add", "Sub", "minus", "Mul", "Div", "PRelu", "bent", "Relu", "Clip", "none", "BN"])
    )
    values = made.random.uniform(0.2, 2, (1, 3, 1, 1) if operator != "BN" else 3) * made.random.choice([-1, 1])
    constant = made.file.constant(values, np.float32)
    if operator in ("Add", "Sub", "Mul", "Div", "PRelu"):
        name = made.file.node(operator, name, constant)
    elif operator == "bent":
        name = made.file.node("LeakyRelu", made.file.node("Add", name, constant), alpha=0.3)
    elif operator == "minus":
        name = made.file.node("Sub", constant, name)
    elif operator == "Relu":
        name = made.file.node("Relu", name)
    elif operator == "Clip":
        name = made.file.node("Clip", name, made.file.constant(-3, np.float32), made.file.constant(9, np.float32))
    elif operator == "BN":
        variance = made.file.constant(np.abs(values), np.float32)
        name = made.file.node("BatchNormalization", name, constant, constant, constant, variance)
    made.check(made.activation(name), tmp_path, compare_with_reference)


@RANDOM
@given(data=st.data())
def test_concatenations(data: st.DataObject, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare) -> None:
    draw, made = data.draw, Made(data.draw, onnx_file(opset=21))
    image = draw(st.booleans())
    parts = [made.input(draw(st.integers(1, 3)), *((4, 5) if image else ())) for _ in range(draw(st.integers(1, 3)))]
    if draw(st.booleans()):
        parts.append(parts[0])
    axis = draw(st.sampled_from([1, -3 if image else -1]))
    name = made.file.node("Concat", *parts, axis=axis)
    if draw(st.booleans()) or len(set(parts)) > 1:
        name = made.activation(name)
    elif image:
        channels = sum(made.shapes[f"x{i}"][0] for i in range(len(set(parts)))) + made.shapes["x0"][0] * (
            len(parts) - len(set(parts))
        )
        name = made.activation(made.file.node("Conv", name, made.weights(2, channels, 2, 2)))
    network = made.check(name, tmp_path, compare_with_reference)
    assert isinstance(network.layers[0], ConcatLayer)


FUNCTIONS = (
    *("Abs", "Elu", "Erf", "Exp", "HardSigmoid", "HardSwish", "LeakyRelu"),
    *("Mish", "Selu", "Sigmoid", "Softplus", "Softsign", "Tanh", "Gelu"),
)


@pytest.mark.parametrize("operator", FUNCTIONS)
@settings(max_examples=8 * FUZZ, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_functions(
    operator: str, data: st.DataObject, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare
) -> None:
    """On an input they are a layer; behind a layer whose codes nothing else reads they are its table."""
    draw, made = data.draw, Made(data.draw, onnx_file(opset=21))
    behind = draw(st.booleans())
    name = made.input(3, 4, 4, kinds=NARROW)
    if behind:
        name = made.file.node("MaxPool", name, kernel_shape=[2, 2])
    if draw(st.booleans()):
        name = made.file.node(operator, name)
        name = made.file.node("Relu", name) if draw(st.booleans()) else name
    else:
        name = made.file.node(operator, name)
    scale = made.random.uniform(0.01, 0.1)
    name = made.file.activation(name, scale, kind=made.draw(NARROW), zero_point=made.draw(st.sampled_from([0, 9])))
    made.spread = 3.0
    network = made.check(name, tmp_path, compare_with_reference)
    assert kinds_of(network) == (["PoolLayer"] if behind else ["ElementwiseLayer"])
    assert network.layers[0].table is not None


def test_codes_that_something_else_reads_keep_their_layer(
    onnx_file: Any, tmp_path: Path, compare_with_reference: Compare
) -> None:
    """A table cannot move into a layer whose codes are read before it."""
    file = onnx_file()
    name = file.activation(file.input("x", [1, 2, 4, 4]), 0.1, kind="int8")
    pooled = file.activation(file.node("MaxPool", name, kernel_shape=[2, 2]), 0.1, kind="int8")
    bent = file.activation(file.node("Sigmoid", pooled), 1 / 256)
    file.node("Identity", file.activation(file.node("Add", pooled, bent), 0.1, kind="int8"), output="y")
    file.output("y")
    path = file.save(tmp_path)
    samples = {"x": np.random.default_rng(1).normal(size=(5, 2, 4, 4)).astype(np.float32) * 5}
    assert all(count == 0 for count, _ in compare_with_reference(path, samples).values())
    layers = read_network(path).layers
    assert [type(layer).__name__ for layer in layers] == ["PoolLayer", "ElementwiseLayer", "ElementwiseLayer"]
    assert [layer.table is not None for layer in layers] == [False, True, False]


@pytest.mark.parametrize("operator", ["Relu", "Clip"])
def test_a_bound_of_codes_narrows_the_layer_before(
    operator: str, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare
) -> None:
    """TFLite leaves Relu between two quantizers of one scale."""
    file = onnx_file()
    name = file.activation(file.input("x", [1, 4]), 0.1, kind="int8")
    name = file.node("MatMul", name, file.dequantized(np.eye(4) * 3, 0.2))
    name = file.activation(name, 0.1, kind="int8", zero_point=5)
    bounds = [file.constant(0.0, np.float32), file.constant(2.0, np.float32)] if operator == "Clip" else []
    name = file.activation(file.node(operator, name, *bounds), 0.1, kind="int8", zero_point=5)
    file.node("Identity", name, output="y")
    file.output("y")
    path = file.save(tmp_path)
    samples = {"x": np.random.default_rng(1).normal(size=(9, 4)).astype(np.float32) * 5}
    assert all(count == 0 for count, _ in compare_with_reference(path, samples).values())
    (layer,) = read_network(path).layers
    assert (layer.requantization.lowest, layer.requantization.highest) == (5, 25 if operator == "Clip" else 127)


def test_pools_between_codes(onnx_file: Any, tmp_path: Path, compare_with_reference: Compare) -> None:
    """QuantizeLinear, MaxPool, DequantizeLinear: the pool reads codes themselves."""
    file = onnx_file()
    how = (file.constant(0.1, np.float32), file.constant(3, np.int8))
    codes = file.node("QuantizeLinear", file.input("x", [1, 2, 5, 5]), *how)
    pooled = file.node("MaxPool", codes, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2])
    name = file.node("DequantizeLinear", pooled, *how)
    name = file.activation(file.node("Conv", name, file.dequantized(np.ones((1, 2, 2, 2)), 0.1)), 0.2, kind="int8")
    file.node("Identity", name, output="y")
    file.output("y")
    path = file.save(tmp_path)
    samples = {"x": np.random.default_rng(1).normal(size=(9, 2, 5, 5)).astype(np.float32) * 5}
    assert all(count == 0 for count, _ in compare_with_reference(path, samples).values())


def test_outputs_may_be_codes(onnx_file: Any, tmp_path: Path, compare_with_reference: Compare) -> None:
    """And Softmax may be quantized behind."""
    file = onnx_file()
    name = file.activation(file.input("x", [1, 4]), 0.1, kind="int8")
    name = file.node("MatMul", name, file.dequantized(np.arange(12).reshape(4, 3) - 6, 0.02))
    how = (file.constant(0.05, np.float32), file.constant(3, np.int8))
    file.node("QuantizeLinear", name, *how, output="codes")
    soft = file.node("Softmax", file.node("DequantizeLinear", "codes", *how), axis=1)
    file.node("QuantizeLinear", soft, file.constant(1 / 256, np.float32), file.constant(-128, np.int8), output="soft")
    file.output("codes", helper.TensorProto.INT8)
    file.output("soft", helper.TensorProto.INT8)
    samples = {"x": np.random.default_rng(1).normal(size=(9, 4)).astype(np.float32) * 5}
    path = file.save(tmp_path)
    assert all(count == 0 for count, _ in compare_with_reference(path, samples).values())
    codes, soft = read_network(path).outputs
    assert (codes.file_type, codes.tail, soft.tail) == ("int8", (), ("softmax", "quantize"))
