"""Pass on the integer network: a layer that only maps codes of one other layer to codes moves into it.

Rules
-----
1. It has one input, whose writer is a layer without table, that it alone reads, and that is no output of the network.
2. A table moves into the writer: it follows the writer's requantization there.
3. A clip (the same scale and zero point, no other change) narrows the writer's range.
4. A conversion that moves all codes by one number, for products alone, moves the writer's zero point and range, or what
   its table holds. The tensor keeps the writer's name.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nngen.ir import ElementwiseLayer, Layer, Network, PoolLayer, ProductLayer
from nngen.numerics import Requantization


def merge_layers(network: Network) -> Network:
    """Return the network with layers merged where a rule allows it."""
    for layer in network.layers:
        writer = network.writer(layer.inputs[0])
        if isinstance(layer, ElementwiseLayer) and writer is not None and _mergeable(network, layer, writer):
            network = _merged(network, layer, writer)
    for layer in network.layers:
        writer = network.writer(layer.inputs[0])
        if isinstance(layer, ElementwiseLayer) and writer is not None and _moves_codes(network, layer, writer):
            network = _moved(network, layer, writer)
    return network


def _moves_codes(network: Network, layer: ElementwiseLayer, writer: Layer) -> bool:
    constants, source = layer.requantization, network.tensors[layer.inputs[0]]
    plain = not constants.offset.any() and not constants.has_negative and not constants.shift.any()
    same = plain and bool((constants.multiplier == 1).all()) and constants.zero_point != 0 and layer.table is None
    bounds = constants.lowest - constants.zero_point, constants.highest - constants.zero_point
    whole = bounds == (source.lowest, source.highest) and layer.coefficients == (1,)
    for_products = all(isinstance(reader, ProductLayer) for reader in network.readers(layer.output))
    inside = layer.output not in {end.tensor for end in network.outputs}
    return same and whole and for_products and inside and _is_alone(network, writer)


def _moved(network: Network, layer: ElementwiseLayer, writer: Layer) -> Network:
    by = layer.requantization.zero_point
    if writer.table is not None:
        made = replace(writer, table=writer.table + by)
    else:
        made = replace(writer, requantization=_shifted(writer.requantization, by))
        if isinstance(made, PoolLayer):
            by_count = tuple((count, _shifted(constants, by)) for count, constants in made.by_count)
            made = replace(made, by_count=by_count)
    old = network.tensors[writer.output]
    tensors = {name: tensor for name, tensor in network.tensors.items() if name != layer.output}
    tensors[old.name] = replace(network.tensors[layer.output], name=old.name)
    others = [made if one is writer else one for one in network.layers if one is not layer]
    layers = tuple(_reading(one, layer.output, old.name) for one in others)
    note = f"layer {layer.name!r} became the zero point of layer {writer.name!r}"
    return replace(network, layers=layers, tensors=tensors, folded=(*network.folded, note))


def _reading(layer: Layer, old: str, new: str) -> Layer:
    """Return a product with a tensor under its new name: nothing else reads what was converted for it."""
    if not isinstance(layer, ProductLayer):
        return layer
    return replace(layer, inputs=tuple(new if name == old else name for name in layer.inputs))


def _shifted(constants: Requantization, by: int) -> Requantization:
    return replace(
        constants,
        zero_point=constants.zero_point + by,
        lowest=constants.lowest + by,
        highest=constants.highest + by,
    )


def _is_alone(network: Network, writer: Layer) -> bool:
    """Return whether one layer alone reads what a layer writes."""
    ends = {end.tensor for end in network.outputs}
    return len(network.readers(writer.output)) == 1 and writer.output not in ends


def _mergeable(network: Network, layer: ElementwiseLayer, writer: Layer) -> bool:
    lone = layer.inputs == (writer.output,) and layer.coefficients == (1,) and writer.table is None
    return _is_alone(network, writer) and lone and _keeps_codes(layer.requantization)


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
