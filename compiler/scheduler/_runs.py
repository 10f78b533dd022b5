"""The copies that fill a row buffer: contiguous runs under the kernel, several at one distance in one strided LOAD."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from nngen.ir import MatrixLayer, Pass, Region, Round, Run, Tensor

from ._passes import PlannedPass
from ._settings import PassSettings
from .stretches import Stretch, contiguous, strided


@dataclass(frozen=True, kw_only=True)
class Window:
    """Where the elements under a kernel stand in memory, from its first one on.

    Parameters
    ----------
    width, channels
        Elements of a kernel row, codes of an element.
    down, across
        Bytes from one kernel row to the next, from one element to the next.
    code_bytes
        Bytes of a code.
    wraps
        Whether any two kernel rows may lie at the two ends of a circular buffer.
    """

    width: int
    channels: int
    down: int
    across: int
    code_bytes: int
    wraps: bool = False

    @classmethod
    def of(cls, layer: MatrixLayer, source: Tensor, region: Region) -> Window:
        """Return the window of a layer over its input."""
        down, across = layer.dilations
        return cls(
            width=layer.kernel[1],
            channels=int(layer.weights.shape[3]),
            down=down * region.pitch,
            across=across * region.pixel_bytes,
            code_bytes=source.element_bytes,
            wraps=region.rows is not None,
        )

    def stretches(self, inputs: tuple[int, int]) -> list[Stretch]:
        """Return what must be copied for matrix rows [a, b), in as few runs as there can be."""
        pieces = list(self.pieces(inputs))
        if not self.wraps:
            return contiguous(pieces)
        by_row = groupby(pieces, key=lambda piece: piece.offset // self.down)
        return [run for _, row in by_row for run in contiguous(row)]

    def pieces(self, inputs: tuple[int, int]) -> Iterator[Stretch]:
        """Yield what matrix rows [a, b) touch of each element; places are bytes from row a on."""
        row = inputs[0]
        while row < inputs[1]:
            element, channel = divmod(row, self.channels)
            y, x = divmod(element, self.width)
            codes = min(inputs[1] - row, self.channels - channel)
            yield Stretch(
                offset=y * self.down + x * self.across + channel * self.code_bytes,
                length=codes * self.code_bytes,
                place=(row - inputs[0]) * self.code_bytes,
            )
            row += codes


def pass_runs(planned: PlannedPass, settings: PassSettings, window: Window) -> tuple[Run, ...]:
    """Return the runs of a pass; offsets count from the first byte under the kernel."""
    groups = {setting.macro: setting.group for setting in settings.settings}
    contents = {groups[job.macro]: job.rows for job in planned.jobs}
    return tuple(
        Run(offset=run.offset, length=run.length, row=row + run.place // window.code_bytes, group=group)
        for group, (row, inputs) in sorted(contents.items())
        for run in window.stretches(inputs)
    )


def with_common_stride(rounds: Sequence[Round], *, code_bytes: int) -> tuple[Round, ...]:
    """Return the rounds with runs of equal length and distance merged: those of the kind that saves most instructions.

    All strided LOADs of a layer have the same number of runs at the same distance, so that its loops need no SET.
    """
    saved: Counter[tuple[int, int]] = Counter()
    for one in rounds:
        for p in one.passes:
            for _, stretches in _by_group(p, code_bytes):
                for run in strided(stretches):
                    saved[run.kind] += run.repeat - 1
    wanted = max(sorted(saved), key=lambda kind: saved[kind])
    if not saved[wanted]:
        return tuple(rounds)
    return tuple(
        one.model_copy(update={"passes": tuple(_with_stride(p, wanted, code_bytes) for p in one.passes)})
        for one in rounds
    )


def _with_stride(one: Pass, wanted: tuple[int, int], code_bytes: int) -> Pass:
    runs = tuple(
        Run(
            offset=run.offset,
            length=run.length,
            row=run.place // code_bytes,
            group=group,
            repeat=run.repeat,
            stride=run.stride,
        )
        for group, stretches in _by_group(one, code_bytes)
        for merged in strided(stretches)
        for run in ([merged] if merged.kind == wanted else merged.singles())
    )
    return one.model_copy(update={"runs": runs})


def _by_group(one: Pass, code_bytes: int) -> Iterator[tuple[int, list[Stretch]]]:
    for group, runs in groupby(one.runs, key=lambda run: run.group):
        yield group, [Stretch(run.offset, run.length, run.row * code_bytes) for run in runs]
