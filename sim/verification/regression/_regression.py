"""Many batches, side by side, counted in their order: the result depends on the seed and on nothing else."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np

from nngen.arch import Core
from nngen.errors import InputError, ToolError
from nngen.isa import Unit
from nngen.sim.cosim.scripted import Simulation
from nngen.sim.verification.coverage import Coverage
from nngen.sim.verification.lockstep import Case

from ._batch import BatchResult, run_batch_of
from ._cases import cases, directed_cases
from ._failure import SHRINK_ATTEMPTS, Failure, find_failure

CASES_PER_BATCH = 16
DIRECTED_PER_BATCH = 32
RUNS = 24
Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class RegressionResult:
    """What came of a regression.

    Parameters
    ----------
    programs, runs, cycles
        How many; of cycles those of complete runs.
    units
        Retirements compared, by unit in the order of ``tuple(Unit)``.
    coverage
        Bins that were met.
    failure
        The first difference; None where everything is equal.
    failed_number
        Number of the case that shows it.
    fresh, seconds
        Retirements compared that were not kept from before, and the time by the clock on the wall that took; without
        the search for a shorter program.
    """

    programs: int
    runs: int
    cycles: int
    units: tuple[int, ...]
    coverage: Coverage
    failure: Failure | None
    failed_number: int | None
    fresh: int = 0
    seconds: float = 0.0

    @property
    def instructions(self) -> int:
        """Retirements compared."""
        return sum(self.units)


@dataclass(frozen=True, kw_only=True)
class _Job:
    """A batch: cases ``first`` and following."""

    core: Core
    simulation: Simulation
    seed: int
    first: int
    runs: int

    def cases(self) -> list[tuple[int, Case]]:
        """Return every case with its number."""
        numbers = range(self.first, self.first + CASES_PER_BATCH)
        return [
            (number, case)
            for number in numbers
            for case in cases(self.core, seed=self.seed, number=number, runs=self.runs)
        ]

    def run(self) -> BatchResult:
        """Run it; what does not compare equal carries the cases."""
        return run_batch_of(self.core, [case for _, case in self.cases()], self.simulation)


def regress_directed(
    core: Core, simulation: Simulation, *, attempts: int = SHRINK_ATTEMPTS, progress: Progress = lambda text: None
) -> RegressionResult:
    """Run all directed programs; the first difference ends it. ``attempts`` as in :func:`find_failure`."""
    made = directed_cases(core)
    done: list[BatchResult] = []
    for first in range(0, len(made), DIRECTED_PER_BATCH):
        progress(f"{first} of {len(made)} directed programs")
        batch = made[first : first + DIRECTED_PER_BATCH]
        done.append(run_batch_of(core, batch, simulation))
        mismatch = done[-1].mismatch
        if mismatch is not None:
            failure = find_failure(
                core, batch[mismatch.case], mismatch, simulation, attempts=attempts, progress=progress
            )
            return _summary(core, done, programs=first + len(batch), failure=failure, number=first + mismatch.case)
    return _summary(core, done, programs=len(made))


def regress(
    core: Core,
    simulation: Simulation,
    *,
    instructions: int,
    seed: int = 0,
    runs: int = RUNS,
    workers: int = 1,
    kept: Path | None = None,
    attempts: int = SHRINK_ATTEMPTS,
    enough: Callable[[Coverage], bool] = lambda coverage: True,
    progress: Progress = lambda text: None,
) -> RegressionResult:
    """Run random programs until enough instructions are compared; the first difference ends it.

    Parameters
    ----------
    core, simulation
        The machine, and its hardware in a simulator.
    instructions
        Retirements to compare, at least.
    seed
        Of the programs and of all they run with.
    runs
        How often each program runs, with other data, stalls and traffic each time.
    workers
        Processes.
    kept
        Folder in which finished batches are kept: the next regression that begins there goes on from them. It must
        belong to this seed, these runs and this hardware (see :func:`kept_folder`).
    attempts
        As in :func:`find_failure`.
    enough
        Whether what was met by then will do; else the regression goes on, up to twice as many instructions.
    progress
        Called with what is going on.
    """
    done: list[BatchResult] = []
    compared = fresh = 0
    begin = time.monotonic()
    jobs = (
        _Job(core=core, simulation=simulation, seed=seed, first=first, runs=runs) for first in count(0, CASES_PER_BATCH)
    )
    with _executor(workers) as executor:
        for job, result, was_kept in _results(jobs, executor, workers, kept):
            done.append(result)
            fresh += 0 if was_kept else result.instructions
            seconds = time.monotonic() - begin
            if result.mismatch is not None:
                number, case = job.cases()[result.mismatch.case]
                failure = find_failure(core, case, result.mismatch, simulation, attempts=attempts, progress=progress)
                return replace(_summary(core, done, failure=failure, number=number), fresh=fresh, seconds=seconds)
            compared += result.instructions
            progress(f"{compared:,} of {instructions:,} instructions compared")
            if compared >= 2 * instructions or (compared >= instructions and enough(_summary(core, done).coverage)):
                break
    return replace(_summary(core, done), fresh=fresh, seconds=seconds)


def regress_case(
    core: Core, simulation: Simulation, *, seed: int, number: int, runs: int = RUNS,
    progress: Progress = lambda text: None,
) -> RegressionResult:  # fmt: skip
    """Run one case of a regression again."""
    made = cases(core, seed=seed, number=number, runs=runs)
    result = run_batch_of(core, made, simulation)
    failure = None
    if result.mismatch is not None:
        failure = find_failure(core, made[result.mismatch.case], result.mismatch, simulation, progress=progress)
    return _summary(core, [result], programs=len(made), failure=failure, number=number if failure else None)


def kept_folder(folder: Path, *parts: str) -> Path:
    """Return the subfolder of ``folder`` for batches that depend on ``parts``: others there are of something else."""
    total = hashlib.sha256()
    for part in parts:
        total.update(f"{len(part)}\n{part}".encode())
    return folder / total.hexdigest()[:16]


def _results(
    jobs: Iterator[_Job], executor: Executor | None, workers: int, kept: Path | None
) -> Iterator[tuple[_Job, BatchResult, bool]]:
    """Yield batches in their order, and whether each was kept; some more are under way in other processes."""
    pending: deque[tuple[_Job, BatchResult | Future[BatchResult] | None]] = deque()
    for job in jobs:
        pending.append((job, _kept(kept, job) or (executor.submit(job.run) if executor else None)))
        if len(pending) <= (workers + 1 if executor else 0):
            continue
        first, result = pending.popleft()
        if isinstance(result, BatchResult):
            yield first, result, True
        else:
            yield first, _keep(kept, first, first.run() if result is None else _result(result)), False


def _result(future: Future[BatchResult]) -> BatchResult:
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise ToolError("processes that compare must live to the end, but one was killed; is memory short?") from error


def _end_with_parent() -> None:
    """Leave interrupts to the process that started this one, and end when it does, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _executor(workers: int) -> Iterator[Executor | None]:
    """Start processes, each with one thread of linear algebra: the batches are what runs side by side."""
    if workers == 1:
        yield None
        return
    before = os.environ.get("OPENBLAS_NUM_THREADS")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when a worker imports NumPy
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent)
    try:
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
        if before is None:
            del os.environ["OPENBLAS_NUM_THREADS"]
        else:
            os.environ["OPENBLAS_NUM_THREADS"] = before


