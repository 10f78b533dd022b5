"""Float operators between quantizers, as QCDQ and QDQ files have them: what every such dialect shares.

The graph is read once, in execution order; each node turns the values of its inputs into that of its output.

Rules
-----
1. What multiplies, pools, adds or joins begins an accumulation (``matrix_operators``, ``vector_operators``);
   BatchNormalization, sums and products with constants, LeakyRelu, PRelu, Relu and Clip extend it; a quantizer of the
   dialect ends it. Between them it has one reader. An activation may be extended alike: it is then a layer of its own.
2. Identity and Dropout do nothing; Flatten, Reshape, Transpose, Squeeze and Unsqueeze only change the view.
3. A Relu or Clip of an activation that changes no code is dropped.
4. Slice, Split, Gather, Pad and Resize change the view alike (see ``picking``); so they stand behind a quantizer. A Pad
   with another number than 0 is a copy: the number is that of a code.
5. A Softmax over the features of an output is the host's.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .accumulation import Accumulation, Reals
from .builder import NetworkBuilder
from .folding import clip_bounds
from .functions import FUNCTIONS
from .graph import Graph, Node
from .layout import View
from .matrix_operators import MatrixOperators
from .operators import WAY_OUT
from .picking import PICKERS, pad_value, picked
from .reading import AFTER_SOFTMAX
from .values import Activation, Codes, Constant, Parameters, Pointwise, RawInput, Tail, Value
from .vector_operators import VectorOperators

ADDITION = "it must add constants to a layer's result, or dequantized activations; quantize what it adds"
PRODUCT = "it must multiply a layer's result with constants, or dequantized activations; quantize what it multiplies"
QUOTIENT = "it must divide a layer's result or an activation by constants; quotients of activations are not supported"


class FloatGraphReader(MatrixOperators, VectorOperators):
    """Reads everything but quantizers; a dialect adds the readers of its own."""

    def __init__(self, graph: Graph, builder: NetworkBuilder) -> None:
        super().__init__(graph, builder)
        self._readers |= dict.fromkeys(FUNCTIONS, self._function)
        self._readers |= dict.fromkeys(("Flatten", "Reshape", "Squeeze", "Transpose", "Unsqueeze"), self._rearranged)
        self._readers |= dict.fromkeys(PICKERS, self._picked) | {"Pad": self._pad}
        self._readers |= {
            "Add": self._add,
            "AveragePool": self._average_pool,
            "BatchNormalization": self._batch_normalization,
            "Clip": self._clip,
            "Concat": self._concat,
            "Conv": self._conv,
            "Div": self._div,
            "Dropout": self._dropout,
            "Gemm": self._gemm,
            "GlobalAveragePool": self._global_average_pool,
            "GlobalMaxPool": self._global_max_pool,
            "Identity": self._identity,
            "LeakyRelu": self._leaky_relu,
            "MatMul": self._matmul,
            "MaxPool": self._max_pool,
            "Mul": self._mul,
            "PRelu": self._prelu,
            "ReduceMean": self._reduce_mean,
            "Relu": self._relu,
            "Softmax": self._softmax,
            "Sub": self._sub,
        }

    # ------------------------------------------------------------------ what extends an accumulation

    def _add(self, node: Node) -> Value:
        first, second = self._value(node, 0), self._value(node, 1)
        if isinstance(first, Activation) and isinstance(second, Activation):
            return self._sum_of(node, (1, 1))
        index = 0 if isinstance(first, Constant | Parameters) else 1
        made = self._affine(node, second if index == 0 else first)
        if made is None or not isinstance(self._value(node, index), Constant | Parameters):
            raise self._refusal(node, ADDITION)
        return self._biased(node, index, made, made.view)

    def _sub(self, node: Node) -> Value:
        first, second = self._value(node, 0), self._value(node, 1)
        if isinstance(first, Activation) and isinstance(second, Activation):
            return self._sum_of(node, (1, -1))
        index = 0 if isinstance(first, Constant | Parameters) else 1
        made = self._affine(node, second if index == 0 else first)
        if made is None or not isinstance(self._value(node, index), Constant | Parameters):
            raise self._refusal(node, ADDITION)
        minus = -np.ones(1)
        # a - b = -(b - a): the accumulation, or the constant behind it, changes its sign.
        if index == 0:
            return self._biased(node, 0, made.scaled(minus, np.zeros(1)), made.view)
        return self._biased(node, 1, made.scaled(minus, np.zeros(1)), made.view).scaled(minus, np.zeros(1))

    def _mul(self, node: Node) -> Value:
        if isinstance(self._value(node, 0), Activation) and isinstance(self._value(node, 1), Activation):
            return self._product_of(node)
        index = 0 if isinstance(self._value(node, 0), Constant | Parameters) else 1
        made, factor = self._affine(node, self._value(node, 1 - index)), self._constant_reals(node, index)
        if made is None or factor is None:
            raise self._refusal(node, PRODUCT)
        return made.scaled(self._per_channel(node, made, made.view, factor), np.zeros(1))

    def _div(self, node: Node) -> Value:
        made, divisor = self._affine(node, self._value(node, 0)), self._constant_reals(node, 1)
        if made is None or divisor is None:
            raise self._refusal(node, QUOTIENT)
        if not divisor.all():
            raise self._refusal(node, f"its divisor {node.input(1)!r} must not be 0")
        return made.scaled(1 / self._per_channel(node, made, made.view, divisor), np.zeros(1))

    def _constant_reals(self, node: Node, index: int) -> Reals | None:
        value = self._value(node, index)
        if isinstance(value, Parameters):
            return ((value.codes - value.zero_point).astype(np.float32) * value.scale).astype(np.float64)
        return self._floats(node, index) if isinstance(value, Constant) else None

    def _batch_normalization(self, node: Node) -> Value:
        layer = self._affine(node, self._value(node, 0))
        if layer is None:
            raise self._refusal(node, "it must follow a layer directly, or read a dequantized activation")
        if node.attributes.get("training_mode", 0):
            raise self._refusal(node, "training_mode must be 0, not 1; export the network in evaluation mode")
        rank = len(layer.view.shape)
        gamma, beta, mean, variance = (
            self._per_channel(node, layer, layer.view, self._floats(node, index).reshape(-1, *[1] * (rank - 2)))
            for index in range(1, 5)
        )
        power = variance + node.attributes.get("epsilon", 1e-5)
        if not (power > 0).all():
            raise self._refusal(node, "variance + epsilon must be above 0 in every channel")
        factor = gamma / np.sqrt(power)
        self._builder.note(f"{node.label} folded into the requantization of layer {layer.name!r}")
        return layer.scaled(factor, beta - mean * factor)

    def _relu(self, node: Node) -> Value:
        return self._bounded(node, 0.0, np.inf)

    def _clip(self, node: Node) -> Value:
        low, high = clip_bounds(self._graph, node)
        return self._bounded(node, -np.inf if low is None else float(low), np.inf if high is None else float(high))

    def _bounded(self, node: Node, lower: float, upper: float) -> Value:
        source = self._value(node, 0)
        if isinstance(source, Accumulation):
            self._builder.note(f"{node.label} folded into the code range of layer {source.name!r}")
            return source.bounded_by(lower, upper)
        if isinstance(source, Pointwise):
            return replace(source, name=node.outputs[0], values=np.clip(source.values, lower, upper))
        if isinstance(source, Activation):
            quantizer = source.quantizer
            low, high = (
                (quantizer.parts * code - quantizer.zero_point) * quantizer.scale
                for code in (quantizer.lowest, quantizer.highest)
            )
            if lower <= low and high <= upper:
                self._builder.note(f"{node.label} changes no code of its input")
                return source
            return self._lone(node, source).bounded_by(lower, upper)
        raise self._refusal(node, "it must stand between a layer and its output quantizer")

    # ------------------------------------------------------------------ what moves no value

    def _identity(self, node: Node) -> Value:
        return self._value(node, 0)

    def _dropout(self, node: Node) -> Value:
        training = self._graph.constant(node.input(2))
        if node.input(2) and (training is None or training.any()):
            raise self._refusal(node, "training mode must be off; export the network in evaluation mode")
        return self._value(node, 0)

    def _rearranged(self, node: Node) -> Value:
        source = self._value(node, 0)
        shape = self._graph.shapes[node.outputs[0]]
        order = node.attributes.get("perm", range(len(self._graph.shapes[node.input(0)]))[::-1])
        if isinstance(source, Parameters):
            return self._rearranged_parameters(node, source, shape, tuple(order))
        if isinstance(source, Tail):
            raise self._refusal(node, AFTER_SOFTMAX)
        if isinstance(source, Constant):
            raise self._refusal(node, "it must rearrange an activation or quantized constants")
        view = source.view.transpose(order) if node.operator == "Transpose" else source.view.reshape(shape)
        if shape[:1] != (1,):
            raise self._refusal(node, f"it must keep the batch as first dimension, not give shape {list(shape)}")
        self._builder.note(f"{node.label} folded into the order of weights or of host data")
        return replace(source, view=view)

    def _rearranged_parameters(
        self, node: Node, source: Parameters, shape: tuple[int, ...], order: tuple[int, ...]
    ) -> Parameters:
        if node.operator == "Transpose":
            return Parameters(
                codes=source.codes.transpose(order),
                scale=source.scale.transpose(order),
                zero_point=source.zero_point.transpose(order),
            )
        if source.scale.size > 1:
            raise self._refusal(node, "it must not reshape constants that are scaled per channel")
        ones = (1,) * len(shape)
        return Parameters(
            codes=source.codes.reshape(shape),
            scale=source.scale.reshape(ones),
            zero_point=source.zero_point.reshape(ones),
        )

    def _picked(self, node: Node) -> Value:
        source = self._value(node, 0)
        if isinstance(source, Tail):
            raise self._refusal(node, AFTER_SOFTMAX)
        if not isinstance(source, RawInput | Codes | Activation):
            raise self._refusal(node, f"it must stand behind a quantizer; {WAY_OUT}")
        positions = picked(self._graph, node, source.view.positions)
        return replace(source, view=View(positions, node.outputs[0]))

    def _pad(self, node: Node) -> Value:
        source, value = self._value(node, 0), pad_value(self._graph, node)
        made = self._picked(node)
        if isinstance(source, RawInput) and value is not None:
            raise self._refusal(node, f"it must stand behind a quantizer; {WAY_OUT}")
        if value is None or not isinstance(made, Codes | Activation):
            return made
        if isinstance(made, Codes):
            return self._padded_codes(node, made, value)
        return made if value == 0 else self._builder.whole(node, made, fill=self._code_of(node, made.codes, value))

    def _padded_codes(self, node: Node, made: Codes, value: float) -> Codes:
        """Return codes padded with a code, not with its real value."""
        if value == made.quantizer.zero_point:
            return made
        self._builder.add(made)
        return self._builder.whole(node, Activation(codes=made, view=made.view), fill=int(value)).codes

    def _code_of(self, node: Node, codes: Codes, value: float) -> int:
        """Return the code that has a real value."""
        quantizer = codes.quantizer
        code = np.rint(np.float32(value) / quantizer.scale) + quantizer.zero_point if np.isfinite(value) else np.inf
        if (
            not quantizer.lowest <= code <= quantizer.highest
            or np.float32(code - quantizer.zero_point) * quantizer.scale != value
        ):
            way_out = "pad with 0, or a MaxPool by its own pads"
            raise self._refusal(node, f"its value {value:g} must be that of a code of its input; {way_out}")
        return int(code)

    def _softmax(self, node: Node) -> Value:
        source = self._value(node, 0)
        shape = self._graph.shapes[node.input(0)]
        if not isinstance(source, Activation | Accumulation) or len(shape) != 2:
            raise self._refusal(node, "it must normalize the features of an output vector")
        axis = node.attributes.get("axis", 1 if self._graph.opset < 13 else -1)
        if axis not in (1, -1):
            raise self._refusal(node, f"axis must be 1 or -1, not {axis}")
        self._builder.note(f"{node.label} left to the host")
        return Tail(source=source, view=source.view)
