"""Where each element of a file's tensor lies in the channel-last tensor behind it.

Rules
-----
1. A view is the array of flat channel-last positions in the file's own shape (batch 1 first). Reshape, Transpose,
   Flatten, Squeeze and Unsqueeze only rearrange it; they leave the network.
2. A Conv or pool reads its input as (batch, channel, height, width), or (batch, channel, width) in one dimension: the
   view must then be the tensor itself, channel-last.
3. A Gemm or MatMul reads any order: the rows of its weights are permuted to channel-last instead.
4. The layout of a network input is free until its first reader: a Conv asks for its own, a Gemm takes the image
   channel-last, or the vector as it is. The host then permutes.
5. What cannot be written as one permutation of dimensions is refused.
6. Slice, Split, Gather, Pad and Resize show some of the positions, or some of them twice; -1 is padding with the real
   zero. What reads them takes that along, or reads a copy (see ``copies``).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .graph import Array, Shape

IntArray = npt.NDArray[np.int64]
ImageShape = tuple[int, int, int]


@dataclass(frozen=True)
class View:
    """Flat positions in a source tensor, in the shape the file gives the tensor.

    ``origin`` is the file's tensor that first showed less, or more, than the source; empty where none does.
    """

    positions: IntArray
    origin: str = ""

    @classmethod
    def of_image(cls, shape: ImageShape) -> View:
        """Return the view of a (height, width, channels) tensor as the file's (1, channels, height, width)."""
        return cls(np.arange(math.prod(shape)).reshape(shape).transpose(2, 0, 1)[None])

    @classmethod
    def of_vector(cls, channels: int) -> View:
        """Return the view of a (1, 1, channels) tensor as the file's (1, channels)."""
        return cls(np.arange(channels)[None])

    @classmethod
    def in_file_order(cls, shape: Shape) -> View:
        """Return the view whose source is the file's own layout: a network input before its layout is known."""
        return cls(np.arange(math.prod(shape)).reshape(shape))

    @property
    def shape(self) -> Shape:
        """Shape in the file, with batch."""
        return self.positions.shape

    def reshape(self, shape: Shape) -> View:
        """Return the view after a reshape."""
        return View(self.positions.reshape(shape), self.origin)

    @property
    def padded(self) -> bool:
        """Whether there is padding."""
        return bool((self.positions < 0).any())

    def shows_all(self, elements: int) -> bool:
        """Return whether each of so many elements is there once."""
        flat = self.positions.ravel()
        return flat.size == elements and bool((flat >= 0).all()) and bool((np.bincount(flat, minlength=1) == 1).all())

    def transpose(self, order: Iterable[int]) -> View:
        """Return the view after a transpose."""
        return View(self.positions.transpose(tuple(order)), self.origin)

    def channel_last(self) -> IntArray:
        """Return the positions of a (1, channels[, height], width) view as (height, width, channels)."""
        image: IntArray = self.positions.reshape(self.shape[1], -1, self.shape[-1]).transpose(1, 2, 0)
        return image

    def relative_to(self, layout: IntArray) -> View:
        """Return the view with positions in ``layout`` (which holds positions of the old source) instead."""
        inverse = np.empty(layout.size, np.int64)
        inverse[layout.ravel()] = np.arange(layout.size)
        return View(np.where(self.positions < 0, -1, inverse[self.positions]), self.origin)

    def per_channel(self, values: Array, channels: int) -> npt.NDArray[np.float64] | None:
        """Return constants that broadcast against the view as one value a channel; None where they are not."""
        spread = np.empty(self.positions.size)
        spread[self.positions.ravel()] = np.broadcast_to(values.astype(np.float64), self.shape).ravel()
        table = spread.reshape(-1, channels)
        return table[0].copy() if (table == table[0]).all() else None


def default_layout(file_shape: Shape) -> IntArray:
    """Return the channel-last layout of an input whose readers do not ask for one (rule 4)."""
    positions = np.arange(math.prod(file_shape)).reshape(file_shape)
    if len(file_shape) == 3:
        return positions.transpose(1, 2, 0)
    return positions.reshape(1, *file_shape) if len(file_shape) == 2 else positions.reshape(1, 1, -1)


def permutation_to(shape: Shape, positions: IntArray) -> tuple[int, ...] | None:
    """Return the order of dimensions that puts an array of ``shape`` into the element order of ``positions``.

    Of several (dimensions of size 1) the one that gives the shape of ``positions`` too is taken; None for none.
    """
    if len(shape) > 6 or math.prod(shape) != positions.size:
        return None
    source = np.arange(positions.size).reshape(shape)
    orders = sorted(
        itertools.permutations(range(len(shape))), key=lambda order: source.transpose(order).shape != positions.shape
    )
    return next((order for order in orders if np.array_equal(source.transpose(order).ravel(), positions.ravel())), None)
