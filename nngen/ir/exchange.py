"""The part of ``schedule.json`` that says how a core's part of a layer works together with those on other cores."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Exchange(BaseModel):
    """What a core's part of a layer gives to other cores, and waits for; cores are ascending."""

    targets: tuple[int, ...] = Field(description="cores whose memories take the part's output")
    fills_halo: bool = Field(description="the part writes the halo of the layer's output")
    waits: int = Field(description="signals that the part takes before it loads anything")
    fills_wait: bool = Field(description="halo writes, too, come only after these signals")
    signals: tuple[int, ...] = Field(description="cores that are told once all of the part is stored")

    model_config = ConfigDict(extra="forbid", frozen=True)
