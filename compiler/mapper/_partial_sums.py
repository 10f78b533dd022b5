"""Whether the accumulators of a macro can hold the partial sums that a placement makes."""

from __future__ import annotations

from collections.abc import Iterable

from nngen.arch import Core

from ._strip import Strip


def partial_sums(strips: Iterable[Strip]) -> dict[tuple[int, int], set[int]]:
    """Return, by (macro, output), the ADCs that convert row ranges of that output."""
    adcs: dict[tuple[int, int], set[int]] = {}
    for strip in strips:
        for output in range(*strip.outputs):
            adcs.setdefault((strip.macro, output), set()).add(strip.adc)
    return adcs


def partial_sums_fit(strips: Iterable[Strip], core: Core) -> bool:
    """Return whether every output can be summed.

    All ADCs of a macro write the same accumulator entry at once, so partial sums of one output in different ADCs take
    an entry each, until POST adds them.
    """
    return all(len(adcs) <= core.accumulator_entries for adcs in partial_sums(strips).values())
