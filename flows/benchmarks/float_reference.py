"""The yardstick of the golden model's speed: the same network in float32, as NumPy computes it best.

im2col through strides and one BLAS product a layer; depthwise convolutions and pools tap by tap; bias and ReLU in
place; no requantization. It takes the images in groups, which is a little faster than all at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from nngen.ir import CopyLayer, DepthwiseLayer, ElementwiseLayer, Layer, MatrixLayer, Network, PoolLayer, ProductLayer

FloatArray = npt.NDArray[np.float32]
IMAGES_AT_ONCE = 64


class FloatReference:
    """A network of one input and one output in float32.

    Parameters
    ----------
    network
        Its integer weights, scaled so that the outputs of a layer are its codes before rounding.
    """

    def __init__(self, network: Network) -> None:
        self._layers = [_FloatLayer(network, layer) for layer in network.layers]
        self._input = network.inputs[0].tensor

    def run(self, images: FloatArray) -> FloatArray:
        """Return the last layer's outputs (samples, height, width, channels) for input codes as float32."""
        outputs = []
        for first in range(0, len(images), IMAGES_AT_ONCE):
            values = {self._input: images[first : first + IMAGES_AT_ONCE]}
            for layer in self._layers:
                values[layer.output] = layer.run([values[name] for name in layer.inputs])
            outputs.append(values[self._layers[-1].output])
        return np.concatenate(outputs)


class _FloatLayer:
    def __init__(self, network: Network, layer: Layer) -> None:
        constants = layer.requantization
        scale = constants.multiplier / np.exp2(constants.shift)
        self.inputs, self.output = layer.inputs, layer.output
        self._shape = network.tensors[layer.output].shape
        self._bias = (constants.offset / np.exp2(constants.shift) + constants.zero_point).astype(np.float32)
        self._lowest = np.float32(constants.lowest) if constants.lowest == constants.zero_point else None
        self._sum = _sum(layer, self._shape, np.float32(network.padding(layer)), scale.astype(np.float32))

    def run(self, values: Sequence[FloatArray]) -> FloatArray:
        sums = self._sum(values).reshape(-1, *self._shape)
        sums += self._bias
        if self._lowest is not None:
            np.maximum(sums, self._lowest, out=sums)
        return sums


Shape = tuple[int, int, int]
Sum = Callable[[Sequence[FloatArray]], FloatArray]


def _sum(layer: Layer, shape: Shape, halo: np.float32, scale: FloatArray) -> Sum:
    """Return what turns a layer's inputs into its scaled sums."""
    if isinstance(layer, MatrixLayer):
        matrix = np.ascontiguousarray(layer.matrix * scale, dtype=np.float32)
        return lambda values: _patches(_padded(values[0], layer, halo), layer, shape) @ matrix
    if isinstance(layer, DepthwiseLayer):
        weights = (layer.weights * scale[:, None, None]).astype(np.float32)
        return lambda values: _by_tap(_padded(values[0], layer, halo), layer, shape, np.add, weights)
    if isinstance(layer, PoolLayer):
        join = np.maximum if layer.kind == "max" else np.add
        return lambda values: _by_tap(_padded(values[0], layer, halo), layer, shape, join, None) * scale
    if isinstance(layer, ElementwiseLayer):
        factors = [factor * scale for factor in layer.coefficients]
        return lambda values: _weighted(values, factors)
    if isinstance(layer, ProductLayer):
        first, second = layer.zero_points
        return lambda values: (values[0] - first) * (values[1] - second) * scale
    if isinstance(layer, CopyLayer):
        return lambda values: _picked(values[0], layer) * scale
    return lambda values: np.concatenate(values, axis=3) * scale


def _picked(values: FloatArray, layer: CopyLayer) -> FloatArray:
    padded = values
    for axis, places in ((1, layer.rows_read), (2, layer.columns_read)):
        before, after = max(0, -min(places)), max(0, max(places) - values.shape[axis] + 1)
        widths = [(before, after) if axis == number else (0, 0) for number in range(4)]
        padded = np.pad(padded, widths, constant_values=layer.fill).take(np.array(places) + before, axis=axis)
    return padded.take(layer.channels_read, axis=3)


def _weighted(values: Sequence[FloatArray], factors: list[FloatArray]) -> FloatArray:
    sums = values[0] * factors[0]
    for factor, term in zip(factors[1:], values[1:], strict=True):
        sums += factor * term
    return sums


def _by_tap(
    padded: FloatArray, layer: DepthwiseLayer | PoolLayer, shape: Shape, join: np.ufunc, weights: FloatArray | None
) -> FloatArray:
    sums: FloatArray | None = None
    for y, x in itertools.product(*map(range, layer.kernel)):
        rows = _every(y * layer.dilations[0], layer.strides[0], shape[0])
        term = padded[:, rows, _every(x * layer.dilations[1], layer.strides[1], shape[1])]
        term = term if weights is None else term * weights[:, y, x]
        sums = term.copy() if sums is None else join(sums, term, out=sums)
    assert sums is not None
    return sums


def _every(start: int, step: int, count: int) -> slice:
    return slice(start, start + step * (count - 1) + 1, step)


def _padded(values: FloatArray, layer: MatrixLayer | DepthwiseLayer | PoolLayer, halo: np.float32) -> FloatArray:
    top, left, bottom, right = layer.pads
    if not any(layer.pads):
        return values
    samples, height, width, channels = values.shape
    padded = np.full((samples, top + height + bottom, left + width + right, channels), halo, np.float32)
    padded[:, top : top + height, left : left + width] = values
    return padded


def _patches(padded: FloatArray, layer: MatrixLayer, output: Shape) -> npt.NDArray[Any]:
    samples, _, _, channels = padded.shape
    by_sample, by_row, by_pixel, by_channel = padded.strides
    windows = as_strided(
        padded,
        (samples, output[0], output[1], layer.kernel[0], layer.kernel[1], channels),
        (
            *(by_sample, by_row * layer.strides[0], by_pixel * layer.strides[1]),
            *(by_row * layer.dilations[0], by_pixel * layer.dilations[1], by_channel),
        ),
        writeable=False,
    )
    return windows.reshape(-1, layer.rows)
