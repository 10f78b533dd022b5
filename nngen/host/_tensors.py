"""Tensors in activation memory: which bytes they take, and codes to and from those bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from nngen.errors import InputError
from nngen.ir import Region, Tensor

IntArray = npt.NDArray[np.int64]
ByteArray = npt.NDArray[np.uint8]


def tensor_addresses(region: Region, tensor: Tensor) -> IntArray:
    """Return the byte addresses of all codes, shape ``(height, width, channels * element_bytes)``; no halo."""
    height, width, channels = tensor.shape
    rows = region.interior() + np.arange(height, dtype=np.int64) * region.pitch
    pixels = np.arange(width, dtype=np.int64) * region.pixel_bytes
    return (
        rows[:, None, None]
        + pixels[None, :, None]
        + np.arange(channels * tensor.element_bytes, dtype=np.int64)[None, None, :]
    )


def tensor_bytes(tensor: Tensor, codes: npt.NDArray[np.integer]) -> ByteArray:
    """Return codes as memory holds them: little endian, two's complement, shape as :func:`tensor_addresses`.

    Raises
    ------
    InputError
        Names the tensor, and the shape or the code that does not fit.
    """
    if codes.shape != tensor.shape:
        raise InputError(f"codes of tensor '{tensor.name}' must have shape {tensor.shape}, not {codes.shape}")
    lowest, highest = _storable(tensor)
    if codes.size and (codes.min() < lowest or codes.max() > highest):
        wrong = int(codes.min()) if codes.min() < lowest else int(codes.max())
        raise InputError(f"codes of tensor '{tensor.name}' must be {lowest} to {highest}, not {wrong}")
    height, width, _ = tensor.shape
    stored = np.ascontiguousarray(codes, dtype=_storage_type(tensor))
    return stored.view(np.uint8).reshape(height, width, -1)


def tensor_codes(tensor: Tensor, stored: ByteArray) -> IntArray:
    """Return the codes that memory holds: the inverse of :func:`tensor_bytes`."""
    codes = np.ascontiguousarray(stored).view(_storage_type(tensor))
    return codes.astype(np.int64).reshape(tensor.shape)


def _storable(tensor: Tensor) -> tuple[int, int]:
    """Return the range of the tensor's bits: what the machine takes as its code, clipped or not."""
    if tensor.signed:
        return -(1 << (tensor.bits - 1)), (1 << (tensor.bits - 1)) - 1
    return 0, (1 << tensor.bits) - 1


def _storage_type(tensor: Tensor) -> np.dtype[Any]:
    return np.dtype(f"<{'i' if tensor.signed else 'u'}{tensor.element_bytes}")


def runs(words: IntArray) -> list[IntArray]:
    """Cut ascending word indices where they do not follow each other."""
    return [run for run in np.split(words, np.flatnonzero(np.diff(words) != 1) + 1) if run.size]
