"""A file of the size of ResNet-18: 224 x 224 images, 8 bits, random weights, written as QDQ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]

WIDTHS = (64, 128, 256, 512)
CLASSES = 1000


class _File:
    """Nodes and constants as they are added."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.default_rng(seed)
        self._count = 0
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, values: Array) -> str:
        name = self._name("c")
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        output = self._name("t")
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def quantized(self, name: str) -> str:
        """Quantize an activation to 8 bits and back."""
        scale = self.constant(np.array(self._generator.uniform(0.02, 0.05), np.float32))
        zero = self.constant(np.array(0, np.uint8))
        return self.node("DequantizeLinear", self.node("QuantizeLinear", name, scale, zero), scale, zero)

    def weights(self, *shape: int) -> str:
        codes = self.constant(self._generator.integers(-127, 128, shape).astype(np.int8))
        scale = self.constant(self._generator.uniform(0.0005, 0.002, shape[0]).astype(np.float32))
        zero = self.constant(np.zeros(shape[0], np.int8))
        return self.node("DequantizeLinear", codes, scale, zero, axis=0)

    def convolution(self, name: str, outputs: int, inputs: int, size: int, stride: int) -> str:
        bias = self.constant(self._generator.normal(0, 0.1, outputs).astype(np.float32))
        pad = size // 2
        return self.node(
            "Conv", name, self.weights(outputs, inputs, size, size), bias, strides=[stride] * 2, pads=[pad] * 4
        )

    def block(self, name: str, outputs: int, inputs: int, stride: int) -> str:
        """Add a residual block."""
        inner = self.quantized(self.node("Relu", self.convolution(name, outputs, inputs, 3, stride)))
        inner = self.quantized(self.convolution(inner, outputs, outputs, 3, 1))
        if stride > 1 or inputs != outputs:
            name = self.quantized(self.convolution(name, outputs, inputs, 1, stride))
        return self.quantized(self.node("Relu", self.node("Add", inner, name)))

    def _name(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count}"


def write_resnet18(path: Path, *, seed: int = 0, size: int = 224) -> None:
    """Write the file; the same seed gives the same bytes.

    Parameters
    ----------
    path
        Where it goes.
    seed
        Of weights, scales and biases.
    size
        Height and width of an image.
    """
    file = _File(seed)
    name = file.quantized("image")
    name = file.quantized(file.node("Relu", file.convolution(name, WIDTHS[0], 3, 7, 2)))
    name = file.node("MaxPool", name, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    inputs = WIDTHS[0]
    for width in WIDTHS:
        for number in range(2):
            name = file.block(name, width, inputs, 2 if width > WIDTHS[0] and not number else 1)
            inputs = width
    name = file.node("Flatten", file.quantized(file.node("GlobalAveragePool", name)))
    file.nodes.append(helper.make_node("Gemm", [name, file.weights(CLASSES, inputs)], ["logits"], transB=1))
    graph = helper.make_graph(
        file.nodes,
        "resnet18",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, size, size])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, CLASSES])],
        file.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString(deterministic=True))
