"""Resistances of a crossbar's wires."""

from __future__ import annotations

from dataclasses import dataclass, fields

from nngen.errors import InputError

SMALLEST_OHM, LARGEST_OHM = 1e-9, 1e15


@dataclass(frozen=True, kw_only=True)
class Wires:
    """Resistances around the cells; every one may be 0.

    ::

        V0 --[driver]--[row]--+--[row]--+--[row]--+
                              |         |         |        every + on a row line has a cell to the + of the
                          [column]  [column]  [column]     bit line below it
                              |         |         |
        V1 --[driver]--[row]--+--[row]--+--[row]--+        a row line begins with a segment, a bit line ends
                              |         |         |        with one
                          [column]  [column]  [column]
                              |         |         |
                          [readout] [readout] [readout]
                              |         |         |
                             0 V       0 V       0 V

    (Row and bit lines cross without touching; the picture draws both nodes of a cell as one.)

    Parameters
    ----------
    row_ohm
        A segment of a row line: between two neighbouring cells, and between the driver and the first cell.
    column_ohm
        A segment of a bit line: between two neighbouring cells, and between the last row's cell and the readout.
    driver_ohm
        Between the source of a row and its line.
    readout_ohm
        Between a bit line and its virtual ground.

    Raises
    ------
    InputError
        A resistance is neither 0 nor between 1e-09 and 1e+15 ohm.
    """

    row_ohm: float = 0.0
    column_ohm: float = 0.0
    driver_ohm: float = 0.0
    readout_ohm: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value != 0 and not SMALLEST_OHM <= value <= LARGEST_OHM:
                allowed = f"0 or between {SMALLEST_OHM:g} and {LARGEST_OHM:g} ohm"
                raise InputError(f"{field.name} must be {allowed}, not {value:g}")

    @property
    def turned(self) -> Wires:
        """Those of the network seen from its bit lines: driven where it was read, read where it was driven."""
        return Wires(
            row_ohm=self.column_ohm,
            column_ohm=self.row_ohm,
            driver_ohm=self.readout_ohm,
            readout_ohm=self.driver_ohm,
        )
