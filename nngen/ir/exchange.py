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
    """A SIGNAL to a counter of some cores, once all that was stored before is in memory."""

    counter: int
    cores: tuple[int, ...]


class Exchange(_Strict):
    """What a core's part of a layer gives to other cores, and waits for; cores are ascending."""

    targets: tuple[int, ...] = Field(description="cores whose memories take the part's output")
    fills_halo: bool = Field(description="the part writes the halo of the layer's output")
    fills_wait: bool = Field(default=False, description="it does so only after all that LOAD takes first")
    takes: tuple[Take, ...] = Field(default=(), description="by LOAD, before it reads anything")
    tells: tuple[Tell, ...] = Field(default=(), description="after the whole part")