def _path(kept: Path, job: _Job) -> Path:
    return kept / f"batch-{job.first // CASES_PER_BATCH:06d}.json"


def _kept(kept: Path | None, job: _Job) -> BatchResult | None:
    if kept is None or not _path(kept, job).exists():
        return None
    try:
        fields = json.loads(_path(kept, job).read_text(encoding="utf-8"))
        return BatchResult(
            units=tuple(fields["units"]), runs=fields["runs"], cycles=fields["cycles"],
            coverage=tuple(fields["coverage"]), mismatch=None,
        )  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"batch file '{_path(kept, job)}' must be whole; delete it, and it is made again") from error


def _keep(kept: Path | None, job: _Job, result: BatchResult) -> BatchResult:
    if kept is not None and result.mismatch is None:
        kept.mkdir(parents=True, exist_ok=True)
        path = _path(kept, job)
        partial = path.with_suffix(".part")
        partial.write_text(json.dumps(asdict(replace(result, mismatch=None))), encoding="utf-8")
        partial.replace(path)
    return result


def _summary(
    core: Core, done: list[BatchResult], *, programs: int | None = None, failure: Failure | None = None,
    number: int | None = None,
) -> RegressionResult:  # fmt: skip
    coverage = Coverage(core)
    for result in done:
        coverage.counts += np.array(result.coverage, np.int64)
    units = np.sum([result.units for result in done] or [(0,) * len(Unit)], axis=0)
    return RegressionResult(
        programs=len(done) * CASES_PER_BATCH if programs is None else programs,
        runs=sum(result.runs for result in done),
        cycles=sum(result.cycles for result in done),
        units=tuple(int(amount) for amount in units),
        coverage=coverage,
        failure=failure,
        failed_number=number,
    )
