"""Proves that no accumulator overflows: for every partial order of a sum, ADC rounding, and any conductance image.

1. A partial sum of an output is at most the largest code of a converter, times the weights of all planes and slices,
   times the row ranges that are converted separately, or the largest count of what encoding ``offset`` drives, times
   what is added to every weight; of a vector layer, the sum of the largest products. It must fit the accumulators
   of every core that works for the layer.
2. The product with m, plus b, must fit the requantizer, as must m and b: for every pair of constants that a layer has.
3. An accumulator passed through as a word must fit 32 bits with its bias.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.arch import Architecture, Core
from nngen.errors import CapacityError
from nngen.ir import Layer, LayerMapping, Mapping, MatrixLayer, Network, PoolLayer
from nngen.numerics import Requantization, accumulator_bits_needed, largest_partial_sum, signed_bits

from ._demand import layer_planes, layer_weights
from ._vector_overflow import largest_vector_sum

IntArray = npt.NDArray[np.int64]


def check_overflow(network: Network, mapping: Mapping, architecture: Architecture) -> None:
    """Refuse a layer whose sums could wrap.

    Raises
    ------
    CapacityError
        Names the layer, the bits it needs and those there are.
    """
    for layer in network.layers:
        mapped = mapping.layer(layer.name)
        if isinstance(layer, MatrixLayer):
            largest = largest_sum(network, layer, mapped, architecture.core)
            driven = driven_offset(network, layer, architecture.core)
        else:
            largest, driven = largest_vector_sum(network, layer), np.zeros(layer.outputs, np.int64)
        for number in sorted(_working_cores(layer, mapped)):
            _check_core(layer, largest, driven, _Named.of(architecture, number))
        _check_word(network, layer, largest)


@dataclass(frozen=True)
class _Named:
    """A core, and what messages call it."""

    core: Core
    name: str

    @classmethod
    def of(cls, architecture: Architecture, number: int) -> _Named:
        alone = len(architecture.cores) == 1
        return cls(architecture.cores[number], "the core" if alone else f"core {number}")


def _working_cores(layer: Layer, mapping: LayerMapping) -> set[int]:
    """Return the cores that add up sums of a layer: where an output's rows are in several, its own core adds them."""
    if not mapping.tiles:
        return {mapping.core}
    holders = {tile.core: np.zeros(layer.outputs, np.bool_) for tile in mapping.tiles}
    for tile in mapping.tiles:
        holders[tile.core][slice(*tile.output_range)] = True
    shared = sum(holder.astype(np.int64) for holder in holders.values())
    return {*holders, mapping.core} if np.any(shared > 1) else set(holders)


def _check_core(layer: Layer, largest: int, driven: IntArray, core: _Named) -> None:
    _check_accumulator(layer, largest, core)
    for constants in _all_constants(layer):
        for multiplier, offset in machine_constants(constants, driven):
            _check_multiplier(layer, multiplier, core)
            _check_product(layer, multiplier, offset, largest, core)


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


def driven_offset(network: Network, layer: MatrixLayer, core: Core) -> IntArray:
    """Return what codes driven with an offset add to each accumulator."""
    offset: IntArray = layer_planes(network, layer, core).offset * layer.matrix.sum(axis=0)
    return offset


def machine_constants(constants: Requantization, driven: IntArray) -> tuple[tuple[IntArray, IntArray], ...]:
    """Return m and b as the constant records hold them, and where there are any, those for negative sums.

    b is corrected by calibration, and for what ``driven`` says that accumulators hold beside the sum.
    """
    m, n = constants.multiplier, constants.negative_multiplier
    pairs = [(m, constants.corrected_offset - m * driven)]
    if constants.has_negative:
        pairs.append((n, constants.corrected_negative_offset - n * driven))
    return tuple(pairs)


def _all_constants(layer: Layer) -> tuple[Requantization, ...]:
    by_count = layer.by_count if isinstance(layer, PoolLayer) else ()
    return (layer.requantization, *(constants for _, constants in by_count))


def _check_accumulator(layer: Layer, largest: int, named: _Named) -> None:
    core = named.core
    needed = accumulator_bits_needed(largest)
    if needed > core.accumulator_bits:
        most = "that is the most" + ("; converters of fewer bits need less" if isinstance(layer, MatrixLayer) else "")
        fix = f"set {core.where}.accumulator_bits = {needed}" if needed <= 32 else most
        raise CapacityError(
            f"layer '{layer.name}' needs accumulators of {needed} bits, {named.name} has {core.accumulator_bits}: {fix}"
        )


def _check_multiplier(layer: Layer, multiplier: IntArray, named: _Named) -> None:
    core = named.core
    needed = signed_bits(int(multiplier.min(initial=0)), int(multiplier.max(initial=0)))
    if needed > core.multiplier_bits:
        raise CapacityError(
            f"layer '{layer.name}' needs a multiplier of {needed} bits, {named.name} has {core.multiplier_bits}: "
            f"set {core.where}.multiplier_bits = {needed}"
        )


def _check_product(layer: Layer, multiplier: IntArray, offset: IntArray, largest: int, named: _Named) -> None:
    core = named.core
    products = [abs(m) * largest + abs(b) for m, b in zip(multiplier.tolist(), offset.tolist(), strict=True)]
    needed = accumulator_bits_needed(max(products, default=0))
    if needed > core.offset_bits:
        raise CapacityError(
            f"layer '{layer.name}' needs {needed} bits for the product of accumulator and multiplier with its offset, "
            f"{named.name} has {core.offset_bits} (accumulator_bits + multiplier_bits): enlarge one of them"
        )


def _check_word(network: Network, layer: Layer, largest: int) -> None:
    if network.tensors[layer.output].element_bytes < 4:
        return
    bias = int(np.abs(layer.requantization.corrected_offset).max(initial=0))
    needed = accumulator_bits_needed(largest + bias)
    if needed > 32:
        raise CapacityError(
            f"layer '{layer.name}' needs {needed} bits for its accumulators with their bias, words have 32"
        )
