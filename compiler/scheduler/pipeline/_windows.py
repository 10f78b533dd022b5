"""Tensors that go from core to core row by row, through a circular buffer of a few rows.

A tensor may, where

1. matrix layers write and read it, none of them with partial sums on other cores, and the host does not;
2. no core both writes and reads it, and each core that reads it does so for one layer;
3. those cores have no layer between the one that writes the tensor and the one that reads it, and all their layers
   before belong to earlier groups. A layer is in the group of the layer that writes its input, where that goes through
   a window, else in one of its own; groups come in the order of their first layers.

Why that cannot end in a circle of waiting cores: order what is to be done by inference, then by group, then by row.
Each core takes its layers in that order (3). A layer of an earlier group, or of an earlier inference, is never waited
for in vain: all other tensors have a place for every row of an inference, so that writing one waits for readers in
earlier inferences alone. Within a group each layer has one input, so that the windows form a tree, and each window
holds all rows that its reader needs at once (``rows``): the reader of the earliest row can always go on, or its writer
can.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from nngen.compiler.scheduler.halo import halo_of
from nngen.compiler.scheduler.partial_sums import Lowered
from nngen.compiler.scheduler.parts import cores_of
from nngen.ir import Layer, MatrixLayer, Network

MOST_SIGNALS = 255  # a counter holds


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a layer reads a tensor row by row, in rows of the halo and the tensor from the first one on.

    Parameters
    ----------
    first
        Rows that its first row of outputs does not need.
    needed
        Rows that a row of outputs needs from there on, or as many as it moves on by, if these are more.
    step
        Rows that each row of outputs moves on by.
    outputs
        Rows of outputs.
    """

    first: int
    needed: int
    step: int
    outputs: int

    @classmethod
    def of(cls, network: Network, layer: MatrixLayer) -> Reading:
        """Return how a layer reads its input."""
        step = layer.strides[0]
        return cls(
            first=halo_of(network, layer.input).sides[0] - layer.pads[0],
            needed=max(layer.extent[0], step),
            step=step,
            outputs=network.output_shape(layer)[0],
        )

    @property
    def held(self) -> int:
        """Rows that must be there at once."""
        return self.first + self.needed

    @property
    def ahead(self) -> int:
        """Rows that are waited for before those of the first step."""
        return self.held - self.step

    @property
    def end(self) -> int:
        """Rows that it waits for in all."""
        return self.ahead + self.outputs * self.step


@dataclass(frozen=True, kw_only=True)
class Window:
    """The rows of a tensor on their way.

    Parameters
    ----------
    rows
        Rows that the circular buffer holds.
    above, below
        Rows of padding that travel before and after the tensor's own.
    height
        All rows of an inference.
    """

    rows: int
    above: int
    below: int
    height: int


def windows_of(low: Lowered, *, without: Collection[str] = ()) -> dict[str, Window]:
    """Return the tensors that go through a window, ``without`` some that must not."""
    found: dict[str, Window] = {}
    groups: dict[str, int] = {}
    for index, layer in enumerate(low.network.layers):
        source = layer.inputs[0]
        writer = low.network.writer(source) if source in found else None
        groups[layer.name] = index if writer is None else groups[writer.name]
        window = None if layer.output in without else _window(low, layer, groups)
        if window is not None:
            found[layer.output] = window
    return found


def _window(low: Lowered, layer: Layer, groups: dict[str, int]) -> Window | None:
    network, readers = low.network, low.network.readers(layer.output)
    if not isinstance(layer, MatrixLayer) or layer.name in low.slots or not readers:
        return None
    if any(entry.tensor == layer.output for entry in network.outputs):
        return None
    if any(not isinstance(reader, MatrixLayer) or reader.name in low.slots for reader in readers):
        return None
    if not all(_reads_first(low, layer, reader, groups) for reader in readers):
        return None
    return _sized(network, layer.output, [Reading.of(network, r) for r in readers if isinstance(r, MatrixLayer)])


def _reads_first(low: Lowered, layer: Layer, reader: Layer, groups: dict[str, int]) -> bool:
    """Return whether rules 2 and 3 hold for one reader."""
    own, writing = cores_of(reader, low.mapping), cores_of(layer, low.mapping)
    layers = low.network.layers
    begin, end = layers.index(layer), layers.index(reader)
    for place, other in enumerate(layers):
        if set(own).isdisjoint(cores_of(other, low.mapping)) or place == end:
            continue
        if layer.output in other.inputs or begin <= place < end:
            return False
        if place < begin and groups[other.name] >= groups[layer.name]:
            return False
    return set(own).isdisjoint(writing)


def _sized(network: Network, name: str, readings: list[Reading]) -> Window | None:
    """Return the window that lets a writer be two steps ahead; None where a counter could not count its rows."""
    above = halo_of(network, name).sides[0]
    own = network.tensors[name].shape[0]
    height = max(above + own, *(reading.end for reading in readings))
    rows = min(height, max(reading.held + 2 * reading.step for reading in readings))
    late = max(height - reading.outputs * reading.step for reading in readings)
    if rows + late > MOST_SIGNALS or height == 1:
        return None
    return Window(rows=rows, above=above, below=height - above - own, height=height)
