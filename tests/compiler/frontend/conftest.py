"""Files made node by node, and an independent evaluation of the integer network to hold against onnxruntime."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from nngen.compiler.frontend import read_network
from nngen.flows.reference import channel_last_codes, run_reference
from nngen.host.ends import finish_outputs, quantize_inputs
from nngen.ir import MatrixLayer

Array = npt.NDArray[Any]
IntArray = npt.NDArray[np.int64]
Differences = dict[str, tuple[int, int]]

NEAR_TIE = 5e-4  # float32 moves the reference's value by less than this many codes


class OnnxFile:
    """An ONNX graph in the making; every method returns the name of what it added."""

    def __init__(self, *, opset: int = 13) -> None:
        self.opset = opset
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, shape: list[Any] | None, kind: int = TensorProto.FLOAT) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, name: str, kind: int = TensorProto.FLOAT) -> str:
        self.outputs.append(helper.make_tensor_value_info(name, kind, None))
        return name

    def constant(self, values: Any, kind: npt.DTypeLike = None) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def node(self, operator: str, *inputs: str, name: str | None = None, output: str = "", **attributes: Any) -> str:
        output = output or f"t{len(self.nodes)}"
        name = f"n{len(self.nodes)}" if name is None else name
        self.nodes.append(helper.make_node(operator, list(inputs), [output], name=name, **attributes))
        return output

    def dequantized(self, codes: Any, scale: Any, *, kind: str = "int8", zero_point: Any = None, axis: int = 0) -> str:
        """Weights or a bias: a constant behind DequantizeLinear."""
        scale = np.asarray(scale, np.float32)
        zero = np.zeros(scale.shape, kind) if zero_point is None else np.full(scale.shape, zero_point, kind)
        more = {"axis": axis} if scale.ndim else {}
        return self.node(
            "DequantizeLinear", self.constant(codes, kind), self.constant(scale), self.constant(zero), **more
        )

    def activation(
        self,
        source: str,
        scale: float,
        *,
        kind: str = "uint8",
        zero_point: int = 0,
        clip: tuple[int, int] | None = None,
    ) -> str:
        """QuantizeLinear, Clip where asked for, DequantizeLinear."""
        how = (self.constant(scale, np.float32), self.constant(zero_point, kind))
        codes = self.node("QuantizeLinear", source, *how)
        if clip is not None:
            codes = self.node("Clip", codes, self.constant(clip[0], kind), self.constant(clip[1], kind))
        return self.node("DequantizeLinear", codes, *how)

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(self.nodes, "made", self.inputs, self.outputs, self.constants)
        imports = [helper.make_opsetid("", self.opset)]
        return helper.make_model(graph, opset_imports=imports, ir_version=8)

    def save(self, folder: Path) -> Path:
        path = folder / "made.onnx"
        path.write_bytes(self.model().SerializeToString())
        return path


def accumulate(layer: MatrixLayer, codes: IntArray, padding: int) -> IntArray:
    """The accumulators of a layer: one kernel position after the other."""
    (top, left, bottom, right), (down, across) = layer.pads, layer.strides
    padded = np.pad(codes, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=padding)
    height, width = layer.kernel
    rows, columns = (padded.shape[1] - height) // down + 1, (padded.shape[2] - width) // across + 1
    sums = np.zeros((len(codes), rows, columns, layer.outputs), np.int64)
    for y in range(height):
        for x in range(width):
            window = padded[:, y : y + down * (rows - 1) + 1 : down, x : x + across * (columns - 1) + 1 : across]
            sums += window @ layer.weights[:, y, x, :].T
    return sums


def count_differences(layer: MatrixLayer, sums: IntArray, reference: IntArray) -> tuple[int, int]:
    """Return (differing, compared) codes; a difference that is no near-tie fails."""
    constants = layer.requantization
    codes = constants.apply(sums)
    differs = codes != reference
    exact = (sums * constants.multiplier + constants.offset) / np.exp2(constants.shift)
    distance = np.abs(np.abs(exact - np.floor(exact)) - 0.5)
    far = differs & ((distance > NEAR_TIE) | (np.abs(codes - reference) > 1))
    assert not far.any(), f"{layer.name}: {np.count_nonzero(far)} codes differ: {codes[far][:4]}, {reference[far][:4]}"
    return int(np.count_nonzero(differs)), codes.size


def compare(path: Path, samples: dict[str, Array]) -> Differences:
    """Compare every layer on the reference's own input codes; return (differing, compared) codes by layer."""
    network = read_network(path)
    coded = [name for name, tensor in network.tensors.items() if tensor.bits <= 16]
    inside = [name for name in coded if name not in samples]
    reference = samples | run_reference(path, samples, intermediate=inside)
    codes = {name: channel_last_codes(network, name, reference[name]) for name in coded}
    for name, quantized in quantize_inputs(network, samples).items():
        np.testing.assert_array_equal(quantized, codes[name])
    found = {}
    for layer in network.layers:
        sums = accumulate(layer, codes[layer.input], network.tensors[layer.input].zero_point)
        if layer.output in codes:
            found[layer.name] = count_differences(layer, sums, codes[layer.output])
        else:
            codes[layer.output] = layer.requantization.apply(sums)
    finished = finish_outputs(network, codes)
    for output in network.outputs:
        expected = reference[output.name]
        np.testing.assert_allclose(finished[output.name], expected, rtol=1e-5, atol=2e-5 * np.abs(expected).max())
    return found


@pytest.fixture
def onnx_file() -> type[OnnxFile]:
    return OnnxFile


@pytest.fixture(scope="session")
def compare_with_reference() -> Callable[[Path, dict[str, Array]], Differences]:
    return compare
