"""The transfer curve of a column: the codes of dot products from lowest to highest, in ngspice and by contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nngen.arch import Architecture
from nngen.netlist.macro import macro_netlist

from ._bench import TIME_LIMIT_SECONDS, Bench, code_errors
from ._reads import FloatArray, IntArray, Read, dot_products, expected_codes

_SEED = 7


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A column's codes for ascending dot products.

    Parameters
    ----------
    dots
        Dot products in unit cells, ascending.
    exact
        Where they lie on the scale of codes.
    expected
        The codes of the numerics contract, unsigned.
    codes
        Those of ngspice.
    highest
        The largest code.
    """

    dots: IntArray
    exact: FloatArray
    expected: IntArray
    codes: IntArray
    highest: int

    @property
    def errors(self) -> FloatArray:
        """By how many LSB each code is off; see :func:`code_errors`."""
        return code_errors(self.codes, self.exact, highest=self.highest)

    @property
    def largest_error(self) -> float:
        """The largest error of a code in LSB, without its sign."""
        return float(np.abs(self.errors).max())


def column_bench(
    architecture: Architecture,
    *,
    rows: int,
    points: int | None = None,
    converter_parameters: Mapping[str, float] | None = None,
) -> Bench:
    """Return the reads that sweep a column of an architecture's cells.

    Parameters
    ----------
    architecture
        Its cells, encoding and converter are taken, its size is not.
    rows
        Of the column.
    points
        Reads of either sign, about; None: one a row.
    converter_parameters
        How far the converter strays.

    Returns
    -------
    The macro has one converter and one column; where bit lines come in pairs a second pair holds the negative levels.
    """
    macro = architecture.core.macro
    lines = macro.lines
    small = replace(macro, rows=rows, columns=lines * lines, columns_per_adc=lines, gains=(1,))
    column = replace(architecture, cores=(replace(architecture.core, macro=small),))
    made = macro_netlist(column, converter_parameters=converter_parameters)
    levels = _levels(rows, lines, (1 << macro.cell_bits) - 1)
    largest = (1 << macro.dac_bits) - 1
    heights = sorted({round(height) for height in np.linspace(0, rows, (points or rows) + 1)})
    reads = [Read(planes=_driven(rows, driven, largest), column=0) for driven in heights]
    if lines == 2:
        negative = [Read(planes=_driven(rows, driven, largest), column=1) for driven in reversed(heights[1:])]
        reads = negative + reads
    return Bench(made=made, levels=levels, reads=reads, title=f"a column of {rows} rows")


def column_curve(
    architecture: Architecture,
    folder: Path,
    *,
    rows: int,
    points: int | None = None,
    converter_parameters: Mapping[str, float] | None = None,
    time_limit_s: float = TIME_LIMIT_SECONDS,
) -> Curve:
    """Return the transfer curve of a column, as ngspice finds it in a deck that is left in ``folder``.

    Raises
    ------
    CellError, NetlistError
        The cells do not make a macro.
    ToolError
        ngspice is missing or failed, or took longer than it may.
    """
    bench = column_bench(architecture, rows=rows, points=points, converter_parameters=converter_parameters)
    macro = bench.made.core.macro
    codes = bench.run(folder, time_limit_s=time_limit_s)[:, 0]
    return Curve(
        dots=dot_products(macro, bench.levels, bench.reads)[:, 0].astype(np.int64),
        exact=bench.exact()[:, 0],
        expected=expected_codes(macro, bench.levels.astype(np.int64), bench.reads)[:, 0],
        codes=codes,
        highest=(1 << macro.adc_bits) - 1,
    )


def _levels(rows: int, lines: int, highest: int) -> npt.NDArray[np.int64]:
    """Return levels of all heights, mostly high, the same every time; of pairs a positive and a negative one."""
    draws = np.random.default_rng(_SEED).integers(0, highest + 1, rows)
    column = np.where(np.arange(rows) % 2 == 0, highest, draws)
    if lines == 1:
        return column[:, None]
    nothing = np.zeros_like(column)
    return np.stack([column, nothing, nothing, column], axis=1)


def _driven(rows: int, driven: int, largest: int) -> tuple[int, ...]:
    """Return planes in which the first rows are driven, the last of them to half where planes have several bits."""
    planes = [largest] * driven + [0] * (rows - driven)
    if driven and largest > 1:
        planes[driven - 1] = largest // 2 + 1
    return tuple(planes)
