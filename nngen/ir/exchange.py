"""The part of ``schedule.json`` that says how a core's part of a layer meets memories and work of other cores."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Exchange(BaseModel):
    """What goes out, and the signals that keep the order of layers.

    The parts of a layer begin once those of the layer before have stored everything: each of these then signals to all
    cores that take part in the next layer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    targets: tuple[int, ...] = Field(
        default=(), description="cores whose memories take the output, over the bus; none: this core's own, without it"
    )
    pads: bool = Field(default=True, description="this core writes the padding around the output")
    inputs: bool = Field(
        default=False, description="LOAD waits first until this core has written the padding of the network's inputs"
    )
    waits: int = Field(
        default=0, description="signals for which LOAD waits first: one of each core of the layer before"
    )
    signals: tuple[int, ...] = Field(default=(), description="cores that are told once everything is stored")
