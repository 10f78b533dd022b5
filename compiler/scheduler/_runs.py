"""The contiguous copies that fill a row buffer: one for each kernel row that a range of matrix rows touches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nngen.compiler.mapper import Demand
from nngen.ir import Region, Run

from ._passes import PlannedPass
from ._settings import PassSettings


def pass_runs(planned: PlannedPass, settings: PassSettings, demand: Demand, region: Region) -> tuple[Run, ...]:
    """Return the runs of a pass; offsets count from the first byte under the kernel."""
    groups = {setting.macro: setting.group for setting in settings.settings}
    contents = {groups[job.macro]: job.rows for job in planned.jobs}
    return tuple(
        Run(offset=offset, length=length, row=row + begin, group=group)
        for group, (row, inputs) in sorted(contents.items())
        for offset, length, begin in _merged(list(_pieces(inputs, demand, region.pitch)))
    )


def _pieces(inputs: tuple[int, int], demand: Demand, pitch: int) -> Iterator[tuple[int, int, int]]:
    """Yield (offset in memory, bytes, offset in the range) for each kernel row."""
    row = inputs[0]
    while row < inputs[1]:
        y, x = divmod(row, demand.kernel_row)
        elements = min(inputs[1] - row, demand.kernel_row - x)
        yield y * pitch + x * demand.input_bytes, elements * demand.input_bytes, row - inputs[0]
        row += elements


def _merged(pieces: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    merged = [pieces[0]]
    for offset, length, begin in pieces[1:]:
        last_offset, last_length, last_begin = merged[-1]
        if offset == last_offset + last_length:
            merged[-1] = (last_offset, last_length + length, last_begin)
        else:
            merged.append((offset, length, begin))
    return merged
