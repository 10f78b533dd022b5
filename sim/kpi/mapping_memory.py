"""About how many bytes of activation memory each core needs under a mapping; the scheduler finds out exactly.

A tensor is in the memory of each core that holds it from the layer that writes it, or the start, to its last reader
there, or to the end where the host wants it: with the padding of its widest reader around it. What lives at one time
adds up, as if no gap were left between tensors. In a pipeline a tensor that goes from core to core, or from or to the
host, keeps its place for good: all of it, once; the scheduler may do with a few rows, or use more places.
"""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass

from nngen.arch import Architecture
from nngen.ir import Mapping, MatrixLayer, Network

from .mapping_places import Cores, cores_of
from .mapping_work import WORD_BYTES, is_split


@dataclass(frozen=True, kw_only=True)
class CoreMemory:
    """Bytes that a core needs at the layer that needs most, and those that it has."""

    core: int
    layer: str
    needed: int
    available: int


def memory_of(
    network: Network,
    mapping: Mapping,
    architecture: Architecture,
    holders: Dictionary[str, Cores],
    *,
    pipelined: bool = False,
) -> tuple[CoreMemory, ...]:
    """Return the need of every core."""
    needed = [[0] * len(network.layers) for _ in architecture.cores]
    for name, cores in holders.items():
        begin = next((i for i, layer in enumerate(network.layers) if layer.output == name), 0)
        size = stored_bytes(network, name)
        lasting = pipelined and _travels(network, mapping, name, cores)
        for core in sorted(cores):
            end = _end(network, mapping, name, core, begin)
            for i in range(len(network.layers)) if lasting else range(begin, end + 1):
                needed[core][i] += size
    for i, layer in enumerate(network.layers):
        if isinstance(layer, MatrixLayer) and is_split(layer, mapping.layer(layer.name)):
            terms = len(cores_of(layer, mapping.layer(layer.name)))
            needed[mapping.layer(layer.name).core][i] += terms * network.positions(layer) * layer.outputs * WORD_BYTES
    return tuple(
        CoreMemory(
            core=number,
            layer=network.layers[needed[number].index(max(needed[number]))].name,
            needed=max(needed[number]),
            available=core.activation_bytes,
        )
        for number, core in enumerate(architecture.cores)
    )


def _travels(network: Network, mapping: Mapping, name: str, holders: Cores) -> bool:
    """Return whether a tensor goes from core to core, or from or to the host."""
    writer = network.writer(name)
    if writer is None or any(entry.tensor == name for entry in network.outputs):
        return True
    return len(holders | cores_of(writer, mapping.layer(writer.name))) > 1


def _end(network: Network, mapping: Mapping, name: str, core: int, begin: int) -> int:
    if any(entry.tensor == name for entry in network.outputs):
        return len(network.layers) - 1
    return max(
        (
            i
            for i, layer in enumerate(network.layers)
            if name in layer.inputs and core in cores_of(layer, mapping.layer(layer.name))
        ),
        default=begin,
    )


def stored_bytes(network: Network, name: str) -> int:
    """Return the bytes of a tensor with the padding of its widest reader."""
    tensor = network.tensors[name]
    height, width, channels = tensor.shape
    pads = [layer.pads for layer in network.readers(name)] or [(0, 0, 0, 0)]
    top, left, bottom, right = (max(sides) for sides in zip(*pads, strict=True))
    stored: int = (height + top + bottom) * (width + left + right) * channels * tensor.element_bytes
    return stored
