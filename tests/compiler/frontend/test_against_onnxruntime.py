"""The integer network computes what onnxruntime computes: layer by layer, on the reference's own input codes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.random import Generator

from nngen.compiler.frontend import read_network
from nngen.host.ends import finish_outputs, quantize_inputs
from nngen.sim.golden import run_golden
from tests.compiler.frontend.fuzzing import FUZZ

Compare = Callable[[Path, dict[str, npt.NDArray[Any]]], dict[str, tuple[int, int]]]


def assert_equal_codes(found: dict[str, tuple[int, int]]) -> None:
    """Near-ties that float32 moved are excused up to the limit of the specification."""
    differing = sum(count for count, _ in found.values())
    compared = sum(count for _, count in found.values())
    assert differing <= max(1, 1e-5 * compared), found


@pytest.mark.parametrize("name", ["mlp_w8a8", "cnn_w4a4", "cnn_w8a8", "cnn_residual_w8a8"])
def test_networks_of_the_repository_on_all_images(name: str, repository: Path, compare_with_reference: Compare) -> None:
    digits = repository / "flows" / "networks" / "digits"
    with np.load(digits / "images.npz") as images:
        assert_equal_codes(compare_with_reference(digits / f"{name}.onnx", {"image": images["image"]}))


BREVITAS = {
    "cnn_w4a4_bn_qcdq": "cnn_w4a4_bn_io",
    "cnn_w4a4_pc_qcdq": "cnn_w4a4_pc_io",
    "cnn_w4a4_pt_fixedpoint_qcdq": "cnn_w4a4_pt_fixedpoint_io",
    "cnn_w8a8_pc_qcdq": "cnn_w8a8_pc_io",
    "mlp_w4a4_int8bias_qcdq": "mlp_w4a4_int8bias_io",
    "mlp_w4a4_pt_qcdq": "mlp_w4a4_pt_io",
    "vad_q_w8a8_qcdq": "vad_q_io",
    "cnn_ort_qdq_u8s4": "cnn_ort_qdq_u8s4_io",
    "cnn_ort_qdq_u8s8_pc": "cnn_ort_qdq_u8s8_pc_io",
}


@pytest.mark.parametrize(("name", "samples"), BREVITAS.items())
def test_networks_of_brevitas(name: str, samples: str, shared_models: Path, compare_with_reference: Compare) -> None:
    folder = shared_models / "brevitas"
    with np.load(folder / f"{samples}.npz") as data:
        assert_equal_codes(compare_with_reference(folder / f"{name}.onnx", {"x": data["x"]}))


THIRD_PARTY = {
    "tiny_kws_dscnn": "input_1",
    "tiny_ic_resnet8": "input_1_int8",
    "tiny_ad01_autoencoder": "input_1",
    "tflm_micro_speech": "Reshape_1",
    "mlonmcu_micro_kws_qdq": "serving_default_input:0",
    "derived_zigzag_resnet8_qdq_u8u8_pt": "input_1",
}


@pytest.mark.parametrize(("name", "source"), THIRD_PARTY.items())
def test_networks_of_others(name: str, source: str, shared_models: Path, compare_with_reference: Compare) -> None:
    """Their outputs behind Softmax and quantizer are the shipped reference's, but where a mean is a tie."""
    path = shared_models / name / "model.onnx"
    with np.load(path.parent / "ref.npz") as data:
        (samples,) = (data[key] for key in data if key.startswith("in_"))
        wanted = data["out0"][:, 0]
    assert_equal_codes(compare_with_reference(path, {source: samples}))
    network = read_network(path)
    (found,) = finish_outputs(network, run_golden(network, quantize_inputs(network, {source: samples}))).values()
    step = network.outputs[0].tail_scale if found.dtype == np.float32 else 1
    differs = found != wanted
    assert differs.sum() == {"derived_zigzag_resnet8_qdq_u8u8_pt": 3}.get(name, 0)
    assert np.abs(found.astype(float) - wanted).max() <= 1.01 * step * differs.any()


# ---------------------------------------------------------------- random networks

