"""How a vector layer walks over its tensors: rows and columns of outputs, and the addresses that move along.

1. A layer of one position a window whose rows follow each other without a gap in all its tensors has one long row.
2. Where besides all channels are treated alike, each of them is a column of its own: chunks may end anywhere.
3. Tensors whose addresses move alike share a pointer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nngen.compiler.mapper import VectorLayer
from nngen.errors import CapacityError
from nngen.ir import ConcatLayer, ElementwiseLayer, Network, Pointer, Region, Tensor
from nngen.isa import ADDRESS_REGISTERS

from ._records import is_uniform

# One address register stays at 0: FILL of halos.
_MOST_POINTERS = ADDRESS_REGISTERS - 1


@dataclass(frozen=True, kw_only=True)
class Surface:
    """Where a tensor is read or written: first at ``address``, then a step on for each output row and column."""

    address: int
    row_step: int
    column_step: int

    @property
    def moves(self) -> tuple[int, int]:
        """What tensors that share a pointer have in common."""
        return self.row_step, self.column_step


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Rows, columns and channels of what is written, and the surfaces of inputs and output."""

    rows: int
    columns: int
    channels: int
    inputs: tuple[Surface, ...]
    output: Surface

    @property
    def surfaces(self) -> tuple[Surface, ...]:
        """Inputs, then the output."""
        return (*self.inputs, self.output)


def walk_of(network: Network, layer: VectorLayer, regions: Mapping[str, Region]) -> Walk:
    """Return the walk of a layer."""
    rows, columns, channels = network.tensors[layer.output].shape
    down, across = layer.strides
    walk = Walk(
        rows=rows,
        columns=columns,
        channels=channels,
        inputs=tuple(_surface(regions[name], down, across) for name in layer.inputs),
        output=_surface(regions[layer.output], 1, 1),
    )
    if not isinstance(layer, ElementwiseLayer | ConcatLayer):
        return walk
    if isinstance(layer, ElementwiseLayer) and is_uniform(layer):
        walk = _channels_as_columns(walk, [network.tensors[name] for name in (*layer.inputs, layer.output)])
    return _one_row(walk) if all(s.row_step == walk.columns * s.column_step for s in walk.surfaces) else walk


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
    def of(cls, walk: Walk, *, layer: str) -> Pointers:
        """Return the pointers of a walk.

        Raises
        ------
        CapacityError
            Where the layer needs more than there are address registers.
        """
        leaders: dict[tuple[int, int], Surface] = {}
        for surface in walk.surfaces:
            leaders.setdefault(surface.moves, surface)
        if len(leaders) > _MOST_POINTERS:
            raise CapacityError(
                f"layer '{layer}' needs {len(leaders)} address registers, as many of its tensors lie in memory with "
                f"different halos; there are {_MOST_POINTERS}"
            )
        numbers = {moves: number for number, moves in enumerate(leaders)}
        return cls(
            pointers=tuple(Pointer(address=s.address, row_step=s.row_step) for s in leaders.values()),
            column_steps=tuple(s.column_step for s in leaders.values()),
            numbers=tuple(numbers[s.moves] for s in walk.surfaces),
            offsets=tuple(s.address - leaders[s.moves].address for s in walk.surfaces),
        )
