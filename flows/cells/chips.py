"""Chips made around a cell: its macro has the cell, and partners that fit it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nngen.arch import Architecture, ArchitectureFile, Encoding, architecture_of
from nngen.cellib import Cell, CellLibrary, read_cell

__all__ = ["ADC_BITS", "Combination", "combinations", "ideal_partners", "macro_of"]

_IDEAL = {"bitcell": "ideal", "row_driver": "ideal_driver", "column_readout": "ideal_readout", "adc": "ideal_adc"}
_IDEAL_CHARGE = {"bitcell": "sram_8t_cap", "column_readout": "charge_sharing"}  # there are none that are ideal
ADC_BITS = 5  # of converters in sweeps of all cells: a flash or a ramp of more takes minutes
_ROWS = 16


@dataclass(frozen=True, kw_only=True)
class Combination:
    """Cells that work together."""

    bitcell: str
    row_driver: str
    readout: str
    adc: str

    def __str__(self) -> str:
        return f"{self.bitcell} + {self.row_driver} + {self.readout} + {self.adc}"


def combinations(library: CellLibrary) -> Iterator[Combination]:
    """Every bitcell with every readout for its signal and every converter; a driver for each kind of bitcell."""
    cells = [read_cell(library.folder(name)) for name in library.names]
    for bitcell in cells:
        if bitcell.kind != "bitcell":
            continue
        for readout in cells:
            if readout.kind != "column_readout" or readout.signal != bitcell.signal:
                continue
            for adc in cells:
                if adc.kind == "adc":
                    driver = "ideal_driver" if bitcell.name.startswith("ideal") else "driver_1b"
                    yield Combination(bitcell=bitcell.name, row_driver=driver, readout=readout.name, adc=adc.name)


def ideal_partners(cell: Cell) -> Combination:
    """Return a cell among ideal ones; what adds charges has partners that are as good as there are."""
    names = dict(_IDEAL)
    if cell.signal == "charge":
        names |= _IDEAL_CHARGE
    names[cell.kind] = cell.name
    return Combination(
        bitcell=names["bitcell"],
        row_driver=names["row_driver"],
        readout=names["column_readout"],
        adc=names["adc"],
    )


def macro_of(
    chosen: Combination,
    library: CellLibrary,
    *,
    adc_bits: int = ADC_BITS,
    dac_bits: int = 1,
    encoding: Encoding | None = None,
) -> Architecture:
    """Return a chip with one small macro of these cells.

    Parameters
    ----------
    chosen
        The cells.
    library
        Where they are found.
    adc_bits, dac_bits
        Resolution of the converter, bits of a plane.
    encoding
        By default differential of cells that are a pair, else the last that the cell allows.

    Raises
    ------
    ArchitectureError, CellError
        They do not fit.
    """
    bitcell = read_cell(library.folder(chosen.bitcell))
    if encoding is None:
        encoding = "differential" if bitcell.bit_lines == 2 else bitcell.encodings[-1]
    file = _file(chosen, encoding, adc_bits=adc_bits, dac_bits=dac_bits)
    return architecture_of(ArchitectureFile.model_validate(file), library)


def _file(chosen: Combination, encoding: Encoding, *, adc_bits: int, dac_bits: int) -> dict[str, Any]:
    return {
        "schema": "nngen/architecture/1",
        "name": "cells",
        "core": (
            {
                "macros": 1,
                "macro": {
                    "rows": _ROWS,
                    "columns": 4,
                    "dac_bits": dac_bits,
                    "encoding": encoding,
                    "columns_per_adc": 2,
                    "bitcell": {"cell": chosen.bitcell},
                    "row_driver": {"cell": chosen.row_driver},
                    "readout": {"cell": chosen.readout},
                    "adc": {"cell": chosen.adc, "parameters": {"bits": float(adc_bits)}},
                },
                "memory": {"activation_bytes": 256},
            },
        ),
    }
