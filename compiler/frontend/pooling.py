"""Pools: which layer MaxPool, AveragePool, their global forms and ReduceMean over space become.

Rules
-----
1. A maximum keeps the quantization of its input: no rounding. Padding cannot win.
2. A mean is a sum scaled by one over the elements of the window. Where padding does not count (``count_include_pad``
   0), windows that reach into it have constants of their own for each number of elements they cover.
3. A global pool, and ReduceMean over all of height and width, have a window that covers the image.
4. ``storage_order`` is 0 and the indices of a MaxPool are not read.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nngen.ir import PoolLayer

from .accumulation import yet_to_come
from .convolution import Window
from .layout import ImageShape


def max_pool(name: str, source: str, shape: ImageShape, window: Window) -> PoolLayer:
    """Return the layer of a maximum, constants yet to come."""
    return PoolLayer(
        name=name,
        input=source,
        output=name,
        kind="max",
        size=window.kernel,
        strides=window.strides,
        pads=window.pads,
        dilations=window.dilations,
        requantization=yet_to_come(shape[2]),
    )


def average_pool(name: str, source: str, shape: ImageShape, window: Window, *, counts_padding: bool) -> PoolLayer:
    """Return the layer of a mean, constants yet to come: by count too where padding does not count."""
    layer = PoolLayer(
        name=name,
        input=source,
        output=name,
        kind="average",
        size=window.kernel,
        strides=window.strides,
        pads=window.pads,
        dilations=window.dilations,
        requantization=yet_to_come(shape[2]),
    )
    if counts_padding:
        return layer
    covered = np.unique(layer.covered(shape[0], shape[1])).tolist()
    by_count = tuple((count, layer.requantization) for count in covered if count != layer.rows)
    return replace(layer, by_count=by_count)
