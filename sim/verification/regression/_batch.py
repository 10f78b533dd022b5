"""One session of many cases: run in hardware and simulator, compared, counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nngen.arch import Core
from nngen.isa import Unit, encode
from nngen.sim.cosim.scripted import ParsedLog, Simulation, parse_log
from nngen.sim.verification.coverage import Coverage
from nngen.sim.verification.lockstep import Case, Expectation, Log, Mismatch, Session, compare, expect


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """What came of a batch.

    Parameters
    ----------
    units
        Retirements compared, by unit in the order of ``tuple(Unit)``.
    runs, cycles
        How many, those cut by a reset left out.
    coverage
        Counts of the bins of :class:`Coverage`.
    mismatch
        The first one; None where everything is equal. The batch ends with it.
    """

    units: tuple[int, ...]
    runs: int
    cycles: int
    coverage: tuple[int, ...]
    mismatch: Mismatch | None

    @property
    def instructions(self) -> int:
        """Retirements compared."""
        return sum(self.units)


def run_batch_of(core: Core, cases: Sequence[Case], simulation: Simulation) -> BatchResult:
    """Run cases in the instruction-set simulator and in hardware, and compare every retirement."""
    session = Session(core)
    expectations = []
    for case in cases:
        expectations.append(expect(core, case))
        session.add(case, expectations[-1])
    log = parse_log(simulation.run(session.script))
    return _compared(core, cases, expectations, log, session)


def _compared(
    core: Core, cases: Sequence[Case], expectations: Sequence[Expectation], log: ParsedLog, session: Session
) -> BatchResult:
    coverage = Coverage(core)
    units = np.zeros(len(Unit), np.int64)
    runs = cycles = 0
    entries: list[Log] = []
    mismatch = None
    for ran, difference in compare(log, session.plans, expectations):
        if difference is not None:
            mismatch = difference
            break
        entries.append(ran.entries)
        units += np.bincount(ran.entries["unit"], minlength=len(Unit))
        if not ran.plan.reset:
            expected = expectations[ran.plan.case].runs[ran.plan.run]
            runs, cycles = runs + 1, cycles + expected.cycles
            coverage.add_cause(expected.cause, _word_at(cases[ran.plan.case], expected.pc))
    _collect(coverage, entries)
    return BatchResult(
        units=tuple(units.tolist()), runs=runs, cycles=cycles, coverage=tuple(coverage.counts.tolist()),
        mismatch=mismatch,
    )  # fmt: skip


def _collect(coverage: Coverage, entries: Sequence[Log]) -> None:
    lengths = [len(part) for part in entries if len(part)]
    if lengths:
        starts = np.cumsum([0, *lengths[:-1]])
        coverage.collect(np.concatenate([part for part in entries if len(part)]), starts)


def _word_at(case: Case, pc: int) -> int | None:
    program = case.program.instructions
    if pc >= len(program):
        return None
    instruction = program[pc]
    return instruction if isinstance(instruction, int) else encode(instruction)
