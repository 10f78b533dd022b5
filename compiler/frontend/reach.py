"""How large the accumulators of a layer can become."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nngen.ir import DepthwiseLayer, ElementwiseLayer, Layer, MatrixLayer, PoolLayer, ProductLayer

from .layout import IntArray


def largest_sum(layer: Layer, largest_codes: Sequence[int]) -> IntArray:
    """Return the largest magnitude of each output's accumulator, or one for all.

    ``largest_codes`` are the largest magnitudes of the codes of its inputs, padding included.
    """
    if isinstance(layer, MatrixLayer | DepthwiseLayer):
        weights: IntArray = np.abs(layer.weights).reshape(len(layer.weights), -1).sum(axis=1)
        return weights * largest_codes[0]
    if isinstance(layer, ElementwiseLayer):
        pairs = zip(layer.coefficients, largest_codes, strict=True)
        return np.array([sum(abs(factor) * code for factor, code in pairs)])
    if isinstance(layer, ProductLayer):
        first, second = (code + abs(zero) for code, zero in zip(largest_codes, layer.zero_points, strict=True))
        return np.array([first * second])
    times = layer.rows if isinstance(layer, PoolLayer) and layer.kind == "average" else 1
    return np.array([max(largest_codes) * times])
