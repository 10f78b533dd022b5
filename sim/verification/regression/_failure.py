"""A mismatch made small: one run of the shortest program that still shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from nngen.arch import Core
from nngen.errors import ToolError
from nngen.sim.cosim.scripted import Simulation
from nngen.sim.verification.lockstep import Case, Mismatch
from nngen.sim.verification.programs import TestProgram, shrink

from ._batch import run_batch_of

SHRINK_ATTEMPTS = 300


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A difference between hardware and simulator.

    Parameters
    ----------
    case
        The smallest case that shows it, or the whole one where no single case does.
    mismatch
        Its first difference.
    original
        Instructions of the program before it was shrunk.
    """

    case: Case
    mismatch: Mismatch
    original: int


def find_failure(
    core: Core,
    case: Case,
    mismatch: Mismatch,
    simulation: Simulation,
    *,
    attempts: int = SHRINK_ATTEMPTS,
    progress: Callable[[str], None] = lambda text: None,
) -> Failure:
    """Return the failure behind a mismatch, as small as it gets.

    Parameters
    ----------
    case
        In which it was seen.
    attempts
        How many shorter programs are tried; 0: the case stays as it is.
    """
    if not attempts:
        return Failure(case=case, mismatch=mismatch, original=len(case.program.instructions))
    for simpler in _simpler(case, mismatch):
        again = _mismatch(core, simpler, simulation)
        if again is not None:
            small, found = simpler, again
            break
    else:  # it takes what ran before
        return Failure(case=case, mismatch=mismatch, original=len(case.program.instructions))
    tried = 0

    def fails(program: TestProgram) -> bool:
        nonlocal tried
        tried += 1
        progress(f"shrinking: {len(program.instructions)} instructions, attempt {tried}")
        return _mismatch(core, replace(small, program=program), simulation) is not None

    program = shrink(small.program, fails, attempts=attempts)
    small = replace(small, program=program)
    return Failure(
        case=small,
        mismatch=_mismatch(core, small, simulation) or found,
        original=len(case.program.instructions),
    )


def _simpler(case: Case, mismatch: Mismatch) -> list[Case]:
    """Return the one run that failed, ever less simple."""
    run = max(0, mismatch.run)
    alone = replace(
        case, memory=case.memory[run : run + 1], stall_seeds=case.stall_seeds[run : run + 1], reset_after=None,
        traffic_seed=0,
    )  # fmt: skip
    return [
        replace(alone, stall_seeds=(0,)),
        alone,
        replace(alone, traffic_seed=case.traffic_seed),
        replace(alone, traffic_seed=case.traffic_seed, reset_after=case.reset_after),
        case,
    ]


def _mismatch(core: Core, case: Case, simulation: Simulation) -> Mismatch | None:
    """Return the first difference of a case alone."""
    try:
        return run_batch_of(core, [case], simulation).mismatch
    except ToolError:
        return None
