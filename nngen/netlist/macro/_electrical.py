"""Voltages of a macro, and the sizes that follow from its numbers: what one unit of a dot product is on every line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.arch import AnalogMacro, CellUse, Macro
from nngen.errors import NetlistError

FloatArray = npt.NDArray[np.float64]

SUPPLY_VOLTS = 1.8
REFERENCE_LOW_VOLTS = 0.4
REFERENCE_HIGH_VOLTS = 1.4
_INPUT_CAPACITANCE = "input_capacitance"  # fF, a readout's parameter; charge is shared with it, too


@dataclass(frozen=True, kw_only=True)
class Electrical:
    """A macro in volts, amperes and siemens.

    A row that drives its largest plane puts ``read_volts`` onto its input line. One unit of a dot product, a plane of 1
    at a cell of level 1, is ``unit`` on the bit line: amperes of a macro that adds currents, volts of one that adds
    charges. The readout turns it into ``lsb_volts * gain / step`` at the converter.

    Parameters
    ----------
    macro, analog
        The macro in numbers, and its circuits.
    """

    macro: Macro
    analog: AnalogMacro

    @property
    def is_charge(self) -> bool:
        """Whether bit lines add charges; else currents."""
        return self.analog.bitcell.cell.signal == "charge"

    @property
    def has_reference(self) -> bool:
        """Whether every converter has a reference column: single bit lines, whose cells conduct at level 0, too.

        Its cells all hold level 0, and its current is subtracted, so that what is left is the dot product.
        """
        storage = self.analog.bitcell.cell.storage
        return self.macro.lines == 1 and not self.is_charge and storage is not None and storage.lowest is not None

    @property
    def subtracts(self) -> bool:
        """Whether readouts subtract a second line: of a pair, or the reference."""
        return self.macro.lines == 2 or self.has_reference

    @property
    def supplies(self) -> dict[str, float]:
        """Volts of each supply, in the order of the macro's terminals."""
        middle = (REFERENCE_LOW_VOLTS + REFERENCE_HIGH_VOLTS) / 2
        common = middle if self.macro.lines == 2 else REFERENCE_LOW_VOLTS
        # Cells that add currents draw them out of the readout, so that its output rises.
        rest = 0.0 if self.is_charge else common
        read = rest + self.read_volts if self.is_charge else rest - self.read_volts
        volts = {
            "vdd": SUPPLY_VOLTS,
            "vss": 0.0,
            "rest": rest,
            "read": read,
            "common": common,
            "reference_low": REFERENCE_LOW_VOLTS,
            "reference_high": REFERENCE_HIGH_VOLTS,
        }
        return {name: round(value, 12) for name, value in volts.items()}

    @property
    def read_volts(self) -> float:
        """Volts between the input line of a fully driven row and one at rest."""
        return self._of_bitcell("read")

    @property
    def lsb_volts(self) -> float:
        """Volts between two transitions of the converter."""
        return (REFERENCE_HIGH_VOLTS - REFERENCE_LOW_VOLTS) / (1 << self.macro.adc_bits)

    @property
    def unit_siemens(self) -> float:
        """Conductance between two levels."""
        return (1 / self._of_bitcell("highest") - self.lowest_siemens) / ((1 << self.macro.cell_bits) - 1)

    @property
    def lowest_siemens(self) -> float:
        """Conductance of level 0."""
        storage = self.analog.bitcell.cell.storage
        assert storage is not None
        return 0.0 if storage.lowest is None else 1 / self._of_bitcell("lowest")

    @property
    def unit(self) -> float:
        """Amperes or volts on a bit line for one unit of a dot product."""
        of_plane = self.read_volts / ((1 << self.macro.dac_bits) - 1)
        if not self.is_charge:
            return of_plane * self.unit_siemens
        own = self._of_bitcell("capacitance")
        levels = (1 << self.macro.cell_bits) - 1
        shared = self.macro.rows * (own + self.analog.wires.column_femtofarad)
        return of_plane * own / (shared + self.analog.readout.parameters.get(_INPUT_CAPACITANCE, 0.0)) / levels

    @property
    def scale(self) -> float:
        """Volts at the converter per ampere, or per volt, of a bit line, at gain 1."""
        return self.lsb_volts / (self.macro.converter().step * self.unit)

    @property
    def half_unit_volts(self) -> float:
        """Volts at the converter of half a unit at gain 1; where gain = step none are added (numerics, ADC)."""
        return self.lsb_volts / self.macro.converter().step / 2

    def conductances(self, levels: npt.NDArray[np.generic]) -> FloatArray:
        """Return the siemens of cells that hold levels (of an image, with fractions), any shape."""
        return self.lowest_siemens + levels.astype(np.float64) * self.unit_siemens

    def stored(self, levels: npt.NDArray[np.generic]) -> FloatArray:
        """Return what the parameter of the bitcell's subcircuit holds for each level.

        Raises
        ------
        NetlistError
            No resistance gives such a conductance.
        """
        storage = self.analog.bitcell.cell.storage
        assert storage is not None
        if storage.quantity == "level":
            return levels.astype(np.float64)
        conductances = self.conductances(levels)
        if storage.quantity == "conductance":
            return conductances
        series = 0.0 if storage.series is None else self._of_bitcell("series")
        with np.errstate(divide="ignore"):
            resistances = 1 / conductances - series
        if not (np.isfinite(resistances).all() and (resistances > 0).all()):
            raise NetlistError(
                f"levels of cell '{self.analog.bitcell.cell.name}' must give conductances from above 0 to below "
                f"{1 / series if series else np.inf:g} S, not {conductances.min():g}..{conductances.max():g} S"
            )
        return resistances

    def _of_bitcell(self, role: str) -> float:
        """Return the number in a role of the cell's storage."""
        return parameter_in_role(self.analog.bitcell, role)


def parameter_in_role(bitcell: CellUse, role: str) -> float:
    """Return the parameter of a bitcell that its storage names for a role."""
    return bitcell.parameters[getattr(bitcell.cell.storage, role)]
