"""Quantized operators added to a file in the making, for tests of the QOperator dialect."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto

MICROSOFT = "com.microsoft"
TENSOR_TYPES = {"uint8": TensorProto.UINT8, "int8": TensorProto.INT8}


@dataclass(frozen=True)
class Coded:
    """A tensor of codes: its name, scale, zero point, element type and shape with batch."""

    name: str
    scale: np.float32
    zero_point: int
    kind: str
    shape: tuple[int, ...]


class QOperatorFile:
    """Wraps an ``OnnxFile``; every method returns the codes that it added."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def how(self, coded: Coded) -> tuple[str, str]:
        return self.file.constant(coded.scale, np.float32), self.file.constant(coded.zero_point, coded.kind)

    def operands(self, *tensors: Coded) -> list[str]:
        return [name for tensor in tensors for name in (tensor.name, *self.how(tensor))]

    def input(self, name: str, like: Coded) -> Coded:
        self.file.input(name, [1, *like.shape[1:]], TENSOR_TYPES[like.kind])
        return Coded(name, like.scale, like.zero_point, like.kind, like.shape)

    def quantized(self, name: str, like: Coded) -> Coded:
        source = self.file.input(name, [1, *like.shape[1:]])
        made = self.file.node("QuantizeLinear", source, *self.how(like))
        return Coded(made, like.scale, like.zero_point, like.kind, like.shape)

    def constant(self, codes: Any, like: Coded) -> Coded:
        return Coded(self.file.constant(codes, like.kind), like.scale, like.zero_point, like.kind, np.shape(codes))

    def layer(
        self,
        operator: str,
        x: Coded,
        weights: Any,
        y: Coded,
        *,
        kind: str,
        scale: Any,
        zero: Any,
        bias: Any = None,
        **how: Any,
    ) -> Coded:
        """QLinearConv, QLinearMatMul or QGemm."""
        of_weights = [self.file.constant(weights, kind), self.file.constant(scale, np.float32)]
        of_weights.append(self.file.constant(zero, kind))
        end = list(self.how(y))
        more = [] if bias is None else [self.file.constant(bias, np.int32)]
        ends = [*(more or [""]), *end] if operator == "QGemm" else [*end, *more]
        domain = MICROSOFT if operator == "QGemm" else ""
        name = self.file.node(operator, *self.operands(x), *of_weights, *ends, domain=domain, **how)
        return Coded(name, y.scale, y.zero_point, y.kind, y.shape)

    def binary(self, operator: str, a: Coded, b: Coded, y: Coded) -> Coded:
        name = self.file.node(operator, *self.operands(a, b), *self.how(y), domain=MICROSOFT)
        return Coded(name, y.scale, y.zero_point, y.kind, y.shape)

    def unary(self, operator: str, x: Coded, y: Coded, **how: Any) -> Coded:
        name = self.file.node(operator, *self.operands(x), *self.how(y), domain=MICROSOFT, **how)
        return Coded(name, y.scale, y.zero_point, y.kind, y.shape)

    def concat(self, tensors: list[Coded], y: Coded, *, axis: int = 1) -> Coded:
        name = self.file.node("QLinearConcat", *self.how(y), *self.operands(*tensors), domain=MICROSOFT, axis=axis)
        return Coded(name, y.scale, y.zero_point, y.kind, y.shape)

    def max_pool(self, x: Coded) -> Coded:
        height, width = x.shape[2] // 2, x.shape[3] // 2
        name = self.file.node("MaxPool", x.name, kernel_shape=[2, 2], strides=[2, 2])
        return Coded(name, x.scale, x.zero_point, x.kind, (*x.shape[:2], height, width))

    def flat(self, x: Coded) -> Coded:
        name = self.file.node("Flatten", x.name)
        return Coded(name, x.scale, x.zero_point, x.kind, (1, int(np.prod(x.shape[1:]))))

    def finish(self, x: Coded, *, real: bool = True) -> None:
        if real:
            self.file.node("DequantizeLinear", x.name, *self.how(x), output="y")
            self.file.output("y")
        else:
            self.file.output(x.name, TENSOR_TYPES[x.kind])
