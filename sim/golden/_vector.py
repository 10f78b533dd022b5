"""Accumulators of the layers that no macro computes: always exact, whole arrays at a time.

A window is walked tap by tap: each tap is one strided view of the padded input, and its multiply-add runs over all
samples, positions and channels. The windows of pools are separable: first down, then across.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from nngen.ir import ConcatLayer, CopyLayer, DepthwiseLayer, ElementwiseLayer, Network, PoolLayer, ProductLayer

from ._patches import pad
from ._products import exact_type, largest_sum

IntArray = npt.NDArray[np.int64]
Array = npt.NDArray[Any]
VectorLayer = DepthwiseLayer | PoolLayer | ElementwiseLayer | ConcatLayer | ProductLayer | CopyLayer
Accumulate = Callable[[Sequence[IntArray]], Array]


def vector_accumulate(network: Network, layer: VectorLayer) -> Accumulate:
    """Return what turns the codes of a layer's inputs into its sums (samples, height, width, outputs).

    The sums are integers in the fastest type that holds them.
    """
    if isinstance(layer, ConcatLayer):
        return partial(np.concatenate, axis=3)
    if isinstance(layer, ElementwiseLayer):
        return _weighted_sum(network, layer)
    if isinstance(layer, ProductLayer):
        return _product(network, layer)
    if isinstance(layer, CopyLayer):
        return _copy(network, layer)
    if isinstance(layer, DepthwiseLayer):
        return _depthwise(network, layer)
    return _pool(network, layer)


def _weighted_sum(network: Network, layer: ElementwiseLayer) -> Accumulate:
    largest = [network.tensors[name].largest_code for name in layer.inputs]
    bound = sum(abs(factor) * code for factor, code in zip(layer.coefficients, largest, strict=True))
    dtype = exact_type(bound)
    factors = [dtype.type(factor) for factor in layer.coefficients]

    def accumulate(codes: Sequence[IntArray]) -> Array:
        sums = codes[0].astype(dtype)
        sums *= factors[0]
        for factor, term in zip(factors[1:], codes[1:], strict=True):
            sums += term.astype(dtype) * factor
        return sums

    return accumulate


def _product(network: Network, layer: ProductLayer) -> Accumulate:
    factors = zip(layer.inputs, layer.zero_points, strict=True)
    first, second = (network.tensors[name].largest_code + abs(zero) for name, zero in factors)
    dtype = exact_type(first * second)
    zeros = [dtype.type(zero) for zero in layer.zero_points]

    def accumulate(codes: Sequence[IntArray]) -> Array:
        product: Array = (codes[0].astype(dtype) - zeros[0]) * (codes[1].astype(dtype) - zeros[1])
        return product

    return accumulate


def _copy(network: Network, layer: CopyLayer) -> Accumulate:
    shape = network.tensors[layer.inputs[0]].shape
    rows, columns = np.array(layer.rows_read), np.array(layer.columns_read)
    outside = [(places < 0) | (places >= size) for places, size in zip((rows, columns), shape, strict=False)]

    def accumulate(codes: Sequence[IntArray]) -> Array:
        picked = codes[0].take(rows, axis=1, mode="clip").take(columns, axis=2, mode="clip")
        picked = picked.take(layer.channels_read, axis=3)
        picked[:, outside[0]] = layer.fill
        picked[:, :, outside[1]] = layer.fill
        return picked

    return accumulate


def _depthwise(network: Network, layer: DepthwiseLayer) -> Accumulate:
    source, shape = network.tensors[layer.input], network.tensors[layer.output].shape
    dtype = exact_type(largest_sum(layer.weights.reshape(layer.outputs, -1).T, source.largest_code))
    (height, width), (down, across) = layer.kernel, layer.dilations
    taps = [(y, x, layer.weights[:, y, x].astype(dtype)) for y in range(height) for x in range(width)]
    halo = network.padding(layer)

    def accumulate(codes: Sequence[IntArray]) -> Array:
        padded = pad(codes[0], layer, halo, dtype)
        sums, term = (np.empty((len(padded), *shape), dtype) for _ in range(2))
        for number, (y, x, weights) in enumerate(taps):
            rows = _every(y * down, layer.strides[0], shape[0])
            view = padded[:, rows, _every(x * across, layer.strides[1], shape[1])]
            np.multiply(view, weights, out=term if number else sums)
            if number:
                sums += term
        return sums

    return accumulate


def _pool(network: Network, layer: PoolLayer) -> Accumulate:
    source, shape = network.tensors[layer.input], network.tensors[layer.output].shape
    join = np.maximum if layer.kind == "max" else np.add
    dtype = exact_type(source.largest_code * (layer.rows if layer.kind == "average" else 1))
    halo = network.padding(layer)

    def accumulate(codes: Sequence[IntArray]) -> Array:
        padded = pad(codes[0], layer, halo, dtype)
        for axis in (0, 1):
            starts = range(0, layer.size[axis] * layer.dilations[axis], layer.dilations[axis])
            slices = [_every(start, layer.strides[axis], shape[axis]) for start in starts]
            padded = reduce(join, [padded[:, part] if axis == 0 else padded[:, :, part] for part in slices])
        return padded

    return accumulate


def _every(start: int, step: int, count: int) -> slice:
    """Return the slice of ``count`` places from ``start``."""
    return slice(start, start + step * (count - 1) + 1, step)
