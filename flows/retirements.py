"""Retirements of the instruction set simulator and of the Verilog: equal or not, and when each layer was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.isa import Instruction, Unit, encode, instruction_text
from nngen.sim.cosim import RetireTrace
from nngen.sim.iss import Timing

__all__ = ["RetirementComparison", "compare_retirements", "layer_cycles", "layer_ends"]

IntArray = npt.NDArray[np.int64]

UNITS = tuple(Unit)


@dataclass(frozen=True, kw_only=True)
class RetirementComparison:
    """Retirements of one run on both sides.

    Parameters
    ----------
    compared
        How many there are on the longer side.
    differing
        How many of them differ in cycle, unit, instruction, address or digest.
    first
        The first one that differs, in words; empty if none does.
    """

    compared: int
    differing: int
    first: str


def compare_retirements(timing: Timing, trace: RetireTrace, *, cycles: int) -> RetirementComparison:
    """Compare every retirement of one run.

    Parameters
    ----------
    timing
        Of the instruction set simulator, with digests.
    trace
        What the retire ports showed in one run.
    cycles
        Cycles of that run, by the Verilog's own counter: its last retirement is HALT's, in cycle ``cycles - 1``.
    """
    expected, found = _expected(timing), _found(trace, cycles)
    shorter = min(len(expected), len(found))
    wrong = np.flatnonzero((expected[:shorter] != found[:shorter]).any(axis=1))
    compared = max(len(expected), len(found))
    differing = len(wrong) + compared - shorter
    if not differing:
        return RetirementComparison(compared=compared, differing=0, first="")
    place = int(wrong[0]) if len(wrong) else shorter
    first = f"retirement {place} must be {_words(expected, place, timing)}, not {_words(found, place, timing)}"
    return RetirementComparison(compared=compared, differing=differing, first=first)


def _expected(timing: Timing) -> IntArray:
    """Return (cycle, unit, pc, word low, word high, digest), sorted."""
    rows = [
        (entry.retire, UNITS.index(entry.unit), entry.pc, *_halves(_word(entry.instruction)), entry.digest or 0)
        for entry in timing.trace
    ]
    return _sorted(np.array(rows, np.int64).reshape(-1, 6))


def _found(trace: RetireTrace, cycles: int) -> IntArray:
    cycle = trace.cycle - (int(trace.cycle.max(initial=0)) - (cycles - 1))
    low, high = trace.word & np.uint64(0xFFFFFFFF), trace.word >> np.uint64(32)
    columns = (cycle, trace.unit, trace.pc, low, high, trace.digest)
    return _sorted(np.stack([column.astype(np.int64) for column in columns], axis=1))


def _sorted(rows: IntArray) -> IntArray:
    return rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]


def _word(instruction: Instruction | int) -> int:
    return encode(instruction) if isinstance(instruction, Instruction) else instruction


def _halves(word: int) -> tuple[int, int]:
    return word & 0xFFFFFFFF, word >> 32


def _words(rows: IntArray, place: int, timing: Timing) -> str:
    if place >= len(rows):
        return "none"
    cycle, unit, pc, low, high, digest = rows[place].tolist()
    word = low | high << 32
    known = {_word(entry.instruction): entry.instruction for entry in timing.trace if entry.pc == pc}
    named = known.get(word)
    text = instruction_text(named) if isinstance(named, Instruction) else f"{word:016x}"
    return f"{UNITS[unit]} {pc}: {text} in cycle {cycle} (digest {digest:08x})"


def layer_ends(trace: RetireTrace, starts: Sequence[tuple[str, int]], *, cycles: int) -> tuple[int, ...]:
    """Return the cycle in which the last instruction of each layer retired in the Verilog.

    Parameters
    ----------
    trace
        What the retire ports showed in one run.
    starts
        (layer, address of its first instruction), as in ``CoreProgram``.
    cycles
        As in :func:`compare_retirements`.
    """
    offset = int(trace.cycle.max(initial=0)) - (cycles - 1)
    ends = [start for _, start in starts[1:]] + [int(trace.pc.max(initial=0))]  # the last instruction is HALT
    return tuple(
        int(trace.cycle[(trace.pc >= start) & (trace.pc < end)].max(initial=offset - 1)) - offset
        for (_, start), end in zip(starts, ends, strict=True)
    )


def layer_cycles(ends: Sequence[int]) -> tuple[int, ...]:
    """Return the cycles of each layer: from the end of the one before, the first from cycle 0, to its own end."""
    return tuple(end - before for before, end in zip((-1, *ends[:-1]), ends, strict=True))
