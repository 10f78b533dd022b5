"""The circuits of all cells of a macro."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nngen.arch import Architecture, CellUse

from ._electrical import Electrical
from ._view import CellView, Facts, read_view


@dataclass(frozen=True, kw_only=True)
class MacroViews:
    """The circuits of a macro's cells."""

    row_driver: CellView
    bitcell: CellView
    readout: CellView
    adc: CellView

    @classmethod
    def of(cls, architecture: Architecture) -> MacroViews:
        """Read the views of the cells that an architecture selects.

        Raises
        ------
        CellError
            Names the cell and its file.
        """
        analog = architecture.analog
        electrical = Electrical(macro=architecture.core.macro, analog=analog)

        def view(use: CellUse, facts: Facts) -> CellView:
            return read_view(use, facts, pair=electrical.subtracts)

        return cls(
            row_driver=view(analog.row_driver, {}),
            bitcell=view(analog.bitcell, {}),
            readout=view(analog.readout, readout_facts(electrical)),
            adc=view(analog.adc, {}),
        )

    @property
    def all(self) -> tuple[CellView, ...]:
        """The four, from the input to the output."""
        return self.row_driver, self.bitcell, self.readout, self.adc


def readout_facts(electrical: Electrical) -> dict[str, float | bool]:
    """Return what a readout's template knows of the macro."""
    return {
        "pair": electrical.subtracts,
        "largest_gain": int(math.log2(electrical.macro.gains[-1])),
        "scale": electrical.scale,
    }
