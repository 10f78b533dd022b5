"""``nngen cells check``: whether a cell is what it says, step by step, in ngspice and Icarus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from nngen.errors import CellError, NngenError
from nngen.flows.progress import Progress, quiet

from .steps import STEPS, read_subject

__all__ = ["CellCheck", "check_cells", "render"]

TIME_LIMIT_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class CellCheck:
    """One thing that was looked at.

    Parameters
    ----------
    cell, step
        Of what, and what.
    found
        What was found; of a failure the whole sentence.
    passed
        True, False, or None where there was nothing to look at.
    """

    cell: str
    step: str
    found: str
    passed: bool | None


def check_cells(
    folder: Path, *, cells: Sequence[Path] = (), time_limit_s: float = TIME_LIMIT_SECONDS, progress: Progress = quiet
) -> list[CellCheck]:
    """Check the cell in a folder, or all cells in a folder of cells.

    Parameters
    ----------
    folder
        A cell's folder, or one that holds such folders.
    cells
        Further folders of cells, for partners.
    time_limit_s
        Seconds that ngspice may take, each time.
    progress
        Told what comes next.

    Raises
    ------
    CellError
        There is no cell.
    """
    own = [folder] if (folder / "cell.toml").is_file() else sorted(path.parent for path in folder.glob("*/cell.toml"))
    if not own:
        raise CellError(f"'{folder}' must be the folder of a cell (with a cell.toml) or of cells")
    results: list[CellCheck] = []
    for one in own:
        results += _check(one, cells, time_limit_s, progress)
    return results


def _check(folder: Path, cells: Sequence[Path], time_limit_s: float, progress: Progress) -> list[CellCheck]:
    """Take the steps of one cell; the first that fails is the last."""
    step, results = "cell.toml", []
    try:
        progress(f"{folder.name}: {step}")
        subject = read_subject(folder, cells, time_limit_s=time_limit_s)
        found: str | None = f"{subject.cell.kind}, {len(subject.cell.pins)} pins, {len(subject.cell.figures)} figures"
        results.append(_result(folder, step, found))
        for step, work in STEPS:
            progress(f"{folder.name}: {step}")
            results.append(_result(folder, step, work(subject)))
    except NngenError as error:
        results.append(CellCheck(cell=folder.name, step=step, found=str(error), passed=False))
    return results


def _result(folder: Path, step: str, found: str | None) -> CellCheck:
    return CellCheck(cell=folder.name, step=step, found=found or "", passed=None if found is None else True)


def render(results: Sequence[CellCheck]) -> RenderableType:
    """Return all steps as a table."""
    table = Table("cell", "step", "", "found", box=None, pad_edge=False)
    words = {True: Text("passed", style="green"), False: Text("FAILED", style="bold red"), None: Text("none")}
    for result in results:
        table.add_row(Text(result.cell), result.step, words[result.passed], Text(result.found))
    return table
