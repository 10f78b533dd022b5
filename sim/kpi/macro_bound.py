"""The fewest macros that hold the weights of a network, wherever they lie: proven from cells and ADC groups.

Every weight of s slices takes s conversions side by side in one ADC's group, on one word line. On one word line a group
of w conversions holds at most u of them, u the largest sum of slices that occur that is no more than w. So

    macros >= sum of all weights' slices / (rows of a macro x ADCs x u), rounded up.
"""

from __future__ import annotations

from collections.abc import Iterable

from nngen.arch import Macro
from nngen.ir import Network


def macros_bound(network: Network, macro: Macro) -> int:
    """Return how many macros no mapping of a network can do without."""
    return fewest_macros_of_weights(
        ((layer.weights.size, macro.weight_format(layer.weights).slices) for layer in network.matrix_layers), macro
    )


def fewest_macros_of_weights(weights: Iterable[tuple[int, int]], macro: Macro) -> int:
    """Return the bound for some numbers of weights, each with the slices of one."""
    held = list(weights)
    cells = sum(count * slices for count, slices in held)
    usable = largest_sum_of({slices for count, slices in held if count}, macro.columns_per_adc)
    return -(-cells // (macro.rows * macro.adcs * usable)) if cells else 0


def largest_sum_of(parts: Iterable[int], limit: int) -> int:
    """Return the largest sum, of any of some numbers as often as one likes, that is no more than a limit."""
    found = {0}
    for total in range(1, limit + 1):
        if any(total - part in found for part in parts):
            found.add(total)
    return max(found)
