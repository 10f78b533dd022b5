"""Busy cycles of a matrix layer's units on each core, estimated from its tiles alone: no schedule is needed.

1. Tiles of one macro on the same word lines, with the same matrix rows and the same position of slices run at once,
   over steps without a gap: a job. Pass k runs the k-th job of every macro of the core, the longest first; it takes as
   many steps as the longest of them, and one fill of the row buffers for each row range among them.
2. POST makes one output a cycle of each different set of partial sums that macros hold; macros with the same set are
   added in that cycle.
3. Of R replicas, replica r computes the output rows [H r / R, H (r + 1) / R), each bound rounded down.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.ir import LayerMapping, MatrixLayer, Network, Tile
from nngen.isa import mvm_cycles
from nngen.numerics import PlaneFormat

from .bounds import Bounds

Rows = tuple[int, tuple[int, int]]  # first word line, matrix rows
Job = tuple[int, Rows]  # steps, and what drives them

WORD_BYTES = 4  # of an accumulator that travels


@dataclass(frozen=True, kw_only=True)
class CoreWork:
    """What one core does of a layer in one inference.

    Parameters
    ----------
    core
        Its number.
    busy
        Busy cycles of its units.
    fill
        Cycles until its pipeline is full, and until it has run dry.
    outputs
        Output channels that it computes, or has partial sums of.
    positions
        Output positions at which it does.
    """

    core: int
    busy: Bounds
    fill: int
    outputs: int
    positions: int

    @property
    def cycles(self) -> int:
        """The busiest unit at work, one fill and one drain."""
        return self.busy.bound + self.fill


def replica_rows(height: int, replica: int, replicas: int) -> int:
    """Return how many of so many output rows a replica computes."""
    return height * (replica + 1) // replicas - height * replica // replicas


def matrix_work(
    network: Network, layer: MatrixLayer, mapping: LayerMapping, cores: Sequence[Core]
) -> tuple[CoreWork, ...]:
    """Return the work of each core and replica that holds tiles of a layer, in the order of their numbers."""
    height, width, _ = network.tensors[layer.output].shape
    output_bytes = WORD_BYTES if is_split(layer, mapping) else network.tensors[layer.output].element_bytes
    tiles: dict[tuple[int, int], list[Tile]] = {}
    for tile in mapping.tiles:
        tiles.setdefault((tile.core, tile.replica), []).append(tile)
    replicas = len({replica for _, replica in tiles})
    work = []
    for (number, replica), found in sorted(tiles.items()):
        positions = width * replica_rows(height, replica, replicas)
        outputs = len({output for tile in found for output in range(*tile.output_range)})
        one = _position(network, layer, found, cores[number], output_bytes=outputs * output_bytes)
        work.append(
            CoreWork(
                core=number,
                busy=one.times(positions),
                fill=one.load + one.post + one.store,
                outputs=outputs,
                positions=positions,
            )
        )
    return tuple(work)


def is_split(layer: MatrixLayer, mapping: LayerMapping) -> bool:
    """Return whether rows of one output lie on several cores, so that VEC has to add them."""
    held: dict[tuple[int, int], npt.NDArray[np.int64]] = {}
    for tile in mapping.tiles:
        rows = held.setdefault((tile.core, tile.replica), np.zeros(layer.outputs, np.int64))
        rows[slice(*tile.output_range)] += tile.rows
    return any(((rows > 0) & (rows < layer.rows)).any() for rows in held.values())


def _position(network: Network, layer: MatrixLayer, tiles: Sequence[Tile], core: Core, *, output_bytes: int) -> Bounds:
    """Return the busy cycles of one output position."""
    source = network.tensors[layer.input]
    slices = core.macro.weight_format(layer.weights).slices
    passes = _passes(tiles, slices, core)
    return Bounds(
        load=sum(_words(_length(rows) * source.element_bytes, core) for one in passes for rows in {r for _, r in one}),
        mvm=mvm_cycles(
            planes=PlaneFormat(bits=source.bits, signed=source.signed, dac_bits=core.macro.dac_bits).planes,
            steps=sum(max(steps for steps, _ in one) for one in passes),
            slices=slices,
            conversion_cycles=core.macro.conversion_cycles,
        ),
        post=_records(tiles, slices, core),
        store=_words(output_bytes, core),
    )


def _passes(tiles: Sequence[Tile], slices: int, core: Core) -> list[list[Job]]:
    macros: dict[int, list[Tile]] = {}
    for tile in tiles:
        macros.setdefault(tile.macro, []).append(tile)
    jobs = [
        sorted(_jobs(found, slices, core), key=lambda job: (-job[0], job[1])) for _, found in sorted(macros.items())
    ]
    return [[job for job in column if job is not None] for column in zip_longest(*jobs)]


def _jobs(tiles: Sequence[Tile], slices: int, core: Core) -> Iterator[Job]:
    """Yield the jobs of one macro."""
    steps: dict[tuple[Rows, int], set[int]] = {}
    for tile in tiles:
        for conversion in _conversions(tile, slices, core):
            step, phase = divmod(conversion % core.macro.columns_per_adc, slices)
            steps.setdefault(((tile.row, tile.input_range), phase), set()).add(step)
    for (rows, _), found in steps.items():
        first = None
        for step in sorted(found):
            first = step if first is None else first
            if step + 1 not in found:
                yield step + 1 - first, rows
                first = None


def _conversions(tile: Tile, slices: int, core: Core) -> range:
    first = tile.column // core.macro.lines
    return range(first, first + tile.outputs * slices, slices)


def _records(tiles: Sequence[Tile], slices: int, core: Core) -> int:
    """Return the constant records of one position: the partial sums, of macros that hold the same ones once."""
    sums: dict[int, set[tuple[int, int]]] = {}
    for tile in tiles:
        adcs = (conversion // core.macro.columns_per_adc for conversion in _conversions(tile, slices, core))
        sums.setdefault(tile.macro, set()).update(zip(range(*tile.output_range), adcs, strict=True))
    return sum(len(held) for held in {frozenset(held) for held in sums.values()})


def _length(rows: Rows) -> int:
    return rows[1][1] - rows[1][0]


def _words(length: int, core: Core) -> int:
    return -(-length // core.word_bytes)
