"""The models that a network can be run on."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Level"]


class Level(StrEnum):
    """A model of the machine, from fastest to closest."""

    GOLDEN = "golden"
    ISS = "iss"
    RTL = "rtl"
