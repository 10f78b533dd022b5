"""A program on several memories, each with stalls and so with a time of its own: what tests of the hardware need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.errors import InputError
from nngen.ir.program import CoreProgram
from nngen.isa import Unit

from ._machine import Machine
from ._state import Digest
from ._stream import Recording, Stream
from ._timing import DEFAULT_WATCHDOG, time_operations
from ._timing_result import Timing


@dataclass(frozen=True, kw_only=True)
class BatchRun:
    """What came of it.

    Parameters
    ----------
    memory
        Activation memory afterwards, uint8 of shape ``(samples, activation_bytes)``.
    timings
        Of each sample, with records.
    written
        Digests of what the samples wrote, uint64 of shape ``(executed, samples)`` in order of issue; one such array for
        each set of samples that executed the same commands.
    groups
        Of each sample: which of these arrays, and which column of it.
    """

    memory: npt.NDArray[np.uint8]
    timings: tuple[Timing, ...]
    written: tuple[npt.NDArray[np.uint64], ...]
    groups: tuple[tuple[int, int], ...]

    def digests(self, sample: int) -> npt.NDArray[np.uint64]:
        """Return the digest of each record of a sample."""
        group, column = self.groups[sample]
        digests = np.zeros(len(self.timings[sample].records), np.uint64)
        written = self.written[group]
        digests[: len(written)] = written[:, column]  # the last may be HALT, which writes nothing
        return digests


def run_batch(
    core: Core,
    program: CoreProgram,
    memory: npt.NDArray[np.uint8],
    *,
    stall_seeds: Sequence[int],
    host_loop_count: int = 1,
    watchdog: int = DEFAULT_WATCHDOG,
) -> BatchRun:
    """Run a program that comes to an end, with digests.

    Parameters
    ----------
    memory
        Activation memory before, uint8 of shape ``(samples, activation_bytes)``.
    stall_seeds
        Of each sample; 0: no stalls.
    host_loop_count, watchdog
        Host registers LOOP_COUNT and WATCHDOG.

    Raises
    ------
    ProgramError
        Where the program does not fit the core, or never ends and the watchdog is off.
    InputError
        For a memory of another shape or type, or another number of seeds.
    """
    if len(stall_seeds) != len(memory):
        raise InputError(f"stall seeds must be one a sample, {len(memory)}, not {len(stall_seeds)}")
    machine = Machine(core, program)
    recording = Recording(Stream(core, machine.operations, program.records, host_loop_count))
    timings = tuple(
        time_operations(core, machine.operations, recording, watchdog, stall_seed=seed, trace=True)
        for seed in stall_seeds
    )
    after = np.empty_like(memory)
    groups: list[tuple[int, int]] = [(0, 0)] * len(timings)
    written = []
    for number, samples in enumerate(_alike(timings)):
        digests: list[Digest] = []
        timing = timings[samples[0]]
        after[samples] = machine.execute(
            memory[samples], steps=recording.functional_steps(), issued=timing.issued, executed=timing.executed,
            digests=digests,
        )  # fmt: skip
        written.append(_stack(digests, len(samples)))
        for column, sample in enumerate(samples):
            groups[sample] = number, column
    return BatchRun(memory=after, timings=timings, written=tuple(written), groups=tuple(groups))


def _alike(timings: Sequence[Timing]) -> list[list[int]]:
    """Return the samples that executed the same commands; where the watchdog did not strike, these are all."""
    alike: dict[tuple[int, ...], list[int]] = {}
    for sample, timing in enumerate(timings):
        alike.setdefault((timing.issued, *(timing.executed.get(unit, 0) for unit in Unit)), []).append(sample)
    return list(alike.values())


def _stack(digests: Sequence[Digest], samples: int) -> npt.NDArray[np.uint64]:
    stacked = np.zeros((len(digests), samples), np.uint64)
    for row, digest in zip(stacked, digests, strict=True):
        if not isinstance(digest, int):
            row[:] = digest
    return stacked
