"""What a copy reads, and with which period that comes again.

1. The period of a sequence of places is the shortest one after which all places move on by one step.
2. A sequence without one is its own period.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nngen.ir import CopyLayer


@dataclass(frozen=True, kw_only=True)
class Period:
    """``places[i + length] = places[i] + step`` for all places; the period divides their number."""

    length: int
    step: int

    @classmethod
    def of(cls, places: Sequence[int]) -> Period:
        """Return the shortest period of a sequence."""
        array, count = np.asarray(places, np.int64), len(places)
        for length in range(1, count):
            if count % length == 0:
                steps = array[length:] - array[:-length]
                if (steps == steps[0]).all():
                    return cls(length=length, step=int(steps[0]))
        return cls(length=count, step=0)


def elements_read(layer: CopyLayer, channels: int) -> tuple[int, ...]:
    """Return which element of an input row of so many channels each element of an output row is."""
    return _elements(layer.columns_read, layer.channels_read, channels)


@lru_cache(64)
def _elements(columns: tuple[int, ...], picked: tuple[int, ...], channels: int) -> tuple[int, ...]:
    return tuple((np.array(columns)[:, None] * channels + np.array(picked)).ravel().tolist())
