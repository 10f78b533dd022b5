"""Proofs that nothing wraps: the width an accumulator needs for every partial order of a sum."""

from __future__ import annotations

from ._converter import Converter
from ._planes import PlaneFormat


def signed_bits(lowest: int, highest: int) -> int:
    """Return the width of the two's-complement number that holds lowest..highest."""
    magnitude = max(highest, -lowest - 1, 0)
    return magnitude.bit_length() + 1


def largest_partial_sum(
    *, planes: PlaneFormat, converter: Converter, cell_bits: int, slices: int, row_tiles: int, bias: int = 0
) -> int:
    """Return the largest magnitude any partial sum of one output can take, in whatever order it is summed.

    Holds for every conductance image: each conversion counts with its largest code, times the weight of its plane and
    slice. ``row_tiles`` is the number of row ranges converted separately; ``bias`` the largest digital offset added to
    the accumulator.
    """
    code = max(-converter.lowest, converter.highest) << converter.shift
    slice_weight = sum(1 << (cell_bits * s) for s in range(slices))
    return code * slice_weight * sum(abs(w) for w in planes.weights) * row_tiles + abs(bias)


def accumulator_bits_needed(largest: int) -> int:
    """Return the accumulator width that holds every value of magnitude up to ``largest``."""
    return signed_bits(-largest, largest)
