"""The instruction-set simulator: executes a program bit-exactly for a batch, and times it exactly to the cycle.

It follows docs/core.md and shares only the instruction description with the hardware, so that each checks the other.
"""

from ._machine import Machine
from ._run import Run, execute, run
from ._timing import DEFAULT_WATCHDOG, time_program
from ._timing_result import Region, Retirement, Timing

__all__ = [
    # both together
    "Run",
    "run",
    # function
    "Machine",
    "execute",
    # time
    "DEFAULT_WATCHDOG",
    "Region",
    "Retirement",
    "Timing",
    "time_program",
]
