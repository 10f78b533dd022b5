"""A log against what was expected, run by run, retirement by retirement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.sim.cosim.scripted import Kind, ParsedLog

from ._model import RETIREMENT_DTYPE, Expectation, Retirements
from ._session import REFUSED, ExpectedRead, RunPlan

Log = npt.NDArray[np.void]
RETIREMENT = "retirement"
_COLUMNS = ("cycle", "unit", "pc", "word", "digest")


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """The first difference of a run.

    Parameters
    ----------
    case, run
        Which one; run -1 is the one that a reset ended.
    what
        What differs.
    place
        Index of the retirement, in both; None where something else differs.
    expected, found
        Retirements of the run on both sides.
    """

    case: int
    run: int
    what: str
    place: int | None
    expected: Retirements
    found: Retirements


@dataclass(frozen=True, kw_only=True)
class RunLog:
    """What the log says of a run.

    Parameters
    ----------
    plan
        The run.
    entries
        Retirements as they stand in the log.
    host
        Everything else but refused writes.
    refused
        Refused writes.
    end
        Number of the first entry behind it.
    """

    plan: RunPlan
    entries: Log
    host: Log
    refused: Log
    end: int


def split(log: Log, plans: Sequence[RunPlan]) -> Iterator[RunLog]:
    """Yield the log of each run; a log that ends early ends with the last whole run."""
    kinds = log["kind"]
    fixed = np.flatnonzero((kinds != Kind.RETIRE) & (kinds != Kind.REFUSED))
    start, first = 0, 0
    for plan in plans:
        last = first + len(plan.during) + len(plan.after)  # and one more: the interrupt, or the reset
        if last >= len(fixed):
            return
        end = int(fixed[last]) + 1
        part = log[start:end]
        kind = kinds[start:end]
        yield RunLog(
            plan=plan,
            entries=part[kind == Kind.RETIRE],
            host=log[fixed[first : last + 1]],
            refused=part[kind == Kind.REFUSED],
            end=end,
        )
        start, first = end, last + 1


def compare(
    parsed: ParsedLog, plans: Sequence[RunPlan], expectations: Sequence[Expectation]
) -> Iterator[tuple[RunLog, Mismatch | None]]:
    """Yield the log of each run with its first difference, if it has one.

    Parameters
    ----------
    parsed
        Log of a session's script.
    plans
        Of the session.
    expectations
        By case.
    """
    log, done, start = parsed.entries, 0, 0
    for ran in split(log, plans):
        done += 1
        start = ran.end
        yield ran, _compare_run(ran, expectations[ran.plan.case])
    if done < len(plans):
        yield _broken_off(plans[done], log[start:], start, parsed.problem, expectations)
    elif plans and (parsed.problem or (log["kind"][start:] != Kind.END).any()):
        yield _run_on(plans[-1], log[start:], start, parsed.problem)


def _broken_off(
    plan: RunPlan, rest: Log, start: int, problem: str, expectations: Sequence[Expectation]
) -> tuple[RunLog, Mismatch]:
    """Return what is left of a run that the log does not tell to its end."""
    entries = rest[rest["kind"] == Kind.RETIRE]
    ran = RunLog(plan=plan, entries=entries, host=rest[:0], refused=rest[:0], end=start)
    expected = expectations[plan.case].runs[max(0, plan.run)].retirements
    found = retirements(entries)
    place = first_difference(expected, found)
    what = problem or "the log must tell the whole run"
    return ran, Mismatch(case=plan.case, run=plan.run, what=what, place=place, expected=expected, found=found)


def _run_on(plan: RunPlan, rest: Log, start: int, problem: str) -> tuple[RunLog, Mismatch]:
    """Return what the log tells behind the last run, where only its end should be."""
    entries = rest[rest["kind"] == Kind.RETIRE]
    ran = RunLog(plan=plan, entries=entries, host=rest[:0], refused=rest[:0], end=start)
    what = problem or "the log must end behind the last run, but tells more"
    none, found = np.empty(0, RETIREMENT_DTYPE), retirements(entries)
    return ran, Mismatch(case=plan.case, run=plan.run, what=what, place=None, expected=none, found=found)


def _compare_run(ran: RunLog, expectation: Expectation) -> Mismatch | None:
    plan = ran.plan
    expected = expectation.runs[max(0, plan.run)].retirements
    if plan.reset:
        expected = expected[expected["cycle"] <= ran.host["cycle"][-1]]
    found = retirements(ran.entries)
    place = first_difference(expected, found)
    what = "" if place is None else RETIREMENT
    if place is None:
        what = _compare_host(ran)
    if not what:
        return None
    return Mismatch(case=plan.case, run=plan.run, what=what, place=place, expected=expected, found=found)


def retirements(entries: Log) -> Retirements:
    """Return log entries as retirements, in order of cycles, then of units."""
    found = np.empty(len(entries), RETIREMENT_DTYPE)
    for name in _COLUMNS:
        found[name] = entries[name]
    return found


def first_difference(expected: Retirements, found: Retirements) -> int | None:
    """Return the index of the first retirement that differs, or that only one side has; None where all are equal."""
    shorter = min(len(expected), len(found))
    differs = np.zeros(shorter, bool)
    for name in _COLUMNS:
        differs |= expected[name][:shorter] != found[name][:shorter]
    if differs.any():
        return int(np.argmax(differs))
    return shorter if len(expected) != len(found) else None


def _compare_host(ran: RunLog) -> str:
    """Return what differs in what the host saw; empty where nothing does."""
    plan, kinds = ran.plan, ran.host["kind"]
    ending = kinds[len(plan.during)]
    if plan.reset:
        if ending != Kind.RESET:
            return "the chip must be reset"
        return f"{len(ran.refused)} writes before a reset must not be refused" if len(ran.refused) else ""
    if ending != Kind.INTERRUPT:
        return "the interrupt must rise at the end of the program, but does not"
    entries = np.concatenate([ran.host[: len(plan.during)], ran.host[len(plan.during) + 1 :]])
    reads = (*plan.during, *plan.after)
    if not _all_as_expected(reads, entries):
        problem = next(filter(None, map(_compare_read, reads, entries)), "")
        if problem:
            return problem
    refused = [(int(entry["word"]), int(entry["unit"])) for entry in ran.refused]
    if refused != [(address, REFUSED) for address in plan.refused]:
        return f"writes refused while the core runs must be {plan.refused}, not {[address for address, _ in refused]}"
    return ""


def _all_as_expected(reads: Sequence[ExpectedRead], entries: Log) -> bool:
    """Whether all reads got what they must, as fast as can be told."""
    kinds, found = entries["kind"].tolist(), entries["digest"].tolist()
    return (
        kinds == [Kind.READ] * len(reads)
        and entries["word"].tolist() == [read.address for read in reads]
        and entries["unit"].tolist() == [read.response for read in reads]
        and all(read.data is None or read.data == data for read, data in zip(reads, found, strict=True))
    )


def _compare_read(read: ExpectedRead, entry: np.void) -> str:
    response, data = int(entry["unit"]), int(entry["digest"])
    if int(entry["kind"]) != Kind.READ or int(entry["word"]) != read.address:
        return f"host must read {read.name}, but the log has another entry"
    if response != read.response:
        return f"host's read of {read.name} must be answered with {read.response}, not {response}"
    if read.data is not None and data != read.data:
        return f"{read.name} must be {read.data}, not {data}"
    return ""
