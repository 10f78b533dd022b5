"""What is known of a vector layer before its outputs are cut into chunks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from nngen.arch import Core, Vector
from nngen.compiler.mapper import VectorLayer
from nngen.compiler.scheduler.stretches import Stretch, contiguous, strided
from nngen.ir import Copy, Network, Outputs, Region, Tensor

from ._coefficients import LayerCoefficients
from ._records import RecordBook
from ._walk import Pointers, Walk

MOST_POSTS = 16  # of one chunk: what constants of their own for every channel cost in instructions
MOST_COPIES = 64  # of one chunk, likewise


@dataclass(frozen=True, kw_only=True)
class Cut:
    """What one chunk computes: the channels [a, b) of neighbouring pixels of a row.

    ``covered`` has an entry for each of them: how many elements of its window count, where that matters, else None.
    """

    covered: tuple[int | None, ...]
    channels: tuple[int, int]

    @property
    def pixels(self) -> int:
        """Pixels."""
        return len(self.covered)

    @property
    def width(self) -> int:
        """Channels of each pixel."""
        return self.channels[1] - self.channels[0]

    @property
    def elements(self) -> int:
        """Outputs."""
        return self.pixels * self.width


@dataclass(frozen=True, kw_only=True)
class Site:
    """A layer, its surroundings, and the memories that its chunks take from.

    The architecture file describes its core in ``table``. With ``repeats`` constants that differ between channels stand
    in constant memory for each pixel of a chunk.
    """

    network: Network
    layer: VectorLayer
    core: Core
    table: str
    vector: Vector
    regions: Mapping[str, Region]
    walk: Walk
    pointers: Pointers
    records: RecordBook
    coefficients: LayerCoefficients
    repeats: bool

    def trial(self) -> Site:
        """Return a site for a plan that may be dropped: what it takes is not taken from this one."""
        return replace(self, records=self.records.trial(), coefficients=self.coefficients.trial())

    @property
    def sources(self) -> tuple[Tensor, ...]:
        """The tensors that the layer reads."""
        return tuple(self.network.tensors[name] for name in self.layer.inputs)

    @property
    def target(self) -> Tensor:
        """The tensor that it writes."""
        return self.network.tensors[self.layer.output]

    def copies(self, number: int, pieces: list[Stretch]) -> tuple[Copy, ...]:
        """Return the LOADs of pieces of an input, whose offsets count from its surface."""
        runs = contiguous(pieces)
        if self.core.strided_access:
            runs = strided(runs)
        return tuple(
            Copy(
                pointer=self.pointers.numbers[number],
                offset=self.pointers.offsets[number] + run.offset,
                length=run.length,
                place=run.place,
                runs=run.repeat,
                stride=run.stride,
            )
            for run in runs
        )

    def fits_outputs(self, cut: Cut) -> bool:
        """Return whether a bank of accumulators and an output buffer take a cut."""
        return (
            cut.elements <= self.vector.accumulators
            and cut.elements * self.target.element_bytes <= self.core.output_buffer_bytes
        )

    def outputs(self, cut: Cut, entry: int = 0) -> tuple[Outputs, ...] | None:
        """Return the POSTs of a cut whose accumulators stand side by side from ``entry`` on; None for too many."""
        outputs: list[Outputs] = []
        for covered, pixels in groupby(cut.covered):
            count = len(list(pixels))
            record, single = self.records.place(cut.channels, covered, times=count if self.repeats else 1)
            for size in [count] if single or self.repeats else [1] * count:
                outputs.append(Outputs(entry=entry, count=size * cut.width, record=record, single=single))
                entry += size * cut.width
        return tuple(outputs) if len(outputs) <= MOST_POSTS or cut.pixels == 1 else None
