"""Dot products as the wires of a macro's array let them through."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nngen.errors import InputError
from nngen.netlist.macro import MacroNetlist, bit_lines_of
from nngen.sim.analog.wires import GatedArray, Wires, conductance_image

from ._reads import FloatArray, Read


def has_wires(made: MacroNetlist) -> bool:
    """Whether wires change what a macro computes: those of currents; charges only come later."""
    wires = made.electrical.analog.wires
    return not made.electrical.is_charge and bool(wires.row_ohm or wires.column_ohm)


def wired_dot_products(made: MacroNetlist, levels: npt.NDArray[np.generic], reads: Sequence[Read]) -> FloatArray:
    """Return what the converters of a macro see, in unit cells, shape ``(reads, adcs that are there)``.

    Where the row driver selects the rows that it drives only, every pattern is a network of its own; else all of them
    are sums over one conductance image.

    Parameters
    ----------
    made
        The macro, perhaps trimmed: its array is as wide as what is left.
    levels
        Of all cells of the whole macro, shape ``(rows, columns)``.
    reads
        The reads.

    Raises
    ------
    InputError
        Cells have two bit lines: their wires are no crossbar of single columns.
    ConvergenceError
        The solver did not reach its accuracy.
    """
    if made.views.bitcell.use.cell.bit_lines != 1:
        raise InputError(
            "wires of an array must have cells with one bit line to be predicted, and "
            f"'{made.views.bitcell.name}' has two"
        )
    electrical, lines = made.electrical, made.core.macro.lines
    kept = [line for conversion in made.conversions for line in bit_lines_of(conversion, lines)]
    planes = np.array([read.planes for read in reads], np.float64)
    currents = _currents(made, electrical.conductances(levels[:, kept]), planes, reference=False)
    if electrical.has_reference:
        alone = np.full((len(levels), 1), electrical.lowest_siemens)
        currents = currents - _currents(made, alone, planes, reference=True)
    units = currents / electrical.unit
    of_conversion = units[:, 0::2] - units[:, 1::2] if lines == 2 else units
    return _by_converter(made, of_conversion, reads)


def _currents(made: MacroNetlist, cells: FloatArray, planes: FloatArray, *, reference: bool) -> FloatArray:
    """Return the currents of columns for planes of shape ``(reads, rows)``."""
    given = made.electrical.analog.wires
    wires = Wires(
        row_ohm=0.0 if reference else given.row_ohm, column_ohm=given.column_ohm, driver_ohm=0.0, readout_ohm=0.0
    )
    volts = planes * made.electrical.read_volts / ((1 << made.core.macro.dac_bits) - 1)
    gated = made.views.bitcell.pin("word_line") is not None and made.views.row_driver.use.cell.selects == "driven"
    if not gated:
        found: FloatArray = volts @ conductance_image(cells, wires)
        return found
    array = GatedArray(conductance=cells, wires=wires)
    return np.array([array.currents(row > 0, row) for row in volts])


def _by_converter(made: MacroNetlist, products: FloatArray, reads: Sequence[Read]) -> FloatArray:
    """Return what is connected to each converter; 0 where nothing is."""
    place = {conversion: number for number, conversion in enumerate(made.conversions)}
    share = made.core.macro.columns_per_adc
    found = np.zeros((len(reads), len(made.adcs)))
    for number, read in enumerate(reads):
        for column, adc in enumerate(made.adcs):
            if adc * share + read.column in place:
                found[number, column] = products[number, place[adc * share + read.column]]
    return found
