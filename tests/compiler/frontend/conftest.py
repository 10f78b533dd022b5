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
from nngen.flows.accuracy import compare_codes, reference_codes
from nngen.flows.reference import run_reference
from nngen.host.ends import finish_outputs, quantize_inputs
from nngen.ir import (
    ConcatLayer,
    CopyLayer,
    DepthwiseLayer,
    ElementwiseLayer,
    HostOutput,
    Layer,
    MatrixLayer,
    Network,
    PoolLayer,
    ProductLayer,
)
from nngen.sim.golden import run_layer

Array = npt.NDArray[Any]
IntArray = npt.NDArray[np.int64]
Differences = dict[str, tuple[int, int]]


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
        domains = dict.fromkeys(node.domain for node in self.nodes if node.domain)
        imports = [helper.make_opsetid("", self.opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
        return helper.make_model(graph, opset_imports=imports, ir_version=8)

    def save(self, folder: Path) -> Path:
        path = folder / "made.onnx"
        path.write_bytes(self.model().SerializeToString())
        return path


def accumulate(network: Network, layer: Layer, inputs: list[IntArray]) -> IntArray:
    """The accumulators of a layer: one kernel position after the other."""
    if isinstance(layer, ElementwiseLayer):
        terms = [factor * codes for factor, codes in zip(layer.coefficients, inputs, strict=True)]
        return np.asarray(sum(terms[1:], terms[0]))
    if isinstance(layer, ConcatLayer):
        return np.concatenate(inputs, axis=3)
    if isinstance(layer, ProductLayer):
        first, second = (codes - zero for codes, zero in zip(inputs, layer.zero_points, strict=True))
        return np.asarray(first * second)
    if isinstance(layer, CopyLayer):
        return picked(layer, inputs[0])
    (top, left, bottom, right), (down, across) = layer.pads, layer.strides
    halo = network.padding(layer)
    padded = np.pad(inputs[0], ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=halo)
    (height, width), (spread, apart) = layer.kernel, layer.dilations
    rows = (padded.shape[1] - (height - 1) * spread - 1) // down + 1
    columns = (padded.shape[2] - (width - 1) * apart - 1) // across + 1
    sums: IntArray | None = None
    for y in range(height):
        for x in range(width):
            top, left = y * spread, x * apart
            window = padded[
                :, top : top + down * (rows - 1) + 1 : down, left : left + across * (columns - 1) + 1 : across
            ]
            if isinstance(layer, MatrixLayer):
                window = window @ layer.weights[:, y, x, :].T
            elif isinstance(layer, DepthwiseLayer):
                window = window * layer.weights[:, y, x]
            largest = isinstance(layer, PoolLayer) and layer.kind == "max"
            sums = window if sums is None else np.maximum(sums, window) if largest else sums + window
    assert sums is not None
    return sums


def picked(layer: CopyLayer, codes: IntArray) -> IntArray:
    """What a copy reads, pixel by pixel."""
    shape = len(layer.rows_read), len(layer.columns_read), len(layer.channels_read)
    made = np.full((len(codes), *shape), layer.fill)
    _, height, width, _ = codes.shape
    for y, row in enumerate(layer.rows_read):
        for x, column in enumerate(layer.columns_read):
            if 0 <= row < height and 0 <= column < width:
                made[:, y, x] = codes[:, row, column, list(layer.channels_read)]
    return made


def rounded_away(network: Network, output: HostOutput, codes: dict[str, IntArray]) -> float:
    """What float32 may round in the sums of a last layer without quantizer, whose terms may cancel."""
    layer = network.writer(output.tensor)
    if not isinstance(layer, MatrixLayer) or network.tensors[output.tensor].bits <= 16 or output.tail:
        return 0.0
    centred = np.abs(codes[layer.input] - network.tensors[layer.input].zero_point).max()
    terms = np.abs(layer.matrix).sum(axis=0).max() * centred * output.scale.max() + np.abs(output.offset).max()
    return float(terms) * 4e-7


def compare(path: Path, samples: dict[str, Array]) -> Differences:
    """Compare every layer on the reference's own input codes; return (differing, compared) codes by layer.

    A difference that is no near-tie fails; means that are ties are left out of the count.
    """
    network = read_network(path)
    codes = reference_codes(network, path, samples)
    for name, quantized in quantize_inputs(network, samples).items():
        np.testing.assert_array_equal(quantized, codes[name])
    found = {}
    for layer in network.layers:
        inputs = [codes[name] for name in layer.inputs]
        np.testing.assert_array_equal(
            run_layer(network, layer, *inputs).accumulators, accumulate(network, layer, inputs)
        )
        if network.tensors[layer.output].bits <= 16:
            compared = compare_codes(network, layer, inputs=inputs, reference=codes[layer.output])
            assert compared.differing == compared.near_ties, compared
            found[layer.name] = (compared.differing - compared.tied_means, compared.codes)
        else:
            codes[layer.output] = run_layer(network, layer, *inputs).codes
    finished, reference = finish_outputs(network, codes), run_reference(path, samples)
    for output in network.outputs:
        expected = reference[output.name]
        assert finished[output.name].dtype == expected.dtype
        limit = 2e-5 * np.abs(expected).max() + rounded_away(network, output, codes)
        np.testing.assert_allclose(finished[output.name], expected, rtol=1e-5, atol=limit)
    return found


@pytest.fixture
def onnx_file() -> type[OnnxFile]:
    return OnnxFile


@pytest.fixture(scope="session")
def compare_with_reference() -> Callable[[Path, dict[str, Array]], Differences]:
    return compare
