"""The netlist files of a chip's macros: what every macro shares, an array as it is made, and every programmed one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.hardware import CROSSBAR_MODULE
from nngen.netlist import Netlist, format_ngspice

from ._array import ARRAY
from ._macro import MacroNetlist

MACRO_FILE = f"{CROSSBAR_MODULE}.sp"
ERASED_FILE = f"{ARRAY}.sp"
README_FILE = "README.md"


@dataclass(frozen=True, kw_only=True)
class NetlistFile:
    """A file, as pieces of text: an array comes row by row."""

    name: str
    pieces: Iterator[str]


def programmed_file(label: str) -> str:
    """Return the name of the file with the programmed array of the macro of this label."""
    return f"{label.replace(' ', '_')}.sp"


def netlist_files(
    made: MacroNetlist, *, name: str, programmed: Mapping[str, npt.NDArray[np.generic]]
) -> Iterator[NetlistFile]:
    """Every netlist file of a macro.

    Parameters
    ----------
    made
        The macro that no network shaped.
    name
        Of the chip.
    programmed
        Levels of the macros in use, by :func:`nngen.ir.macro_name`, each of shape ``(rows, columns)``.

    Raises
    ------
    NetlistError
        A level that no cell holds.
    """
    *others, macro = made.periphery
    shared = Netlist(f"{name}: the macro without its array", (*others, macro))
    yield NetlistFile(name=MACRO_FILE, pieces=format_ngspice(shared))
    erased = Netlist(f"{name}: the array, its cells as they are made", (made.array,))
    yield NetlistFile(name=ERASED_FILE, pieces=format_ngspice(erased))
    for label, levels in programmed.items():
        array = made.programmed(levels).array
        netlist = Netlist(f"{name}: the array of {label}, programmed", (array,))
        yield NetlistFile(name=programmed_file(label), pieces=format_ngspice(netlist))
