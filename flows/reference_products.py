"""Int8 weights of quantized operators as uint8, so that onnxruntime's products are exact on every x86 processor.

Source: onnxruntime's documentation of quantization, "When and why do I need to try U8U8?": without VNNI its kernels for
uint8 activations and int8 weights add two products in 16 bits, which saturate. Measured here on AVX2: 11 % of the
codes of a network wrong, all in its first layer; a model of the saturating sums reproduces every one.

Rules
-----
1. Where an operator of ``WEIGHTS`` reads uint8 codes and int8 weights from an initializer, it reads copies of weights
   and zero point that are 128 larger and uint8: the same numbers, for which the kernels are exact.
2. That codes are uint8 is what their zero point says, or, where they have none, the network's input.
3. All else stays (int8 codes are exact as they are). The file is never written.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

__all__ = ["make_products_exact"]

# Operator: the inputs that hold weights and their zero point; that of the codes is always input 2.
WEIGHTS = {
    "ConvInteger": (1, 3),
    "MatMulInteger": (1, 3),
    "QGemm": (3, 5),
    "QLinearConv": (3, 5),
    "QLinearMatMul": (3, 5),
}
CODES_ZERO_POINT = 2
SHIFT = 128


def make_products_exact(model: onnx.ModelProto, folder: Path) -> None:
    """Change a parsed model in memory; ``folder`` holds its external data."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    unsigned = {name for name, tensor in constants.items() if tensor.data_type == TensorProto.UINT8}
    unsigned |= {end.name for end in model.graph.input if end.type.tensor_type.elem_type == TensorProto.UINT8}
    for node in model.graph.node:
        if node.op_type in WEIGHTS and (_input(node, CODES_ZERO_POINT) or _input(node, 0)) in unsigned:
            _shift_weights(model, node, constants, folder)


def _input(node: onnx.NodeProto, index: int) -> str:
    return str(node.input[index]) if index < len(node.input) else ""


def _shift_weights(
    model: onnx.ModelProto, node: onnx.NodeProto, constants: dict[str, onnx.TensorProto], folder: Path
) -> None:
    weights, zero_point = WEIGHTS[node.op_type]
    held = constants.get(_input(node, weights))
    given = _input(node, zero_point)
    if held is None or held.data_type != TensorProto.INT8 or (given and given not in constants):
        return
    zeros = constants[given] if given else numpy_helper.from_array(np.zeros((), np.int8), f"{held.name}:zero")
    node.input.extend([""] * (zero_point + 1 - len(node.input)))
    for index, tensor in ((weights, held), (zero_point, zeros)):
        codes = numpy_helper.to_array(tensor, base_dir=str(folder)).astype(np.int16) + SHIFT
        name = f"{tensor.name}:{node.output[0]}:uint8"
        model.graph.initializer.append(numpy_helper.from_array(codes.astype(np.uint8), name))
        node.input[index] = name
