"""The gain of a layer: the one whose conversions leave the smallest error, or the largest that cannot clip."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nngen.ir import LayerMapping, MatrixLayer, Network
from nngen.sim.golden import GoldenMachine, run_gains, run_layer

from ._statistics import ErrorSums

IntArray = npt.NDArray[np.int64]

# Accumulators of all gains that are in work at once: 64 MiB.
ACCUMULATORS_AT_ONCE = 1 << 23


def lacks_gain(mapping: LayerMapping) -> bool:
    """Return whether a gain is left to choose."""
    return any(tile.gain is None for tile in mapping.tiles)


def with_gain(mapping: LayerMapping, gain: int) -> LayerMapping:
    """Return a layer's mapping with a gain for the tiles that have none."""
    tiles = tuple(tile if tile.gain else tile.model_copy(update={"gain": gain}) for tile in mapping.tiles)
    return mapping.model_copy(update={"tiles": tiles})


def provable_gain(network: Network, layer: MatrixLayer, machine: GoldenMachine) -> int:
    """Return the largest gain at which no input can be clipped, whatever the other tiles' own gains do; at least 1."""
    mapped = machine.layer(network, layer)
    free = [block for block in mapped.blocks if block.gain is None]
    safe = [gain for gain in mapped.macro.usable_gains if not any(mapped.may_clip(block, gain) for block in free)]
    return max(safe, default=mapped.macro.usable_gains[0])


def measured_gain(
    network: Network, layer: MatrixLayer, codes: IntArray, machine: GoldenMachine
) -> tuple[int, IntArray | None]:
    """Return the gain with the smallest mean squared error in output codes; the smaller one of equals.

    The error is that of the conversions alone, on the codes that reach the layer, after the correction of its mean. No
    gain below the provable one is tried: it clips no less and its unit is coarser. With it come the layer's
    accumulators at that gain, where they were all in work at once.
    """
    least = provable_gain(network, layer, machine)
    gains = [gain for gain in machine.core.macro.usable_gains if gain >= least]
    if len(gains) == 1:
        return least, None
    errors: list[ErrorSums] = []
    groups = _groups(network, layer, len(codes), len(gains))
    for group in groups:
        exact = run_layer(network, layer, codes[group]).accumulators
        found = run_gains(network, layer, codes[group], machine=machine, gains=gains)
        sums = [ErrorSums.of(accumulators - exact) for accumulators in found]
        errors = [a + b for a, b in zip(errors, sums, strict=True)] if errors else sums
    spreads = [one.spread(layer.requantization) for one in errors]
    best = spreads.index(min(spreads))
    return gains[best], found[best] if len(groups) == 1 else None


def _groups(network: Network, layer: MatrixLayer, samples: int, gains: int) -> list[slice]:
    at_once = max(1, ACCUMULATORS_AT_ONCE // (network.tensors[layer.output].elements * gains))
    return [slice(first, min(first + at_once, samples)) for first in range(0, samples, at_once)]
