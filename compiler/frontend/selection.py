"""Which rows, columns and channels of a tensor a view shows.

Rules
-----
1. A view that shows some of a tensor, some of it twice, or padding, is rows, columns and channels that are picked each
   on their own: anything else is refused where it is read.
2. Padding before the first row or column that is there counts down from -1, behind the last one up from the tensor's
   size; between them it is -1.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .layout import ImageShape, IntArray, View

Pads = tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Rows, columns and channels of a tensor of ``shape`` (height, width, channels); padding is beyond it (rule 2)."""

    shape: ImageShape
    rows: IntArray
    columns: IntArray
    channels: IntArray

    @classmethod
    def of(cls, positions: IntArray, shape: ImageShape) -> Selection | None:
        """Return what positions of shape (height, width, channels) show; None where rule 1 is broken."""
        known = positions >= 0
        there: list[npt.NDArray[np.bool_]] = [np.any(known, axis=axes) for axes in ((1, 2), (0, 2), (0, 1))]
        if not all(axis.any() for axis in there) or not there[2].all():
            return None
        y, x, c = (int(axis.argmax()) for axis in there)
        _, width, channels = shape
        made = cls(
            shape=shape,
            rows=_marked(positions[:, x, c] // (width * channels), there[0], shape[0]),
            columns=_marked(positions[y, :, c] // channels % width, there[1], width),
            channels=positions[y, x] % channels,
        )
        shown = (made.rows[:, None, None] * width + made.columns[:, None]) * channels + made.channels
        shown[~there[0]] = -1
        shown[:, ~there[1]] = -1
        return made if np.array_equal(shown, positions) else None

    @property
    def pads(self) -> Pads | None:
        """The padding (top, left, bottom, right) around the whole tensor; None where that is not all there is to it."""
        top, left = (int((places < 0).sum()) for places in (self.rows, self.columns))
        bottom, right = (
            len(p) - n - s for p, n, s in zip((self.rows, self.columns), (top, left), self.shape, strict=False)
        )
        whole = (
            np.arange(-before, size + after)
            for before, size, after in zip((top, left), self.shape, (bottom, right), strict=False)
        )
        same = all(np.array_equal(*pair) for pair in zip(whole, (self.rows, self.columns), strict=True))
        return (top, left, bottom, right) if same and bottom >= 0 and right >= 0 else None

    @property
    def order(self) -> IntArray | None:
        """The channels, where each of the tensor's is there once; else None."""
        return self.channels if np.array_equal(np.sort(self.channels), np.arange(self.shape[2])) else None

    @property
    def padded(self) -> bool:
        """Whether there is padding."""
        places = zip((self.rows, self.columns), self.shape, strict=False)
        return any(bool(((p < 0) | (p >= size)).any()) for p, size in places)


def _marked(places: IntArray, there: npt.NDArray[np.bool_], size: int) -> IntArray:
    """Return places, padding marked by rule 2."""
    numbers, inside = np.arange(len(places)), np.flatnonzero(there)
    first, last = inside[0], inside[-1]
    outside = np.where(numbers < first, numbers - first, np.where(numbers > last, size + numbers - last - 1, -1))
    marked: IntArray = np.where(there, places, outside)
    return marked


def layouts(view: View) -> Iterator[tuple[IntArray, View]]:
    """Yield the ways to store what a view shows, as positions (height, width, channels), and the view of the result.

    The file's (channels, height, width) comes first.
    """
    shape = view.shape[1:]
    if len(shape) > 3:
        return
    missing = 3 - len(shape)
    first = (1, 2, 0) if len(shape) == 3 else (1, 0)
    orders = [first, *itertools.permutations(range(len(shape)))] if len(shape) > 1 else [(0,)]
    for order in dict.fromkeys(orders):
        stored = view.positions[0].transpose(order)
        image = stored.reshape(*[1] * missing, *stored.shape)
        back = np.arange(stored.size).reshape(stored.shape).transpose(np.argsort(order))
        yield image, View(back[None])
