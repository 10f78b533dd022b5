"""What ngspice's log says: measures, and whether something went wrong, since its exit status does not."""

from __future__ import annotations

import re
from pathlib import Path

LARGEST_LOG = 4 << 20
TAIL_LINES = 20

# ngspice goes on, and ends with status 0, after each of these. A singular matrix counts even where it got around it by
# conductances of its own: the deck does not determine its voltages.
_FAILURE = re.compile(
    r"fatal error|singular matrix|timestep too small|simulation\(s\) aborted|simulation interrupted"
    r"|circuit not parsed|no circuit loaded|could not find include file|can't find model|unknown subckt|no such",
    re.IGNORECASE,
)
_TITLE = "Circuit:"  # what follows is the deck's, not ngspice's
_MEASUREMENTS = re.compile(r"^\s*Measurements for ", re.MULTILINE)
_MEASURE = re.compile(r"^(\w\S*?) *= +([-+]?\d+(?:\.\d+)?(?:e[-+]\d+)?)(?=\s|$)", re.MULTILINE)
_FAILED_MEASURE = re.compile(r"^\s*\.meas(?:ure)?\s+\w+\s+(\S+).*failed!\s*$", re.MULTILINE | re.IGNORECASE)


def read_log(path: Path) -> str:
    """Return the log, of a long one the end."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LARGEST_LOG))
        return file.read(LARGEST_LOG).decode("utf-8", "replace")


def failure(log: str) -> str | None:
    """Return the first line that tells of a failure."""
    for line in log.splitlines():
        if not line.startswith(_TITLE) and _FAILURE.search(line):
            return line.strip()
    return None


def measures(log: str) -> dict[str, float]:
    """Return what the measures gave, by name in lower case."""
    begin = _MEASUREMENTS.search(log)
    found = _MEASURE.findall(log, begin.end()) if begin else []
    return {name.lower(): float(value) for name, value in found}


def failed_measures(log: str) -> tuple[str, ...]:
    """Return the names of measures that found nothing, in lower case."""
    return tuple(name.lower() for name in _FAILED_MEASURE.findall(log))


def tail(log: str) -> str:
    """Return the last lines, to be put behind a message."""
    lines = [line for line in log.splitlines() if line.strip()][-TAIL_LINES:]
    return "\n".join(["\nits log ends:", *lines]) if lines else "; its log is empty"
