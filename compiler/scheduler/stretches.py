"""Copies from memory to a buffer, put together from pieces: contiguous ones first, then runs at one distance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from nngen.isa import Unit, register

MOST_RUNS = (1 << register(Unit.LOAD, "RUNS").width) - 1


class Stretch(NamedTuple):
    """``repeat`` runs of ``length`` bytes, ``stride`` bytes apart from ``offset`` on, to ``place`` and what follows."""

    offset: int
    length: int
    place: int
    repeat: int = 1
    stride: int = 0

    @property
    def kind(self) -> tuple[int, int]:
        """What a strided LOAD takes from registers."""
        return self.repeat, self.stride

    def singles(self) -> list[Stretch]:
        """Return the runs one by one."""
        return [
            Stretch(self.offset + k * self.stride, self.length, self.place + k * self.length)
            for k in range(self.repeat)
        ]


def contiguous(pieces: Iterable[Stretch]) -> list[Stretch]:
    """Return single runs with neighbours merged: side by side in memory and in the buffer."""
    merged: list[Stretch] = []
    for piece in pieces:
        if merged and _ends(merged[-1]) == (piece.offset, piece.place):
            merged[-1] = merged[-1]._replace(length=merged[-1].length + piece.length)
        else:
            merged.append(piece)
    return merged


def _ends(run: Stretch) -> tuple[int, int]:
    return run.offset + run.length, run.place + run.length


def strided(runs: Iterable[Stretch]) -> list[Stretch]:
    """Return the runs with those merged that are of one length, at one distance, side by side in the buffer."""
    merged: list[Stretch] = []
    for run in runs:
        last = merged[-1] if merged else None
        if last is not None and _continues(last, run):
            distance = run.offset - last.offset - (last.repeat - 1) * last.stride
            merged[-1] = last._replace(repeat=last.repeat + 1, stride=distance)
        else:
            merged.append(run)
    return merged


def _continues(last: Stretch, run: Stretch) -> bool:
    distance = run.offset - last.offset - (last.repeat - 1) * last.stride
    return (
        run.length == last.length
        and run.place == last.place + last.repeat * last.length
        and distance >= 0
        and (last.repeat == 1 or distance == last.stride)
        and last.repeat < MOST_RUNS
    )
