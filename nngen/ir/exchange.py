"""The part of ``schedule.json`` that says how a core's part of a layer works together with those on other cores."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Take(_Strict):
    """A WAIT: the unit goes on once a counter is at least ``count``, which is then taken from it."""

    counter: int
    count: int


class Tell(_Strict):
    """``count`` SIGNALs to a counter of some cores, once all that was stored before is in memory."""

    counter: int
    cores: tuple[int, ...]
    count: int = 1


class Move(_Strict):
    """Bytes that an address register moves on, within its window, once the part is done."""

    address_register: int
    step: int


class Exchange(_Strict):
    """What a core's part of a layer gives to other cores, and waits for; cores are ascending."""

    targets: tuple[int, ...] = Field(description="cores whose memories take the part's output")
    fills_halo: bool = Field(description="the part writes the halo of the layer's output")
    fills_wait: bool = Field(default=False, description="it does so only after all that LOAD takes first")
    takes: tuple[Take, ...] = Field(default=(), description="by LOAD, before it reads anything")
    row_takes: tuple[Take, ...] = Field(default=(), description="by LOAD, before each row of outputs")
    last_takes: tuple[Take, ...] = Field(default=(), description="by LOAD, after the last row: rows that nobody reads")
    room: tuple[Take, ...] = Field(default=(), description="by STORE, before it writes anything")
    row_room: tuple[Take, ...] = Field(default=(), description="by STORE, before each row that it writes")
    row_tells: tuple[Tell, ...] = Field(default=(), description="after each row that is written")
    row_frees: tuple[Tell, ...] = Field(
        default=(), description="after each row of outputs: rows read for the last time"
    )
    tells: tuple[Tell, ...] = Field(default=(), description="after the whole part")
    rows_around: tuple[int, int] = Field(
        default=(0, 0), description="rows of padding above and below the output, which count as rows that are written"
    )
    fills_around: bool = Field(default=False, description="the part writes that padding")
    moves: tuple[Move, ...] = Field(default=(), description="once the part is done")
    input_register: int | None = Field(default=None, description="address register that the input has to itself")
    output_register: int | None = Field(default=None, description="address register that the output has to itself")

    @property
    def by_rows(self) -> bool:
        """Whether something happens between rows, or an address register must come out at the end of the last one."""
        return bool(
            self.row_takes or self.row_room or self.input_register is not None or self.output_register is not None
        )
