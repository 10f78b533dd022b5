"""The public call: a program on a memory, with its time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.errors import InputError
from nngen.ir.program import CoreProgram

from ._machine import Machine
from ._state import Digest
from ._stream import Stream
from ._timing import DEFAULT_WATCHDOG, time_operations
from ._timing_result import Timing


@dataclass(frozen=True, kw_only=True)
class Run:
    """A program that ran.

    Parameters
    ----------
    memory
        Activation memory afterwards, uint8 of shape ``(samples, activation_bytes)``.
    timing
        Cycles, events, cause and, where asked for, retirements; the same for every sample.
    """

    memory: npt.NDArray[np.uint8]
    timing: Timing

    @property
    def events(self) -> dict[str, int]:
        """Event counters by name."""
        return self.timing.events


def execute(
    core: Core, program: CoreProgram, memory: npt.NDArray[np.uint8], *, host_loop_count: int = 1
) -> npt.NDArray[np.uint8]:
    """Return activation memory after a program that comes to an end, in whatever time; see ``Machine.execute``."""
    return Machine(core, program).execute(memory, host_loop_count=host_loop_count)


def run(
    core: Core,
    program: CoreProgram,
    memory: npt.NDArray[np.uint8],
    *,
    host_loop_count: int = 1,
    watchdog: int = DEFAULT_WATCHDOG,
    stall_seed: int = 0,
    trace: bool = False,
    digests: bool = False,
) -> Run:
    """Run a program on a batch of samples, bit-exact and with exact time.

    Parameters
    ----------
    memory
        Activation memory before, uint8 of shape ``(samples, activation_bytes)``; it is not changed.
    host_loop_count, watchdog
        Host registers LOOP_COUNT and WATCHDOG.
    stall_seed
        Of the seeded stalls of a simulation build; 0: none.
    trace
        Also return every retirement.
    digests
        The same with digests; for one sample.

    Raises
    ------
    ProgramError
        Where the program does not fit the core, or never ends and the watchdog is off.
    InputError
        For a memory of another shape or type, or digests of several samples.
    """
    machine = Machine(core, program)
    timing = time_operations(
        core,
        machine.operations,
        Stream(core, machine.operations, program.records, host_loop_count),
        watchdog,
        stall_seed=stall_seed,
        trace=trace or digests,
    )
    if digests and memory.shape[0] != 1:
        raise InputError(f"digests must be asked for with 1 sample, not {memory.shape[0]}")
    written: list[Digest] | None = [] if digests else None
    after = machine.execute(
        memory, host_loop_count=host_loop_count, issued=timing.issued, executed=timing.executed, digests=written
    )
    if written is not None:
        written += [0] * (len(timing.records) - len(written))  # HALT
        timing = replace(timing, digests=[int(np.max(value)) for value in written])
    return Run(memory=after, timing=timing)
