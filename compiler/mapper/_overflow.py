"""Proves that no accumulator overflows: for every partial order of a sum, ADC rounding, and any conductance image.

1. A partial sum of an output is at most the largest code of a converter, times the weights of all planes and slices,
   times the row ranges that are converted separately, or the largest count of what encoding ``offset`` drives, times
   what is added to every weight; it must fit the accumulators.
2. The product with m, plus b, must fit the requantizer, as must m and b.
3. An accumulator passed through as a word must fit 32 bits with its bias.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nngen.arch import Architecture, Core
from nngen.errors import CapacityError
from nngen.ir import LayerMapping, Mapping, MatrixLayer, Network
from nngen.numerics import accumulator_bits_needed, largest_partial_sum, signed_bits

from ._demand import layer_planes, layer_weights

IntArray = npt.NDArray[np.int64]


def check_overflow(network: Network, mapping: Mapping, architecture: Architecture) -> None:
    """Refuse a layer whose sums could wrap.

    Raises
    ------
    CapacityError
        Names the layer, the bits it needs and those there are.
    """
    core = architecture.core
    for layer in network.layers:
        largest = largest_sum(network, layer, mapping.layer(layer.name), core)
        _check_accumulator(layer, largest, core)
        _check_multiplier(layer, core)
        _check_product(network, layer, largest, core)
        _check_word(network, layer, largest)


def largest_sum(network: Network, layer: MatrixLayer, mapping: LayerMapping, core: Core) -> int:
    """Return the largest magnitude of any partial sum of the layer; open gains count as 1."""
    ranges = np.zeros(layer.outputs, np.int64)
    for tile in mapping.tiles:
        ranges[slice(*tile.output_range)] += 1
    gain = min((tile.gain or 1 for tile in mapping.tiles), default=1)
    return largest_partial_sum(
        planes=layer_planes(network, layer, core),
        converter=core.macro.converter(gain),
        weights=layer_weights(layer, core),
        row_tiles=int(ranges.max(initial=1)),
        rows=layer.rows,
    )


def machine_offset(network: Network, layer: MatrixLayer, core: Core) -> IntArray:
    """Return b as the constant records hold it: corrected by calibration, and for codes driven with an offset."""
    driven = layer_planes(network, layer, core).offset * layer.matrix.sum(axis=0)
    constants = layer.requantization
    offset: IntArray = constants.corrected_offset - constants.multiplier * driven
    return offset


def _check_accumulator(layer: MatrixLayer, largest: int, core: Core) -> None:
    needed = accumulator_bits_needed(largest)
    if needed > core.accumulator_bits:
        fix = (
            f"set core[0].accumulator_bits = {needed}"
            if needed <= 32
            else "that is the most; converters of fewer bits need less"
        )
        raise CapacityError(
            f"layer '{layer.name}' needs accumulators of {needed} bits, the core has {core.accumulator_bits}: {fix}"
        )


def _check_multiplier(layer: MatrixLayer, core: Core) -> None:
    multiplier = layer.requantization.multiplier
    needed = signed_bits(int(multiplier.min(initial=0)), int(multiplier.max(initial=0)))
    if needed > core.multiplier_bits:
        raise CapacityError(
            f"layer '{layer.name}' needs a multiplier of {needed} bits, the core has {core.multiplier_bits}: "
            f"set core[0].multiplier_bits = {needed}"
        )


def _check_product(network: Network, layer: MatrixLayer, largest: int, core: Core) -> None:
    offset = machine_offset(network, layer, core)
    products = [
        abs(m) * largest + abs(b)
        for m, b in zip(layer.requantization.multiplier.tolist(), offset.tolist(), strict=True)
    ]
    needed = accumulator_bits_needed(max(products, default=0))
    if needed > core.offset_bits:
        raise CapacityError(
            f"layer '{layer.name}' needs {needed} bits for the product of accumulator and multiplier with its offset, "
            f"the core has {core.offset_bits} (accumulator_bits + multiplier_bits): enlarge one of them"
        )


def _check_word(network: Network, layer: MatrixLayer, largest: int) -> None:
    if network.tensors[layer.output].element_bytes < 4:
        return
    bias = int(np.abs(layer.requantization.corrected_offset).max(initial=0))
    needed = accumulator_bits_needed(largest + bias)
    if needed > 32:
        raise CapacityError(
            f"layer '{layer.name}' needs {needed} bits for its accumulators with their bias, words have 32"
        )
