"""The largest sums of vector layers, for every partial order and any codes: VEC's accumulators must hold them.

An element is what memory holds: a code of its tensor, or padding.
"""

from __future__ import annotations

import numpy as np

from nngen.ir import DepthwiseLayer, ElementwiseLayer, Network, PoolLayer, ProductLayer

from ._options import VectorLayer


def largest_vector_sum(network: Network, layer: VectorLayer) -> int:
    """Return the largest magnitude of any partial sum of a layer."""
    largest = [network.tensors[name].largest_code for name in layer.inputs]
    if isinstance(layer, DepthwiseLayer):
        return int(np.abs(layer.weights).sum(axis=(1, 2)).max(initial=0)) * largest[0]
    if isinstance(layer, ElementwiseLayer):
        return sum(abs(factor) * code for factor, code in zip(layer.coefficients, largest, strict=True))
    if isinstance(layer, ProductLayer):
        first, second = (code + abs(zero) for code, zero in zip(largest, layer.zero_points, strict=True))
        return first * second
    if isinstance(layer, PoolLayer) and layer.kind == "average":
        return layer.rows * largest[0]
    return max(largest)
