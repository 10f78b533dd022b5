"""Every instruction under test: directed and random programs on a chip's Verilog, in lock-step with the simulator."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nngen.arch import Architecture, read_architecture
from nngen.errors import InputError
from nngen.hardware import emit_rtl
from nngen.isa import manual
from nngen.sim.cosim.scripted import SimulatorName, open_simulation
from nngen.sim.verification.coverage import Coverage, read_waivers, summarize
from nngen.sim.verification.regression import (
    RUNS,
    RegressionResult,
    cases,
    kept_folder,
    regress,
    regress_case,
    regress_directed,
    run_interactively,
)

from .progress import Progress, quiet

_SOURCES = frozenset({".py", ".j2", ".v", ".cpp", ".toml"})

__all__ = ["IsaVerification", "default_workers", "replay", "verify_isa"]


@dataclass(frozen=True, kw_only=True)
class IsaVerification:
    """What came of it.

    Parameters
    ----------
    architecture
        The chip.
    simulator
        In which its hardware ran.
    seed, runs
        Of the random programs.
    directed, random
        Results; None where that part did not run.
    """

    architecture: Architecture
    simulator: SimulatorName
    seed: int
    runs: int
    directed: RegressionResult | None
    random: RegressionResult | None

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return all(part is None or part.failure is None for part in (self.directed, self.random))


def verify_isa(
    architecture: Path,
    *,
    instructions: int = 100_000,
    seed: int = 0,
    simulator: SimulatorName = "icarus",
    runs: int = RUNS,
    workers: int = 1,
    directed: bool = True,
    complete: bool = False,
    cells: Sequence[Path] = (),
    kept: Path | None = None,
    progress: Progress = quiet,
) -> IsaVerification:
    """Run all directed programs, then random ones, and compare hardware and simulator at every retirement.

    Parameters
    ----------
    architecture
        Architecture file.
    instructions
        Retirements of random programs to compare, at least; 0: none.
    seed
        Of the random programs.
    simulator
        For the hardware.
    runs
        How often each random program runs, with other data, stalls and host traffic each time.
    workers
        Processes.
    directed
        Also run the directed programs.
    complete
        Go on, up to twice as many instructions, until every bin of the functional coverage is met.
    cells
        Further folders of circuit cells.
    kept
        Folder that keeps finished batches of random programs: a regression that was stopped goes on from there.
    progress
        Called with what is going on.

    Raises
    ------
    NngenError
        For a bad architecture file, one of a chip with several cores, or a simulator that is not there.
    """
    chip = _chip_of_one_core(architecture, cells)
    progress("compiling the Verilog")
    files = emit_rtl(chip, retire=True)
    simulation = open_simulation(chip, simulator, files=files)
    first = regress_directed(chip.core, simulation, progress=progress) if directed else None
    second = None

    def enough(coverage: Coverage) -> bool:
        if first is not None:
            coverage.merge(first.coverage)
        return not complete or summarize(coverage, read_waivers()).complete

    if instructions and (first is None or first.failure is None):
        parts = (*_identity(files), chip.sha256, simulator, str(seed), str(runs))
        folder = None if kept is None else kept_folder(kept, *parts)
        second = regress(
            chip.core, simulation, instructions=instructions, seed=seed, runs=runs, workers=workers, kept=folder,
            enough=enough,
            progress=progress,
        )  # fmt: skip
    return IsaVerification(
        architecture=chip, simulator=simulator, seed=seed, runs=runs, directed=first, random=second,
    )  # fmt: skip


def replay(
    architecture: Path,
    *,
    number: int,
    seed: int = 0,
    simulator: SimulatorName = "icarus",
    runs: int = RUNS,
    cells: Sequence[Path] = (),
    waves: Path | None = None,
    progress: Progress = quiet,
) -> IsaVerification:
    """Run one random program of a regression again; parameters as in :func:`verify_isa`.

    ``waves`` is where to write the waves of its first run, or of the failure, in Icarus (``.fst`` or ``.vcd``).
    """
    chip = _chip_of_one_core(architecture, cells)
    progress("compiling the Verilog")
    simulation = open_simulation(chip, simulator, files=emit_rtl(chip, retire=True))
    result = regress_case(chip.core, simulation, seed=seed, number=number, runs=runs, progress=progress)
    if waves is not None:
        progress("simulating with waves")
        case = cases(chip.core, seed=seed, number=number, runs=runs)[0]
        run_interactively(chip, case if result.failure is None else result.failure.case, waves=waves)
    return IsaVerification(
        architecture=chip, simulator=simulator, seed=seed, runs=runs, directed=None, random=result,
    )  # fmt: skip


def _chip_of_one_core(path: Path, cells: Sequence[Path]) -> Architecture:
    chip = read_architecture(path, cells=tuple(cells))
    if len(chip.cores) > 1:
        raise InputError(
            f"verify-isa tests a chip of one core, '{chip.name}' has {len(chip.cores)}: give it a copy of the file "
            "with one of the [[core]] tables, without count; what cores do together is compared by nngen verify"
        )
    return chip


def _identity(files: dict[str, str]) -> list[str]:
    """Return everything that decides what a batch finds: the hardware, and all that runs and judges it."""
    parts = [f"{name}\n{text}" for name, text in sorted(files.items())]
    root = Path(__file__).resolve().parent.parent
    for folder in (root / "nngen", root / "sim", root / "templates"):
        for source in sorted(folder.rglob("*")):
            if source.suffix in _SOURCES:
                parts.append(f"{source.relative_to(root)} {hashlib.sha256(source.read_bytes()).hexdigest()}")
    return [*parts, manual()]


def default_workers() -> int:
    """Return how many processes this machine has cores for."""
    return len(os.sched_getaffinity(0))
