"""im2col: the inputs of every output position as one row of a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from nngen.ir import MatrixLayer, WindowLayer

IntArray = npt.NDArray[np.int64]
Array = npt.NDArray[Any]


def pad(codes: IntArray, layer: WindowLayer, halo: int, dtype: np.dtype[Any]) -> Array:
    """Return codes (samples, height, width, channels) in another type, with the layer's padding at code ``halo``."""
    top, left, bottom, right = layer.pads
    if not any(layer.pads):
        return codes.astype(dtype)
    samples, height, width, channels = codes.shape
    padded = np.full((samples, top + height + bottom, left + width + right, channels), halo, dtype)
    padded[:, top : top + height, left : left + width] = codes
    return padded


def output_size(layer: MatrixLayer, height: int, width: int) -> tuple[int, int]:
    """Return the output's (height, width) for a padded input of ``height`` x ``width``."""
    extent, strides = layer.extent, layer.strides
    return (height - extent[0]) // strides[0] + 1, (width - extent[1]) // strides[1] + 1


def patches(padded: Array, layer: MatrixLayer) -> Array:
    """Return the matrix (samples x positions, rows); rows are ordered (kernel y, kernel x, channel).

    A kernel row without dilation is one contiguous run of a channel-last tensor, so that the copy moves whole runs.
    """
    samples, height, width, channels = padded.shape
    kernel_height, kernel_width = layer.kernel
    output_height, output_width = output_size(layer, height, width)
    padded = np.ascontiguousarray(padded)
    by_sample, by_row, by_pixel, by_channel = padded.strides
    runs, run = (1, kernel_width * channels) if layer.dilations[1] == 1 else (kernel_width, channels)
    windows = as_strided(
        padded,
        (samples, output_height, output_width, kernel_height, runs, run),
        (
            *(by_sample, by_row * layer.strides[0], by_pixel * layer.strides[1]),
            *(by_row * layer.dilations[0], by_pixel * layer.dilations[1], by_channel),
        ),
        writeable=False,
    )
    return windows.reshape(samples * output_height * output_width, kernel_height * kernel_width * channels)
