"""Which accumulator entry a pass writes: found first fit, per bank, that is, per round."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nngen.arch import Core

from ._jobs import NOTHING, Job

IntArray = npt.NDArray[np.int64]


class AccumulatorBank:
    """Entries of the macros' ADCs and the outputs whose partial sums they hold."""

    def __init__(self, core: Core) -> None:
        self._entries = core.accumulator_entries
        self._held: IntArray = np.full((core.macros, core.macro.adcs, self._entries), NOTHING, np.int64)

    def assign(self, jobs: Sequence[Job]) -> tuple[int, bool] | None:
        """Return (entry, overwrite) for a pass and note what it leaves there, or None where no entry is free.

        All ADCs of a macro write in step. A pass may add to entries that hold partial sums of just its outputs (another
        row range of them); else it needs entries that hold nothing in any ADC of its macros.
        """
        steps = max(job.steps for job in jobs)
        for overwrite in (False, True):
            for entry in range(self._entries - steps + 1):
                if all(self._accepts(job, entry, steps, overwrite=overwrite) for job in jobs):
                    for job in jobs:
                        self._held[job.macro, :, entry : entry + job.steps] = job.layout
                    return entry, overwrite
        return None

    def sources(self) -> list[tuple[int, int, int, int]]:
        """Return (output, macro, ADC, entry) of all partial sums, ascending."""
        return sorted(
            (int(self._held[macro, adc, entry]), macro, adc, entry)
            for macro, adc, entry in np.argwhere(self._held != NOTHING).tolist()
        )

    def _accepts(self, job: Job, entry: int, steps: int, *, overwrite: bool) -> bool:
        held = self._held[job.macro, :, entry : entry + steps]
        wanted = np.full_like(held, NOTHING)
        if not overwrite:
            wanted[:, : job.steps] = job.layout
        return bool(np.array_equal(held, wanted))
