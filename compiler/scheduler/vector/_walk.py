"""How a vector layer walks over its tensors: rows and columns of outputs, and the addresses that move along.

1. A layer of one position a window whose rows follow each other without a gap in all its tensors has one long row.
2. Where besides all channels are treated alike, each of them is a column of its own: chunks may end anywhere.
3. Tensors whose addresses move alike share a pointer, but for those that lie far apart, or have an address register
   to themselves. One pixel that counts for every position does not move.
4. A copy has a period of its rows, and of the elements along a row, as one row and column (see ``_copies``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nngen.compiler.mapper import VectorLayer
from nngen.errors import CapacityError
from nngen.ir import ConcatLayer, CopyLayer, ElementwiseLayer, Network, Pointer, ProductLayer, Region, Ring, Tensor
from nngen.isa import ADDRESS_REGISTERS

from ._periods import Period, elements_read
from ._records import is_uniform

# One address register stays at 0: FILL of halos.
_MOST_POINTERS = ADDRESS_REGISTERS - 1
_REACH = 1 << 18  # bytes between tensors that share a pointer; offsets of instructions have room for as much again


@dataclass(frozen=True, kw_only=True)
class Surface:
    """Where a tensor is read or written: first at ``address``, then a step on for each output row and column.

    ``ring`` is the address register that it has to itself, where it has one.
    """

    address: int
    row_step: int
    column_step: int
    ring: Ring | None = None

    @property
    def moves(self) -> tuple[int, int, int | None]:
        """What tensors that share a pointer have in common."""
        return self.row_step, self.column_step, self.ring.address_register if self.ring else None

    def follows(self, leader: Surface) -> bool:
        """Whether the pointer of another tensor serves this one, too: it moves alike, and offsets reach so far."""
        return self.moves == leader.moves and (self.ring is not None or abs(self.address - leader.address) < _REACH)

    @property
    def pointer(self) -> Pointer:
        """The pointer of this tensor, and of others that share it."""
        if self.ring is None:
            return Pointer(address=self.address, row_step=self.row_step)
        register = self.ring.address_register
        return Pointer(address=self.ring.address, row_step=self.row_step, address_register=register)


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Rows, columns and channels of what is written, and the surfaces of inputs and output.

    ``rows_at_once`` output rows count as one.
    """

    rows: int
    columns: int
    channels: int
    inputs: tuple[Surface, ...]
    output: Surface
    rows_at_once: int = 1

    @property
    def surfaces(self) -> tuple[Surface, ...]:
        """Inputs, then the output."""
        return (*self.inputs, self.output)


def walk_of(network: Network, layer: VectorLayer, regions: Mapping[str, Region], rings: Mapping[str, Ring]) -> Walk:
    """Return the walk of a layer; tensors of ``rings`` have address registers to themselves."""
    walk = _walk(network, layer, regions)
    names = (*layer.inputs, layer.output)
    *inputs, output = [
        replace(surface, ring=rings.get(name)) for surface, name in zip(walk.surfaces, names, strict=True)
    ]
    return replace(walk, inputs=tuple(inputs), output=output)


def _walk(network: Network, layer: VectorLayer, regions: Mapping[str, Region]) -> Walk:
    if isinstance(layer, CopyLayer):
        walk = _walk_of_copy(network, layer, regions)
        return _one_row(walk) if walk.rows_at_once == 1 and _gapless(walk) else walk
    rows, columns, channels = network.tensors[layer.output].shape
    down, across = layer.strides
    walk = Walk(
        rows=rows,
        columns=columns,
        channels=channels,
        inputs=tuple(
            _surface(regions[name], *((0, 0) if is_spread(network, layer, name) else (down, across)))
            for name in layer.inputs
        ),
        output=_surface(regions[layer.output], 1, 1),
    )
    if not isinstance(layer, ElementwiseLayer | ConcatLayer | ProductLayer):
        return walk
    spread = any(is_spread(network, layer, name) for name in layer.inputs)
    if not isinstance(layer, ConcatLayer) and not spread and is_uniform(layer):
        walk = _channels_as_columns(walk, [network.tensors[name] for name in (*layer.inputs, layer.output)])
    return _one_row(walk) if _gapless(walk) else walk


def is_spread(network: Network, layer: VectorLayer, name: str) -> bool:
    """Return whether an input of a product is one pixel that counts for every position."""
    return (
        isinstance(layer, ProductLayer) and network.tensors[name].shape[:2] != network.tensors[layer.output].shape[:2]
    )


def _walk_of_copy(network: Network, layer: CopyLayer, regions: Mapping[str, Region]) -> Walk:
    source, target = network.tensors[layer.inputs[0]], network.tensors[layer.output]
    rows, along = Period.of(layer.rows_read), Period.of(elements_read(layer, source.shape[2]))
    region, output = regions[source.name], regions[target.name]
    return Walk(
        rows=target.shape[0] // rows.length,
        columns=target.shape[1] * target.shape[2] // along.length,
        channels=along.length,
        inputs=(
            Surface(
                address=region.interior(),
                row_step=rows.step * region.pitch,
                column_step=along.step * source.element_bytes,
            ),
        ),
        output=Surface(
            address=output.interior(),
            row_step=rows.length * output.pitch,
            column_step=along.length * target.element_bytes,
        ),
        rows_at_once=rows.length,
    )


def _gapless(walk: Walk) -> bool:
    """Return whether rows follow each other like columns in all tensors."""
    return all(s.row_step == walk.columns * s.column_step for s in walk.surfaces)


def _surface(region: Region, down: int, across: int) -> Surface:
    return Surface(address=region.interior(), row_step=down * region.pitch, column_step=across * region.pixel_bytes)


def _channels_as_columns(walk: Walk, tensors: Sequence[Tensor]) -> Walk:
    surfaces = [
        replace(surface, column_step=tensor.element_bytes)
        for surface, tensor in zip(walk.surfaces, tensors, strict=True)
    ]
    return replace(
        walk,
        columns=walk.columns * walk.channels,
        channels=1,
        inputs=tuple(surfaces[:-1]),
        output=surfaces[-1],
    )


def _one_row(walk: Walk) -> Walk:
    return replace(walk, rows=1, columns=walk.rows * walk.columns)


@dataclass(frozen=True, kw_only=True)
class Pointers:
    """Pointers of a walk, and of each surface which one it uses at which offset."""

    pointers: tuple[Pointer, ...]
    column_steps: tuple[int, ...]
    numbers: tuple[int, ...]
    offsets: tuple[int, ...]

    @classmethod
    def of(cls, walk: Walk, *, layer: str, taken: int) -> Pointers:
        """Return the pointers of a walk; ``taken`` address registers belong to tensors of any layers.

        Raises
        ------
        CapacityError
            Where the layer needs more than there are address registers.
        """
        leaders: list[Surface] = []
        for surface in walk.surfaces:
            if not any(surface.follows(leader) for leader in leaders):
                leaders.append(surface)
        needed, available = sum(surface.ring is None for surface in leaders), _MOST_POINTERS - taken
        if needed > available:
            raise CapacityError(
                f"layer '{layer}' needs {needed} address registers, as many of its tensors lie in memory with "
                f"different halos; there are {available}"
            )
        pointers = [surface.pointer for surface in leaders]
        numbers = [next(i for i, leader in enumerate(leaders) if s.follows(leader)) for s in walk.surfaces]
        return cls(
            pointers=tuple(pointers),
            column_steps=tuple(s.column_step for s in leaders),
            numbers=tuple(numbers),
            offsets=tuple(
                s.address - pointers[number].address for s, number in zip(walk.surfaces, numbers, strict=True)
            ),
        )
