"""Integers in float tensors, and RequantShift: authors' results, random networks, and each refusal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nngen.compiler.frontend import read_network
from nngen.errors import ModelError
from nngen.flows.inspect import describe
from nngen.host.ends import quantize_inputs
from nngen.ir import ConcatLayer, PoolLayer
from nngen.sim.golden import run_golden
from tests.compiler.frontend.evaluator import evaluate
from tests.compiler.frontend.fuzzing import FUZZ
from tests.compiler.frontend.integer_networks import INT64, constant, requant_shift, residual_network
from tests.compiler.frontend.running import finish, run

Array = npt.NDArray[Any]


# ---------------------------------------------------------------- results of others

NEMO = {"nemo_dscnn": "log_softmax", "nemo_eegnet_1xW": None, "nemo_residual_1": "sigmoid"}


@pytest.mark.parametrize("name", NEMO)
def test_the_authors_result(name: str, shared_models: Path) -> None:
    """Their integers before the host's tail, every one; what onnxruntime makes of the file behind it."""
    folder = shared_models / name
    with np.load(folder / "ref.npz") as data:
        (samples,) = (data[key] for key in data if key.startswith("in_"))
        golden, reference = data["gold0"], data["out0"]
    network, codes, found = run(folder / "model.onnx", samples)
    (end,) = network.outputs
    assert codes[end.tensor].ravel().tolist() == golden.ravel().tolist()
    assert end.tail == ((NEMO[name],) if NEMO[name] else ())
    np.testing.assert_allclose(found.ravel(), reference.ravel(), rtol=1e-6)
    roundings = {layer.requantization.rounding for layer in network.matrix_layers[:-1]}
    assert roundings == {"floor"}


@pytest.mark.parametrize("name", NEMO)
def test_every_layer_of_others_against_exact_arithmetic(name: str, shared_models: Path) -> None:
    """Random samples, and each tensor of the network, against int64 and float64 of the file as it is."""
    model = onnx.load(shared_models / name / "model.onnx")
    network = read_network(shared_models / name / "model.onnx")
    (end,) = network.inputs
    samples = np.random.default_rng(7).integers(0, 256, (1, *end.file_shape)).astype(np.float32)
    due = evaluate(model, {end.name: samples})
    codes = run_golden(network, quantize_inputs(network, {end.name: samples}))
    assert len(codes) > len(network.layers) // 2
    for tensor, array in codes.items():
        values = due[tensor].reshape(1, network.tensors[tensor].shape[2], -1)
        ordered = array.reshape(1, -1, array.shape[3]).transpose(0, 2, 1)
        assert np.array_equal(ordered, values), tensor


# ---------------------------------------------------------------- random networks


class Grown:
    """A random network of whole numbers as NEMO and Quantlab write it."""

    def __init__(self, data: st.DataObject, file: Any, random: np.random.Generator) -> None:
        self.draw, self.file, self.random = data.draw, file, random

    def rounded(self, name: str, *, low: int, high: int) -> str:
        """Divide, round in one of three ways, clip."""
        divisor = self.draw(st.sampled_from([16, 256, 4096, 255, 1023, 1000]))
        way = self.draw(st.sampled_from(["integers", "floor", "cast"]))
        if way == "integers":
            name = self.file.node("Cast", name, to=INT64)
            name = self.file.node("Div", name, constant(self.file, divisor, np.int64))
            name = self.file.node("Cast", name, to=onnx.TensorProto.FLOAT)
        else:
            name = self.file.node("Div", name, constant(self.file, divisor))
            name = self.file.node("Floor", name) if way == "floor" else self.file.node("Cast", name, to=INT64)
            if way == "cast":
                name = self.file.node("Cast", name, to=onnx.TensorProto.FLOAT)
        return str(self.file.node("Clip", name, min=float(low), max=float(high)))

    def convolution(self, name: str, channels: int, outputs: int, *, low: int, high: int) -> str:
        kernel, grouped = self.draw(st.integers(1, 3)), channels == outputs > 1 and self.draw(st.booleans())
        shape = (outputs, 1 if grouped else channels, kernel, kernel)
        weights = self.random.integers(-self.draw(st.sampled_from([1, 7, 127])), 8, shape)
        bias = [constant(self.file, self.random.integers(-90, 90, outputs))] if self.draw(st.booleans()) else []
        pads = [self.draw(st.integers(0, kernel - 1)) for _ in range(4)]
        if self.draw(st.booleans()):
            name = self.file.node("Pad", name, mode="constant", value=0.0, pads=[0, 0, *pads[:2], 0, 0, *pads[2:]])
            pads = [0, 0, 0, 0]
        weights_name = constant(self.file, weights)
        name = self.file.node("Conv", name, weights_name, *bias, pads=pads, group=channels if grouped else 1)
        if self.draw(st.booleans()):
            name = self.file.node("Mul", name, constant(self.file, self.random.integers(-60, 60, (1, outputs, 1, 1))))
        if self.draw(st.booleans()):
            addend = constant(self.file, self.random.integers(-9999, 9999, (1, outputs, 1, 1)))
            name = self.file.node("Add", *self.draw(st.permutations([name, addend])))
        return self.rounded(name, low=low, high=high)


