"""Runs a co-simulation: compiles the Verilog once, simulates in a scratch folder, returns what came out."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

from nngen.errors import InputError, ProgramError, ToolError
from nngen.sim.processes import last_lines, run_watched

from ._config import COMPILE_LOG, PROGRESS_FILE, REPORT_FILE, SIMULATION_LOG
from ._job import RtlJob, RtlResult, check_job, read_result, write_job
from ._simulators import fingerprint, require

Progress = Callable[[int, int], None]

_MODULE = "nngen.sim.cosim._simulate"
_PROCESS_LOG = "process.log"
_COMPILE_FAILED, _BENCH_FAILED = 3, 4  # exit statuses of the module; it is not imported: cocotb's runner is slow to
# Of the caller's environment: what would change how cocotb and its runner behave.
_FOREIGN = ("COCOTB_", "GPI_", "PYGPI_", "SIM_CMD_", "PYTEST_", "TESTCASE", "TOPLEVEL", "WAVES", "GUI", "NNGEN_BENCH_")


def simulate_rtl(job: RtlJob, *, progress: Progress | None = None) -> RtlResult:
    """Compile and simulate.

    Parameters
    ----------
    job
        What to run.
    progress
        Called with (finished, all) samples, at the start and whenever more have finished.

    Raises
    ------
    ToolError
        The simulator is not installed, the Verilog does not compile, the bench found the chip misbehaving (unknown
        outputs after reset, no answer, no end), or time ran out. The message carries the end of the log.
    ProgramError
        The program does not fit the core, or was compiled for another chip.
    InputError
        Codes or options do not fit.
    """
    check_job(job)
    require(job.simulator)
    begin = time.monotonic()
    with _scratch(job.scratch) as scratch, _run_folder(scratch) as folder:
        identity = fingerprint(job.simulator, job.top, job.sources, waves=job.waves is not None)
        config = write_job(job, folder, compiled=scratch / f"compiled-{identity[:16]}")
        try:
            status = _execute(config, job, progress or (lambda finished, total: None))
            _check_verdict(status, folder, job)
        finally:
            _keep_waves(job, folder)
        return read_result(job, folder, seconds=time.monotonic() - begin)


@contextmanager
def _scratch(folder: Path | None) -> Iterator[Path]:
    """Return the job's scratch folder, or a temporary one."""
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="nngen-cosim-") as name:
            yield Path(name)
    else:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"scratch folder '{folder}' cannot be made ({type(error).__name__})") from error
        yield folder.resolve()


@contextmanager
def _run_folder(scratch: Path) -> Iterator[Path]:
    """Return a fresh folder for one run; it stays where the run failed."""
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=scratch))
    yield folder
    shutil.rmtree(folder)


def _execute(config: Path, job: RtlJob, progress: Progress) -> int:
    """Run the simulating process to its end and return its exit status; it ends with this one, however that ends."""
    folder = config.parent
    status = run_watched(
        [sys.executable, "-P", "-m", _MODULE, str(config)],
        folder=folder,
        output=folder / _PROCESS_LOG,
        limit_s=job.timeout_s,
        environment=_environment(),
        watch=_Watch(folder, job, progress),
    )
    if status is None:
        raise ToolError(
            f"{job.simulator} must end within {job.timeout_s:g} s, but has not: "
            f"{_finished(folder)} of {job.samples} samples are done{_log(folder)}"
        )
    return status


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}


class _Watch:
    """Reports progress, and refuses a chip that does not answer."""

    def __init__(self, folder: Path, job: RtlJob, progress: Progress) -> None:
        self._folder = folder
        self._job = job
        self._progress = progress
        self._reported = -1
        self._first_answer: float | None = None  # the time until when the chip must have answered

    def __call__(self) -> None:
        job, folder = self._job, self._folder
        finished = _finished(folder)
        if finished != self._reported:
            self._progress(finished, job.samples)
            self._reported = finished
        if not (folder / SIMULATION_LOG).exists():  # it compiles
            return
        now = time.monotonic()
        self._first_answer = self._first_answer or now + job.answer_timeout_s
        if now > self._first_answer and not (folder / PROGRESS_FILE).exists():
            raise ToolError(
                f"'{job.top}' must answer the host within {job.answer_timeout_s:g} s of simulation, but has not: "
                f"its Verilog may hold a loop in which no time passes{_log(folder)}"
            )


def _finished(folder: Path) -> int:
    path = folder / PROGRESS_FILE
    return path.stat().st_size if path.exists() else 0


def _check_verdict(status: int, folder: Path, job: RtlJob) -> None:
    """Raise what the logs and cocotb's report say."""
    if status == _COMPILE_FAILED:
        raise ToolError(f"{job.simulator} must compile the Verilog of '{job.top}', but failed{_log(folder)}")
    if status == _BENCH_FAILED:
        kind, problem = _problem(folder / REPORT_FILE)
        if kind == ProgramError.__name__:
            raise ProgramError(problem)
        raise ToolError(f"co-simulation of '{job.top}' failed: {problem}{_log(folder)}")
    if status:
        raise ToolError(f"{job.simulator} must finish the simulation of '{job.top}', but broke off{_log(folder)}")


def _problem(report: Path) -> tuple[str, str]:
    """Return type and text of the exception that cocotb's report gives as the reason."""
    root = ElementTree.parse(report).getroot()  # noqa: S314 - cocotb wrote it just now
    for reason in (*root.iter("failure"), *root.iter("error")):
        return reason.get("type") or "", reason.get("message") or ""
    return "", "the bench did not run"


def _log(folder: Path) -> str:
    """Return the end of the newest log that says something, to be put behind a message."""
    return last_lines(*(folder / name for name in (SIMULATION_LOG, COMPILE_LOG, _PROCESS_LOG)))


def _keep_waves(job: RtlJob, folder: Path) -> None:
    """Move the waves where they are wanted, also those of a failed run: it is what they are for."""
    if job.waves is not None:
        made = folder / f"waves{job.waves.suffix}"
        if made.exists():
            shutil.move(made, job.waves)
