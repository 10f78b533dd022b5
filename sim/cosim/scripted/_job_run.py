"""A co-simulation on the scripted bench: the same job and the same result as on the interactive one, but fast."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np

from nngen.errors import InputError, ToolError
from nngen.sim.cosim import Progress, RetireTrace, RtlJob, RtlResult, check_job
from nngen.sim.cosim.trace import COLUMNS

from ._job_log import JobLog
from ._job_script import job_script
from ._simulation import CompilerName, WaveFormat, compile_bench


def simulate_scripted(
    job: RtlJob,
    simulator: CompilerName = "verilator",
    *,
    retired: Callable[[RetireTrace], None] | None = None,
    progress: Progress | None = None,
) -> RtlResult:
    """Compile and simulate; a compiled simulation depends on the chip alone and is kept for all networks.

    Parameters
    ----------
    job
        What to run; its sources are those of a simulation build. ``host_traffic`` needs the interactive bench,
        ``answer_timeout_s`` does not apply, and ``scratch`` is where the files of a run are.
    simulator
        Where.
    retired
        Receives the retire trace part by part, in order, so that it need not fit into memory; the result has none then.
    progress
        Called with (finished, all) samples.

    Raises
    ------
    ToolError
        The simulator is not installed, the Verilog does not compile, the chip misbehaves, or time ran out.
    ProgramError
        The program does not fit the core, or was compiled for another chip.
    InputError
        Codes or options do not fit.
    """
    _check(job, simulator)
    plan = job_script(job)
    begin = time.monotonic()
    waves: WaveFormat = "" if job.waves is None else _wave_format(job.waves)
    compiled = compile_bench(job.cores, simulator, _texts(job.sources), waves=waves)
    kept: list[RetireTrace] = []
    log = JobLog(job, plan, retired=retired or kept.append, progress=progress or (lambda finished, total: None))
    with _folder(job) as name:
        replace(compiled, limit_s=job.timeout_s).follow(plan.script, Path(name), log.take, waves=job.waves)
    trace = _joined(kept) if job.trace and retired is None else None
    return log.result(trace=trace, seconds=time.monotonic() - begin)


def _check(job: RtlJob, simulator: CompilerName) -> None:
    check_job(job)
    if job.host_traffic:
        raise InputError("host traffic must be simulated on the interactive bench, not on the scripted one")
    if job.waves is not None and simulator == "icarus":
        raise InputError("waves in icarus must be simulated on the interactive bench, not on the scripted one")


def _wave_format(waves: Path) -> WaveFormat:
    return "vcd" if waves.suffix == ".vcd" else "fst"


def _texts(sources: tuple[Path, ...]) -> dict[str, str]:
    texts = {}
    for source in sources:
        try:
            texts[source.name] = source.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ToolError(f"Verilog file '{source}' cannot be read ({type(error).__name__})") from error
    return texts


def _folder(job: RtlJob) -> AbstractContextManager[str]:
    if job.scratch is None:
        return tempfile.TemporaryDirectory(prefix="nngen-bench-")
    job.scratch.mkdir(parents=True, exist_ok=True)
    return nullcontext(tempfile.mkdtemp(prefix="run-", dir=job.scratch))


def _joined(parts: list[RetireTrace]) -> RetireTrace:
    columns = {
        name: np.concatenate([np.empty(0, kind), *(getattr(part, name) for part in parts)])
        for name, kind in COLUMNS.items()
    }
    return RetireTrace(**columns)