EXACT_SCALES = st.sampled_from([2.0**-k for k in range(9)])
SCALES = st.one_of(EXACT_SCALES, st.floats(0.004, 0.9))
SIZES = st.integers(1, 4)


@st.composite
def quantizers(draw: st.DrawFn, scale: float) -> dict[str, Any]:
    """Arguments of an activation whose real values reach some hundred scales."""
    kind = draw(st.sampled_from(["uint8", "int8"]))
    low, high = (0, 255) if kind == "uint8" else (-128, 127)
    zero_point = draw(st.sampled_from([0, 3, high, low, 100]))
    clip = draw(st.sampled_from([None, (low, high), (0, 15), (max(low, -7), 7), (3, 90)]))
    return {"scale": np.float32(scale), "kind": kind, "zero_point": zero_point, "clip": clip}


class RandomNetwork:
    """Grows a network of the supported operators, with values from a seeded generator."""

    def __init__(self, draw: st.DrawFn, file: Any, random: Generator) -> None:
        self.draw, self.file, self.random = draw, file, random
        self.exact = draw(st.booleans())  # powers of two: float32 computes exactly, and exact ties abound

    def scale(self, shape: tuple[int, ...] = ()) -> npt.NDArray[np.float32]:
        scale = np.float32(self.draw(EXACT_SCALES if self.exact else SCALES))
        spread = np.exp2(self.random.integers(-1, 2, shape)) if self.exact else self.random.uniform(0.5, 2, shape)
        return np.asarray(scale * spread if shape else scale, np.float32)

    def weights(self, shape: tuple[int, ...], output_axis: int) -> tuple[str, npt.NDArray[np.float32]]:
        limit = self.draw(st.sampled_from([1, 7, 127]))
        codes = self.random.integers(-limit, limit + 1, shape)
        per_channel = self.draw(st.booleans())
        scale = self.scale((shape[output_axis],) if per_channel else ())
        if self.draw(st.booleans()):
            return self.file.dequantized(codes, scale, axis=output_axis), scale
        return self.quantized_floats(codes, scale, output_axis), scale

    def quantized_floats(self, codes: npt.NDArray[Any], scale: npt.NDArray[np.float32], axis: int) -> str:
        """Float weights in front of a quantizer, as the dynamo exporter leaves them."""
        others = [other for other in range(codes.ndim) if other != axis]
        floats = codes * (np.expand_dims(scale, others) if scale.ndim else scale)
        how = (self.file.constant(scale), self.file.constant(np.zeros(scale.shape), np.int8))
        attributes = {"axis": axis} if scale.ndim else {}
        coded = self.file.node("QuantizeLinear", self.file.constant(floats, np.float32), *how, **attributes)
        return str(self.file.node("DequantizeLinear", coded, *how, **attributes))

    def bias(self, channels: int, unit: npt.NDArray[np.float32]) -> str:
        way = self.draw(st.sampled_from(["none", "integral", "other scale", "float"]))
        if way == "none":
            return ""
        if way == "float":
            return str(self.file.constant(self.random.integers(-200, 200, channels) * unit / 4, np.float32))
        codes = self.random.integers(-100, 100, channels)
        scale = np.float32(unit) if way == "integral" else np.float32(np.max(unit) / 4 if self.exact else 0.7)
        return str(self.file.dequantized(codes, scale, kind="int32"))

    def after(self, name: str, channels: int, *, normalize: bool) -> str:
        if normalize and not self.exact and self.draw(st.booleans()):
            gamma, beta, mean = (self.random.normal(1, 0.5, channels) for _ in range(3))
            constants = (self.file.constant(v, np.float32) for v in (gamma, beta, mean, np.abs(gamma) + 0.1))
            name = self.file.node("BatchNormalization", name, *constants)
        bound = self.draw(st.sampled_from(["none", "relu", "relu6"]))
        if bound == "relu":
            name = self.file.node("Relu", name)
        if bound == "relu6":
            name = self.file.node(
                "Clip", name, self.file.constant(0.0, np.float32), self.file.constant(6.0, np.float32)
            )
        return name

    def convolution(self, name: str, channels: int, scale: np.float32) -> tuple[str, int]:
        outputs, kernel = self.draw(SIZES), (self.draw(st.integers(1, 3)), self.draw(st.integers(1, 3)))
        weights, weight_scale = self.weights((outputs, channels, *kernel), 0)
        strides = [self.draw(st.integers(1, 2)), self.draw(st.integers(1, 2))]
        attributes: dict[str, Any] = {"strides": strides}
        if self.draw(st.booleans()):
            attributes["auto_pad"] = self.draw(st.sampled_from(["SAME_UPPER", "SAME_LOWER"]))
        else:
            attributes["pads"] = [self.draw(st.integers(0, kernel[axis % 2] - 1)) for axis in range(4)]
        bias = self.bias(outputs, weight_scale * scale)
        name = self.file.node("Conv", name, weights, *([bias] if bias else []), **attributes)
        return self.after(name, outputs, normalize=True), outputs

    def fully_connected(self, name: str, features: int, scale: np.float32) -> str:
        outputs, way = self.draw(SIZES), self.draw(st.sampled_from(["Gemm", "transB", "MatMul", "Transpose"]))
        transposed = way in ("transB", "Transpose")
        shape = (outputs, features) if transposed else (features, outputs)
        weights, weight_scale = self.weights(shape, 0 if transposed else 1)
        bias = self.bias(outputs, weight_scale * scale)
        if way in ("Gemm", "transB"):
            inputs = [name, weights, bias] if bias else [name, weights]
            return str(self.after(self.file.node("Gemm", *inputs, transB=int(transposed)), outputs, normalize=False))
        if way == "Transpose":
            weights = self.file.node("Transpose", weights, perm=[1, 0])
        name = self.file.node("MatMul", name, weights)
        name = self.file.node("Add", *self.draw(st.permutations([name, bias]))) if bias else name
        return str(self.after(name, outputs, normalize=False))

    def activation(self, name: str) -> tuple[str, np.float32]:
        quantizer = self.draw(quantizers(float(self.scale())))
        return self.file.activation(name, **quantizer), quantizer["scale"]