@settings(max_examples=60 * FUZZ, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_random_networks(data: st.DataObject, seed: int, onnx_file: Any, tmp_path: Path) -> None:
    random, file, draw = np.random.default_rng(seed), onnx_file(opset=9), data.draw
    grown = Grown(data, file, random)
    signed = draw(st.booleans())
    low, high = (-128, 127) if signed else (0, 255)
    channels, outputs = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    name = file.input("x", [1, channels, 7, 7])
    name = grown.convolution(name, channels, outputs, low=low, high=high)
    if draw(st.booleans()):
        factors = draw(st.sampled_from([(1, 1), (3, 5), (64, -64), (7, 2)]))
        terms = [file.node("Mul", name, constant(file, factor)) for factor in factors]
        name = grown.rounded(file.node("Add", *terms), low=low, high=high)
    name = grown.convolution(name, outputs, channels, low=low, high=high)
    if draw(st.booleans()):
        name = file.node("AveragePool", name, kernel_shape=[2, 1], strides=[1, 1])
        name = file.node("Floor", file.node("Mul", name, constant(file, 5)))
    elif draw(st.booleans()):
        name = file.node("MaxPool", name, kernel_shape=[1, 1])
    path = finish(file, name, tmp_path)
    samples = random.integers(low, high + 1, (4, channels, 7, 7)).astype(np.float32)
    network, _, found = run(path, samples)
    assert network.dialect == "integers in floats"
    assert np.array_equal(found, evaluate(file.model(), {"x": samples})["y"])


def test_a_mean_counts_the_padding_of_a_pad(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file(opset=9)
    name = file.node("Conv", file.input("x", [1, 1, 4, 4]), constant(file, np.ones((1, 1, 1, 1))))
    name = file.node("Clip", name, min=0.0, max=255.0)
    name = file.node("Pad", name, mode="constant", value=0.0, pads=[0, 0, 1, 1, 0, 0, 0, 0])
    name = file.node("Floor", file.node("AveragePool", name, kernel_shape=[2, 2], strides=[1, 1]))
    samples = np.random.default_rng(1).integers(0, 256, (3, 1, 4, 4)).astype(np.float32)
    _, _, found = run(finish(file, name, tmp_path), samples)
    assert np.array_equal(found, evaluate(file.model(), {"x": samples})["y"])


def test_padding_reaches_below_the_lowest_code(onnx_file: Any, tmp_path: Path) -> None:
    """No code is below 3, but a corner sees one code and three zeros; nothing clips the sums."""
    file = onnx_file(opset=9)
    name = file.node("Conv", file.input("x", [1, 1, 4, 4]), constant(file, np.ones((1, 1, 1, 1))))
    name = file.node("Clip", file.node("Floor", name), min=3.0, max=9.0)
    name = file.node("Conv", name, constant(file, np.ones((1, 1, 2, 2))), pads=[1, 1, 1, 1])
    name = file.node("Conv", name, constant(file, np.ones((1, 1, 1, 1))))
    samples = np.random.default_rng(1).integers(0, 12, (3, 1, 4, 4)).astype(np.float32)
    network, _, found = run(finish(file, name, tmp_path), samples)
    assert [network.tensors[layer.output].lowest for layer in network.layers[:2]] == [3, 0]
    assert np.array_equal(found, evaluate(file.model(), {"x": samples})["y"])


def test_activations_are_concatenated(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file(opset=9)
    source, parts = file.input("x", [1, 2, 4, 4]), []
    for number in range(2):
        weights = constant(file, np.random.default_rng(number).integers(-8, 8, (3, 2, 1, 1)))
        name = file.node("Conv", source, weights)
        parts.append(requant_shift(file, name, 100, 7, divisor=1 << 9, levels=256, signed=1))
    joined = file.node("Concat", *parts, axis=1)
    name = file.node("Conv", joined, constant(file, np.random.default_rng(3).integers(-8, 8, (4, 6, 4, 4))))
    path = finish(file, name, tmp_path)
    samples = np.random.default_rng(6).integers(-128, 128, (16, 2, 4, 4)).astype(np.float32)
    network, _, found = run(path, samples)
    assert any(isinstance(layer, ConcatLayer) for layer in network.layers)
    assert np.array_equal(found, evaluate(file.model(), {"x": samples})["y"])


# ---------------------------------------------------------------- RequantShift


def test_a_residual_network_of_requant_shift(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file(opset=9)
    path = finish(file, residual_network(file, np.random.default_rng(5)), tmp_path)
    samples = np.random.default_rng(6).integers(-128, 128, (16, 2, 8, 8)).astype(np.float32)
    network, codes, found = run(path, samples)
    assert network.dialect == "RequantShift"
    due = evaluate(file.model(), {"x": samples})
    assert np.array_equal(found, due["y"])
    rescaled = [layer for layer in network.layers[:-1] if not isinstance(layer, PoolLayer)]
    assert [layer.requantization.rounding for layer in rescaled] == ["half_up"] * 3
    for tensor, array in codes.items():
        if tensor in due and due[tensor].ndim == 4:
            assert np.array_equal(array.transpose(0, 3, 1, 2), due[tensor])


def test_ties_go_up(onnx_file: Any, tmp_path: Path) -> None:
    """-1.5 becomes -1 and 2.5 becomes 3: half to even would give -2 and 2."""
    file = onnx_file(opset=9)
    name = file.node("MatMul", file.input("x", [1, 1]), constant(file, [[1]]))
    path = finish(file, requant_shift(file, name, 1, 0, divisor=2, levels=256, signed=1), tmp_path)
    _, _, found = run(path, np.float32([[-3], [-1], [1], [3], [5]]))
    assert found.ravel().tolist() == [-1, 0, 1, 2, 3]


@settings(max_examples=60 * FUZZ, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_random_networks_of_requant_shift(data: st.DataObject, seed: int, onnx_file: Any, tmp_path: Path) -> None:
    random, file, draw = np.random.default_rng(seed), onnx_file(opset=9), data.draw
    signed, channels, outputs = draw(st.integers(0, 1)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    low, high = (-128, 127) if signed else (0, 255)

    def rescaled(name: str, width: int) -> str:
        per_channel = draw(st.sampled_from(["one", "vector", "image"]))
        shape = {"one": (1,), "vector": (width,), "image": (1, width, 1, 1)}[per_channel]
        factor, addend = random.integers(-300, 300, shape), random.integers(-5000, 5000, shape)
        divisor = 1 << draw(st.integers(0, 14))
        levels = draw(st.sampled_from([4, 16, 256]))
        tensors = draw(st.booleans())
        return requant_shift(file, name, factor, addend, divisor=divisor, levels=levels, signed=signed, tensors=tensors)

    name = file.input("x", [1, channels, 4, 4])
    weights = random.integers(-127, 128, (outputs, channels, 2, 2))
    name = rescaled(file.node("Conv", name, constant(file, weights), pads=[1, 0, 1, 0]), outputs)
    if draw(st.booleans()):
        other = rescaled(
            file.node("Conv", name, constant(file, random.integers(-7, 8, (outputs, outputs, 1, 1)))), outputs
        )
        name = rescaled(file.node("Add", name, other), outputs)
    path = finish(file, name, tmp_path)
    samples = random.integers(low, high + 1, (4, channels, 4, 4)).astype(np.float32)
    network, _, found = run(path, samples)
    assert network.dialect == "RequantShift"
    assert np.array_equal(found, evaluate(file.model(), {"x": samples})["y"])


# ---------------------------------------------------------------- what is said


def test_what_inspect_says(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file(opset=9)
    name = file.node("Pad", file.input("x", [1, 1, 3, 3]), mode="constant", value=0.0, pads=[0, 0, 1, 1, 0, 0, 1, 1])
    name = file.node("Conv", name, constant(file, np.ones((1, 1, 3, 3))))
    name = file.node("Clip", file.node("Floor", file.node("Div", name, constant(file, 8))), min=0.0, max=255.0)
    facts = describe(read_network(finish(file, name, tmp_path)))
    assert facts["dialect"] == "integers in floats"
    assert facts["layers"][0]["rounding"] == "floor"
    assert facts["layers"][0]["pads"] == [1, 1, 1, 1]
    assert facts["warnings"] == ["float input 'x' has no range in the file: taken as integers 0..255"]
    assert facts["folded"] == [
        "1 Pad nodes became the padding of what reads them",
        "Clip node 'n4' folded into the code range of its layer",
    ]


Make = Callable[[Any], str]


def matmul(file: Any, weights: Any = ((1,), (2,))) -> str:
    return str(file.node("MatMul", file.input("x", [1, 2]), constant(file, weights), name="multiply"))


def behind(operator: str, *constants: Any, **attributes: Any) -> Make:
    """An operator behind a product, and a Floor that makes the file one of this dialect."""

    def make(file: Any) -> str:
        name = file.node(operator, matmul(file), *(constant(file, one) for one in constants), name="node", **attributes)
        return str(file.node("MatMul", file.node("Floor", name), constant(file, [[1]]), name="last"))

    return make


def fractions(file: Any) -> str:
    name = file.node("Div", matmul(file), constant(file, 4))
    file.node("Floor", name, output="z")
    file.output("z")
    name = file.node("Div", file.node("MatMul", "x", constant(file, [[1], [1]])), constant(file, 4))
    return str(file.node("MatMul", name, constant(file, [[1]]), name="next"))


def wide(file: Any) -> str:
    name = file.node("Floor", file.node("Mul", matmul(file), constant(file, 1000)))
    return str(file.node("MatMul", name, constant(file, [[1]]), name="next"))


def layers_added(file: Any) -> str:
    other = file.node("MatMul", matmul(file), constant(file, [[1]]))
    one = file.node("MatMul", "x", constant(file, [[1], [1]]))
    return str(file.node("Floor", file.node("Add", one, other, name="add")))


def padded(**attributes: Any) -> Make:
    def make(file: Any) -> str:
        name = file.node("Pad", file.input("x", [1, 1, 3, 3]), name="pad", **attributes)
        name = file.node("Conv", name, constant(file, np.ones((1, 1, 2, 2))))
        return str(file.node("Floor", name))

    return make


def padded_maximum(file: Any) -> str:
    name = file.node("Conv", file.input("x", [1, 1, 3, 3]), constant(file, np.ones((1, 1, 2, 2))))
    name = file.node("Floor", file.node("Div", name, constant(file, 4)))
    name = file.node("Pad", name, name="pad", mode="constant", value=0.0, pads=[0, 0, 1, 1, 0, 0, 1, 1])
    return str(file.node("MaxPool", name, kernel_shape=[2, 2]))


def shifted(**changes: Any) -> Make:
    def make(file: Any) -> str:
        how = {"divisor": 4, "levels": 256, "signed": 1, **changes}
        return str(requant_shift(file, matmul(file), how.pop("factor", 3), 1, **how))

    return make


REFUSED: list[tuple[Make, str]] = [
    (behind("Div", 0), "Div node 'node': it must not divide by 0"),
    (behind("Clip", min=0.5, max=3.0), "Clip node 'node': its bounds must be whole numbers, not 0.5 and 3.0"),
    (behind("Clip", min=3.0, max=1.0), "Clip node 'node': its bounds must enclose a code, not 3..1"),
    (
        fractions,
        "MatMul node 'next': its input 't4' must be whole numbers; put a Floor, or a Cast to integers, behind its Div",
    ),
    (
        wide,
        "MatMul node 'next': its input 't2' must have at most 16 bits, and reaches 0..765000; put a Clip in front",
    ),
    (
        layers_added,
        "Add node 'add': a layer's result must be rounded and clipped before it is added to another",
    ),
    (
        padded(mode="reflect", pads=[0, 0, 1, 1, 0, 0, 1, 1]),
        "Pad node 'pad': it must pad with the constant 0, not in mode 'reflect' with 0",
    ),
    (
        padded(mode="constant", value=3.0, pads=[0, 0, 1, 1, 0, 0, 1, 1]),
        "Pad node 'pad': it must pad with the constant 0, not in mode 'constant' with 3",
    ),
    (
        padded_maximum,
        "Pad node 'pad': what reads its result must be a Conv or AveragePool, not MaxPool",
    ),
    (shifted(divisor=6), "RequantShift node 'rescale': div must be a power of two, not 6; export with shifts"),
    (
        shifted(levels=255),
        "RequantShift node 'rescale': n_levels must be an even number of 2 to 65536, not 255",
    ),
    (shifted(factor=0.5), "RequantShift node 'rescale': its input 'c1' must hold whole numbers"),
]


@pytest.mark.parametrize(("make", "reason"), REFUSED, ids=[reason[:40] for _, reason in REFUSED])
def test_refusals(make: Make, reason: str, onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file(opset=9)
    path = finish(file, make(file), tmp_path)
    with pytest.raises(ModelError) as error:
        read_network(path)
    assert str(error.value) == f"{path}: {reason}"


def test_a_factor_of_zero_is_a_constant(onnx_file: Any, tmp_path: Path) -> None:
    """Every code is then the same."""
    file = onnx_file(opset=9)
    path = finish(file, behind("Mul", 0)(file), tmp_path)
    _, _, found = run(path, np.float32([[3, 4]]))
    assert found.tolist() == [[0]]


def test_whole_weights_without_a_rounding_are_a_float_network(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file(opset=9)
    with pytest.raises(ModelError, match="it has no quantizer, nor has any other layer"):
        read_network(finish(file, matmul(file), tmp_path))
