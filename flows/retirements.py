"""Retirements of the instruction set simulator and of the Verilog: equal or not, and when each layer was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.isa import Instruction, Unit, encode, instruction_text
from nngen.sim.cosim import RetireTrace
from nngen.sim.iss import Timing

__all__ = ["ChipRetirementCheck", "RetirementCheck", "RetirementComparison", "expected_retirements", "layer_cycles"]

IntArray = npt.NDArray[np.int64]

UNITS = tuple(Unit)
_COMPARED = ("cycle", "unit", "pc", "word", "digest")


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


class RetirementCheck:
    """Compares the retirements of one run, part by part as they come.

    Parameters
    ----------
    timing
        Of the instruction set simulator, with digests.
    layer_starts
        (layer, address of its first instruction), as in ``CoreProgram``.
    core
        Which one of the chip.
    """

    def __init__(self, timing: Timing, layer_starts: Sequence[tuple[str, int]], *, core: int = 0) -> None:
        self._sources = timing.sources
        self._expected = expected_retirements(timing, core=core)
        self._starts = [start for _, start in layer_starts]
        self._ends = np.full(len(self._starts) + 1, -1, np.int64)  # behind the layers: HALT
        self._halt = int(self._expected.pc.max(initial=0))
        self._found = 0
        self._differing = 0
        self._first = ""

    def take(self, part: RetireTrace) -> None:
        """Compare the next retirements."""
        begin, here = self._found, slice(self._found, self._found + len(part))
        expected = RetireTrace(**{name: values[here] for name, values in vars(self._expected).items()})
        shorter = len(expected)
        differs = np.zeros(shorter, bool)
        for name in _COMPARED:
            differs |= getattr(expected, name) != getattr(part, name)[:shorter]
        self._differing += int(differs.sum())
        if not self._first and (differs.any() or len(part) > shorter):
            place = int(np.argmax(differs)) if differs.any() else shorter
            self._first = self._sentence(begin + place, self._words(part, place))
        self._note_ends(part)
        self._found += len(part)

    def _note_ends(self, part: RetireTrace) -> None:
        layers = np.searchsorted(self._starts, part.pc, side="right") - 1
        layers[part.pc == self._halt] = len(self._starts)
        np.maximum.at(self._ends, layers, part.cycle)

    def comparison(self) -> RetirementComparison:
        """Return what was found, once there is no more to take."""
        missing = len(self._expected) - self._found
        first = self._first
        if missing > 0 and not first:
            first = self._sentence(self._found, "none")
        return RetirementComparison(
            compared=max(len(self._expected), self._found), differing=self._differing + abs(missing), first=first
        )

    def layer_ends(self) -> tuple[int, ...]:
        """Return the cycle in which the last instruction of each layer retired in the Verilog."""
        return tuple(self._ends[: len(self._starts)].tolist())

    def _sentence(self, place: int, found: str) -> str:
        return f"retirement {place} must be {self._words(self._expected, place)}, not {found}"

    def _words(self, trace: RetireTrace, place: int) -> str:
        if place >= len(trace):
            return "none"
        pc, word = int(trace.pc[place]), int(trace.word[place])
        known = self._sources[pc] if pc < len(self._sources) else word
        named = isinstance(known, Instruction) and encode(known) == word
        text = instruction_text(known) if isinstance(known, Instruction) and named else f"{word:016x}"
        unit, cycle, digest = UNITS[trace.unit[place]], trace.cycle[place], trace.digest[place]
        return f"{unit} {pc}: {text} in cycle {cycle} (digest {digest:08x})"


class ChipRetirementCheck:
    """Compares the retirements of all cores of a chip, part by part as they come.

    Parameters
    ----------
    timings, layer_starts
        Of every core, as for :class:`RetirementCheck`.
    """

    def __init__(self, timings: Sequence[Timing], layer_starts: Sequence[Sequence[tuple[str, int]]]) -> None:
        self._checks = [
            RetirementCheck(timing, starts, core=core)
            for core, (timing, starts) in enumerate(zip(timings, layer_starts, strict=True))
        ]

    def take(self, part: RetireTrace) -> None:
        """Compare the next retirements."""
        if len(self._checks) == 1:
            self._checks[0].take(part)
            return
        for core, check in enumerate(self._checks):
            check.take(part.of_core(core))

    def comparison(self) -> RetirementComparison:
        """Return what was found in all cores, once there is no more to take."""
        found = [check.comparison() for check in self._checks]
        first = next(((core, one.first) for core, one in enumerate(found) if one.first), None)
        named = first is not None and len(found) > 1
        return RetirementComparison(
            compared=sum(one.compared for one in found),
            differing=sum(one.differing for one in found),
            first="" if first is None else f"core {first[0]}: {first[1]}" if named else first[1],
        )

    def layer_ends(self) -> list[tuple[int, ...]]:
        """Return, of each core, the cycle in which the last instruction of each of its layers retired."""
        return [check.layer_ends() for check in self._checks]


def expected_retirements(timing: Timing, *, core: int = 0) -> RetireTrace:
    """Return the retirements of a run in the instruction set simulator, in the order in which the ports show them."""
    records = np.array(timing.records, np.int64).reshape(len(timing.records), -1)
    unit, pc, cycle = records[:, 1], records[:, 2], records[:, 7]
    order = np.lexsort((unit, cycle))
    words = np.array([_word(source) for source in timing.sources], np.uint64)
    return RetireTrace(
        sample=np.zeros(len(order), np.int64),
        cycle=cycle[order],
        core=np.full(len(order), core, np.uint8),
        unit=unit[order].astype(np.uint8),
        word=words[pc[order]],
        pc=pc[order].astype(np.uint16),
        digest=np.array(timing.digests, np.uint32)[order],
    )


def _word(instruction: Instruction | int) -> int:
    return encode(instruction) if isinstance(instruction, Instruction) else instruction


def layer_cycles(ends: Sequence[int]) -> tuple[int, ...]:
    """Return the cycles of each layer: from the end of the one before, the first from cycle 0, to its own end."""
    return tuple(end - before for before, end in zip((-1, *ends[:-1]), ends, strict=True))
