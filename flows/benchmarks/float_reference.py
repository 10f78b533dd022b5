"""The yardstick of the golden model's speed: the same network in float32, as NumPy computes it best.

im2col through strides, one BLAS product a layer, bias and ReLU in place; no requantization. It takes the images in
groups, which is a little faster than all at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from nngen.ir import MatrixLayer, Network

FloatArray = npt.NDArray[np.float32]
IMAGES_AT_ONCE = 64


class FloatReference:
    """A chain of layers in float32.

    Parameters
    ----------
    network
        Its integer weights, scaled so that the outputs of a layer are its codes before rounding.
    """

    def __init__(self, network: Network) -> None:
        self._layers = [_FloatLayer(network, layer) for layer in network.layers]

    def run(self, images: FloatArray) -> FloatArray:
        """Return the last layer's outputs (samples, height, width, channels) for input codes as float32."""
        outputs = []
        for first in range(0, len(images), IMAGES_AT_ONCE):
            values = images[first : first + IMAGES_AT_ONCE]
            for layer in self._layers:
                values = layer.run(values)
            outputs.append(values)
        return np.concatenate(outputs)


class _FloatLayer:
    def __init__(self, network: Network, layer: MatrixLayer) -> None:
        constants = layer.requantization
        scale = constants.multiplier / np.exp2(constants.shift)
        self._layer = layer
        self._matrix = np.ascontiguousarray(layer.matrix * scale, dtype=np.float32)
        self._bias = (constants.offset / np.exp2(constants.shift)).astype(np.float32)
        self._shape = network.tensors[layer.output].shape
        self._rectified = constants.lowest == 0

    def run(self, values: FloatArray) -> FloatArray:
        product = _patches(_padded(values, self._layer), self._layer, self._shape) @ self._matrix
        product += self._bias
        if self._rectified:
            np.maximum(product, 0, out=product)
        return product.reshape(-1, *self._shape)


def _padded(values: FloatArray, layer: MatrixLayer) -> FloatArray:
    top, left, bottom, right = layer.pads
    if not any(layer.pads):
        return values
    samples, height, width, channels = values.shape
    padded = np.zeros((samples, top + height + bottom, left + width + right, channels), np.float32)
    padded[:, top : top + height, left : left + width] = values
    return padded


def _patches(padded: FloatArray, layer: MatrixLayer, output: tuple[int, int, int]) -> npt.NDArray[Any]:
    samples, _, _, channels = padded.shape
    by_sample, by_row, by_pixel, by_channel = padded.strides
    windows = as_strided(
        padded,
        (samples, output[0], output[1], layer.kernel[0], layer.kernel[1] * channels),
        (by_sample, by_row * layer.strides[0], by_pixel * layer.strides[1], by_row, by_channel),
        writeable=False,
    )
    return windows.reshape(-1, layer.rows)
