"""A macro, its cells' levels and reads, on a disk and in ngspice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nngen.errors import ToolError
from nngen.netlist import Netlist, format_ngspice, write_pieces
from nngen.netlist.macro import MACRO_FILE, MacroNetlist
from nngen.sim.analog.spice import Engine, SpiceResult, run

from ._deck import bench_deck
from ._reads import FloatArray, IntArray, Read, dot_products, exact_codes
from ._wired import has_wires, wired_dot_products

DECK_FILE = "deck.cir"
PROGRAMMED_FILE = "array.sp"
TIME_LIMIT_SECONDS = 600.0
_NEAR_TRANSITION = 1e-3  # codes; what lies so near to a transition, as only fractions of an image do, may fall beyond


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Reads of a macro.

    Parameters
    ----------
    made
        The macro, perhaps trimmed.
    levels
        Of all cells of the whole macro, shape ``(rows, columns)``; fractions are those of a conductance image.
    reads
        What it is asked.
    title
        Of its files.
    """

    made: MacroNetlist
    levels: npt.NDArray[np.generic]
    reads: Sequence[Read]
    title: str

    @property
    def connected(self) -> npt.NDArray[np.bool_]:
        """Which converter has a column to read in which read, shape ``(reads, adcs)``; others were trimmed away."""
        share, there = self.made.core.macro.columns_per_adc, set(self.made.conversions)
        return np.array([[adc * share + read.column in there for adc in self.made.adcs] for read in self.reads])

    def write(self, folder: Path) -> Path:
        """Write netlists and deck into a folder that exists; return the deck.

        Raises
        ------
        NetlistError
            A level that no cell holds.
        """
        *others, macro = self.made.periphery
        shared = Netlist(f"{self.title}: the macro without its array", (*others, macro))
        write_pieces(format_ngspice(shared), folder / MACRO_FILE)
        array = Netlist(f"{self.title}: the array", (self.made.programmed(self.levels).array,))
        write_pieces(format_ngspice(array), folder / PROGRAMMED_FILE)
        deck = folder / DECK_FILE
        text = bench_deck(self.made, self.reads, title=self.title, files=(MACRO_FILE, PROGRAMMED_FILE))
        deck.write_text(text, encoding="ascii")
        return deck

    def run(self, folder: Path, *, time_limit_s: float = TIME_LIMIT_SECONDS) -> IntArray:
        """Write the files, run ngspice, and return the codes of every read and converter, shape ``(reads, adcs)``.

        Raises
        ------
        ToolError
            ngspice failed, or took longer than it may, or a code is missing.
        """
        return self.simulate(self.write(folder), time_limit_s=time_limit_s)

    def simulate(self, deck: Path, *, engine: Engine = "binary", time_limit_s: float = TIME_LIMIT_SECONDS) -> IntArray:
        """Run a deck that was written before; otherwise as :meth:`run`."""
        return self.codes(run(deck, engine=engine, time_limit_s=time_limit_s))

    def codes(self, result: SpiceResult) -> IntArray:
        """Return the codes that ngspice measured, shape ``(reads, adcs)``."""
        codes = np.empty((len(self.reads), len(self.made.adcs)), np.int64)
        for number in range(len(self.reads)):
            for place, adc in enumerate(self.made.adcs):
                name = f"code_{adc}_{number}"
                if name not in result.measures:
                    raise ToolError(f"the deck of {self.title} must measure '{name}', which its log has not")
                codes[number, place] = round(result.measures[name])
        return codes

    def exact(self) -> FloatArray:
        """Return where the dot products lie on the scale of codes, with fractions, shape ``(reads, adcs)``.

        Wires of the array are part of them, as the solver of :mod:`nngen.sim.analog.wires` finds.

        A code is right where it is the nearest whole number, cut to what the converter can say.
        """
        macro = self.made.core.macro
        if has_wires(self.made):
            dots = wired_dot_products(self.made, self.levels, self.reads)
        else:
            dots = dot_products(macro, self.levels, self.reads)[:, list(self.made.adcs)]
        half = np.array([[0.5 * (read.gain < macro.converter().step)] for read in self.reads])
        found: FloatArray = exact_codes(macro, dots + half, self.reads)
        return found


def code_errors(codes: IntArray, exact: FloatArray, *, highest: int) -> FloatArray:
    """Return by how many LSB each code misses its dot product, beyond the half that every code may: 0 if it is right.

    A code that is the next one to the right one, because a transition is off by 0.2 LSB, is off by at most 0.2.

    Parameters
    ----------
    codes
        Unsigned codes, any shape.
    exact
        Where the dot products lie on the scale of codes, the same shape.
    highest
        Largest code.
    """
    away = codes - np.clip(exact, 0, highest)
    beyond = np.abs(away) - 0.5
    errors: FloatArray = np.where(beyond <= _NEAR_TRANSITION, 0, np.sign(away) * beyond)
    return errors
