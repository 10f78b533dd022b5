"""Widths of integers in two's complement."""

from __future__ import annotations


def signed_bits(lowest: int, highest: int) -> int:
    """Return the width of the two's-complement number that holds lowest..highest."""
    magnitude = max(highest, -lowest - 1, 0)
    return magnitude.bit_length() + 1


def accumulator_bits_needed(largest: int) -> int:
    """Return the accumulator width that holds every value of magnitude up to ``largest``."""
    return signed_bits(-largest, largest)
