"""What a drawing is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A rectangle in a layer's colour, in the units of its drawing.

    Parameters
    ----------
    x, y, width, height
        Where, from the upper left corner.
    layer
        Number of the layer.
    text
        What it says to whoever points at it.
    label
        What stands in it.
    work
        False for a command that only sets or waits.
    """

    x: float
    y: float
    width: float
    height: float
    layer: int
    text: str
    label: str = ""
    work: bool = True
