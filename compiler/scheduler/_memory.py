"""Places tensors in activation memory by their lifetimes.

1. A network input lives from the start (the host has written it), a layer's output from that layer on; both to their
   last consumer, outputs of the network to the end.
2. A tensor carries the halo that its consumers reach into (``halo``).
3. A tensor lies at the same address in the memories of all cores that hold it: what is written over the bus goes to
   one address.
4. Tensors that live at the same time in one memory do not overlap. Each takes the smallest gap that suffices, in whole
   memory words; the largest tensors first, or the earliest first, whichever lacks less memory, or else needs less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nngen.errors import CapacityError
from nngen.ir import Network, Region

from .cores import NumberedCore
from .halo import halo_of
from .parts import Cores

_MOST_BYTES = 1 << 19


@dataclass(frozen=True, kw_only=True)
class _Block:
    """Bytes that a tensor needs in some cores while layers ``begin`` to ``end`` run, both included."""

    tensor: str
    size: int
    begin: int
    end: int
    cores: Cores

    def meets(self, other: _Block) -> bool:
        return self.begin <= other.end and other.begin <= self.end and not set(self.cores).isdisjoint(other.cores)


@dataclass(frozen=True, kw_only=True)
class _Memory:
    """The activation memory of a core, the last ``reserved`` bytes of which hold something else."""

    core: NumberedCore
    reserved: int
    blocks: tuple[_Block, ...]

    def height(self, addresses: dict[str, int]) -> int:
        return max((addresses[block.tensor] + block.size for block in self.blocks), default=0)

    def lacking(self, addresses: dict[str, int]) -> int:
        return max(0, self.height(addresses) + self.reserved - self.core.core.activation_bytes)


def allocate(
    network: Network,
    shapes: Mapping[str, Region],
    holders: Mapping[str, Cores],
    lives: Mapping[str, tuple[int, int]],
    cores: Sequence[NumberedCore],
    *,
    reserved: Sequence[int],
) -> dict[str, Region]:
    """Return ``shapes`` with addresses, in the order in which tensors come to life.

    ``lives`` are the first and last layer at which each must be in memory. The last ``reserved`` bytes of each core's
    memory hold something else.

    Raises
    ------
    CapacityError
        Names the layer at which most memory is in use, what is needed and what there is.
    """
    word = cores[0].core.word_bytes
    blocks = [
        _Block(
            tensor=name,
            size=-(-region.bytes // word) * word,
            begin=lives[name][0],
            end=lives[name][1],
            cores=holders[name],
        )
        for name, region in shapes.items()
    ]
    memories = [
        _Memory(core=core, reserved=rest, blocks=tuple(block for block in blocks if core.number in block.cores))
        for core, rest in zip(cores, reserved, strict=True)
    ]
    best = _best_placement(blocks, memories)
    for memory in memories:
        if memory.lacking(best):
            _refuse(network, memory, memory.height(best))
    by_birth = sorted(blocks, key=lambda b: (b.begin, b.tensor))
    return {b.tensor: shapes[b.tensor].model_copy(update={"address": best[b.tensor]}) for b in by_birth}


def shape_of(network: Network, name: str) -> Region:
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


def lives_of(network: Network, names: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return the first and last layer at which each tensor must be in memory."""
    return {name: (_begin(network, name), _end(network, name)) for name in names}


def _best_placement(blocks: Sequence[_Block], memories: Sequence[_Memory]) -> dict[str, int]:
    """Return an address for each block."""
    largest_first = sorted(blocks, key=lambda b: (-b.size, b.begin, b.tensor))
    earliest_first = sorted(blocks, key=lambda b: (b.begin, -b.size, b.tensor))
    placements = [_place(order) for order in (largest_first, earliest_first)]
    return min(
        placements,
        key=lambda placed: (
            sum(memory.lacking(placed) for memory in memories),
            max(memory.height(placed) for memory in memories),
        ),
    )


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


def _refuse(network: Network, memory: _Memory, tensors: int) -> None:
    def alive(i: int) -> int:
        return sum(block.size for block in memory.blocks if block.begin <= i <= block.end)

    needed = tensors + memory.reserved
    beside = f" beside {memory.reserved} bytes of weights" if memory.reserved else ""
    peak = max(range(len(network.layers)), key=alive)
    fix = (
        f"set {memory.core.table}.memory.activation_bytes = {needed}"
        if needed <= _MOST_BYTES
        else "that is the most a core can have"
    )
    raise CapacityError(
        f"layer '{network.layers[peak].name}': the tensors alive with it need {tensors} bytes of activation memory"
        f"{beside}, {memory.core.name} has {memory.core.core.activation_bytes}: {fix}"
    )
