"""im2col: the inputs of every output position as one row of a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from nngen.ir import MatrixLayer

IntArray = npt.NDArray[np.int64]
Array = npt.NDArray[Any]


def pad(codes: IntArray, layer: MatrixLayer, zero_point: int, dtype: np.dtype[Any]) -> Array:
    """Return codes (samples, height, width, channels) in another type, with the layer's halo at the zero point."""
    top, left, bottom, right = layer.pads
    if not any(layer.pads):
        return codes.astype(dtype)
    samples, height, width, channels = codes.shape
    padded = np.full((samples, top + height + bottom, left + width + right, channels), zero_point, dtype)
    padded[:, top : top + height, left : left + width] = codes
    return padded


def output_size(layer: MatrixLayer, height: int, width: int) -> tuple[int, int]:
    """Return the output's (height, width) for a padded input of ``height`` x ``width``."""
    kernel, strides = layer.kernel, layer.strides
    return (height - kernel[0]) // strides[0] + 1, (width - kernel[1]) // strides[1] + 1


def patches(padded: Array, layer: MatrixLayer) -> Array:
    """Return the matrix (samples x positions, rows); rows are ordered (kernel y, kernel x, channel).

    A kernel row is one contiguous run of a channel-last tensor, so that the copy moves whole runs.
    """
    samples, height, width, channels = padded.shape
    kernel_height, kernel_width = layer.kernel
    output_height, output_width = output_size(layer, height, width)
    padded = np.ascontiguousarray(padded)
    by_sample, by_row, by_pixel, by_channel = padded.strides
    windows = as_strided(
        padded,
        (samples, output_height, output_width, kernel_height, kernel_width * channels),
        (by_sample, by_row * layer.strides[0], by_pixel * layer.strides[1], by_row, by_channel),
        writeable=False,
    )
    return windows.reshape(samples * output_height * output_width, kernel_height * kernel_width * channels)
