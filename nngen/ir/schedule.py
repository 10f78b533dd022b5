"""``schedule.json``: where tensors live, and in what order the units work, per core.

Everything the code generator needs, decided: it only writes instructions down. Units of addresses are bytes. A layer is
of kind ``matrix``, the work of the macros, or ``vector``, that of VEC (``vector_schedule.py``). What a core has of a
layer is its part; layers follow each other on the whole chip (``exchange.py``).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from .exchange import Exchange, Take
from .vector_schedule import VectorSchedule


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Region(_Strict):
    """Where a tensor lives in activation memory, channel-last with its halo.

    ``address`` is the first byte of the halo; pixel (y, x) starts at
    ``address + (y + top) * pitch + (x + left) * pixel_bytes``. With several slots inference i has the tensor
    ``i % slots * slot_bytes`` bytes further on. With ``rows`` there are never more than so many rows of it in memory,
    those of the halo included: a circular buffer, through which rows of all inferences pass.
    """

    tensor: str
    address: int
    size: int
    pitch: int
    pixel_bytes: int
    halo: tuple[int, int, int, int] = Field(description="top, left, bottom, right in pixels")
    fill: int = Field(description="code the halo holds")
    slots: int = Field(default=1, description="inferences whose tensors have a place of their own")
    slot_bytes: int = Field(default=0, description="bytes from one slot to the next; 0: there is one")
    rows: int | None = Field(default=None, description="rows of a circular buffer; left out: the whole tensor")

    def interior(self, y: int = 0, x: int = 0) -> int:
        """Address of pixel (y, x)."""
        top, left, _, _ = self.halo
        return self.address + (y + top) * self.pitch + (x + left) * self.pixel_bytes

    @property
    def bytes(self) -> int:
        """Bytes of all slots together, or of the circular buffer."""
        return max(self.size, self.slots * self.slot_bytes)

    def slot(self, inference: int) -> Region:
        """Return where an inference has the tensor."""
        moved = self.address + inference % self.slots * self.slot_bytes
        return self.model_copy(update={"address": moved, "slots": 1, "slot_bytes": 0})


class Run(_Strict):
    """One LOAD: contiguous bytes, or several runs of them, ``stride`` bytes apart, to neighbouring word lines.

    ``length`` bytes at ``offset`` from the position's first byte go to word line ``row`` of the macros in ``group``.
    """

    offset: int
    length: int
    row: int
    group: int
    repeat: int = Field(default=1, description="runs; more than one need strided access")
    stride: int = Field(default=0, description="bytes from one run to the next")


class MacroSetting(_Strict):
    """Configuration of one macro for a pass: MVM commands naming its class run it from column step ``first_step``."""

    macro: int
    group: int
    class_: int = Field(alias="class")
    first_step: int
    gain: int


class Pass(_Strict):
    """One fill of the row buffer and the MVM command that consumes it."""

    runs: tuple[Run, ...]
    settings: tuple[MacroSetting, ...]
    step: int
    steps: int
    entry: int
    overwrite: bool


class Source(_Strict):
    """One accumulator that POST adds: macro, ADC and entry; ``last`` closes the sum of one output channel."""

    macro: int
    adc: int
    entry: int
    output: int
    last: bool


class Round(_Strict):
    """Passes whose accumulators are requantized and stored together; ``record`` is its first constant record."""

    passes: tuple[Pass, ...]
    record: int
    sources: tuple[Source, ...]
    output_offset: int = Field(description="bytes from the output pixel's first byte")
    output_bytes: int
    zeros: tuple[int, ...] = Field(
        default=(), description="where as many bytes of zeros are written besides, likewise from the pixel's first byte"
    )


class NamedMacro(_Strict):
    """A macro that records call by the name of another one, or by its own: all of one name are added."""

    macro: int
    name: int


class MatrixSchedule(_Strict):
    """The outputs of a matrix layer that a core computes: for every output position, every round in order."""

    kind: Literal["matrix"] = "matrix"
    layer: str
    partial_sums_of: str | None = Field(
        default=None, description="the layer whose sums these are a part of: words that VEC of one core adds"
    )
    input: str
    output: str
    table: int | None = Field(default=None, description="look-up table of its codes")
    positions: tuple[int, int] = Field(description="output height, width")
    input_step: tuple[int, int] = Field(description="bytes the input address moves per output row, column")
    output_step: tuple[int, int] = Field(description="bytes the output address moves per output row, column")
    invert: int = Field(description="bits that LOAD inverts in every code")
    keep: int = Field(description="bits of a code that LOAD keeps; 0: all")
    wide: bool = Field(description="input codes take two bytes")
    planes: int
    top_plane_negative: bool
    slices: int
    last_slice_negative: bool
    log2_offset: int = Field(description="log2 of what encoding offset adds to every weight; else 0")
    names: tuple[NamedMacro, ...] = Field(description="by which name the records call each macro of the layer")
    rounds: tuple[Round, ...]
    exchange: Exchange


LayerSchedule = Annotated[MatrixSchedule | VectorSchedule, Field(discriminator="kind")]


class Reload(_Strict):
    """Cells that are written before a layer loads anything: the first ``rows`` word lines of a macro.

    Their programming words stand in activation memory from ``address`` on, where the host has put them.
    """

    layer: str
    phase: int
    macro: int
    rows: int
    address: int


class Ring(_Strict):
    """An address register that a tensor has to itself: its window, in which it moves on from inference to inference."""

    tensor: str
    address_register: int
    address: int
    size: int


class CoreSchedule(_Strict):
    """What one core does, in order: its parts of layers, between the tensors that its memory holds.

    A tensor that several cores hold has the same region in all of them.
    """

    core: int
    regions: tuple[Region, ...]
    layers: tuple[LayerSchedule, ...]
    reloads: tuple[Reload, ...] = ()
    rings: tuple[Ring, ...] = ()
    filled: tuple[str, ...] = Field(
        default=(), description="tensors whose halos the core writes at the start, for good"
    )
    grants: tuple[Take, ...] = Field(default=(), description="what the core adds to its own counters after that")

    def region(self, tensor: str) -> Region:
        """Return the region of a tensor."""
        return next(region for region in self.regions if region.tensor == tensor)

    def layer(self, name: str) -> LayerSchedule:
        """Return the schedule of the layer of this name."""
        return next(layer for layer in self.layers if layer.layer == name)


class Schedule(_Strict):
    """The whole file."""

    schema_: Literal["nngen/schedule/1"] = Field(default="nngen/schedule/1", alias="schema")
    architecture_sha256: str
    inferences: int | None = Field(
        default=None,
        description="pipelined: inputs and outputs of so many inferences have a place; left out: one at a time",
    )
    cores: tuple[CoreSchedule, ...] = Field(description="every core of the chip, also those that have nothing to do")

    def holders(self, tensor: str) -> tuple[CoreSchedule, ...]:
        """Return the cores whose memories hold a tensor: all of them hold the same."""
        return tuple(core for core in self.cores if any(region.tensor == tensor for region in core.regions))

    def region(self, tensor: str) -> Region:
        """Return the region of a tensor in all cores that hold it."""
        return self.holders(tensor)[0].region(tensor)
