"""The collected malformed files: each ends as its list says, fast, and in one sentence."""

import json
import time
from pathlib import Path

import pytest

from nngen.compiler.frontend import read_network
from nngen.errors import ModelError

SUPPORTED = (
    "supported are Conv, Gemm, MatMul, Add, Sub, Mul, Div, BatchNormalization, Concat, MaxPool, AveragePool, "
    "GlobalMaxPool, GlobalAveragePool, ReduceMean, QuantizeLinear, DequantizeLinear, Relu, Clip, PRelu, Abs, Elu, Erf, "
    "Exp, Gelu, HardSigmoid, HardSwish, LeakyRelu, Mish, Selu, Sigmoid, Softplus, Softsign, Tanh, Flatten, Reshape, "
    "Transpose, Squeeze, Unsqueeze, Slice, Split, Gather, Pad, Resize, Identity, Dropout, Softmax"
)
QCDQ = "export as QCDQ (brevitas: export_onnx_qcdq)"
CUT = "is an ONNX model cut short or damaged; export or download it again"
REFUSED = {
    "01_truncated": CUT,
    "02_empty_file": "is empty; it must be an ONNX file",
    "03_not_protobuf": "is not an ONNX model; export or download it again",
    "04_git_lfs_pointer": "is a Git LFS pointer, not the model itself; fetch it with 'git lfs pull'",
    "05_bitflips": CUT,
    "06_unsupported_op": f"GridSample node with output 'y': this operator is not supported; {SUPPORTED}",
    "07_unknown_domain_op": "com.acme::Frobnicate node with output 'y': only operators of ONNX itself are supported, "
    "not those of domain 'com.acme'",
    "10_unknown_rank": "input 'x' must declare a shape; export with fixed sizes, or run onnx.tools.update_model_dims",
    "11_nan_weight_scale": "DequantizeLinear node 'dw': its scale 'ws' must be finite and above 0, not nan",
    "12_inf_act_scale": "QuantizeLinear node 'qy': its scale 'ys' must be finite and above 0, not inf",
    "13_zero_scale": "QuantizeLinear node 'qy': its scale 'ys' must be finite and above 0, not 0",
    "14_negative_scale": "DequantizeLinear node 'dw': its scale 'ws' must be finite and above 0, not -0.02",
    "17_nan_float_weights": "MatMul node with output 'y': its weights 'w' hold NaN",
    "18_float_unquantized": f"Gemm node with output 'z': it has no quantizer, nor has any other layer; {QCDQ}",
    "19_half_quantized": "MatMul node with output 'z2': its weights 'w2' are not quantized; "
    "quantize every layer's input, weights and output before export",
    "20_cycle": "Add node with output 'a': the graph must have no cycle, and this node waits for its own result",
}
ACCEPTED: dict[str, tuple[str, ...]] = {
    "00_good_qdq_fc": (),
    "08_dynamic_batch": ("warning: symbolic batch 'N' of input 'x' bound to 1",),
    "09_dynamic_features": (
        "warning: symbolic batch 'N' of input 'x' bound to 1",
        "warning: symbolic dimension 'K' of input 'x' bound to 16 by the weights",
    ),
    "15_huge_scale": (),
    "16_tiny_scale": ("warning: layer 'y0': the scale of 8 channels is too small to change any code",),
}


def test_the_list_is_complete(shared_models: Path) -> None:
    expected = json.loads((shared_models / "malformed" / "expect.json").read_text())
    assert expected.keys() == REFUSED.keys() | ACCEPTED.keys()
    assert {name for name, entry in expected.items() if entry["expect"] == "reject"} <= REFUSED.keys()
    assert {name for name, entry in expected.items() if entry["expect"] == "accept"} <= ACCEPTED.keys()


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, shared_models: Path) -> None:
    path = shared_models / "malformed" / f"{name}.onnx"
    start = time.perf_counter()
    with pytest.raises(ModelError) as error:
        read_network(path)
    assert time.perf_counter() - start < 2
    assert str(error.value) == f"{path}: {REFUSED[name]}"


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name: str, shared_models: Path) -> None:
    network = read_network(shared_models / "malformed" / f"{name}.onnx")
    assert network.folded == ACCEPTED[name]
    assert network.layers[0].matrix.shape == (16, 8)


OTHER_DIALECTS = {
    "mlonmcu_micro_kws_quantdequant/model": "Conv node 'micro_kws/conv2d/Relu;micro_kws/conv2d/BiasAdd;micro_kws/"
    "conv2d_2/Conv2D;micro_kws/conv2d/Conv2D;micro_kws/conv2d/BiasAdd/ReadVariableOp_prequant': its weights "
    "'const_fold_opt__85' are not quantized; quantize every layer's input, weights and output before export",
    "brevitas/cnn_ort_dynamic": "DynamicQuantizeLinear node 'x_QuantizeLinear': scales that depend on the data are not "
    "supported; quantize statically",
    "brevitas/mlp_fp32": f"Gemm node '/fc1/Gemm': it has no quantizer, nor has any other layer; {QCDQ}",
    "silero_vad_16k_op15/model": "If node '/model/decoder/If': control flow is not supported; "
    "export a graph without branches or loops",
}


@pytest.mark.parametrize("name", OTHER_DIALECTS)
def test_other_dialects_are_named(name: str, shared_models: Path) -> None:
    path = shared_models / f"{name}.onnx"
    with pytest.raises(ModelError) as error:
        read_network(path)
    assert str(error.value) == f"{path}: {OTHER_DIALECTS[name]}"
