"""What the instruction-set simulator expects of every run of a case."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.isa import EVENT_NAMES, Cause, Instruction, encode
from nngen.sim.iss import BatchRun, run_batch

from ._case import ByteArray, Case

# A retirement: what both sides are compared in.
RETIREMENT_DTYPE = np.dtype([("cycle", "i8"), ("unit", "i8"), ("pc", "i8"), ("word", "u8"), ("digest", "u8")])
Retirements = npt.NDArray[np.void]
_COMPARED = itemgetter(1, 2, 7)  # of a record of the simulator: unit, pc, retire


@dataclass(frozen=True, kw_only=True)
class ExpectedRun:
    """One run.

    Parameters
    ----------
    retirements
        Of type :data:`RETIREMENT_DTYPE`, in order of cycles, then of units.
    cause, pc
        What CAUSE and CAUSE_PC read.
    events
        Event counters, in the order of ``EVENT_NAMES``.
    """

    retirements: Retirements
    cause: Cause
    pc: int
    events: tuple[int, ...]

    @property
    def cycles(self) -> int:
        """Cycles of the run."""
        return self.events[EVENT_NAMES.index("cycles")]


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """All runs of a case.

    Parameters
    ----------
    runs
        In order.
    memory
        Activation memory after each run, shape ``(runs, activation_bytes)``.
    """

    runs: tuple[ExpectedRun, ...]
    memory: ByteArray


def expect(core: Core, case: Case) -> Expectation:
    """Run a case in the instruction-set simulator."""
    program = case.program
    batch = run_batch(
        core,
        program.core_program(),
        case.memory,
        stall_seeds=case.stall_seeds,
        host_loop_count=program.loop_count,
        watchdog=program.watchdog,
    )
    words = np.array([_word(instruction) for instruction in program.instructions], np.uint64)
    words = np.concatenate([words, np.zeros(core.program_instructions - len(words), np.uint64)])
    runs = tuple(_expected_run(batch, sample, words) for sample in range(case.runs))
    return Expectation(runs=runs, memory=batch.memory)


def _expected_run(batch: BatchRun, sample: int, words: npt.NDArray[np.uint64]) -> ExpectedRun:
    timing = batch.timings[sample]
    unit, pc, retire = np.array(list(map(_COMPARED, timing.records)), np.int64).reshape(-1, 3).T
    order = np.lexsort((unit, retire))
    retirements = np.empty(len(order), RETIREMENT_DTYPE)
    retirements["cycle"] = retire[order]
    retirements["unit"] = unit[order]
    retirements["pc"] = pc[order]
    retirements["word"] = words[pc[order]]
    retirements["digest"] = batch.digests(sample)[order]
    return ExpectedRun(
        retirements=retirements, cause=timing.cause, pc=timing.pc, events=tuple(timing.events[n] for n in EVENT_NAMES)
    )


def _word(instruction: Instruction | int) -> int:
    return encode(instruction) if isinstance(instruction, Instruction) else instruction
