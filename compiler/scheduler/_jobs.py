"""What one macro can do in one pass: a window of column steps over one row range."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.ir import LayerMapping, Tile

IntArray = npt.NDArray[np.int64]

NOTHING = -1  # in a layout: no output of this job


@dataclass(frozen=True, kw_only=True)
class Job:
    """One MVM of one macro.

    Parameters
    ----------
    macro
        Where.
    row, inputs
        First word line, and the matrix rows [a, b) that drive it and the following ones.
    gain
        Gain of the column readout.
    first_conversion
        First conversion, counted from each ADC's first one.
    layout
        Output that each ADC computes in each step, shape ``(adcs, steps)``.
    """

    macro: int
    row: int
    inputs: tuple[int, int]
    gain: int
    first_conversion: int
    layout: IntArray

    @property
    def steps(self) -> int:
        """Column steps."""
        return int(self.layout.shape[1])

    @property
    def rows(self) -> tuple[int, tuple[int, int]]:
        """What the row buffer must hold: word line and matrix rows."""
        return self.row, self.inputs


def jobs_of(mapping: LayerMapping, outputs: tuple[int, int], *, slices: int, core: Core) -> list[Job]:
    """Return the jobs that compute the outputs [a, b) of a layer.

    1. Tiles of one macro with the same rows, gain and position of slices share jobs: the rest cannot run together.
    2. A job reaches over steps without a gap: an empty step costs more than another pass.
    """
    cells: dict[tuple[int, int, tuple[int, int], int, int], dict[tuple[int, int], int]] = {}
    for tile in mapping.tiles:
        for output, adc, conversion in _weights(tile, outputs, slices=slices, core=core):
            key = (tile.macro, tile.row, tile.input_range, tile.gain or 1, conversion % slices)
            cells.setdefault(key, {})[adc, conversion // slices] = output
    jobs = []
    for (macro, row, inputs, gain, phase), layout in sorted(cells.items()):
        for first, end in _windows({step for _, step in layout}):
            jobs.append(
                Job(
                    macro=macro,
                    row=row,
                    inputs=inputs,
                    gain=gain,
                    first_conversion=phase + first * slices,
                    layout=_layout(layout, first, end, core),
                )
            )
    return jobs


def _weights(tile: Tile, outputs: tuple[int, int], *, slices: int, core: Core) -> Iterator[tuple[int, int, int]]:
    """Yield (output, ADC, conversion in its group) for the outputs of a tile that are asked for."""
    first, end = max(tile.output_range[0], outputs[0]), min(tile.output_range[1], outputs[1])
    for output in range(first, end):
        conversion = tile.column // core.macro.lines + (output - tile.output_range[0]) * slices
        yield output, *divmod(conversion, core.macro.columns_per_adc)


def _windows(steps: set[int]) -> Iterator[tuple[int, int]]:
    """Yield [first, end) of each run of neighbouring steps."""
    for step in sorted(steps):
        if step - 1 not in steps:
            end = step
            while end in steps:
                end += 1
            yield step, end


def _layout(cells: dict[tuple[int, int], int], first: int, end: int, core: Core) -> IntArray:
    layout = np.full((core.macro.adcs, end - first), NOTHING, np.int64)
    for (adc, step), output in cells.items():
        if first <= step < end:
            layout[adc, step - first] = output
    return layout
