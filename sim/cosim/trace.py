"""The retire trace: which command of which unit took effect in which cycle, and a digest of what it wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

# Column and type, in the order in which the bench records them.
COLUMNS = {
    "sample": np.int64,
    "cycle": np.int64,
    "core": np.uint8,
    "unit": np.uint8,
    "word": np.uint64,
    "pc": np.uint16,
    "digest": np.uint32,
}


@dataclass(frozen=True, kw_only=True)
class RetireTrace:
    """One entry a retirement, in the order of cycles; those of one cycle by core, then in the order of :class:`Unit`.

    Parameters
    ----------
    sample
        Which run.
    cycle
        Of the run, counted as in docs/core.md: the first instruction issues in cycle 1.
    core
        Whose.
    unit
        Index into ``tuple(Unit)``.
    word, pc
        The instruction and its address.
    digest
        Of what it wrote (docs/core.md).
    """

    sample: npt.NDArray[np.int64]
    cycle: npt.NDArray[np.int64]
    core: npt.NDArray[np.uint8]
    unit: npt.NDArray[np.uint8]
    word: npt.NDArray[np.uint64]
    pc: npt.NDArray[np.uint16]
    digest: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.cycle)

    def of_core(self, core: int) -> RetireTrace:
        """Return the entries of one core."""
        chosen = self.core == core
        return RetireTrace(**{name: values[chosen] for name, values in vars(self).items()})


def read_trace(path: Path) -> RetireTrace:
    """Read what the bench recorded."""
    with np.load(path, allow_pickle=False) as file:
        return RetireTrace(**{name: file[name] for name in COLUMNS})
