"""The instruction-set simulator: executes a program bit-exactly for a batch, and times it exactly to the cycle.

It follows docs/core.md and shares only the instruction description with the hardware, so that each checks the other.
"""

from ._batch import BatchRun, run_batch
from ._chip import ChipRun, execute_chip, run_chip, time_chip
from ._machine import Machine
from ._observation import MvmObservation, Observer
from ._run import Run, execute, run
from ._stores import StoreTimes
from ._timing import DEFAULT_WATCHDOG, time_program
from ._timing_result import Region, Retirement, Timing

__all__ = [
    # both together
    "BatchRun",
    "Run",
    "run",
    "run_batch",
    # of a chip with several cores
    "ChipRun",
    "execute_chip",
    "run_chip",
    "time_chip",
    # function
    "Machine",
    "MvmObservation",
    "Observer",
    "execute",
    # time
    "DEFAULT_WATCHDOG",
    "Region",
    "Retirement",
    "StoreTimes",
    "Timing",
    "time_program",
]
