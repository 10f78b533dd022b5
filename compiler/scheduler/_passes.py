"""Groups jobs into passes, and outputs into rounds that the accumulators and the output buffer can hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest

from nngen.arch import Core
from nngen.errors import MappingError
from nngen.ir import LayerMapping

from ._accumulators import AccumulatorBank
from ._jobs import Job, jobs_of


@dataclass(frozen=True, kw_only=True)
class PlannedPass:
    """Jobs of different macros that run at once, from one fill of the row buffer."""

    jobs: tuple[Job, ...]
    entry: int
    overwrite: bool

    @property
    def steps(self) -> int:
        """Column steps of the longest job; the others' further conversions are not used."""
        return max(job.steps for job in self.jobs)


PartialSum = tuple[int, int, int, int]  # output, macro, ADC, entry


@dataclass(frozen=True, kw_only=True)
class PlannedRound:
    """Passes that together finish the outputs [a, b), and the partial sums that they leave, ascending."""

    outputs: tuple[int, int]
    passes: tuple[PlannedPass, ...]
    sources: tuple[PartialSum, ...]

    @property
    def steps(self) -> int:
        """Column steps of all passes."""
        return sum(p.steps for p in self.passes)


def plan_outputs(
    mapping: LayerMapping, outputs: tuple[int, int], *, slices: int, core: Core
) -> tuple[PlannedRound, ...]:
    """Return the rounds that compute the outputs [a, b): one, where the accumulators hold it, else as few as hold it.

    1. Passes run the jobs of all macros side by side.
    2. Where the accumulators do not hold them, the outputs are cut: each round takes as many as it can, up to where
       tiles end.
    3. A single output that does not fit runs one macro a pass: for any mapping that passed ``validate_mapping``, that
       fits.
    """
    planned: list[PlannedRound] = []
    first, end = outputs
    while first < end:
        planned.append(_longest_round(mapping, (first, end), slices, core))
        first = planned[-1].outputs[1]
    return tuple(planned)


def _longest_round(mapping: LayerMapping, outputs: tuple[int, int], slices: int, core: Core) -> PlannedRound:
    first, end = outputs
    edges = sorted({edge for tile in mapping.tiles for edge in tile.output_range if first < edge < end} | {end})
    for ends in (edges, range(first + 1, edges[0] + 1)):
        found = _longest(ends, lambda until: _side_by_side_round(mapping, (first, until), slices, core))
        if found is not None:
            return found
    jobs = jobs_of(mapping, (first, first + 1), slices=slices, core=core)
    alone = _plan(jobs, (first, first + 1), core, group=_one_macro_a_pass)
    if alone is None:
        raise MappingError(
            f"mapping of layer '{mapping.layer}': the accumulators must hold the partial sums of output {first}, and "
            "cannot; have it checked by validate_mapping"
        )
    return alone


def _longest(ends: Sequence[int], plan: Callable[[int], PlannedRound | None]) -> PlannedRound | None:
    """Return the plan that reaches furthest, found by halving; None where not even the first of ``ends`` works."""
    best = plan(ends[-1])
    if best is not None:
        return best
    low, high = 0, len(ends) - 1  # the plan that reaches ends[high] does not work
    while low < high:
        middle = (low + high) // 2
        found = plan(ends[middle])
        if found is None:
            high = middle
        else:
            best, low = found, middle + 1
    return best


def _side_by_side_round(
    mapping: LayerMapping, outputs: tuple[int, int], slices: int, core: Core
) -> PlannedRound | None:
    return _plan(jobs_of(mapping, outputs, slices=slices, core=core), outputs, core, group=_side_by_side)


def _plan(
    jobs: Sequence[Job],
    outputs: tuple[int, int],
    core: Core,
    *,
    group: Callable[[Sequence[Sequence[Job]]], list[tuple[Job, ...]]],
) -> PlannedRound | None:
    bank = AccumulatorBank(core)
    passes = []
    for together in group(_by_macro(jobs)):
        place = bank.assign(together)
        if place is None:
            return None
        passes.append(PlannedPass(jobs=together, entry=place[0], overwrite=place[1]))
    return PlannedRound(outputs=outputs, passes=tuple(passes), sources=tuple(bank.sources()))


def _by_macro(jobs: Sequence[Job]) -> list[list[Job]]:
    """Return each macro's jobs, the longest first, then in the order of their rows and conversions."""
    ordered = sorted(jobs, key=lambda job: (job.macro, -job.steps, job.inputs, job.first_conversion, job.row, job.gain))
    return [list(group) for _, group in groupby(ordered, key=lambda job: job.macro)]


def _side_by_side(macros: Sequence[Sequence[Job]]) -> list[tuple[Job, ...]]:
    """Pass k runs the k-th job of every macro."""
    return [tuple(job for job in column if job is not None) for column in zip_longest(*macros)]


def _one_macro_a_pass(macros: Sequence[Sequence[Job]]) -> list[tuple[Job, ...]]:
    return [(job,) for jobs in macros for job in jobs]
