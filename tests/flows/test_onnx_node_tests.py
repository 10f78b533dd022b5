"""ONNX's own node tests of quantized operators, each as a network of one node: equal outputs, or the right refusal."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from nngen.compiler.frontend import read_network
from nngen.errors import ModelError
from nngen.host.ends import finish_outputs, quantize_inputs
from nngen.sim.golden import run_golden

OPERATORS = (
    *("QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger"),
    "DynamicQuantizeLinear",
)
BLOCKS = "block-wise scales are not supported; quantize per tensor or per channel"
CHANNELS = "an activation must have one scale, not one per channel"
ROWS = "its scale must be one number or one for each of axis 0 of [1, 4], not of shape [3]"  # axis 0 is the batch
INPUTS = "must be a tensor of float32, int8, uint8, int16, uint16, not "
DYNAMIC = "scales that depend on the data are not supported; quantize statically"
HALF = "its scale 'a_scale' must be float32, not float16"
STACK = "it must multiply two matrices, not shapes [1, 2, 4] and [2, 4, 3]"

# What must happen to each: "equal", or a part of the refusal.
OUTCOMES = {
    "convinteger_with_padding": "equal",
    "convinteger_without_padding": "equal",
    "dequantizelinear": "equal",
    "dequantizelinear_axis": CHANNELS,
    "dequantizelinear_blocked": BLOCKS,
    "dequantizelinear_e4m3fn": INPUTS + "float8e4m3fn",
    "dequantizelinear_e4m3fn_float16": INPUTS + "float8e4m3fn",
    "dequantizelinear_e4m3fn_zero_point": "not float8e4m3fn",
    "dequantizelinear_e5m2": INPUTS + "float8e5m2",
    "dequantizelinear_float4e2m1": "not float4e2m1",
    "dequantizelinear_int16": "equal",
    "dequantizelinear_int2": "not int2",
    "dequantizelinear_int4": INPUTS + "int4",
    "dequantizelinear_uint16": "equal",
    "dequantizelinear_uint2": "not uint2",
    "dequantizelinear_uint4": INPUTS + "uint4",
    "matmulinteger": "equal",
    "qlinearconv": "equal",
    "qlinearmatmul_2D_int8_float16": HALF,
    "qlinearmatmul_2D_int8_float32": "equal",
    "qlinearmatmul_2D_uint8_float16": HALF,
    "qlinearmatmul_2D_uint8_float32": "equal",
    "qlinearmatmul_3D_int8_float16": STACK,
    "qlinearmatmul_3D_int8_float32": STACK,
    "qlinearmatmul_3D_uint8_float16": STACK,
    "qlinearmatmul_3D_uint8_float32": STACK,
    "quantizelinear": "equal",
    "quantizelinear_axis": CHANNELS,
    "quantizelinear_blocked_asymmetric": BLOCKS,
    "quantizelinear_blocked_symmetric": BLOCKS,
    "quantizelinear_e4m3fn": "not float8e4m3fn",
    "quantizelinear_e5m2": "not float8e5m2",
    "quantizelinear_float4e2m1": "not float4e2m1",
    "quantizelinear_int16": "equal",
    "quantizelinear_int2": "not int2",
    "quantizelinear_int4": ROWS,
    "quantizelinear_uint16": "equal",
    "quantizelinear_uint2": "not uint2",
    "quantizelinear_uint4": ROWS,
    **dict.fromkeys(
        (
            "dynamicquantizelinear",
            "dynamicquantizelinear_max_adjusted",
            "dynamicquantizelinear_min_adjusted",
        ),
        DYNAMIC,
    ),
}


def tensors(folder: Path, kind: str) -> Iterator[onnx.TensorProto]:
    for path in sorted(
        (folder / "test_data_set_0").glob(f"{kind}_*.pb"), key=lambda path: int(path.stem[len(kind) + 1 :])
    ):
        yield onnx.TensorProto.FromString(path.read_bytes())


def as_network(folder: Path) -> tuple[onnx.ModelProto, np.ndarray, np.ndarray]:
    """Return the node with all inputs but the first as initializers and batch 1, the samples, the wanted outputs."""
    model = onnx.load(folder / "model.onnx")
    graph = model.graph
    given = list(tensors(folder, "input"))
    for value, tensor in zip(list(graph.input)[1:], given[1:], strict=True):
        tensor.name = value.name
        graph.initializer.append(tensor)
        graph.input.remove(value)
    samples = numpy_helper.to_array(given[0])
    wanted = numpy_helper.to_array(next(tensors(folder, "output")))
    if given[0].dims[0] != 1 or len(given[0].dims) == 1:
        batched = samples[None] if samples.ndim == 1 else samples[:, None]
        wanted = wanted[None] if samples.ndim == 1 else wanted[:, None]
        samples = batched
        sizes = [1, *samples.shape[1:]] if samples.shape[0] == 1 else [1, *samples.shape[2:]]
        kind = graph.input[0].type.tensor_type.elem_type
        graph.input[0].CopyFrom(helper.make_tensor_value_info(graph.input[0].name, kind, sizes))
    if graph.node[0].op_type in ("QuantizeLinear", "DequantizeLinear"):
        add_layer(graph)
    return model, samples, wanted


def add_layer(graph: onnx.GraphProto) -> None:
    """A quantizer alone is the host's work: a layer reads what it makes."""
    node = graph.node[0]
    how = list(node.input[1:])
    real = node.output[0]
    if node.op_type == "QuantizeLinear":
        graph.node.append(helper.make_node("DequantizeLinear", [real, *how], ["real"]))
        real = "real"
    graph.node.append(helper.make_node("LeakyRelu", [real], ["bent"]))
    graph.node.append(helper.make_node("QuantizeLinear", ["bent", *how], ["codes"]))
    graph.output.append(helper.make_tensor_value_info("codes", TensorProto.UINT8, None))


def names(shared_models: Path) -> set[str]:
    folder = shared_models / "onnx_node_tests" / "quantized"
    return {path.name.removeprefix("test_") for path in folder.iterdir() if "expanded" not in path.name}


def test_the_table_is_complete(shared_models: Path) -> None:
    assert names(shared_models) == OUTCOMES.keys()


@pytest.mark.parametrize("name", OUTCOMES)
def test_node(name: str, shared_models: Path, tmp_path: Path) -> None:
    model, samples, wanted = as_network(shared_models / "onnx_node_tests" / "quantized" / f"test_{name}")
    assert model.graph.node[0].op_type in OPERATORS
    path = tmp_path / "node.onnx"
    path.write_bytes(model.SerializeToString())
    if OUTCOMES[name] == "equal":
        network = read_network(path)
        codes = run_golden(network, quantize_inputs(network, {network.inputs[0].name: samples}))
        found = finish_outputs(network, codes)[model.graph.output[0].name]
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found.reshape(wanted.shape), wanted)
    else:
        with pytest.raises(ModelError) as error:
            read_network(path)
        assert OUTCOMES[name] in str(error.value)
        assert str(error.value).startswith(f"{path}: ")
