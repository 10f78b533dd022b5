"""Currents of a bench's columns by ngspice, from an operating point."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nngen.netlist import Netlist, format_ngspice, write_pieces
from nngen.sim.analog.spice import run

FloatArray = npt.NDArray[np.float64]
TIME_LIMIT = 300.0  # seconds


def column_currents(bench: Netlist, columns: int, folder: Path) -> FloatArray:
    """Return the currents of ``Vbl_0_0`` and so on, in ampere.

    Raises
    ------
    ToolError
        ngspice fails or takes too long.
    """
    names = [f"Vbl_0_{column}" for column in range(columns)]
    saved = "\n+ ".join(f"i({name})" for name in names)
    deck = folder / "deck.cir"
    write_pieces(chain(format_ngspice(bench), (f".save {saved}\n", ".op\n", ".end\n")), deck)
    vectors = run(deck, time_limit_s=TIME_LIMIT).vectors
    return np.array([vectors[f"i({name.lower()})"][0] for name in names])
