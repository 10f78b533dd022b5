"""What the test of the instruction set found: tables, and a failure as what one needs to find its cause."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nngen.errors import ProgramError
from nngen.isa import Instruction, Unit, decode, instruction_text
from nngen.sim.verification.coverage import Coverage, CoverageReport, read_waivers, summarize
from nngen.sim.verification.lockstep import RETIREMENT, Case, Mismatch, Retirements
from nngen.sim.verification.regression import Failure, RegressionResult

from . import coverage_report
from .present import percent
from .verify_isa import IsaVerification

__all__ = ["ISA_VERIFICATION_SCHEMA", "coverage_of", "describe", "failure_text", "render", "replay_command"]

ISA_VERIFICATION_SCHEMA = "nngen/isa-verification/1"
_BEFORE, _AFTER = 6, 3
_MISSING_BINS = 12


def coverage_of(result: IsaVerification) -> CoverageReport:
    """Return the functional coverage of both parts together."""
    coverage = Coverage(result.architecture.core)
    for part in (result.directed, result.random):
        if part is not None:
            coverage.merge(part.coverage)
    return summarize(coverage, read_waivers())


def describe(result: IsaVerification) -> dict[str, Any]:
    """Return the result as numbers, strings, lists and dictionaries."""
    random = result.random
    return {
        "schema": ISA_VERIFICATION_SCHEMA,
        "architecture": result.architecture.name,
        "simulator": result.simulator,
        "seed": result.seed,
        "runs": result.runs,
        "equal": result.equal,
        "seconds": round(random.seconds, 2) if random else 0,
        "instructions_per_second": round(random.fresh / random.seconds) if random and random.seconds else 0,
        "directed": None if result.directed is None else _part(result.directed),
        "random": None if random is None else _part(random),
        "coverage": _coverage(coverage_of(result)),
    }


def _coverage(report: CoverageReport) -> dict[str, Any]:
    total = report.total
    return {
        "bins": total.bins,
        "hit": total.hit,
        "waived": total.waived,
        "missing": {group: list(bins) for group, bins in report.missing.items()},
    }


def _part(part: RegressionResult) -> dict[str, Any]:
    return {
        "programs": part.programs,
        "runs": part.runs,
        "cycles": part.cycles,
        "instructions": part.instructions,
        "by_unit": {str(unit): amount for unit, amount in zip(Unit, part.units, strict=True)},
        "failed_program": part.failed_number,
    }


def render(result: IsaVerification, *, command: str) -> RenderableType:
    """Return tables; and where something differs, the failure with the command that shows it again."""
    parts: list[RenderableType] = [_table(result)]
    for name, part in (("directed", result.directed), ("random", result.random)):
        if part is not None and part.failure is not None:
            replay = f"{command} --program {part.failed_number}" if name == "random" else command
            parts.append(Text(failure_text(part.failure, what=f"{name} program {part.failed_number}", replay=replay)))
            return Group(*parts)
    parts.append(coverage_report.render(coverage_of(result), shown=_MISSING_BINS))
    parts.append(Text("hardware and simulator are equal at every retirement", style="green"))
    return Group(*parts)


def _table(result: IsaVerification) -> Table:
    table = Table(title=f"instruction set of '{result.architecture.name}' in {result.simulator}, seed {result.seed}")
    table.add_column("")
    for heading in ("programs", "runs", "instructions", *map(str, Unit), "cycles"):
        table.add_column(heading, justify="right")
    for name, part in (("directed", result.directed), ("random", result.random)):
        if part is not None:
            shares = (percent(amount, part.instructions) for amount in part.units)
            table.add_row(
                name, f"{part.programs:,}", f"{part.runs:,}", f"{part.instructions:,}", *shares, f"{part.cycles:,}"
            )
    if result.random is not None and result.random.fresh:
        table.caption = f"{result.random.fresh / result.random.seconds:,.0f} random instructions a second"
    return table


def failure_text(failure: Failure, *, what: str, replay: str) -> str:
    """Return a failure in words: both sides, what retired before, the program around it, and how to see it again."""
    case, mismatch = failure.case, failure.mismatch
    program = case.program.instructions
    lines = [
        f"{what} ({case.program.name}) differs; shrunk from {failure.original} to {len(program)} instructions",
        f"stall seed {case.stall_seeds[max(0, mismatch.run)]:#x}, host registers LOOP_COUNT {case.program.loop_count} "
        f"and WATCHDOG {case.program.watchdog}" + (", host traffic" if case.traffic_seed else "")
        + (f", reset after {case.reset_after} cycles" if case.reset_after is not None else ""),
        "",
    ]  # fmt: skip
    lines += _difference(mismatch)
    lines += ["", "program:", *_listing(case, _places(mismatch)), "", f"to see it again: {replay}"]
    return "\n".join(lines)


def _difference(mismatch: Mismatch) -> list[str]:
    if mismatch.place is None:
        return [mismatch.what]
    place = mismatch.place
    before = mismatch.expected[max(0, place - _BEFORE) : place]
    return [
        *([] if mismatch.what == RETIREMENT else [mismatch.what]),
        f"retirement {place} differs:",
        f"  simulator  {_side(mismatch.expected, place)}",
        f"  hardware   {_side(mismatch.found, place)}",
        "retired before, on both sides:",
        *(f"  {_retirement(before, i)}" for i in range(len(before))),
    ]


def _side(retirements: Retirements, place: int) -> str:
    return _retirement(retirements, place) if place < len(retirements) else "nothing more"


def _retirement(retirements: Retirements, place: int) -> str:
    entry = retirements[place]
    unit = str(tuple(Unit)[int(entry["unit"])])
    return (
        f"cycle {int(entry['cycle']):5}  {unit:9} {int(entry['pc']):4}: {_text(int(entry['word']))}"
        f"  (digest {int(entry['digest']):08x})"
    )


def _places(mismatch: Mismatch) -> set[int]:
    if mismatch.place is None:
        return set()
    sides = (mismatch.expected, mismatch.found)
    return {int(side["pc"][mismatch.place]) for side in sides if mismatch.place < len(side)}


def _listing(case: Case, marked: set[int]) -> list[str]:
    """Return the disassembly around the marked addresses, or all of it where none is marked."""
    program = case.program.instructions
    near = {near for pc in marked for near in range(pc - _BEFORE, pc + _AFTER + 1)} or set(range(len(program)))
    return [
        f"{'>' if pc in marked else ' '} {pc:4}  {_text(instruction)}"
        for pc, instruction in enumerate(program)
        if pc in near
    ]


def _text(instruction: Instruction | int) -> str:
    if isinstance(instruction, Instruction):
        return instruction_text(instruction)
    try:
        return instruction_text(decode(instruction))
    except ProgramError:
        return f"{instruction:#018x}"


def replay_command(architecture: Path, result: IsaVerification, *, cells: Sequence[Path] = ()) -> str:
    """Return the command line that repeats a run, without what may follow."""
    options = ["--seed", str(result.seed), "--simulator", result.simulator, "--runs", str(result.runs)]
    folders = [part for folder in cells for part in ("--cells", str(folder))]
    return shlex.join(["nngen", "verify-isa", "--arch", str(architecture), *folders, *options])
