"""Depthwise layers have two places: VEC, or a crossbar whose matrix holds their kernels, with zeros beside them.

A crossbar drives all rows of the window for every block of columns, and only one weight in as many as there are
channels is not zero: it takes macros and energy that VEC does not. It is faster where VEC is narrow beside fast
converters, or where several cores share the channels; and it is all that a chip without VEC has.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

import numpy as np

from nngen.arch import Architecture
from nngen.errors import CapacityError
from nngen.ir import DepthwiseLayer, Layer, Mapping, MatrixLayer, Network
from nngen.sim.kpi import MappingCost, chip_layer_bounds, mapping_cost

from ._mapper import map_network
from ._options import check_layer_options
from ._strategies import strategy_of


def place_network(
    network: Network,
    architecture: Architecture,
    *,
    strategy: str = "latency",
    split_rows: bool = False,
    check: Callable[[Network, Mapping], object] | None = None,
) -> tuple[Network, Mapping]:
    """Place a network, and choose crossbar or VEC for each of its depthwise layers.

    Layers that no VEC of the chip can run go to crossbars; of the others, in order, each that makes the whole mapping
    better by the measure of the strategy. One that could not be faster there, were it alone on the chip, is not tried.

    Parameters
    ----------
    network, architecture, strategy, split_rows
        As for :func:`map_network`.
    check
        Likewise, of the network as it is returned and its mapping.

    Returns
    -------
    network, mapping
        The network with the layers that went to crossbars as matrix layers, and its mapping.

    Raises
    ------
    CapacityError, MappingError
        As :func:`map_network`; a depthwise layer that VEC cannot run, and for which there are no macros, is refused for
        what VEC lacks.
    """
    key = strategy_of(strategy).key

    def priced(network: Network) -> tuple[Network, Mapping, MappingCost]:
        passes = None if check is None else partial(check, network)
        mapping = map_network(network, architecture, strategy=strategy, split_rows=split_rows, check=passes)
        return network, mapping, mapping_cost(network, mapping, architecture)

    refusals = {one.name: _refusal(network, one, architecture) for one in depthwise_layers(network)}
    forced = [name for name, refusal in refusals.items() if refusal is not None]
    try:
        best = priced(on_crossbars(network, forced))
    except CapacityError as error:
        raise next((refusal for refusal in refusals.values() if refusal is not None), error) from error
    for name in _promising(best[0], best[2], architecture):
        try:
            other = priced(on_crossbars(best[0], (name,)))
        except CapacityError:
            continue
        best = min(best, other, key=lambda one: key(one[2]))
    return best[:2]


def depthwise_layers(network: Network) -> tuple[DepthwiseLayer, ...]:
    """Return the depthwise layers of a network, in its order."""
    return tuple(layer for layer in network.layers if isinstance(layer, DepthwiseLayer))


def on_crossbars(network: Network, names: Collection[str]) -> Network:
    """Return the network with some of its depthwise layers as matrix layers; other names change nothing."""
    layers: list[Layer] = [
        _as_matrix(layer) if isinstance(layer, DepthwiseLayer) and layer.name in names else layer
        for layer in network.layers
    ]
    return replace(network, layers=tuple(layers))


def _as_matrix(layer: DepthwiseLayer) -> MatrixLayer:
    channels = np.arange(layer.outputs)
    weights = np.zeros((layer.outputs, *layer.kernel, layer.outputs), np.int64)
    weights[channels, :, :, channels] = layer.weights
    return MatrixLayer(
        name=layer.name,
        input=layer.input,
        output=layer.output,
        weights=weights,
        strides=layer.strides,
        pads=layer.pads,
        dilations=layer.dilations,
        requantization=layer.requantization,
        table=layer.table,
    )


def _promising(network: Network, cost: MappingCost, architecture: Architecture) -> list[str]:
    """Return the depthwise layers that need more cycles than crossbars of the whole chip would, at best."""
    cycles = {layer.layer: layer.cycles for layer in cost.layers}
    return [
        layer.name
        for layer in depthwise_layers(network)
        if chip_layer_bounds(network, _as_matrix(layer), architecture.cores).bound < cycles[layer.name]
    ]


def _refusal(network: Network, layer: DepthwiseLayer, architecture: Architecture) -> CapacityError | None:
    """Return why no core can run a layer on its VEC, for the first core; None where one can."""
    first: CapacityError | None = None
    for core in dict.fromkeys(architecture.cores):
        try:
            check_layer_options(network, layer, core)
        except CapacityError as error:
            first = first or error
        else:
            return None
    return first