@settings(max_examples=120 * FUZZ, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_random_networks(
    data: st.DataObject, seed: int, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare
) -> None:
    draw, random, file = data.draw, np.random.default_rng(seed), onnx_file()
    grown = RandomNetwork(draw, file, random)
    channels, height, width = draw(SIZES), draw(st.integers(7, 9)), draw(st.integers(7, 9))
    batch = draw(st.sampled_from([1, "N"]))
    channel_last = draw(st.booleans())
    shape = (height, width, channels) if channel_last else (channels, height, width)
    name, scale = grown.activation(file.input("x", [batch, *shape]))
    if channel_last:
        name = file.node("Transpose", name, perm=[0, 3, 1, 2])
    for _ in range(draw(st.integers(0, 2))):
        name, channels = grown.convolution(name, channels, scale)
        name, scale = grown.activation(name)
    sizes = file_shape(file, name)
    if draw(st.booleans()) or all(node.op_type != "Conv" for node in file.nodes):
        name = file.node(*draw(st.sampled_from([("Flatten", name), ("Reshape", name, file.constant([0, -1]))])))
        name = grown.fully_connected(name, int(np.prod(sizes[1:])), scale)
        if file.nodes[-1].op_type not in ("Relu", "Clip") and draw(st.booleans()):
            file.node("Identity", name, output="y")
        else:
            file.node("Identity", grown.activation(name)[0], output="y")
    else:
        file.node("Identity", name, output="y")
    file.output("y")
    spread = random.choice([1.0, 30.0])
    samples = {"x": (random.normal(size=(3, *shape)) * spread).astype(np.float32)}
    found = compare_with_reference(file.save(tmp_path), samples)  # fails where a difference is no near-tie
    if grown.exact:
        assert all(differing == 0 for differing, _ in found.values()), found


def file_shape(file: Any, name: str) -> tuple[int, ...]:
    """The shape of a tensor by onnx's own inference, with batch 1."""
    model = file.model()
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    (value,) = (value for value in inferred.graph.value_info if value.name == name)
    return tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)
