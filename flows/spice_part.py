"""The part `spice` of a build: netlists of the chip's macros, or a word on why there are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from nngen.arch import Architecture
from nngen.cellib import spice_view
from nngen.ir import Mapping, Program, macro_name
from nngen.netlist import write_pieces
from nngen.netlist.macro import (
    ERASED_FILE,
    MACRO_FILE,
    README_FILE,
    MacroNetlist,
    macro_netlist,
    netlist_files,
    programmed_file,
)
from nngen.templating import templates

__all__ = ["NetlistPart", "netlist_part"]

IntArray = npt.NDArray[np.int64]


class NetlistPart:
    """Netlists that can be written; ``missing`` names cells without a SPICE view, for whose sake none can."""

    def __init__(self, architecture: Architecture, made: MacroNetlist | None, missing: tuple[str, ...]) -> None:
        self._architecture, self._made, self.missing = architecture, made, missing

    def write(self, folder: Path, mapping: Mapping, program: Program) -> None:
        """Write all files below ``folder``."""
        folder.mkdir(parents=True)
        levels = programmed_levels(mapping, program)
        if self._made is not None:
            for file in netlist_files(self._made, name=self._architecture.name, programmed=levels):
                write_pieces(file.pieces, folder / file.name)
        (folder / README_FILE).write_text(self._readme(levels), encoding="utf-8")

    def _readme(self, levels: dict[str, IntArray]) -> str:
        made = self._made
        values = {
            "chip": self._architecture.name,
            "macro": self._architecture.core.macro,
            "cells": [use.cell for use in self._architecture.analog.uses],
            "missing": self.missing,
            "shared": MACRO_FILE,
            "erased": ERASED_FILE,
            "programmed": [(label, programmed_file(label)) for label in levels],
            "supplies": {} if made is None else made.electrical.supplies,
            "unit": 0.0 if made is None else made.electrical.unit,
            "is_charge": made is not None and made.electrical.is_charge,
        }
        return templates("spice", trim=True).get_template("build_readme.md.j2").render(values)


def netlist_part(architecture: Architecture, *, required: bool) -> NetlistPart:
    """Return the netlists of an architecture's macro.

    Parameters
    ----------
    architecture
        The chip.
    required
        Whether a cell without a SPICE view is an error; else there are no netlists then.

    Raises
    ------
    CellError, NetlistError
        A cell's view is missing though required, or wrong, or the parts do not fit together.
    """
    missing = tuple(use.cell.name for use in architecture.analog.uses if spice_view(use.folder) is None)
    if missing and not required:
        return NetlistPart(architecture, None, missing)
    return NetlistPart(architecture, macro_netlist(architecture), ())


def programmed_levels(mapping: Mapping, program: Program) -> dict[str, IntArray]:
    """Return what the cells of every macro in use hold once the program is loaded, by the macro's label."""
    used = {tile.place for layer in mapping.layers for tile in layer.tiles}
    return {
        macro_name(core, macro, cores=len(program.cores)): program.cores[core].cells[macro]
        for core, macro in sorted(used)
    }
