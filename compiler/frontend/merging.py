"""Pass on the integer network: a layer that only maps codes of one other layer to codes moves into it.

Rules
-----
1. It has one input, whose writer is a layer without table, that it alone reads, and that is no output of the network.
2. A table moves into the writer: it follows the writer's requantization there.
3. A clip (the same scale and zero point, no other change) narrows the writer's range.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nngen.ir import ElementwiseLayer, Layer, Network, PoolLayer
from nngen.numerics import Requantization


def merge_layers(network: Network) -> Network:
    """Return the network with layers merged where a rule allows it."""
    for layer in network.layers:
        writer = network.writer(layer.inputs[0])
        if isinstance(layer, ElementwiseLayer) and writer is not None and _mergeable(network, layer, writer):
            network = _merged(network, layer, writer)
    return network


def _mergeable(network: Network, layer: ElementwiseLayer, writer: Layer) -> bool:
    ends = {end.tensor for end in network.outputs}
    alone = len(network.readers(writer.output)) == 1 and writer.output not in ends
    lone = layer.inputs == (writer.output,) and layer.coefficients == (1,) and writer.table is None
    return alone and lone and _keeps_codes(layer.requantization)


def _keeps_codes(constants: Requantization) -> bool:
    """Return whether codes stay as they are but for the range."""
    m, b, s = constants.multiplier, constants.offset, constants.shift
    unit = np.int64(1) << np.minimum(s, 62)
    return bool((m == unit).all() and (b == -constants.zero_point * unit).all() and not constants.has_negative)


def _merged(network: Network, layer: ElementwiseLayer, writer: Layer) -> Network:
    made = replace(
        writer,
        output=layer.output,
        requantization=_narrowed(writer.requantization, layer.requantization),
        table=layer.table,
    )
    if isinstance(made, PoolLayer):
        by_count = tuple((count, _narrowed(constants, layer.requantization)) for count, constants in made.by_count)
        made = replace(made, by_count=by_count)
    layers = tuple(made if one is writer else one for one in network.layers if one is not layer)
    tensors = {name: tensor for name, tensor in network.tensors.items() if name != writer.output}
    what = "a range" if layer.table is None else "a table"
    note = f"layer {layer.name!r} became {what} of layer {writer.name!r}"
    return replace(network, layers=layers, tensors=tensors, folded=(*network.folded, note))


def _narrowed(constants: Requantization, bounds: Requantization) -> Requantization:
    lowest, highest = np.clip([constants.lowest, constants.highest], bounds.lowest, bounds.highest).tolist()
    return replace(constants, lowest=lowest, highest=highest)
