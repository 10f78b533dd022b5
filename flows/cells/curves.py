"""``nngen cells curve``: the transfer curve of a column of an architecture's cells, as numbers and as a picture."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nngen.arch import read_architecture
from nngen.errors import InputError
from nngen.flows.later import later
from nngen.sim.analog.bench import Curve, column_curve

__all__ = ["MOST_ROWS", "curve_of", "draw_curves", "render"]

MOST_ROWS = 256  # of a curve: a minute in ngspice with cells of transistors
_pictures = later("nngen.flows.cells.pictures")


def curve_of(
    architecture_path: Path,
    *,
    rows: int = 16,
    cells: Sequence[Path] = (),
    adc_bits: int | None = None,
) -> Curve:
    """Return the transfer curve of a column of an architecture's cells, run in ngspice.

    Parameters
    ----------
    architecture_path
        The architecture file.
    rows
        Of the column.
    cells
        Further folders of circuit cells.
    adc_bits
        Resolution of the converter in place of the architecture's.

    Raises
    ------
    NngenError
        A cell is wrong, or ngspice is missing or failed.
    """
    if not 1 <= rows <= MOST_ROWS:
        raise InputError(f"rows must be 1 to {MOST_ROWS}, not {rows}")
    architecture = read_architecture(architecture_path, cells=cells)
    if adc_bits is not None:
        adc = architecture.analog.adc
        adc.cell.parameters["bits"].check(adc_bits, where="adc_bits")
        adc = replace(adc, parameters=adc.parameters | {"bits": float(adc_bits)})
        core = replace(architecture.core, macro=replace(architecture.core.macro, adc_bits=adc_bits))
        architecture = replace(architecture, cores=(core,), analog=replace(architecture.analog, adc=adc))
    with tempfile.TemporaryDirectory(prefix="nngen-") as folder:
        return column_curve(architecture, Path(folder), rows=rows)


def render(curve: Curve) -> RenderableType:
    """Return a curve as a table."""
    table = Table(box=None, pad_edge=False)
    for heading in ("dot product", "on the scale of codes", "code by contract", "code in ngspice", "off by, LSB"):
        table.add_column(heading, justify="right")
    for dot, exact, expected, code, error in zip(
        curve.dots, curve.exact, curve.expected, curve.codes, curve.errors, strict=True
    ):
        style = "bold red" if error else ""
        table.add_row(str(dot), f"{exact:.2f}", str(expected), str(code), f"{error:+.2f}" if error else "", style=style)
    return Group(table, Text(f"largest error: {curve.largest_error:.2g} LSB"))


def draw_curves(curves: Mapping[str, Curve], path: Path) -> None:
    """Write a picture of curves, each with its title; its format is what the file's name ends with.

    Raises
    ------
    InputError
        The name ends with no format, or the extra `plot` is not installed.
    """
    try:
        _pictures.draw_curves(curves, path)
    except ModuleNotFoundError as error:
        raise InputError("matplotlib must be installed for pictures: pip install 'nngen-cim[plot]'") from error
