"""Proofs that nothing wraps: how far a sum of conversions can get, in whatever order it is summed."""

from __future__ import annotations

from ._converter import Converter
from ._planes import PlaneFormat
from ._weights import WeightFormat


def largest_partial_sum(
    *,
    planes: PlaneFormat,
    converter: Converter,
    weights: WeightFormat,
    row_tiles: int,
    rows: int,
    bias: int = 0,
) -> int:
    """Return the largest magnitude any partial sum of one output can take, in whatever order it is summed.

    Holds for every conductance image: each conversion counts with whichever of its codes is furthest up or down, times
    the weights of its plane and slice; in encoding ``offset`` the count of what was driven with its largest value. A
    term that could pull the sum back is left out, so that no order of the terms gets further.

    Parameters
    ----------
    planes, weights
        How codes and weights are taken apart.
    converter
        The conversion, at the gain in use.
    row_tiles
        Row ranges that are converted separately.
    rows
        Word lines of all of them together.
    bias
        The largest digital offset added to the accumulator.
    """
    lowest, highest = (code << converter.shift for code in (converter.lowest, converter.highest))
    added, taken = _parts(weights.slice_weights)
    up = row_tiles * (highest * added - lowest * taken)
    down = row_tiles * (lowest * added - highest * taken) - rows * planes.plane_maximum * weights.offset
    positive, negative = _parts(planes.weights)
    return max(up * positive - down * negative, up * negative - down * positive) + abs(bias)


def _parts(weights: tuple[int, ...]) -> tuple[int, int]:
    """Return the sums of the positive and of the negative weights, both as magnitudes."""
    return sum(w for w in weights if w > 0), -sum(w for w in weights if w < 0)
