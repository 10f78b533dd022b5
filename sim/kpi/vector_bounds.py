"""Lower bounds on the cycles of a vector layer, unit by unit.

VEC takes a memory word of elements a cycle, POST makes one output a cycle, LOAD and STORE move one memory word a cycle;
every input element that a window covers is loaded at least once.
"""

from __future__ import annotations

import numpy as np

from nngen.arch import Core
from nngen.ir import (
    ConcatLayer,
    CopyLayer,
    DepthwiseLayer,
    ElementwiseLayer,
    Network,
    PoolLayer,
    ProductLayer,
    VectorSchedule,
    WindowLayer,
)

from .bounds import Bounds
from .vector_busy import chunk_busy, places_of

VectorLayer = DepthwiseLayer | PoolLayer | ElementwiseLayer | ConcatLayer | ProductLayer | CopyLayer


def vector_layer_bounds(network: Network, layer: VectorLayer, core: Core) -> Bounds:
    """Return the bounds of a layer on a core with VEC."""
    sources, target = [network.tensors[name] for name in layer.inputs], network.tensors[layer.output]
    word = core.word_bytes
    if isinstance(layer, WindowLayer):
        elements = [_covered_elements(network, layer)]
        combined = [_combined_elements(network, layer)]
    elif isinstance(layer, CopyLayer):
        elements, combined = [_picked_elements(network, layer)], [target.elements]
    elif isinstance(layer, ProductLayer):
        elements, combined = [source.elements for source in sources], [target.elements] * 2
    else:
        elements = combined = [source.elements for source in sources]
    loaded = [count * source.element_bytes for count, source in zip(elements, sources, strict=True)]
    taken = [count * source.element_bytes for count, source in zip(combined, sources, strict=True)]
    return Bounds(
        load=sum(-(-count // word) for count in loaded),
        mvm=0,
        vec=sum(-(-count // word) for count in taken),
        post=target.elements,
        store=-(-target.elements * target.element_bytes // word),
    )


def vector_mapping_bounds(scheduled: VectorSchedule, core: Core) -> Bounds:
    """Return the busy cycles of a layer as it is scheduled."""
    busy = [
        chunk_busy(chunk, places, output_pointer=scheduled.output_pointer, word_bytes=core.word_bytes)
        for segment, places in places_of(scheduled)
        for chunk in segment.chunks
    ]
    return Bounds(
        load=sum(sum(one.load) for one in busy),
        mvm=0,
        vec=sum(sum(one.vec) for one in busy),
        post=sum(one.post for one in busy),
        store=sum(one.store for one in busy),
    )


def _combined_elements(network: Network, layer: DepthwiseLayer | PoolLayer) -> int:
    """Return the elements of all windows; max pools can do without those of the padding."""
    height, width, channels = network.tensors[layer.input].shape
    if isinstance(layer, PoolLayer) and layer.kind == "max":
        return int(layer.covered(height, width).sum()) * channels
    return network.positions(layer) * layer.rows * channels


def _picked_elements(network: Network, layer: CopyLayer) -> int:
    """Return the different elements of the input that are read; padding aside."""
    height, width, _ = network.tensors[layer.inputs[0]].shape
    rows, columns = (
        len({place for place in places if 0 <= place < size})
        for places, size in ((layer.rows_read, height), (layer.columns_read, width))
    )
    return rows * columns * len(set(layer.channels_read))


def _covered_elements(network: Network, layer: WindowLayer) -> int:
    """Return the elements of the input that lie in a window."""
    shape = network.tensors[layer.input].shape
    outputs = network.tensors[layer.output].shape
    covered = 1
    for axis in (0, 1):
        first = np.arange(outputs[axis]) * layer.strides[axis] - layer.pads[axis]
        places = first[:, None] + np.arange(layer.kernel[axis]) * layer.dilations[axis]
        covered *= int(np.unique(places[(places >= 0) & (places < shape[axis])]).size)
    return covered * shape[2]
