"""Processes of simulators: watched while they run, and ended with everything they started, whatever happens here."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

POLL_S = 0.1
LOG_LINES = 30


def run_watched(
    command: Sequence[str],
    *,
    folder: Path,
    output: Path,
    limit_s: float,
    environment: Mapping[str, str] | None = None,
    watch: Callable[[], None] = lambda: None,
) -> int | None:
    """Run a process to its end.

    Its standard input is a pipe that nothing is written to: a process that reads it learns when this one has ended.

    Parameters
    ----------
    command, folder, environment
        What runs, where, with which variables: those of this process unless given.
    output
        File for what it prints.
    limit_s
        Seconds within which it must end.
    watch
        Called again and again while it runs, and once behind its end; what it raises ends the process.

    Returns
    -------
    int or None
        The exit status, negative where a signal ended it; None where time ran out.
    """
    with output.open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        try:
            return _watch(process, time.monotonic() + limit_s, watch)
        finally:
            _end(process)


def _watch(process: subprocess.Popen[bytes], end: float, watch: Callable[[], None]) -> int | None:
    while True:
        status = _status_within(process, POLL_S)
        watch()
        if status is not None or time.monotonic() > end:
            return status


def _status_within(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process with all that it started, if it has not ended by itself."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdin is not None:
        process.stdin.close()


def ending(status: int) -> str:
    """Return how a process ended that did not end well, in words."""
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"


def last_lines(*logs: Path) -> str:
    """Return the end of the first of some logs that says something, to be put behind a message."""
    for path in logs:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
        if lines:
            return "\n".join([f"\n{path.name} ends:", *lines[-LOG_LINES:]])
    return ""
