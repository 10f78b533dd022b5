"""The QONNX dialect: the same network as QCDQ, the meaning of its quantizers, and each refusal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nngen.compiler.frontend import read_network
from nngen.errors import ModelError
from nngen.flows.inspect import describe
from nngen.host.ends import finish_outputs, quantize_inputs
from nngen.ir import Layer, Network
from nngen.numerics import Requantization
from nngen.sim.golden import run_golden
from tests.compiler.frontend.evaluator import evaluate
from tests.compiler.frontend.fuzzing import FUZZ
from tests.compiler.frontend.running import finish, run

Array = npt.NDArray[Any]
GENERAL = "qonnx.custom_op.general"


def quant(
    file: Any, source: str, scale: Any, bits: float, *, zero: Any = 0.0, domain: str = GENERAL, **more: Any
) -> str:
    """A Quant with its constants."""
    attributes = {"signed": 1, "narrow": 0, "rounding_mode": "ROUND", **more}
    constants = [file.constant(value, np.float32) for value in (scale, zero, bits)]
    return str(file.node("Quant", source, *constants, domain=domain, **attributes))


def weights(file: Any, values: Any, scale: Any = 1.0, bits: float = 8, **more: Any) -> str:
    return quant(file, file.constant(values, np.float32), scale, bits, **more)


# ---------------------------------------------------------------- the same network

PAIRS = (
    *("cnn_w4a4_bn", "cnn_w4a4_pc", "cnn_w4a4_pt_fixedpoint", "cnn_w8a8_pc"),
    *("mlp_w4a4_int8bias", "mlp_w4a4_pt", "vad_q_w8a8"),
)
CONSTANTS = ("multiplier", "offset", "shift", "zero_point", "lowest", "highest", "rounding", "negative_multiplier")


def same_constants(one: Requantization, other: Requantization) -> bool:
    return all(np.array_equal(getattr(one, key), getattr(other, key)) for key in CONSTANTS)


def facts(network: Network, layer: Layer) -> tuple[Any, ...]:
    """What is not a name."""
    tensors = [network.tensors[name] for name in (*layer.inputs, layer.output)]
    formats = [(t.shape, t.bits, t.signed, t.zero_point, t.lowest, t.highest, t.scale) for t in tensors]
    return type(layer), layer.kernel, layer.strides, layer.pads, layer.dilations, formats


def assert_same_network(one: Network, other: Network) -> None:
    for left, right in zip(one.layers, other.layers, strict=True):
        assert facts(one, left) == facts(other, right)
        assert np.array_equal(getattr(left, "weights", 0), getattr(right, "weights", 0))
        assert same_constants(left.requantization, right.requantization), left.name
    for left_end, right_end in zip(one.inputs, other.inputs, strict=True):
        assert (left_end.scale, left_end.zero_point, left_end.permutation, left_end.head) == (
            *(right_end.scale, right_end.zero_point, right_end.permutation, right_end.head),
        )
    for left_out, right_out in zip(one.outputs, other.outputs, strict=True):
        assert np.array_equal(left_out.scale, right_out.scale)
        assert np.array_equal(left_out.offset, right_out.offset)


@pytest.mark.parametrize("name", PAIRS)
def test_both_files_of_brevitas_give_one_integer_network(name: str, shared_models: Path) -> None:
    qonnx, qcdq = (read_network(shared_models / "brevitas" / f"{name}_{kind}.onnx") for kind in ("qonnx", "qcdq"))
    assert (qonnx.dialect, qcdq.dialect) == ("QONNX", "QCDQ")
    assert_same_network(qonnx, qcdq)


def test_a_planted_difference_of_the_pair_is_seen(shared_models: Path) -> None:
    qonnx, qcdq = (read_network(shared_models / "brevitas" / f"mlp_w4a4_pt_{kind}.onnx") for kind in ("qonnx", "qcdq"))
    qonnx.layers[0].requantization.offset[3] += 1
    with pytest.raises(AssertionError):
        assert_same_network(qonnx, qcdq)


def test_a_published_network_with_binary_weights(shared_models: Path) -> None:
    """2x - 1 in front of the input's quantizer is the host's, BatchNorm by Sub, Pow, Div, Mul and Add folds away."""
    folder = shared_models / "qonnx_tfc_1w2a"
    with np.load(folder / "ref.npz") as data:
        samples, reference = data["in_0"], data["out0"][:, 0]
    network = read_network(folder / "model.onnx")
    codes = run_golden(network, quantize_inputs(network, {"0": samples}))
    (end,) = network.outputs
    due = np.rint((reference.astype(np.float64) - end.offset) / end.scale)
    assert np.array_equal(codes[end.tensor][:, 0, 0], due)
    np.testing.assert_allclose(finish_outputs(network, codes)["82"], reference, atol=1e-6)
    assert network.inputs[0].head == (("multiply", 2.0), ("subtract", 1.0))
    assert describe(network)["inputs"][0]["host"][:2] == ["multiply", "subtract"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("qonnx_eltwise_chanlast", "Conv node 'Conv_0': its weights 'Mul_0_out0' are not quantized; "),
        ("qonnx_residual_block_clean", "Conv node 'Conv_0': it has no quantizer, nor has any other layer; "),
    ],
)
def test_published_networks_that_are_not_quantized(name: str, reason: str, shared_models: Path) -> None:
    with pytest.raises(ModelError) as error:
        read_network(shared_models / name / "model.onnx")
    assert reason in str(error.value)


# ---------------------------------------------------------------- its meaning


def test_codes_are_qcdqs(onnx_file: Any, tmp_path: Path) -> None:
    """One small network written both ways; the bit width is in Quant, and in the bounds of a Clip."""
    ways = []
    for way in ("qonnx", "qcdq"):
        file = onnx_file()
        name = file.input("x", [1, 4])
        if way == "qonnx":
            name = quant(file, name, 0.25, 3, signed=1, narrow=1)
            name = file.node("MatMul", name, weights(file, np.arange(8).reshape(4, 2) / 8, 0.125, 4))
            name = quant(file, name, 0.5, 6, signed=0)
        else:
            name = file.activation(name, 0.25, kind="int8", clip=(-3, 3))
            name = file.node("MatMul", name, file.dequantized(np.arange(8).reshape(4, 2), 0.125))
            name = file.activation(name, 0.5, clip=(0, 63))
        folder = tmp_path / way
        folder.mkdir()
        ways.append(read_network(finish(file, name, folder)))
    assert_same_network(*ways)


@pytest.mark.parametrize("domain", ["", "onnx.brevitas", "finn.custom_op.general", "qonnx.custom_op.channels_last"])
def test_domains(domain: str, onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    name = quant(file, file.input("x", [1, 2]), 0.5, 4, domain=domain)
    name = file.node("MatMul", name, weights(file, [[1], [2]], 1.0, 4, domain=domain))
    network = read_network(finish(file, quant(file, name, 1.0, 4, domain=domain), tmp_path))
    assert network.dialect == "QONNX"
    assert "5 nodes" not in network.folded[0]
    assert network.folded[0] == "3 Quant nodes became integer codes with scale and zero point"


ROUNDING_MODES = ("ROUND", "HALF_EVEN", "CEIL", "FLOOR", "DOWN", "HALF_UP", "HALF_DOWN")


@pytest.mark.parametrize("mode", [*ROUNDING_MODES, "UP"])
@pytest.mark.parametrize("zero", [0.0, 3.0])
def test_every_rounding_of_ties(mode: str, zero: float, onnx_file: Any, tmp_path: Path) -> None:
    """The host rounds in any way; a layer in all but UP. Quarters and ties, on both sides of zero."""
    file = onnx_file()
    name = quant(file, file.input("x", [1, 1]), 0.25, 8, zero=zero, rounding_mode=mode)
    name = file.node("MatMul", name, weights(file, [[1]], 1.0, 2))
    if mode != "UP":
        name = quant(file, name, 1.0, 5, zero=zero, rounding_mode=mode)
    path = finish(file, name, tmp_path)
    samples = np.arange(-60, 60, dtype=np.float32)[:, None] / 8
    _, _, found = run(path, samples)
    assert np.array_equal(found, evaluate(file.model(), {"x": samples})["y"])


def test_rounding_away_from_zero_is_refused_in_a_layer(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    name = file.node("MatMul", quant(file, file.input("x", [1, 1]), 1.0, 8), weights(file, [[1]], 1.0, 2))
    path = finish(file, quant(file, name, 2.0, 5, rounding_mode="UP"), tmp_path)
    with pytest.raises(ModelError, match=r"layer 't\d' cannot be requantized: rounding away from 0 \(UP\) has no form"):
        read_network(path)


def test_bipolar_activations_are_bits(onnx_file: Any, tmp_path: Path) -> None:
    """2u - 1 is folded into m and b; an accumulator of exactly 0 gives 1."""
    file = onnx_file()
    one = file.constant(0.5, np.float32)
    name = file.node("BipolarQuant", file.input("x", [1, 4]), one, domain=GENERAL)
    signs = np.array([[1, 1, -1], [-1, 1, 1], [1, -1, 1], [-1, 1, 1]], np.float32)
    binary = file.node("BipolarQuant", file.constant(signs), one, domain=GENERAL)
    name = file.node("BipolarQuant", file.node("MatMul", name, binary), one, domain=GENERAL)
    name = file.node("MatMul", name, weights(file, [[3], [-2], [1]], 0.25, 3))
    path = finish(file, name, tmp_path)
    samples = np.array([[x >> i & 1 for i in range(4)] for x in range(16)], np.float32) - 0.5
    network, codes, found = run(path, samples)
    assert [network.tensors[name].bits for name in codes][:2] == [1, 1]
    assert np.array_equal(found, evaluate(file.model(), {"x": samples})["y"])


def test_average_by_trunc(onnx_file: Any, tmp_path: Path) -> None:
    """Brevitas: the sum of a window, its lowest bits dropped."""
    file = onnx_file()
    name = quant(file, file.input("x", [1, 2, 4, 4]), 0.5, 4, signed=0)
    name = file.node("AveragePool", name, kernel_shape=[2, 2], strides=[2, 2])
    name = file.node("Mul", name, file.constant(4.0, np.float32))
    constants = [file.constant(value, np.float32) for value in (0.5, 0, 6, 4)]
    name = file.node("Trunc", name, *constants, domain=GENERAL, rounding_mode="FLOOR")
    name = file.node("Conv", name, weights(file, np.ones((1, 2, 1, 1)), 1.0, 2))
    path = finish(file, name, tmp_path)
    samples = np.random.default_rng(3).uniform(0, 8, (20, 2, 4, 4)).astype(np.float32)
    network, _, found = run(path, samples)
    assert network.layers[0].requantization.rounding == "floor"
    assert np.array_equal(found, evaluate(file.model(), {"x": samples})["y"])


@pytest.mark.parametrize(("out_scale", "out_bias", "count"), [(1.0, 0.0, 15), (0.5, -2.0, 7), (2.0, -1.0, 1)])
def test_thresholds_are_a_requantization(
    out_scale: float, out_bias: float, count: int, onnx_file: Any, tmp_path: Path
) -> None:
    """Evenly spaced ones by 7/3, one channel downwards, BatchNorm in front; a value that is a threshold reaches it."""
    file = onnx_file()
    name = quant(file, file.input("x", [1, 4]), 1.0, 5, zero=3)
    name = file.node("MatMul", name, weights(file, np.random.default_rng(1).integers(-3, 4, (4, 3)), 1.0, 4))
    name = file.node("Mul", name, file.constant([[1, -2, 0.5]], np.float32))
    name = file.node("Add", name, file.constant([[0, 3, 1]], np.float32))
    edges = np.array([[-8.0], [-20], [-3]]) + np.arange(count) * np.array([[7], [5], [1.5]])
    attributes = {"out_scale": out_scale, "out_bias": out_bias, "domain": GENERAL}
    name = file.node("MultiThreshold", name, file.constant(edges, np.float32), **attributes)
    name = file.node("MatMul", name, weights(file, [[1], [3], [-2]], 1.0, 3))
    samples = np.random.default_rng(2).integers(-16, 16, (200, 4)).astype(np.float32)
    _, _, found = run(finish(file, name, tmp_path), samples)
    assert np.array_equal(found, evaluate(file.model(), {"x": samples})["y"])


# ---------------------------------------------------------------- random networks

SCALES = st.sampled_from([2.0**-k for k in range(6)])


class Grown:
    """A random network whose scales are powers of two: float64 is exact, and ties abound."""

    def __init__(self, data: st.DataObject, file: Any, random: np.random.Generator) -> None:
        self.draw, self.file, self.random = data.draw, file, random

    def quantized(self, name: str, *, first: bool = False) -> str:
        bits = self.draw(st.integers(1, 9))
        signed, narrow = self.draw(st.booleans()), bits > 1 and self.draw(st.booleans())
        mode = self.draw(st.sampled_from(ROUNDING_MODES))
        zero = 0 if bits == 1 else self.draw(st.integers(0, min(2 ** (bits - 1) - 1, 9)))
        scale = self.draw(SCALES) * (1 if first else 4)
        return quant(
            self.file, name, scale, bits, zero=zero, signed=int(signed), narrow=int(narrow), rounding_mode=mode
        )

    def weights(self, shape: tuple[int, ...], axis: int) -> str:
        values = self.random.normal(size=shape)
        if self.draw(st.booleans()):
            constants = self.file.constant(values, np.float32), self.file.constant(self.draw(SCALES), np.float32)
            return str(self.file.node("BipolarQuant", *constants, domain=GENERAL))
        scale = np.full([1] * len(shape), self.draw(SCALES))
        if self.draw(st.booleans()):
            scale = scale * np.exp2(
                self.random.integers(-2, 3, [size if at == axis else 1 for at, size in enumerate(shape)])
            )
        return weights(self.file, values, scale, self.draw(st.integers(2, 8)), narrow=1)


@settings(max_examples=60 * FUZZ, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_random_networks(data: st.DataObject, seed: int, onnx_file: Any, tmp_path: Path) -> None:
    random, file = np.random.default_rng(seed), onnx_file()
    grown, draw = Grown(data, file, random), data.draw
    channels = draw(st.integers(1, 3))
    name = grown.quantized(file.input("x", [1, channels, 5, 5]), first=True)
    for _ in range(draw(st.integers(1, 2))):
        outputs, kernel = draw(st.integers(1, 4)), draw(st.integers(1, 2))
        name = file.node("Conv", name, grown.weights((outputs, channels, kernel, kernel), 0))
        if draw(st.booleans()):
            constants = random.integers(-8, 8, (1, outputs, 1, 1)) / 4
            name = file.node("Add", name, file.constant(constants, np.float32))
        if draw(st.booleans()):
            name = file.node("Relu", name)
        name, channels = grown.quantized(name), outputs
    if draw(st.booleans()):
        name = file.node("MaxPool", name, kernel_shape=[2, 2])
    path = finish(file, name, tmp_path)
    samples = (
        random.integers(-64, 64, (4, *[int(d) for d in (file.inputs[0].type.tensor_type.shape.dim[1].dim_value, 5, 5)]))
        / 16
    ).astype(np.float32)
    _, _, found = run(path, samples)
    assert np.array_equal(found, evaluate(file.model(), {"x": samples})["y"])


# ---------------------------------------------------------------- refusals

Make = Callable[[Any], str]


def with_quant(**changes: Any) -> Make:
    def make(file: Any) -> str:
        scale, bits = changes.get("scale", 0.5), changes.get("bits", 4)
        more = {key: value for key, value in changes.items() if key not in ("scale", "bits")}
        name = quant(file, file.input("x", [1, 2]), scale, bits, **more)
        return str(file.node("MatMul", name, weights(file, [[1], [2]], 1.0, 4)))

    return make


def with_weights(scale: Any) -> Make:
    def make(file: Any) -> str:
        name = quant(file, file.input("x", [1, 2]), 1.0, 4)
        return str(file.node("MatMul", name, weights(file, np.ones((2, 3)), scale, 4)))

    return make


def computed_scale(file: Any) -> str:
    name = file.input("x", [1, 2])
    constants = [file.constant(value, np.float32) for value in (0, 4)]
    scale = file.node("ReduceMax", name, keepdims=0)
    return str(file.node("Quant", name, scale, *constants, domain=GENERAL, name="quantize"))


def padded_bits(file: Any) -> str:
    name = file.node("BipolarQuant", file.input("x", [1, 1, 3, 3]), file.constant(1, np.float32), domain=GENERAL)
    return str(file.node("Conv", name, weights(file, np.ones((1, 1, 3, 3)), 1.0, 2), pads=[1, 1, 1, 1], name="conv"))


def thresholds(file: Any) -> str:
    name = file.node("MatMul", quant(file, file.input("x", [1, 2]), 1.0, 4), weights(file, np.ones((2, 1)), 1.0, 2))
    return str(file.node("MultiThreshold", name, file.constant([[1, 5, 6]], np.float32), domain=GENERAL, name="count"))


def per_channel_head(file: Any) -> str:
    name = file.node("Sub", file.input("x", [1, 2]), file.constant([[1, 2]], np.float32), name="normalize")
    return str(file.node("MatMul", quant(file, name, 1.0, 4), weights(file, np.ones((2, 1)), 1.0, 2)))


def other_domain(file: Any) -> str:
    weights(file, np.ones((2, 1)), 1.0, 2)
    return quant(file, file.input("x", [1, 2]), 1.0, 4, domain="my.ops")


REFUSED: list[tuple[Make, str]] = [
    (with_quant(bits=2.5), "its bit width must be a whole number of 1 to 16, not 2.5"),
    (with_quant(bits=17), "its bit width must be a whole number of 1 to 16, not 17"),
    (with_quant(scale=0.0), "its scale 'c0' must be above 0, not 0"),
    (with_quant(scale=np.nan), "its scale 'c0' must be finite numbers"),
    (with_quant(scale=[0.5, 0.25]), "an activation must have one scale, not one per channel"),
    (with_quant(zero=0.5), "its zero point must be a whole number of 32 bits, not 0.5"),
    (with_quant(bits=1, signed=0, narrow=1), "1 bit without sign must not be narrow: it would hold one code only"),
    (
        with_quant(rounding_mode="STOCHASTIC"),
        "rounding_mode must be one of ROUND, HALF_EVEN, CEIL, FLOOR, UP, DOWN, HALF_UP, HALF_DOWN, not 'STOCHASTIC'",
    ),
    (
        with_weights(np.ones((2, 3))),
        "its scale of shape [2, 3] must be one number or one for each index of one axis of [2, 3]",
    ),
    (
        padded_bits,
        "its input has the values -1 and 1 only, so that it cannot be padded with 0; use 2 bits (-1, 0, 1)",
    ),
    (
        thresholds,
        "its thresholds must be evenly spaced, as those of a requantization are; "
        "export with Quant nodes, before FINN's streamlining",
    ),
    (
        per_channel_head,
        "in front of an input's quantizer constants must be one number for all channels",
    ),
    (
        other_domain,
        "domain must be one of qonnx.custom_op.general, onnx.brevitas, finn.custom_op.general, "
        "qonnx.custom_op.channels_last, not 'my.ops'",
    ),
]


@pytest.mark.parametrize(("make", "reason"), REFUSED, ids=[reason[:30] for _, reason in REFUSED])
def test_refusals(make: Make, reason: str, onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    path = finish(file, make(file), tmp_path)
    with pytest.raises(ModelError) as error:
        read_network(path)
    head, _, said = str(error.value).partition("': ")
    assert head.startswith(f"{path}: ")
    assert said == reason


def test_a_scale_from_data_is_refused(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    path = finish(file, computed_scale(file), tmp_path)
    with pytest.raises(ModelError, match="ReduceMax node 'n0': this operator is not supported"):
        read_network(path)


def test_a_sum_of_bits_and_codes(onnx_file: Any, tmp_path: Path) -> None:
    """2u - 1 in the coefficients of a sum."""
    file = onnx_file()
    name = file.input("x", [1, 3])
    signs = file.node("BipolarQuant", name, file.constant(0.5, np.float32), domain=GENERAL)
    name = file.node("Add", signs, quant(file, name, 0.25, 5))
    name = quant(file, name, 0.5, 4)
    name = file.node("MatMul", name, weights(file, [[1], [2], [-3]], 1.0, 3))
    samples = np.random.default_rng(4).integers(-20, 20, (50, 3)).astype(np.float32) / 4
    _, _, found = run(finish(file, name, tmp_path), samples)
    assert np.array_equal(found, evaluate(file.model(), {"x": samples})["y"])
