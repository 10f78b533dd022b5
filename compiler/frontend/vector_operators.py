"""Pools, sums and concatenations of activations, and functions of one activation.

Rules
-----
1. A maximum of codes needs no quantizer behind it; a sum or mean begins an accumulation (see ``pooling``).
2. Two activations of one shape may be added or subtracted (see ``weighting``), or multiplied: a factor may also have
   one value a channel for all of height and width. What comes in another order is copied.
3. A concatenation must keep the height and width of its inputs. Where all have one scale and zero point it needs no
   quantizer behind it.
4. A function of an activation of at most 8 bits becomes a table (see ``functions``), with the quantizer behind it.
5. A window takes padding and reordered channels of its input along. A max pool takes padding only where the real zero
   is the lowest code, a mean only where its own padding counts, or where it has none.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from nngen.ir import ConcatLayer, ElementwiseLayer, PoolLayer, ProductLayer

from .accumulation import Accumulation, yet_to_come
from .convolution import Window
from .folding import reduced_axes
from .functions import dequantized, evaluate
from .graph import Array, Node, Shape
from .layout import ImageShape, IntArray, View
from .matrix_operators import BIPOLAR_PADDING
from .operators import WAY_OUT
from .pooling import average_pool, max_pool
from .reading import GraphReader
from .values import Activation, Codes, Image, Parameters, Pointwise, Quantizer, Value
from .weighting import LARGEST_COEFFICIENT, coefficients

TABLE_BITS = 8
PRODUCT_SHAPES = (
    "the activations it multiplies must have one shape, or one of them one value a channel, not shapes {what}; expand "
    "one of them before it is quantized"
)


class VectorOperators(GraphReader):
    """Reads the operators that no macro computes."""

    # ------------------------------------------------------------------ pools

    def _max_pool(self, node: Node) -> Value:
        if node.attributes.get("storage_order", 0):
            raise self._refusal(node, "storage_order must be 0, not 1")
        return self._maximum(node, whole=False)

    def _global_max_pool(self, node: Node) -> Value:
        return self._maximum(node, whole=True)

    def _maximum(self, node: Node, *, whole: bool) -> Value:
        source = self._value(node, 0)
        if isinstance(source, Codes):
            self._builder.add(source)
            activation = Activation(codes=source, view=source.view)
        else:
            activation = self._activation(node)
        quantizer = activation.quantizer
        lowest = self._builder.lowest_code(activation.codes)
        read = self._builder.image(node, activation, pads=lowest == quantizer.zero_point)
        window = self._pool_window(node, read.shape, whole=whole)
        layer = max_pool(node.outputs[0], read.name, read.shape, window)
        made = self._pooled(node, layer, quantizer, window, read, elements=1)
        if isinstance(source, Codes):
            return Codes(name=node.outputs[0], source=made, quantizer=quantizer, view=made.view)
        return self._kept(node, made, quantizer)

    def _kept(self, node: Node, made: Accumulation, quantizer: Quantizer) -> Value:
        """Return what keeps the quantization of its input: codes at once, unless a quantizer is all that reads it."""
        readers = self._consumers.get(node.outputs[0], [])
        if self._reader_count(node) == 1 and [reader.operator for reader in readers] == ["QuantizeLinear"]:
            return made
        codes = Codes(name=node.outputs[0], source=made, quantizer=quantizer, view=made.view)
        self._builder.add(codes)
        return Activation(codes=codes, view=codes.view)

    def _average_pool(self, node: Node) -> Value:
        counts = bool(node.attributes.get("count_include_pad", 0))
        return self._average(node, whole=False, counts_padding=counts)

    def _global_average_pool(self, node: Node) -> Value:
        return self._average(node, whole=True, counts_padding=True)

    def _average(self, node: Node, *, whole: bool, counts_padding: bool) -> Value:
        activation = self._activation(node)
        read = self._builder.image(node, activation)
        window = self._pool_window(node, read.shape, whole=whole)
        if any(read.pads) and any(window.pads) and not counts_padding:
            read = self._builder.image(node, activation, pads=False)
        counts_padding = counts_padding or any(read.pads)
        layer = average_pool(node.outputs[0], read.name, read.shape, window, counts_padding=counts_padding)
        quantizer = activation.codes.quantizer
        if quantizer.parts > 1 and (any(window.pads) or any(read.pads)):
            raise self._refusal(node, BIPOLAR_PADDING)
        return self._pooled(node, layer, quantizer, window, read, elements=layer.rows)

    def _pool_window(self, node: Node, shape: ImageShape, *, whole: bool) -> Window:
        if whole:
            return Window.whole(shape[:2])
        rank = len(self._graph.shapes[node.input(0)]) - 2
        return Window.of(self._graph, node, shape[2 - rank : 2], node.attributes["kernel_shape"])

    def _pooled(
        self, node: Node, layer: PoolLayer, quantizer: Quantizer, window: Window, read: Image, *, elements: int
    ) -> Accumulation:
        shape = (*window.output, layer.outputs)
        view = read.view_of(shape).reshape(self._graph.shapes[node.outputs[0]])
        layer = replace(layer, pads=read.padded(window.pads))
        return _mean(layer, quantizer, shape, view, elements=elements)

    def _reduce_mean(self, node: Node) -> Value:
        activation = self._activation(node)
        name, shape, view = self._builder.operand(node, activation)
        channels = _channels_kept(view, reduced_axes(self._graph, node), shape)
        if channels is None:
            raise self._refusal(node, "it must reduce all of height and width, and nothing else")
        layer = average_pool(node.outputs[0], name, shape, Window.whole(shape[:2]), counts_padding=True)
        self._builder.note(f"{node.label} became a pool over its whole {list(shape)} input")
        reduced = View(channels.reshape(self._graph.shapes[node.outputs[0]]))
        return _mean(layer, activation.codes.quantizer, (1, 1, shape[2]), reduced, elements=layer.rows)

    # ------------------------------------------------------------------ sums and concatenations

    def _sum_of(self, node: Node, signs: tuple[int, int]) -> Value:
        """Return the weighted sum of a node's two activations."""
        sources = [self._activation(node, index) for index in range(2)]
        (first, shape, view), (second, other, other_view) = self._operands(node, sources)
        if shape != other or not np.array_equal(view.positions, other_view.positions):
            what = f"{list(view.shape)} and {list(other_view.shape)}"
            raise self._refusal(node, f"its activations must have one shape and order, not {what}")
        quantizers = [source.codes.quantizer for source in sources]
        scales = [float(quantizer.scale) for quantizer in quantizers]
        factors, unit = coefficients(scales, [self._builder.largest_code(name) for name in (first, second)])
        factors = tuple(sign * factor for sign, factor in zip(signs, factors, strict=True))
        zero = -sum(factor * how.zero_point for factor, how in zip(factors, quantizers, strict=True))
        factors = tuple(factor * how.parts for factor, how in zip(factors, quantizers, strict=True))
        if max(map(abs, factors)) > LARGEST_COEFFICIENT:
            raise self._refusal(node, "its scales must have a ratio of 22 bits where an input has -1 and 1 only")
        channels = shape[2]
        layer = ElementwiseLayer(
            name=node.outputs[0],
            inputs=(first, second),
            output=node.outputs[0],
            coefficients=factors,
            requantization=yet_to_come(channels),
        )
        return Accumulation(
            name=node.outputs[0],
            layer=layer,
            shape=shape,
            view=view,
            unit=np.full(channels, unit, np.float32),
            integer=np.full(channels, zero),
            scale=np.full(channels, unit),
            offset=np.zeros(channels),
        )

    def _operands(self, node: Node, sources: list[Activation]) -> list[tuple[str, ImageShape, View]]:
        """Return the tensors of two activations; of two that have one shape in the file, but not one order, copies."""
        operands = [self._builder.operand(node, source) for source in sources]
        views = [view for _, _, view in operands]
        if views[0].shape == views[1].shape and not np.array_equal(views[0].positions, views[1].positions):
            copied = [self._builder.reordered(node, self._builder.whole(node, source)) for source in sources]
            operands = [self._builder.operand(node, source) for source in copied]
        return operands

    def _product_of(self, node: Node) -> Value:
        """Return the product of a node's two activations."""
        sources = [self._activation(node, index) for index in range(2)]
        if math.prod(self._graph.shapes[node.input(0)]) < math.prod(self._graph.shapes[node.input(1)]):
            sources.reverse()
        (first, shape, view), (second, other, other_view) = self._operands(node, sources)
        spread = other == (1, 1, shape[2]) != shape and _same_channels(view, other_view, shape[2])
        if not spread and (shape != other or not np.array_equal(view.positions, other_view.positions)):
            what = " and ".join(str(list(seen.shape)) for seen in (view, other_view))
            raise self._refusal(node, PRODUCT_SHAPES.format(what=what))
        names = self._builder.alike((first, second))
        scales = [source.codes.quantizer.scale for source in sources]
        channels, unit = shape[2], np.float64(scales[0]) * np.float64(scales[1])
        return Accumulation(
            name=node.outputs[0],
            layer=ProductLayer(
                name=node.outputs[0],
                inputs=names,
                output=node.outputs[0],
                zero_points=(self._builder.zero_point(names[0]), self._builder.zero_point(names[1])),
                requantization=yet_to_come(channels),
            ),
            shape=shape,
            view=view,
            unit=np.full(channels, scales[0] * scales[1], np.float32),
            integer=np.zeros(channels, np.int64),
            scale=np.full(channels, unit),
            offset=np.zeros(channels),
        )

    def _concat(self, node: Node) -> Value:
        sources = [self._builder.whole(node, self._activation(node, index)) for index in range(len(node.inputs))]
        operands = [self._builder.operand(node, source) for source in sources]
        shapes = [shape for _, shape, _ in operands]
        if any(shape[:2] != shapes[0][:2] for shape in shapes):
            raise self._refusal(node, "its inputs must be joined along their channels")
        quantizers = [source.codes.quantizer for source in sources]
        made = self._joined(node, operands, quantizers)
        if len({quantizer.parts for quantizer in quantizers}) > 1:
            raise self._refusal(node, "its inputs must all have the values -1 and 1 only, or none of them")
        if len({(quantizer.scale, quantizer.zero_point) for quantizer in quantizers}) > 1:
            return made
        common = replace(
            quantizers[0],
            lowest=min(quantizer.lowest for quantizer in quantizers),
            highest=max(quantizer.highest for quantizer in quantizers),
        )
        return self._kept(node, made, common)

    def _joined(
        self, node: Node, operands: list[tuple[str, ImageShape, View]], quantizers: list[Quantizer]
    ) -> Accumulation:
        widths = [shape[2] for _, shape, _ in operands]
        total, starts = sum(widths), np.cumsum([0, *widths])
        positions = [
            view.positions // width * total + start + view.positions % width
            for (_, _, view), width, start in zip(operands, widths, starts, strict=False)
        ]
        scale = np.repeat([how.scale for how in quantizers], widths)
        layer = ConcatLayer(
            name=node.outputs[0],
            inputs=tuple(name for name, _, _ in operands),
            output=node.outputs[0],
            requantization=yet_to_come(total),
        )
        return Accumulation(
            name=node.outputs[0],
            layer=layer,
            shape=(*operands[0][1][:2], total),
            view=View(np.concatenate(positions, axis=node.attributes["axis"])),
            unit=scale,
            parts=quantizers[0].parts,
            integer=-np.repeat([how.zero_point for how in quantizers], widths),
            scale=scale.astype(np.float64),
            offset=np.zeros(total),
        )

    # ------------------------------------------------------------------ functions

    def _function(self, node: Node) -> Value:
        source = self._value(node, 0)
        if isinstance(source, Pointwise):
            return replace(source, name=node.outputs[0], values=evaluate(self._graph, node, source.values))
        activation = self._builder.whole(node, self._activation(node))
        quantizer = activation.codes.quantizer
        if quantizer.bits > TABLE_BITS:
            raise self._refusal(node, f"its input must have at most {TABLE_BITS} bits, not {quantizer.bits}")
        _, _, view = self._builder.operand(node, activation)
        values = evaluate(self._graph, node, dequantized(quantizer))
        return Pointwise(name=node.outputs[0], codes=activation.codes, values=values, view=view)

    def _leaky_relu(self, node: Node) -> Value:
        source = self._value(node, 0)
        wide = isinstance(source, Activation) and source.codes.quantizer.bits > TABLE_BITS
        if isinstance(source, Accumulation) or wide:
            return self._sloped(node, np.full(1, np.float32(node.attributes.get("alpha", 0.01)), np.float64))
        return self._function(node)

    def _prelu(self, node: Node) -> Value:
        slope = self._value(node, 1)
        if isinstance(slope, Parameters):
            return self._sloped(node, ((slope.codes - slope.zero_point).astype(np.float32) * slope.scale))
        return self._sloped(node, self._floats(node, 1))

    def _sloped(self, node: Node, slope: Array) -> Value:
        made = self._affine(node, self._value(node, 0))
        if made is None:
            raise self._refusal(node, f"it must follow a layer or read a dequantized activation; {WAY_OUT}")
        self._builder.note(f"{node.label} folded into the requantization of layer {made.name!r}")
        return made.sloped(np.broadcast_to(self._per_channel(node, made, made.view, slope), made.channels))


