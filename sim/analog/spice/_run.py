"""Runs decks: a process and a private folder each, several at once."""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from nngen.errors import InputError, NngenError, ToolError
from nngen.sim.processes import ending, run_watched

from ._engines import Engine, check_engine, check_status, command
from ._log import failed_measures, failure, measures, read_log, tail
from ._rawfile import read_rawfile
from ._result import Plot, SpiceResult

Progress = Callable[[int, int], None]
LIMIT_S = 120.0
LARGEST_OUTPUT = 256 << 20
_JOB, _RESULT, _LOG, _HERE = "job.cir", "result.raw", "ngspice.log", "here"
_DONE = "nngen: the job is done"
# Between single quotes ngspice's command line leaves these as they are.
_NAME = re.compile(r"[A-Za-z0-9_.+=,@ -]+")
# `run` does what the deck's lines ask for, unless commands of the deck have simulated already.
_COMMANDS = f"""* job
.control
set filetype=binary
set appendwrite
source '{_HERE}/{{name}}'
strcmp untouched $curplot const
if $untouched = 0
run
end
foreach plot $plots
setplot $plot
write {_RESULT}
end
echo {_DONE}
quit
.endc
.end
"""


class _CancelledError(Exception):
    """Another deck failed, or the user gave up."""


def run(deck: Path, *, engine: Engine = "binary", time_limit_s: float = LIMIT_S) -> SpiceResult:
    """Simulate a deck in a process of its own, on one core.

    A deck is a program: its ``.control`` lines run, and may start others. Run only decks that you made or trust.
    No ``.spiceinit`` of the user is read; that of the installation is.

    Parameters
    ----------
    deck
        The file; ``.include`` in it is relative to its folder.
    engine
        ``binary`` starts ``ngspice``, ``library`` a process that loads ``libngspice``. The results are the same.
    time_limit_s
        Seconds on the wall, at whose end the process and all that it started are killed.

    Raises
    ------
    InputError
        There is no such file, its name is none that ngspice can read, or the limit is not positive.
    ToolError
        ngspice is not there, did not end in time, or failed in any way, whatever its exit status; the message ends with
        the last lines of its log.
    """
    _check(deck, engine, time_limit_s)
    return _simulate(deck, engine, time_limit_s, threading.Event())


def run_many(
    decks: Sequence[Path],
    *,
    workers: int | None = None,
    engine: Engine = "binary",
    time_limit_s: float = LIMIT_S,
    progress: Progress | None = None,
) -> list[SpiceResult]:
    """Simulate decks in parallel and return their results in the order of the decks.

    Parameters
    ----------
    decks
        The files; the same one may come twice.
    workers
        Processes at once: as many as this process may use cores unless given.
    engine, time_limit_s
        As in ``run``; the limit is for each deck.
    progress
        Called in the caller's thread with the number of decks done and of all.

    Raises
    ------
    InputError, ToolError
        As ``run``, which deck included; the others are cancelled and their processes killed.
    """
    if workers is not None and workers < 1:
        raise InputError(f"workers must be at least 1, not {workers}")
    for deck in decks:
        _check(deck, engine, time_limit_s)
    cancelled = threading.Event()
    with _cancelling(ThreadPoolExecutor(workers or len(os.sched_getaffinity(0))), cancelled) as pool:
        futures = [pool.submit(_simulate, deck, engine, time_limit_s, cancelled) for deck in decks]
        for done, future in enumerate(as_completed(futures), start=1):
            future.result()
            if progress is not None:
                progress(done, len(futures))
    return [future.result() for future in futures]


@contextmanager
def _cancelling(pool: ThreadPoolExecutor, cancelled: threading.Event) -> Iterator[ThreadPoolExecutor]:
    """Leave no process behind, whatever ends the work."""
    try:
        yield pool
    finally:
        cancelled.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _check(deck: Path, engine: str, time_limit_s: float) -> None:
    check_engine(engine)
    if not time_limit_s > 0:
        raise InputError(f"time limit must be more than 0 seconds, not {time_limit_s:g}")
    if not deck.is_file():
        raise InputError(f"deck must be a file, not '{deck}'")
    if not _NAME.fullmatch(deck.name):
        raise InputError(f"the name of a deck must consist of letters, digits, spaces and _.+=,@-, not '{deck.name}'")


def _simulate(deck: Path, engine: Engine, time_limit_s: float, cancelled: threading.Event) -> SpiceResult:
    with tempfile.TemporaryDirectory(prefix="nngen-spice-") as name:
        folder = Path(name)
        (folder / _HERE).symlink_to(deck.parent.resolve(), target_is_directory=True)
        (folder / _JOB).write_text(_COMMANDS.format(name=deck.name), encoding="ascii")
        log = folder / _LOG
        status = run_watched(
            command(engine, _JOB),
            folder=folder,
            output=log,
            limit_s=time_limit_s,
            environment=_environment(folder),
            watch=lambda: _look(deck, log, cancelled),
        )
        text = read_log(log)
        if status is None:
            limit = f"{time_limit_s:g} seconds"
            raise ToolError(f"ngspice must be done with {deck.name} in {limit}, and is not; allow it more{tail(text)}")
        check_status(engine, status)
        return SpiceResult(
            deck=deck.name,
            plots=_plots(deck, status, text, folder / _RESULT),
            measures=measures(text),
            failed_measures=failed_measures(text),
            log=text,
        )


def _environment(folder: Path) -> Mapping[str, str]:
    """Return what ngspice gets: one thread, a home without files of the user, and where programs and libraries are."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SPICE_LIB_DIR") if name in os.environ}
    return kept | {"HOME": str(folder), "TMPDIR": str(folder), "LC_ALL": "C", "OMP_NUM_THREADS": "1"}


def _look(deck: Path, log: Path, cancelled: threading.Event) -> None:
    if cancelled.is_set():
        raise _CancelledError
    size = log.stat().st_size
    if size > LARGEST_OUTPUT:
        raise ToolError(f"{deck.name} must print at most {LARGEST_OUTPUT >> 20} MiB, not more{tail(read_log(log))}")


def _plots(deck: Path, status: int, log: str, raw: Path) -> tuple[Plot, ...]:
    """Return the plots of a run that went well in every respect."""
    told = failure(log)
    if told is not None:
        raise ToolError(f"ngspice failed on {deck.name}: {told}{tail(log)}")
    if status:
        raise ToolError(f"ngspice failed on {deck.name}: it {ending(status)}{tail(log)}")
    if _DONE not in log or not raw.is_file():
        raise ToolError(f"ngspice failed on {deck.name}: it ended before its results were written{tail(log)}")
    try:
        plots = read_rawfile(raw)
    except NngenError as error:
        raise ToolError(f"ngspice failed on {deck.name}: {error}{tail(log)}") from error
    if not plots:
        raise ToolError(f"ngspice failed on {deck.name}: it has no analysis{tail(log)}")
    return plots
