"""Transfer curves as pictures. Imports matplotlib at once: only who draws loads this module."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from nngen.errors import InputError
from nngen.sim.analog.bench import Curve

__all__ = ["draw_curves"]

_ACROSS = 4
_INCHES = (3.2, 2.6)
_DOTS_PER_INCH = 80
_FORMATS = (".svg", ".png", ".pdf")
# No date, no random identifiers, text as text: the same bytes for the same curves.
_SETTINGS: dict[Any, Any] = {"svg.hashsalt": "nngen", "svg.fonttype": "none", "font.size": 8}
_METADATA = {".svg": {"Date": None}, ".png": {"Software": None}, ".pdf": {"CreationDate": None}}


def draw_curves(curves: Mapping[str, Curve], path: Path) -> None:
    """Write a picture of curves, each with its title; see :func:`nngen.flows.cells.curves.draw_curves`."""
    if path.suffix not in _FORMATS:
        raise InputError(f"a picture must be named with {', '.join(_FORMATS)} at its end, not '{path.name}'")
    across = min(_ACROSS, len(curves))
    down = -(-len(curves) // across)
    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=(_INCHES[0] * across, _INCHES[1] * down), layout="constrained")
        axes = figure.subplots(down, across, squeeze=False).ravel()
        for axis, (title, curve) in zip(axes, curves.items(), strict=False):
            axis.step(curve.dots, curve.expected, where="mid", color="#888", linewidth=1, label="contract")
            axis.plot(curve.dots, curve.codes, ".", color="#06c", markersize=4, label="ngspice")
            axis.set_title(f"{title}\nlargest error {curve.largest_error:.2g} LSB")
            axis.set_xlabel("dot product, unit cells")
            axis.set_ylabel("code")
        axes[0].legend(frameon=False)
        for axis in axes[len(curves) :]:
            axis.set_axis_off()
        figure.savefig(path, dpi=_DOTS_PER_INCH, metadata=_METADATA[path.suffix])
