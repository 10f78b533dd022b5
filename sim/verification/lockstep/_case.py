"""A case: a program, and the runs in which hardware and simulator are held against each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.sim.verification.programs import TestProgram

ByteArray = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A program and how it is run. What the program does to data is one thing, when it does it another: both vary.

    Parameters
    ----------
    program
        What is loaded.
    memory
        Activation memory before each run, uint8 of shape ``(runs, activation_bytes)``.
    stall_seeds
        Of each run; 0: no stalls.
    traffic_seed
        Of what the host does during the runs; 0: it waits.
    reset_after
        Host cycles after the first start at which the chip is reset; the run then begins anew. None: it is not.
    read_back
        Read the whole activation memory after the last run.
    """

    program: TestProgram
    memory: ByteArray
    stall_seeds: tuple[int, ...]
    traffic_seed: int = 0
    reset_after: int | None = None
    read_back: bool = True

    @property
    def runs(self) -> int:
        """Number of complete runs."""
        return len(self.stall_seeds)
