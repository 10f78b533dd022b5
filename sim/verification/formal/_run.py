"""Runs a proof: writes the harness as RTLIL and a job for sby, reads what the solver found."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from amaranth.back import rtlil

from nngen.errors import ToolError
from nngen.sim.verification.faults import patched_module

from ._proof import Proof, SeededBug
from ._tools import Tools, find_tools

DEFAULT_LIMIT_S = 300  # the first run on a machine compiles yosys for a minute

_LOG_FILE = "sby.log"
_LOG_LINES = 30
_GRACE_S = 10
_PREFIX = "check."  # wires and checks share their names; no wire is called that

# A check in RTLIL, from its name to the message that Amaranth was given.
_CHECK = re.compile(
    r'cell \$check (?P<name>\S+)\n(?P<between>(?: +parameter .*\n)*? +parameter \\FORMAT )"(?P<message>.*)"'
)
_FAILED = re.compile(rf"Assert failed in top: (?:\w+\.)*{_PREFIX}(\w+)")
_UNREACHED = re.compile(rf"Unreached cover statement at top: (?:\w+\.)*{_PREFIX}(\w+)")

_JOB = """\
[options]
mode {mode}
depth {depth}
[engines]
smtbmc z3
[script]
read_rtlil design.il
prep -flatten -top top
[files]
design.il
"""


class Outcome(StrEnum):
    """How the search ended."""

    PROVEN = "proven"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the solver found.

    Parameters
    ----------
    outcome
        Of the assertions: proven; refuted by a run from the initial state; or undecided, where no such run was found
        and the induction failed (for a bug: was not tried).
    failed
        Names of the assertions that the counterexample breaks: of the run, or of the induction.
    unreached
        Names of the covers that no run reaches within ``cover_depth`` cycles.
    """

    outcome: Outcome
    failed: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the statement is proven, and not for want of anything that happens."""
        return self.outcome is Outcome.PROVEN and not self.unreached


def prove(
    proof: Proof,
    *,
    bug: SeededBug | None = None,
    folder: Path | None = None,
    limit_s: float = DEFAULT_LIMIT_S,
    tools: Tools | None = None,
) -> Verdict:
    """Prove a statement about a component; or look for a run that refutes it for the component with a bug.

    Parameters
    ----------
    proof
        What to prove.
    bug
        One of the proof's bugs. Runs from the initial state are searched, as long as the bug says.
    folder
        Where the jobs of sby go, with logs and waveforms: an empty folder. By default a temporary one.
    limit_s
        Most seconds for each of: proof, covers.
    tools
        Programs to run; by default those that are installed.

    Raises
    ------
    ToolError
        A program is missing, failed, or took longer than the limit. The message carries the end of the log.
    ValueError
        The bug no longer applies to the component's source.
    """
    tools = tools or find_tools()
    design = _design(proof, bug)
    with _place(folder) as place:
        job = _Job(proof.name, design, place, tools, limit_s)
        if bug is not None:
            status, log = job.run("bmc", bug.depth)
            return Verdict(
                outcome=Outcome.REFUTED if status == "FAIL" else Outcome.UNDECIDED, failed=_names(_FAILED, log)
            )
        status, log = job.run("prove", proof.depth)
        outcome = {"PASS": Outcome.PROVEN, "FAIL": Outcome.REFUTED}.get(status, Outcome.UNDECIDED)
        _, cover_log = job.run("cover", proof.cover_depth)
        return Verdict(outcome=outcome, failed=_names(_FAILED, log), unreached=_names(_UNREACHED, cover_log))


def _design(proof: Proof, bug: SeededBug | None) -> str:
    """Return the RTLIL of the harness around the component."""
    module = proof.module if bug is None else patched_module(bug.patch)
    return _name_checks(rtlil.convert(proof.harness(module), name="top", ports=(), emit_src=False))


def _name_checks(text: str) -> str:
    """Call each assertion and cover by its message: Amaranth numbers them, and the solver's log shows only names."""
    return _CHECK.sub(_name_check, text)


def _name_check(match: re.Match[str]) -> str:
    name = f"\\{_PREFIX}{match['message']}" if match["message"] else match["name"]
    return f'cell $check {name}\n{match["between"]}""'


def _names(pattern: re.Pattern[str], log: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pattern.findall(log)))


@contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="nngen-formal-") as name:
        yield Path(name)


@dataclass(frozen=True)
class _Job:
    """Runs sby on one design."""

    name: str
    design: str
    place: Path
    tools: Tools
    limit_s: float

    def run(self, mode: str, depth: int) -> tuple[str, str]:
        """Return sby's status (PASS, FAIL or UNKNOWN) and its log."""
        folder = self.place / mode
        folder.mkdir()
        (folder / "design.il").write_text(self.design, encoding="utf-8")
        (folder / "job.sby").write_text(_JOB.format(mode=mode, depth=depth), encoding="utf-8")
        self._execute(folder, mode)
        log = _read(folder / _LOG_FILE)
        status = _read(folder / "job" / "status").split(" ")[0]
        if status not in ("PASS", "FAIL", "UNKNOWN"):
            raise ToolError(f"sby must finish the proof '{self.name}' ({mode}), but broke off{_end(log)}")
        return status, log

    def _execute(self, folder: Path, mode: str) -> None:
        tools = self.tools
        options = {"--yosys": tools.yosys, "--smtbmc": tools.smtbmc, "--witness": tools.witness}
        command = [str(tools.sby), *(str(word) for option in options.items() for word in option), "job.sby"]
        # smtbmc finds the solver on PATH. The fixed seed makes runs alike: Python orders sets by hashes.
        path = os.pathsep.join((str(tools.solver.parent), os.environ.get("PATH", "")))
        environment = os.environ | {"PATH": path, "PYTHONHASHSEED": "0"}
        with (folder / _LOG_FILE).open("wb") as log:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
            try:
                process.wait(self.limit_s)
            except subprocess.TimeoutExpired:
                raise ToolError(
                    f"sby must finish the proof '{self.name}' ({mode}) within {self.limit_s:g} s, but has not"
                    f"{_end(_read(folder / _LOG_FILE))}"
                ) from None
            finally:
                _terminate(process)


def _terminate(process: subprocess.Popen[bytes]) -> None:
    """End sby if it has not ended by itself: on a polite signal it ends its solvers too."""
    process.terminate()
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _end(log: str) -> str:
    """Return the end of a log, as the last part of a message."""
    lines = log.splitlines()[-_LOG_LINES:]
    return "".join((":", *(f"\n{line}" for line in lines))) if lines else "; its log is empty"
