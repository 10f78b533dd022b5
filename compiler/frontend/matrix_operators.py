"""Conv, Gemm and MatMul: what begins a matrix layer, or a depthwise one.

Rules
-----
1. They read a dequantized activation and begin an accumulation.
2. Weights are quantized constants, scaled per tensor or per output channel; with the zero point taken away they lie in
   -255..255.
3. A fully connected layer is a convolution over its whole input; its weight rows take the input's channel-last order.
4. Groups: see ``grouping``.
5. Padding and reordered channels of the input move into the window and the weights.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nngen.ir import DepthwiseLayer, MatrixLayer

from .accumulation import Accumulation, yet_to_come
from .convolution import Window
from .graph import Node
from .grouping import check_groups, dense_weights, is_depthwise
from .layout import ImageShape, IntArray, View
from .operators import WAY_OUT
from .reading import GraphReader
from .values import Constant, Parameters, Value

LARGEST_WEIGHT = 255
BIPOLAR_PADDING = "its input has the values -1 and 1 only, so that it cannot be padded with 0; use 2 bits (-1, 0, 1)"


class MatrixOperators(GraphReader):
    """Reads the operators that multiply with weights."""

    def _conv(self, node: Node) -> Value:
        activation = self._activation(node)
        weights, scale = self._weights(node, output_axis=0)
        read = self._builder.image(node, activation)
        name, shape = read.name, read.shape
        kernel = weights.shape[2:]
        window = Window.of(self._graph, node, shape[2 - len(kernel) : 2], kernel)
        outputs, width = weights.shape[:2]
        group = check_groups(self._graph, node, channels=shape[2], outputs=outputs, group_channels=width)
        image = weights.reshape(outputs, width, *window.kernel).transpose(0, 2, 3, 1)
        pads = read.padded(window.pads)
        result = (*window.output, outputs)
        view, order = View.of_image(result), None
        if is_depthwise(group, channels=shape[2], outputs=outputs):
            view, order, scale = read.view_of(result), read.order, read.ordered(scale)
            layer: MatrixLayer | DepthwiseLayer = DepthwiseLayer(
                name=node.outputs[0],
                input=name,
                output=node.outputs[0],
                weights=np.ascontiguousarray(read.ordered(image[..., 0])),
                strides=window.strides,
                pads=pads,
                dilations=window.dilations,
                requantization=yet_to_come(outputs),
            )
        else:
            layer = MatrixLayer(
                name=node.outputs[0],
                input=name,
                output=node.outputs[0],
                weights=np.ascontiguousarray(read.ordered(dense_weights(image, group).T).T),
                strides=window.strides,
                pads=pads,
                dilations=window.dilations,
                requantization=yet_to_come(outputs),
            )
            if group > 1:
                self._builder.note(f"{node.label}: {group} groups became one matrix with zeros beside their blocks")
        return self._begun(node, layer, scale, result, view.reshape(self._graph.shapes[node.outputs[0]]), order=order)

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
        name, shape, view = self._builder.operand(node, activation)
        positions = view.positions.ravel()
        if weights.shape[1] != positions.size:
            raise self._refusal(node, "its input must be one vector a sample")
        ordered = np.empty_like(weights)
        ordered[:, positions] = weights
        if shape[:2] != (1, 1):
            self._builder.note(f"{node.label} became a convolution over its whole {list(shape)} input")
        layer = MatrixLayer(
            name=node.outputs[0],
            input=name,
            output=node.outputs[0],
            weights=np.ascontiguousarray(ordered.reshape(-1, *shape)),
            strides=(1, 1),
            pads=(0, 0, 0, 0),
            requantization=yet_to_come(len(weights)),
        )
        return self._begun(node, layer, scale, (1, 1, len(weights)), View.of_vector(len(weights)))

    def _weights(self, node: Node, *, output_axis: int) -> tuple[IntArray, npt.NDArray[np.float32]]:
        weights = self._value(node, 1)
        what = f"its weights {node.input(1)!r}"
        if isinstance(weights, Constant):
            flaw = "hold NaN" if np.isnan(weights.values.astype(np.float64)).any() else "are not quantized"
            raise self._refusal(node, f"{what} {flaw}; {WAY_OUT}")
        if not isinstance(weights, Parameters):
            raise self._refusal(node, f"{what} must be constant; weights computed from data are not supported")
        codes = weights.codes - weights.zero_point
        if weights.zero_point.any():
            self._builder.note(f"{node.label}: the zero point of its weights taken away")
        largest = int(np.abs(codes).max(initial=0))
        if largest > LARGEST_WEIGHT:
            raise self._refusal(node, f"{what} must lie in -{LARGEST_WEIGHT}..{LARGEST_WEIGHT}, not reach {largest}")
        outputs = codes.shape[output_axis]
        if weights.scale.size > 1 and weights.scale.shape[output_axis] != weights.scale.size:
            raise self._refusal(node, f"{what} must have one scale, or one for each of its {outputs} output channels")
        return codes, np.broadcast_to(weights.scale.ravel(), outputs)

    def _begun(
        self,
        node: Node,
        layer: MatrixLayer | DepthwiseLayer,
        scale: npt.NDArray[np.float32],
        shape: ImageShape,
        view: View,
        *,
        order: IntArray | None = None,
    ) -> Accumulation:
        """Return the accumulation that a node begins, with its bias; ``order`` are the channels of the file's."""
        channels, quantizer = shape[2], self._activation(node).codes.quantizer
        if quantizer.parts > 1 and any(layer.pads):
            raise self._refusal(node, BIPOLAR_PADDING)
        with np.errstate(over="ignore", under="ignore"):
            unit = scale * quantizer.scale
        begun = Accumulation(
            name=node.outputs[0],
            layer=layer,
            shape=shape,
            view=view,
            unit=unit,
            parts=quantizer.parts,
            integer=-quantizer.zero_point * layer.weights.reshape(channels, -1).sum(axis=1),
            scale=scale.astype(np.float64) * np.float64(quantizer.scale),
            offset=np.zeros(channels),
        )
        bias_view = View.of_vector(channels) if order is None else View(order[None])
        return self._biased(node, 2, begun, bias_view) if node.input(2) else begun

    def _biased(self, node: Node, index: int, layer: Accumulation, view: View) -> Accumulation:
        """Return an accumulation with the constants of an input added."""
        bias = self._value(node, index)
        if isinstance(bias, Constant):
            offset = self._per_channel(node, layer, view, self._floats(node, index))
            return layer.scaled(np.ones(1), offset)
        if not isinstance(bias, Parameters):
            raise self._refusal(node, f"its input {node.input(index)!r} must be constant")
        codes = self._per_channel(node, layer, view, bias.codes - bias.zero_point).astype(np.int64)
        scale = self._per_channel(node, layer, view, bias.scale).astype(np.float32)
        return layer.biased(codes, scale)
