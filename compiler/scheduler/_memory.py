"""Places tensors in activation memory by their lifetimes.

1. A network input lives from the start (the host has written it), a layer's output from that layer on; both to their
   last consumer, outputs of the network to the end.
2. A tensor carries the halo that its consumers reach into (``halo``).
3. Tensors that live at the same time in the memory of one core do not overlap. A tensor stands at one address in all
   memories that hold it. Each takes the smallest gap that suffices, in whole memory words; the largest tensors first,
   or the earliest first, whichever needs less memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nngen.arch import Core
from nngen.errors import CapacityError
from nngen.ir import Network, Region

from .halo import halo_of

_MOST_BYTES = 1 << 19


@dataclass(frozen=True, kw_only=True)
class _Block:
    """Bytes that a tensor needs in some cores while layers ``begin`` to ``end`` run, both included."""

    tensor: str
    size: int
    begin: int
    end: int
    holders: frozenset[int]

    def meets(self, other: _Block) -> bool:
        alive = self.begin <= other.end and other.begin <= self.end
        return alive and not self.holders.isdisjoint(other.holders)


def allocate(
    network: Network, holders: Mapping[str, Sequence[int]], cores: Sequence[Core], *, reserved: Sequence[int]
) -> dict[str, Region]:
    """Return a region for every tensor of the network by its name, in the order in which they come to life.

    Parameters
    ----------
    holders
        The cores in whose memory a tensor is.
    reserved
        Of each core the bytes at the end of its memory that hold something else.

    Raises
    ------
    CapacityError
        Names the layer at which most memory of a core is in use, what is needed and what there is.
    """
    word_bytes = cores[0].word_bytes
    shapes = {name: _region(network, name) for name in network.tensors if _is_used(network, name)}
    blocks = [
        _Block(
            tensor=name,
            size=-(-region.size // word_bytes) * word_bytes,
            begin=_begin(network, name),
            end=_end(network, name),
            holders=frozenset(holders[name]),
        )
        for name, region in shapes.items()
    ]
    largest_first = sorted(blocks, key=lambda b: (-b.size, b.begin, b.tensor))
    earliest_first = sorted(blocks, key=lambda b: (b.begin, -b.size, b.tensor))
    placements = [_place(order) for order in (largest_first, earliest_first)]
    excess = [
        [
            _height(blocks, placed, number) + reserved[number] - core.activation_bytes
            for number, core in enumerate(cores)
        ]
        for placed in placements
    ]
    best = min(range(len(placements)), key=lambda i: (max(*excess[i], 0) > 0, sum(excess[i])))
    largest = max(range(len(cores)), key=lambda number: excess[best][number])
    if excess[best][largest] > 0:
        tensors = _height(blocks, placements[best], largest)
        own = [block for block in blocks if largest in block.holders]
        _refuse(network, own, tensors, cores[largest], number=largest, reserved=reserved[largest])
    by_birth = sorted(blocks, key=lambda b: (b.begin, b.tensor))
    return {b.tensor: shapes[b.tensor].model_copy(update={"address": placements[best][b.tensor]}) for b in by_birth}


def _is_used(network: Network, name: str) -> bool:
    return name in _written_by_host(network) or any(layer.output == name for layer in network.layers)


def _written_by_host(network: Network) -> set[str]:
    return {entry.tensor for entry in network.inputs}


def _begin(network: Network, name: str) -> int:
    if name in _written_by_host(network):
        return -1
    return next(i for i, layer in enumerate(network.layers) if layer.output == name)


def _end(network: Network, name: str) -> int:
    if any(entry.tensor == name for entry in network.outputs):
        return len(network.layers)
    return max((i for i, layer in enumerate(network.layers) if name in layer.inputs), default=_begin(network, name))


def _region(network: Network, name: str) -> Region:
    """Return a tensor's region at address 0.

    A layer that writes its output row by row fills right halo and next left halo in one go, after the last row too:
    without a bottom halo the region ends with that left halo.
    """
    tensor = network.tensors[name]
    halo = halo_of(network, name)
    top, left, bottom, right = halo.sides
    height, width, channels = tensor.shape
    pixel_bytes = channels * tensor.element_bytes
    pitch = (left + width + right) * pixel_bytes
    tail = left * pixel_bytes if bottom == 0 and height > 1 else 0
    return Region(
        tensor=name,
        address=0,
        size=(top + height + bottom) * pitch + tail,
        pitch=pitch,
        pixel_bytes=pixel_bytes,
        halo=halo.sides,
        fill=halo.code,
    )


def _place(order: Sequence[_Block]) -> dict[str, int]:
    """Return an address for each block."""
    placed: list[tuple[int, _Block]] = []
    for block in order:
        taken = sorted((address, address + other.size) for address, other in placed if other.meets(block))
        placed.append((_best_gap(taken, block.size), block))
    return {block.tensor: address for address, block in placed}


def _best_gap(taken: Sequence[tuple[int, int]], size: int) -> int:
    """Return the first byte of the smallest gap that takes ``size`` bytes; above all others there is always room."""
    gaps: list[tuple[int, int]] = []
    top = 0
    for first, end in taken:
        if first - top >= size:
            gaps.append((first - top, top))
        top = max(top, end)
    return min(gaps)[1] if gaps else top


def _height(blocks: Sequence[_Block], addresses: dict[str, int], core: int) -> int:
    """Return the bytes that a core's memory must have."""
    return max((addresses[block.tensor] + block.size for block in blocks if core in block.holders), default=0)


def _refuse(
    network: Network, blocks: Sequence[_Block], tensors: int, core: Core, *, number: int, reserved: int
) -> None:  # fmt: skip
    def alive(i: int) -> int:
        return sum(block.size for block in blocks if block.begin <= i <= block.end)

    named = "the core" if core.bus is None else f"core {number}"
    needed = tensors + reserved
    beside = f" beside {reserved} bytes of weights" if reserved else ""
    peak = max(range(len(network.layers)), key=alive)
    fix = (
        f"set {core.where}.memory.activation_bytes = {needed}"
        if needed <= _MOST_BYTES
        else "that is the most a core can have"
    )
    raise CapacityError(
        f"layer '{network.layers[peak].name}': the tensors alive with it need {tensors} bytes of activation memory"
        f"{beside}, {named} has {core.activation_bytes}: {fix}"
    )
