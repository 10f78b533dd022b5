"""Pass on the integer network: layers that want different codes around a tensor get copies of it.

Rules
-----
1. A tensor has one code around it. Windows want its zero point there; a copy wants any code; a max pool does without
   where it is not its own (see the scheduler).
2. A copy that wants another code than a window, or than a copy before it, reads a tensor of its own: a copy of the
   whole tensor.
"""

from __future__ import annotations

from dataclasses import replace

from nngen.ir import CopyLayer, Layer, Network, PoolLayer


def separate_halos(network: Network) -> Network:
    """Return the network in which no two layers want different codes around one tensor."""
    wanted = {
        layer.inputs[0]: network.padding(layer)
        for layer in network.layers
        if _reaches(network, layer) and not isinstance(layer, CopyLayer)
    }
    layers: list[Layer] = []
    tensors = dict(network.tensors)
    for layer in network.layers:
        source = layer.inputs[0]
        if not _reaches(network, layer):
            layers.append(layer)
            continue
        if isinstance(layer, CopyLayer) and wanted.setdefault(source, layer.fill) != layer.fill:
            name = f"{source} for {layer.name}"
            tensors[name] = replace(tensors[source], name=name)
            layers.append(_whole_copy(network, layer, name))
            layers.append(replace(layer, inputs=(name,)))
        else:
            layers.append(layer)
    return replace(network, layers=tuple(layers), tensors=tensors)


def _reaches(network: Network, layer: Layer) -> bool:
    """Return whether a layer reads beyond its first input, a code that it does not do without."""
    if isinstance(layer, CopyLayer):
        sizes = network.tensors[layer.inputs[0]].shape
        places = zip((layer.rows_read, layer.columns_read), sizes, strict=False)
        return any(min(read) < 0 or max(read) >= size for read, size in places)
    return any(layer.pads) and not (isinstance(layer, PoolLayer) and layer.kind == "max")


def _whole_copy(network: Network, layer: CopyLayer, name: str) -> CopyLayer:
    source = network.tensors[layer.inputs[0]]
    constants = layer.requantization
    kept = replace(
        constants.channels(0, 1).repeated(source.shape[2]),
        lowest=source.lowest,
        highest=source.highest,
    )
    return replace(
        layer,
        name=name,
        output=name,
        rows_read=tuple(range(source.shape[0])),
        columns_read=tuple(range(source.shape[1])),
        channels_read=tuple(range(source.shape[2])),
        requantization=kept,
        table=None,
    )
