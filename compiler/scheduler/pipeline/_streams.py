"""Tensors that need a place of their own in a pipeline: for several cores, or for the host, several inferences long."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, replace

from nngen.compiler.scheduler.partial_sums import Lowered
from nngen.compiler.scheduler.parts import Cores, cores_of
from nngen.ir import Layer

from ._windows import MOST_SIGNALS, Window


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A tensor with a place that no other tensor takes.

    Parameters
    ----------
    tensor
        Its name.
    writers, holders
        Cores that compute some of it, and cores whose memories have it.
    readers
        Layers that read it, by core, in their order.
    host
        Whether the host writes or reads it: then it has a slot for every inference.
    slots
        Inferences that have a place each.
    window
        The rows that are in memory, where not the whole tensor is.
    """

    tensor: str
    writers: Cores
    holders: Cores
    readers: MappingOf[int, tuple[str, ...]]
    host: bool
    slots: int = 1
    window: Window | None = None

    @property
    def cores(self) -> Cores:
        """Cores that write or read it."""
        return tuple(sorted({*self.writers, *self.readers}))

    @property
    def capacity(self) -> int:
        """Rows, or inferences, that writers may be ahead of readers."""
        return self.window.rows if self.window else min(self.slots, MOST_SIGNALS)

    @property
    def has_register(self) -> bool:
        """Whether it needs an address register to itself in each of its cores."""
        return self.window is not None or self.slots > 1

    def readers_of(self, writer: int) -> Cores:
        """Return the other cores that read what a core writes."""
        return tuple(core for core in sorted(self.readers) if core != writer)

    def writers_for(self, reader: int) -> Cores:
        """Return the other cores that write what a core reads."""
        return tuple(core for core in self.writers if core != reader)

    def with_slots(self, slots: int) -> Stream:
        """Return the stream with a place for so many inferences."""
        return replace(self, slots=slots)


def streams_of(
    low: Lowered, holders: MappingOf[str, Cores], windows: MappingOf[str, Window], inferences: int
) -> tuple[Stream, ...]:
    """Return the streams of a network in the order of its tensors; all other tensors stay within one core."""
    ends = {entry.tensor for entry in low.network.inputs} | {entry.tensor for entry in low.network.outputs}
    found = []
    for name, own in holders.items():
        writer = low.network.writer(name)
        writers = cores_of(writer, low.mapping) if writer else ()
        if name in ends or len({*writers, *own}) > 1:
            found.append(
                Stream(
                    tensor=name,
                    writers=writers,
                    holders=own,
                    readers=_readers(low, low.network.readers(name)),
                    host=name in ends,
                    slots=inferences if name in ends else 1,
                    window=windows.get(name),
                )
            )
    return tuple(found)


def _readers(low: Lowered, layers: tuple[Layer, ...]) -> dict[int, tuple[str, ...]]:
    cores = sorted({core for layer in layers for core in cores_of(layer, low.mapping)})
    return {core: tuple(layer.name for layer in layers if core in cores_of(layer, low.mapping)) for core in cores}
