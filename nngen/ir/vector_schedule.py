"""The part of ``schedule.json`` that says how VEC runs a layer: chunks of outputs, in loops over rows and columns.

A layer is cut into bands of output rows, a row of a band into segments of equal pieces, and what is computed at a
piece, into chunks: as many outputs as one bank of VEC's accumulators and one output buffer take.

Addresses are those of pointers, which move with the loops, plus an offset.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from .exchange import Exchange

Operation = Literal["sum", "max", "scale", "weight", "multiply"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pointer(_Strict):
    """An address that moves over tensors: where it begins, and how far it is from one output row to the next."""

    address: int
    row_step: int
    address_register: int | None = Field(default=None, description="that it has to itself; left out: any")


class Copy(_Strict):
    """One LOAD: ``runs`` runs of ``length`` bytes, ``stride`` bytes apart, to the vector buffer from ``place`` on."""

    pointer: int
    offset: int
    length: int
    place: int
    runs: int = 1
    stride: int = 0


class Combination(_Strict):
    """One VEC: ``taps`` elements, ``stride`` bytes apart in the buffer, become each of ``length`` accumulators."""

    operation: Operation
    source: int = Field(description="first byte in the vector buffer")
    entry: int = Field(description="first accumulator")
    length: int
    taps: int = 1
    stride: int = 0
    element_bytes: int
    signed: bool
    overwrite: bool = Field(description="accumulators start from nothing")
    coefficient: int = Field(default=0, description="weight: first coefficient word; scale: number of the first factor")
    factors: tuple[int, ...] = Field(default=(), description="scale: the factor of each tap")
    zero_points: tuple[int, ...] = Field(default=(), description="multiply: what is taken away from even and odd taps")


class Fill(_Strict):
    """One fill of the vector buffer, and what consumes it."""

    copies: tuple[Copy, ...]
    combinations: tuple[Combination, ...]


class Outputs(_Strict):
    """One POST: ``count`` accumulators from ``entry`` on, with constants from record ``record`` on."""

    entry: int
    count: int
    record: int
    single: bool = Field(description="all of them take the constants of that one record")


class Chunk(_Strict):
    """One bank of accumulators: filled, requantized, stored as ``length`` bytes, ``offset`` from the output pointer."""

    fills: tuple[Fill, ...]
    outputs: tuple[Outputs, ...]
    offset: int
    length: int


class Segment(_Strict):
    """Chunks that are repeated along a row; each pointer moves on by its number of bytes after each repetition."""

    repetitions: int
    chunks: tuple[Chunk, ...]
    steps: tuple[int, ...]


class Band(_Strict):
    """Output rows that are computed alike."""

    rows: int
    segments: tuple[Segment, ...]


class VectorRecord(_Strict):
    """One constant record: those of an output channel, of pools for windows that cover ``covered`` input elements."""

    output: int
    covered: int | None = Field(default=None, description="left out: a full window")


class CoefficientBlock(_Strict):
    """Words of the coefficient memory: for each tap, for each group of ``lanes`` elements, one.

    Element i of a tap is of channel ``channels[0] + i % (channels[1] - channels[0])``; there are ``pixels`` times as
    many elements as channels.
    """

    word: int
    taps: tuple[int, ...] = Field(description="elements of the kernel, row by row")
    channels: tuple[int, int]
    pixels: int
    lanes: int

    @property
    def words(self) -> int:
        """Words it takes."""
        elements = (self.channels[1] - self.channels[0]) * self.pixels
        return len(self.taps) * -(-elements // self.lanes)


class VectorSchedule(_Strict):
    """A layer that VEC computes."""

    kind: Literal["vector"] = "vector"
    layer: str
    inputs: tuple[str, ...]
    output: str
    table: int | None = Field(default=None, description="look-up table of its codes")
    pointers: tuple[Pointer, ...]
    output_pointer: int
    output_offset: int = Field(description="from the output pointer to the pixel that is written")
    rows_at_once: int = Field(default=1, description="output rows that one row of a band writes, one after the other")
    bands: tuple[Band, ...]
    record: int = Field(description="its first constant record")
    records: tuple[VectorRecord, ...]
    coefficients: tuple[CoefficientBlock, ...] = ()
    exchange: Exchange
