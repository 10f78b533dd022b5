"""Faults planted in the hardware, one at a time: after how many instructions the tests see each."""

from __future__ import annotations

import math
from importlib.resources import files
from pathlib import Path

from nngen.arch import read_architecture
from nngen.sim.verification.faults import HARDWARE_FAULTS
from nngen.sim.verification.regression import seen_by_directed, seen_by_random

from .registry import Row

RANDOM_INSTRUCTIONS = 10_000
MOST_INSTRUCTIONS = 20_000  # of all directed programs of `micro`, rounded up


def measure_faults() -> list[Row]:
    """Plant each fault in `micro` and run the directed programs, then random ones, in Icarus."""
    architecture = read_architecture(Path(str(files("nngen.flows"))) / "architectures" / "micro.toml")
    rows = []
    for fault in HARDWARE_FAULTS:
        directed = seen_by_directed(architecture, fault)
        random = seen_by_random(architecture, fault, instructions=RANDOM_INSTRUCTIONS)
        rows.append(_row(f"{fault.name}: directed programs", directed, limit=None))
        rows.append(_row(f"{fault.name}: random programs", random, limit=None))
        rows.append(_row(f"{fault.name}: whichever is first", _first(directed, random), limit=MOST_INSTRUCTIONS))
    return rows


def _first(*seen: int | None) -> int | None:
    return min((count for count in seen if count is not None), default=None)


def _row(figure: str, instructions: int | None, *, limit: int | None) -> Row:
    measured = math.inf if instructions is None else instructions
    return Row(figure=figure, measured=measured, unit="instructions", limit=limit)
