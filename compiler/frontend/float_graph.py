"""Float operators between quantizers, as QCDQ and QDQ files have them: what every such dialect shares.

The graph is read once, in execution order; each node turns the values of its inputs into that of its output.

Rules
-----
1. Conv, Gemm and MatMul read a dequantized activation and begin an accumulation; BatchNormalization, a constant Add,
   Relu and Clip extend it; a quantizer of the dialect ends it. Between them it has one reader.
2. Weights are quantized constants in -255..255 with zero point 0, scaled per tensor or per output channel.
3. A fully connected layer is a convolution over its whole input; its weight rows take the input's channel-last order.
4. Identity and Dropout do nothing; Flatten, Reshape, Transpose, Squeeze and Unsqueeze only change the view.
5. A Relu or Clip of an activation that changes no code is dropped.
6. A Softmax over the features of an output is the host's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from nngen.errors import ModelError
from nngen.ir import Network

from .accumulation import Accumulation, Reals
from .builder import NetworkBuilder
from .convolution import Window
from .folding import clip_bounds
from .graph import Array, Graph, Node
from .layout import IntArray, View
from .values import Activation, Codes, Constant, Parameters, RawInput, Tail, Value

LARGEST_WEIGHT = 255
AFTER_SOFTMAX = "nothing may follow a Softmax, which the host computes; end the network with it"
WAY_OUT = "quantize every layer's input, weights and output before export"

NodeReader = Callable[[Node], Value]


class FloatGraphReader:
    """Reads everything but quantizers; a dialect adds the readers of its own."""

    def __init__(self, graph: Graph, builder: NetworkBuilder) -> None:
        self._graph = graph
        self._builder = builder
        self._consumers = graph.consumers()
        self._values: dict[str, Value] = {
            value.name: RawInput(input=value, view=View.in_file_order(graph.shapes[value.name]))
            for value in graph.inputs
        }
        self._readers: dict[str, NodeReader] = {
            "Add": self._add,
            "BatchNormalization": self._batch_normalization,
            "Clip": self._clip,
            "Conv": self._conv,
            "Dropout": self._dropout,
            "Flatten": self._rearranged,
            "Gemm": self._gemm,
            "Identity": self._identity,
            "MatMul": self._matmul,
            "Relu": self._relu,
            "Reshape": self._rearranged,
            "Softmax": self._softmax,
            "Squeeze": self._rearranged,
            "Transpose": self._rearranged,
            "Unsqueeze": self._rearranged,
        }

    def read(self) -> Network:
        """Return the network."""
        for node in self._graph.nodes:
            value = self._readers[node.operator](node)
            if isinstance(value, Accumulation) and self._reader_count(node) > 1:
                raise self._refusal(node, f"its result must be quantized before several nodes read it; {WAY_OUT}")
            self._values[node.outputs[0]] = value
        for name in self._graph.outputs:
            self._builder.output(name, self._output(name))
        return self._builder.finish()

    def _output(self, name: str) -> Activation | Accumulation | Tail:
        value = self._values.get(name)
        if isinstance(value, Codes):
            raise ModelError(
                f"{self._graph.file}: output {name!r} must be float32, not codes; append a DequantizeLinear"
            )
        if not isinstance(value, Activation | Accumulation | Tail):
            raise ModelError(f"{self._graph.file}: output {name!r} must be the result of a layer")
        return value

    def _refusal(self, node: Node, reason: str) -> ModelError:
        return self._graph.refusal(node, reason)

    def _reader_count(self, node: Node) -> int:
        name = node.outputs[0]
        return len(self._consumers.get(name, [])) + self._graph.outputs.count(name)

    def _value(self, node: Node, index: int) -> Value:
        name = node.input(index)
        constant = self._graph.constant(name)
        if constant is not None:
            return Constant(values=constant)
        if name not in self._values:
            raise self._refusal(node, f"its input {index} must be given by a first output, not by {name!r}")
        return self._values[name]

    def _floats(self, node: Node, index: int) -> Reals:
        name = node.input(index)
        values = self._graph.constant(name)
        if values is None or not np.isfinite(values.astype(np.float64)).all():
            raise self._refusal(node, f"its input {name!r} must be constant and finite")
        return values.astype(np.float64)

    # ------------------------------------------------------------------ layers

    def _conv(self, node: Node) -> Value:
        activation = self._activation(node)
        weights, scale = self._weights(node, output_axis=0)
        name, shape = self._builder.image(node, activation)
        window = Window.of(self._graph, node, shape[:2], weights.shape[2:])
        view = View.of_image((*window.output, len(weights)))
        return self._accumulation(node, name, weights.transpose(0, 2, 3, 1), scale, window, view)

    def _gemm(self, node: Node) -> Value:
        for key, due in (("alpha", 1.0), ("beta", 1.0)):
            if node.attributes.get(key, due) != due:
                raise self._refusal(node, f"{key} must be {due:g}, not {node.attributes[key]:g}")
        return self._matrix(node, transposed=bool(node.attributes.get("transB", 0)))

    def _matmul(self, node: Node) -> Value:
        return self._matrix(node, transposed=False)

    def _matrix(self, node: Node, *, transposed: bool) -> Value:
        activation = self._activation(node)
        weights, scale = self._weights(node, output_axis=0 if transposed else 1)
        weights = weights if transposed else weights.T
        name, shape, positions = self._builder.vector(node, activation)
        if weights.shape[1] != positions.size:
            raise self._refusal(node, "its input must be one vector a sample")
        ordered = np.empty_like(weights)
        ordered[:, positions] = weights
        if shape[:2] != (1, 1):
            self._builder.note(f"{node.label} became a convolution over its whole {list(shape)} input")
        whole = Window(strides=(1, 1), pads=(0, 0, 0, 0), output=(1, 1))
        view = View.of_vector(len(weights))
        return self._accumulation(node, name, ordered.reshape(-1, *shape), scale, whole, view)

    def _activation(self, node: Node) -> Activation:
        source = self._value(node, 0)
        if isinstance(source, RawInput):
            raise self._refusal(node, f"the network input {source.input.name!r} it reads has no quantizer; {WAY_OUT}")
        if isinstance(source, Accumulation):
            raise self._refusal(node, f"the layer {source.name!r} it reads has no output quantizer; {WAY_OUT}")
        if not isinstance(source, Activation):
            raise self._refusal(node, f"its first input must be a dequantized activation; {WAY_OUT}")
        return source

    def _weights(self, node: Node, *, output_axis: int) -> tuple[IntArray, npt.NDArray[np.float32]]:
        weights = self._value(node, 1)
        what = f"its weights {node.input(1)!r}"
        if isinstance(weights, Constant):
            flaw = "hold NaN" if np.isnan(weights.values.astype(np.float64)).any() else "are not quantized"
            raise self._refusal(node, f"{what} {flaw}; {WAY_OUT}")
        if not isinstance(weights, Parameters):
            raise self._refusal(node, f"{what} must be constant; weights computed from data are not supported")
        if weights.zero_point.any():
            zero_point = weights.zero_point[weights.zero_point != 0].flat[0]
            raise self._refusal(
                node, f"{what} must have zero point 0, not {zero_point}; quantize weights symmetrically"
            )
        largest = int(np.abs(weights.codes).max(initial=0))
        if largest > LARGEST_WEIGHT:
            raise self._refusal(node, f"{what} must lie in -{LARGEST_WEIGHT}..{LARGEST_WEIGHT}, not reach {largest}")
        outputs = weights.codes.shape[output_axis]
        if weights.scale.size > 1 and weights.scale.shape[output_axis] != weights.scale.size:
            raise self._refusal(node, f"{what} must have one scale, or one for each of its {outputs} output channels")
        return weights.codes, np.broadcast_to(weights.scale.ravel(), outputs)

    def _accumulation(  # noqa: PLR0917 - what a layer is made of, in the order of MatrixLayer
        self,
        node: Node,
        name: str,
        weights: IntArray,
        scale: npt.NDArray[np.float32],
        window: Window,
        view: View,
    ) -> Accumulation:
        """Return the accumulation that a node begins, with its bias, on tensor ``name``."""
        channels, quantizer = len(weights), self._activation(node).codes.quantizer
        with np.errstate(over="ignore", under="ignore"):
            unit = scale * quantizer.scale
        begun = Accumulation(
            name=node.outputs[0],
            input=name,
            weights=np.ascontiguousarray(weights),
            strides=window.strides,
            pads=window.pads,
            shape=(*window.output, channels),
            view=view,
            unit=unit,
            integer=-quantizer.zero_point * weights.reshape(channels, -1).sum(axis=1),
            scale=scale.astype(np.float64) * np.float64(quantizer.scale),
            offset=np.zeros(channels),
        )
        return self._biased(node, 2, begun, View.of_vector(channels)) if node.input(2) else begun

    # ------------------------------------------------------------------ what extends an accumulation

    def _biased(self, node: Node, index: int, layer: Accumulation, view: View) -> Accumulation:
        bias = self._value(node, index)
        if not isinstance(bias, Parameters | Constant):
            raise self._refusal(node, "adding two activations is not supported")
        if isinstance(bias, Constant):
            offset = self._per_channel(node, layer, view, self._floats(node, index))
            return layer.scaled(np.ones(1), offset)
        codes = self._per_channel(node, layer, view, bias.codes - bias.zero_point).astype(np.int64)
        scale = self._per_channel(node, layer, view, bias.scale).astype(np.float32)
        return layer.biased(codes, scale)

    def _per_channel(self, node: Node, layer: Accumulation, view: View, values: Array) -> Reals:
        try:
            spread = view.per_channel(values, len(layer.weights))
        except ValueError:
            spread = None
        if spread is None:
            raise self._refusal(node, f"its constants of shape {list(values.shape)} must hold one value a channel")
        return spread

    def _add(self, node: Node) -> Value:
        first, second = self._value(node, 0), self._value(node, 1)
        index = 0 if isinstance(second, Accumulation) else 1
        layer = second if isinstance(second, Accumulation) else first
        if not isinstance(layer, Accumulation) or layer.bounded:
            raise self._refusal(
                node, "it must add a constant bias to a layer's result; other additions are not supported"
            )
        return self._biased(node, index, layer, layer.view)

    def _batch_normalization(self, node: Node) -> Value:
        layer = self._value(node, 0)
        if not isinstance(layer, Accumulation) or layer.bounded:
            raise self._refusal(
                node, "it must follow a Conv, Gemm or MatMul directly, so that it can be folded into it"
            )
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
        if isinstance(source, Activation):
            quantizer = source.codes.quantizer
            low, high = (
                (code - quantizer.zero_point) * quantizer.scale for code in (quantizer.lowest, quantizer.highest)
            )
            if lower <= low and high <= upper:
                self._builder.note(f"{node.label} changes no code of its input")
                return source
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
