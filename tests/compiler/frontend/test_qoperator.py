"""What each quantized operator becomes, and the sentences that refuse them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from nngen.compiler.frontend import read_network
from nngen.errors import ModelError
from nngen.flows.reference import run_reference
from nngen.host.ends import finish_outputs, quantize_inputs
from nngen.ir import ConcatLayer, DepthwiseLayer, ElementwiseLayer, MatrixLayer, Network, PoolLayer
from nngen.sim.golden import run_golden

from .qoperators import MICROSOFT, Coded, QOperatorFile

LIKE = Coded("", np.float32(0.5), 3, "uint8", (1, 2, 4, 4))
FLAT = replace(LIKE, shape=(1, 4))
WEIGHTS = {"kind": "int8", "scale": 0.25, "zero": 0}


@pytest.fixture
def made(onnx_file: Any) -> QOperatorFile:
    return QOperatorFile(onnx_file())


def read(made: QOperatorFile, folder: Path) -> Network:
    return read_network(made.file.save(folder))


def assert_equal_outputs(made: QOperatorFile, folder: Path, samples: np.ndarray[Any, Any]) -> Network:
    path = made.file.save(folder)
    network = read_network(path)
    found = finish_outputs(network, run_golden(network, quantize_inputs(network, {"x": samples})))
    for name, wanted in run_reference(path, {"x": samples}).items():
        assert found[name].dtype == wanted.dtype
        np.testing.assert_array_equal(found[name], wanted)
    return network


def every_code(shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    return np.random.default_rng(5).integers(0, 256, (8, *shape[1:])).astype(np.uint8)


# ---------------------------------------------------------------- rounding


@pytest.mark.parametrize("operator", ["QLinearAdd", "QLinearMul"])
def test_sums_and_products_round_after_the_zero_point(operator: str, made: QOperatorFile, tmp_path: Path) -> None:
    """An odd zero point decides every tie; b carries it at the resolution of 2^-s."""
    x = made.input("x", LIKE)
    constant = made.constant(np.full((1, 2, 1, 1), 4), replace(LIKE, scale=np.float32(0.5)))
    made.finish(made.binary(operator, x, constant, replace(LIKE, scale=np.float32(1), zero_point=7)), real=False)
    network = assert_equal_outputs(made, tmp_path, every_code(LIKE.shape))
    (layer,) = network.layers
    constants = layer.requantization
    assert constants.zero_point == 0
    assert network.tensors[layer.output].zero_point == 7
    zeros = np.full(2, 3)  # the code of 0 gives that of 0 behind Mul, of 0.5 behind Add: 0.5 + 7 is a tie
    assert constants.apply(zeros).tolist() == [8 if operator == "QLinearAdd" else 7] * 2


def test_a_concatenation_rounds_before_the_zero_point(made: QOperatorFile, tmp_path: Path) -> None:
    x = made.input("x", LIKE)
    other = made.unary("QLinearLeakyRelu", x, LIKE, alpha=0.5)
    y = replace(LIKE, scale=np.float32(1), zero_point=7, shape=(1, 4, 4, 4))
    made.finish(made.concat([x, other], y), real=False)
    network = assert_equal_outputs(made, tmp_path, every_code(LIKE.shape))
    assert isinstance(network.layers[-1], ConcatLayer)
    assert network.layers[-1].requantization.zero_point == 7


def test_a_mean_rounds_after_the_zero_point_and_a_global_one_before(made: QOperatorFile, tmp_path: Path) -> None:
    x = made.input("x", LIKE)
    odd = replace(LIKE, zero_point=7)
    mean = made.unary("QLinearAveragePool", x, odd, kernel_shape=[2, 2])
    mean = replace(mean, shape=(1, 2, 3, 3))
    made.finish(mean, real=False)
    made.finish(
        made.unary("QLinearGlobalAveragePool", x, replace(odd, shape=(1, 2, 1, 1)), channels_last=0), real=False
    )
    network = assert_equal_outputs(made, tmp_path, every_code(LIKE.shape))
    assert [layer.requantization.zero_point for layer in network.layers] == [0, 7]
    assert all(isinstance(layer, PoolLayer) for layer in network.layers)


def test_a_file_cannot_ask_for_the_rounding_of_a_pass(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    how = (file.constant(0.5, np.float32), file.constant(3, np.uint8))
    x = file.node("DequantizeLinear", file.node("QuantizeLinear", file.input("x", [1, 2]), *how), *how)
    other = (file.constant(1.0, np.float32), file.constant(7, np.uint8))
    file.node("QuantizeLinear", file.node("Add", x, x), *other, output="y", after_zero_point=1, centres=1)
    file.output("y", TensorProto.UINT8)
    network = read_network(file.save(tmp_path))
    assert network.layers[0].requantization.zero_point == 7


# ---------------------------------------------------------------- layers


def test_layers_carry_the_names_of_the_files_tensors(made: QOperatorFile, tmp_path: Path) -> None:
    x = made.quantized("x", LIKE)
    y = made.layer("QLinearConv", x, np.ones((2, 1, 1, 1)), LIKE, **WEIGHTS, group=2)
    made.finish(y)
    network = read(made, tmp_path)
    assert [layer.name for layer in network.layers] == [y.name]
    assert network.layers[0].output == y.name
    assert isinstance(network.layers[0], DepthwiseLayer)
    assert network.dialect == "QOperator"


def test_weights_with_a_zero_point_of_their_own_in_each_channel(made: QOperatorFile, tmp_path: Path) -> None:
    x = made.input("x", FLAT)
    weights = np.random.default_rng(1).integers(0, 256, (4, 3))
    y = replace(LIKE, scale=np.float32(4), shape=(1, 3))
    how: dict[str, Any] = {"kind": "uint8", "scale": [0.25, 0.5, 0.125], "zero": [0, 128, 255]}
    made.finish(made.layer("QLinearMatMul", x, weights, y, **how))
    network = assert_equal_outputs(made, tmp_path, every_code(FLAT.shape))
    (layer,) = network.layers
    assert isinstance(layer, MatrixLayer)
    assert np.array_equal(layer.matrix, weights - [0, 128, 255])


def test_a_gemm_without_scale_of_its_output_and_with_alpha(made: QOperatorFile, tmp_path: Path) -> None:
    x = made.input("x", FLAT)
    file = made.file
    parts = [
        file.constant(np.arange(8).reshape(4, 2), np.int8),
        file.constant(0.25, np.float32),
        file.constant(0, np.int8),
    ]
    bias = file.constant([5, -9], np.int32)
    file.node("QGemm", *made.operands(x), *parts, bias, domain=MICROSOFT, alpha=2.0, output="y")
    file.output("y")
    network = assert_equal_outputs(made, tmp_path, every_code(FLAT.shape))
    assert network.outputs[0].scale.tolist() == [0.25]


def test_zero_points_may_be_left_out(made: QOperatorFile, tmp_path: Path) -> None:
    """They are then 0, of the type of the codes; onnxruntime 1.31 aborts on such a file, so it is no reference."""
    kind = replace(LIKE, kind="int8", zero_point=0)
    x = made.input("x", kind)
    scale = made.file.constant(0.5, np.float32)
    made.file.node("QLinearLeakyRelu", x.name, scale, "", scale, domain=MICROSOFT, alpha=0.5, output="y")
    made.file.output("y", TensorProto.INT8)
    network = read(made, tmp_path)
    assert network.tensors["x"].signed
    codes = np.arange(-128, 128).reshape(8, 2, 4, 4)
    found = run_golden(network, {"x": codes.transpose(0, 2, 3, 1)})[network.layers[0].output]
    assert np.array_equal(found.transpose(0, 3, 1, 2), np.where(codes < 0, np.rint(codes / 2), codes))


def test_a_softmax_is_the_hosts(made: QOperatorFile, tmp_path: Path) -> None:
    x = made.input("x", FLAT)
    y = replace(LIKE, scale=np.float32(2), shape=(1, 4))
    layer = made.layer("QLinearMatMul", x, np.eye(4), y, **WEIGHTS)
    last = replace(FLAT, scale=np.float32(1 / 256), zero_point=0)
    made.finish(made.unary("QLinearSoftmax", layer, last, opset=13, axis=-1))
    network = read(made, tmp_path)
    assert network.outputs[0].tail == ("softmax", "quantize", "dequantize")
    assert network.outputs[0].tensor == layer.name


def test_two_operands_of_a_product(made: QOperatorFile, tmp_path: Path) -> None:
    """A product rounds as its sum does: behind the zero point."""
    x = made.input("x", LIKE)
    made.finish(made.binary("QLinearMul", x, x, LIKE))
    assert_equal_outputs(made, tmp_path, every_code(LIKE.shape))


# ---------------------------------------------------------------- integer operators


def test_integers_leave_as_they_are(made: QOperatorFile, tmp_path: Path) -> None:
    """Accumulators of more than 24 bits would not survive float32."""
    file, features = made.file, 1000
    file.input("x", [1, features], TensorProto.UINT8)
    weights = file.constant(np.full((features, 1), 127), np.int8)
    file.node("MatMulInteger", "x", weights, file.constant(0, np.uint8), output="y")
    file.output("y", TensorProto.INT32)
    samples = np.array([[255] * features, [255] * (features - 1) + [254]], np.uint8)
    network = assert_equal_outputs(made, tmp_path, samples)
    assert network.outputs[0].file_type == "int32"


@pytest.mark.parametrize("quantized", [True, False])
def test_an_integer_convolution_with_static_scales(quantized: bool, made: QOperatorFile, tmp_path: Path) -> None:
    """The pattern that quantizers leave: int32 bias, Cast, product with scales, float bias, Relu."""
    file = made.file
    x = (made.quantized if quantized else made.input)("x", LIKE)
    weights = np.random.default_rng(2).integers(-9, 10, (3, 2, 2, 2))
    codes = file.node("ConvInteger", x.name, file.constant(weights, np.int8), made.how(x)[1], pads=[1, 1, 0, 0])
    codes = file.node("Add", codes, file.constant(np.array([7, -8, 9]).reshape(1, 3, 1, 1), np.int32))
    real = file.node("Cast", codes, to=TensorProto.FLOAT)
    real = file.node("Mul", real, file.constant(np.array([0.5, 0.25, 0.125]).reshape(1, 3, 1, 1), np.float32))
    real = file.node("Add", real, file.constant(np.array([0.5, 1, 1.5]).reshape(1, 3, 1, 1), np.float32))
    made.file.node("QuantizeLinear", file.node("Relu", real), *made.how(replace(LIKE, zero_point=0)), output="y")
    file.output("y", TensorProto.UINT8)
    samples = every_code(LIKE.shape)
    network = assert_equal_outputs(made, tmp_path, samples.astype(np.float32) / 4 if quantized else samples)
    assert [layer.name for layer in network.layers] == [codes_name(made)]


def codes_name(made: QOperatorFile) -> str:
    return next(node.output[0] for node in made.file.nodes if node.op_type == "ConvInteger")


# ---------------------------------------------------------------- refusals


def convolution(made: QOperatorFile, **changes: Any) -> None:
    x = made.input("x", LIKE)
    how = {"weights": np.ones((2, 2, 1, 1)), **WEIGHTS, **changes}
    made.finish(made.layer("QLinearConv", x, how.pop("weights"), LIKE, **how))


def variable_weights(made: QOperatorFile) -> None:
    x, file = made.input("x", FLAT), made.file
    file.node("MatMulInteger", x.name, file.node("Flatten", x.name), made.how(x)[1], name="node", output="y")
    file.output("y", TensorProto.INT32)


def variable_scale(made: QOperatorFile) -> None:
    x, file = made.input("x", LIKE), made.file
    file.input("s", [1, 1])
    file.node("QLinearLeakyRelu", *made.operands(x), "s", "", domain=MICROSOFT, name="node", output="y")
    file.output("y", TensorProto.UINT8)


def other_zero_point(made: QOperatorFile) -> None:
    x, file = made.quantized("x", FLAT), made.file
    zero = file.constant(4, np.uint8)
    file.node("MatMulInteger", x.name, file.constant(np.eye(4), np.int8), zero, name="node", output="y")
    file.output("y", TensorProto.INT32)


def cast_to_integers(made: QOperatorFile) -> None:
    x, file = made.input("x", FLAT), made.file
    codes = file.node("MatMulInteger", x.name, file.constant(np.eye(4), np.int8), made.how(x)[1])
    file.node("Cast", codes, to=TensorProto.INT8, name="node", output="y")
    file.output("y", TensorProto.INT8)


def shifted_integers(made: QOperatorFile) -> None:
    x, file = made.input("x", FLAT), made.file
    codes = file.node("MatMulInteger", x.name, file.constant(np.eye(4), np.int8), made.how(x)[1])
    file.node("Add", codes, file.constant([1], np.int32), output="y")
    file.output("y", TensorProto.INT32)


def missing_inputs(made: QOperatorFile) -> None:
    x = made.input("x", LIKE)
    made.file.node("QLinearSigmoid", *made.operands(x), domain=MICROSOFT, name="node", output="y")
    made.file.output("y", TensorProto.UINT8)


def channels_last(made: QOperatorFile) -> None:
    x = made.input("x", LIKE)
    made.finish(made.unary("QLinearAveragePool", x, LIKE, kernel_shape=[1, 1], channels_last=1))


def unread_operator(made: QOperatorFile) -> None:
    x = made.input("x", LIKE)
    made.finish(made.unary("QLinearReduceMean", x, LIKE))


def two_zero_points(made: QOperatorFile) -> None:
    x = made.input("x", LIKE)
    first = made.unary("QLinearLeakyRelu", x, LIKE)
    made.finish(made.binary("QLinearAdd", first, replace(x, zero_point=4), LIKE))


REFUSALS: dict[Callable[[QOperatorFile], None], str] = {
    variable_weights: "MatMulInteger node 'node': its weights 't0' must be constant; "
    "weights computed from data are not supported",
    variable_scale: "com.microsoft::QLinearLeakyRelu node 'node': its input 3 ('s') must be constant; "
    "quantize statically",
    other_zero_point: "MatMulInteger node 'node': its scale and zero point must be those of the QuantizeLinear "
    "before it",
    cast_to_integers: "Cast node 'node': it must turn an integer result into float32, not another type",
    shifted_integers: "output 'y' must be the integers of a layer, or float32; end the network with a Cast",
    missing_inputs: "com.microsoft::QLinearSigmoid node 'node': it must have inputs [0, 1, 3] and an output",
    channels_last: "com.microsoft::QLinearAveragePool node 'n0': channels_last must be 0, not 1; "
    "take the file from before onnxruntime's optimizer",
    unread_operator: "com.microsoft::QLinearReduceMean node 'n0': this operator of the QOperator dialect is not "
    "supported; quantize with quant_format=QuantFormat.QDQ",
    two_zero_points: "com.microsoft::QLinearAdd node 'n1': all readers of input 'x' must take one zero point of it",
    lambda made: convolution(made, scale=[0.25] * 3): "QLinearConv node 'n0': its input 4 ('c1') must have one value, "
    "or one for each of its 2 output channels, not 3",
    lambda made: convolution(made, scale=np.nan): "QLinearConv node 'n0': its scale 'c1' must be finite and above 0, "
    "not nan",
    lambda made: convolution(made, weights=np.ones(2)): "QLinearConv node 'n0': its weights 'c0' must have two "
    "dimensions or more, not 1",
}


@pytest.mark.parametrize(("make", "message"), REFUSALS.items())
def test_refused(make: Callable[[QOperatorFile], None], message: str, made: QOperatorFile, tmp_path: Path) -> None:
    make(made)
    path = made.file.save(tmp_path)
    with pytest.raises(ModelError) as error:
        read_network(path)
    assert str(error.value) == f"{path}: {message}"


def test_an_elementwise_sum_of_two_tensors(made: QOperatorFile, tmp_path: Path) -> None:
    x = made.input("x", LIKE)
    bent = made.unary("QLinearLeakyRelu", x, LIKE, alpha=0.25)
    made.finish(made.binary("QLinearAdd", x, bent, replace(LIKE, scale=np.float32(1), zero_point=101)), real=False)
    network = assert_equal_outputs(made, tmp_path, every_code(LIKE.shape))
    assert isinstance(network.layers[-1], ElementwiseLayer)
    assert network.layers[-1].coefficients == (1, 1)