def _mean(layer: PoolLayer, quantizer: Quantizer, shape: ImageShape, view: View, *, elements: int) -> Accumulation:
    """Return the accumulation of a pool whose accumulators are divided by ``elements``."""
    channels = shape[2]
    return Accumulation(
        name=layer.name,
        parts=quantizer.parts,
        layer=layer,
        shape=shape,
        view=view,
        unit=np.full(channels, quantizer.scale, np.float32),
        integer=np.full(channels, -quantizer.zero_point * elements),
        scale=np.full(channels, np.float64(quantizer.scale) / elements),
        offset=np.zeros(channels),
    )


def _same_channels(view: View, pixel: View, channels: int) -> bool:
    """Return whether the views of a tensor and of one pixel show the same channel at each place."""
    try:
        spread = np.broadcast_to(pixel.positions, view.shape)
    except ValueError:
        return False
    return np.array_equal(spread, view.positions % channels)


def _channels_kept(view: View, axes: Shape, shape: ImageShape) -> IntArray | None:
    """Return the channel of each element that is left when the axes are gone; None where they are not all of space."""
    kept = [axis for axis in range(len(view.shape)) if axis not in axes]
    rows = view.positions.transpose(*kept, *axes).reshape(-1, math.prod(view.shape[axis] for axis in axes))
    channels: IntArray = rows % shape[2]
    whole = rows.shape == (shape[2], shape[0] * shape[1]) and (channels == channels[:, :1]).all()
    return channels[:, 0] if whole and 0 not in axes else None
