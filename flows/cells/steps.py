"""What is looked at in a cell, one step after the other; each returns what it found, or None where there is nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nngen.arch import Architecture, CellUse
from nngen.cellib import Cell, CellLibrary, check_interface, deck_view, read_cell, spice_view, verilog_view
from nngen.errors import CellError
from nngen.netlist.macro import Electrical, read_view, readout_facts
from nngen.sim.analog.bench import Curve, Mismatch, column_bench, column_curve, verilog_codes

from .chips import ideal_partners, macro_of
from .deck import run_deck
from .verilog_pins import check_verilog_pins

__all__ = ["STEPS", "Subject", "read_subject"]

_ROWS, _POINTS = 16, 8
_SEED = 1


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A cell among partners that are ideal, or as good as there are.

    Parameters
    ----------
    cell
        The cell.
    architecture
        A chip whose macro has it.
    time_limit_s
        Seconds that ngspice may take, each time.
    """

    cell: Cell
    architecture: Architecture
    time_limit_s: float

    @property
    def use(self) -> CellUse:
        """The cell with its parameters at their defaults."""
        return next(use for use in self.architecture.analog.uses if use.cell.name == self.cell.name)

    @property
    def electrical(self) -> Electrical:
        """The macro in volts and amperes."""
        return Electrical(macro=self.architecture.core.macro, analog=self.architecture.analog)

    @property
    def facts(self) -> dict[str, float | bool]:
        """What its templates know beside its parameters; decks of readouts measure two gains."""
        if self.cell.kind != "column_readout":
            return {}
        return readout_facts(self.electrical) | {"largest_gain": 1}

    def curve(self, converter_parameters: dict[str, float] | None = None) -> Curve:
        """Return the curve of a column with the cell, perhaps with a converter that strays."""
        with tempfile.TemporaryDirectory(prefix="nngen-") as folder:
            return column_curve(
                self.architecture,
                Path(folder),
                rows=_ROWS,
                points=_POINTS,
                converter_parameters=converter_parameters,
                time_limit_s=self.time_limit_s,
            )


def read_subject(folder: Path, cells: Sequence[Path], *, time_limit_s: float) -> Subject:
    """Read a cell and put it among partners.

    Raises
    ------
    CellError
        Its ``cell.toml`` is malformed, or its pins fit no macro.
    """
    cell = read_cell(folder)
    own = [] if folder.resolve().parent == CellLibrary().folder("ideal").resolve().parent else [folder.parent]
    library = CellLibrary([*own, *cells])
    check_interface(cell)
    architecture = macro_of(ideal_partners(cell), library)
    return Subject(cell=cell, architecture=architecture, time_limit_s=time_limit_s)


def _spice(subject: Subject) -> str | None:
    if spice_view(subject.use.folder) is None:
        return None
    view = read_view(subject.use, subject.facts, pair=subject.electrical.subtracts)
    terminals = sum(len(view.terminals(pin)) for pin in view.pins)
    return f"{len(view.subcircuits)} subcircuits, {terminals} terminals as in cell.toml"


def _verilog(subject: Subject) -> str | None:
    return None if verilog_view(subject.use.folder) is None else check_verilog_pins(subject.use)


def _deck(subject: Subject) -> str | None:
    if deck_view(subject.use.folder) is None or spice_view(subject.use.folder) is None:
        return None
    pair = subject.electrical.subtracts
    return run_deck(subject.use, subject.facts, pair=pair, time_limit_s=subject.time_limit_s)


def _codes(subject: Subject) -> str | None:
    if spice_view(subject.use.folder) is None:
        return None
    curve = subject.curve()
    allowed = subject.architecture.analog.code_error
    if curve.largest_error > allowed:
        at = int(np.abs(curve.errors).argmax())
        raise CellError(
            f"cell '{subject.cell.name}': the code of a dot product of {curve.dots[at]} must be within {allowed:.2g} "
            f"LSB of {curve.exact[at]:.2f} on the scale of codes, not {curve.codes[at]}"
        )
    return (
        f"{len(curve.codes)} codes in a column of {_ROWS} rows, at most {curve.largest_error:.2g} LSB off "
        f"({allowed:.2g} allowed)"
    )


def _strayed(subject: Subject) -> str | None:
    """Compare the converter's views where mismatch moves codes; without any, its Verilog view with the contract."""
    adc, name = subject.use, subject.cell.name
    nominal = Mismatch.nominal(adc) if subject.cell.kind == "adc" else None
    if nominal is None or verilog_view(adc.folder) is None or spice_view(adc.folder) is None:
        return None
    positions = column_bench(subject.architecture, rows=_ROWS, points=_POINTS).exact()[:, 0]
    straight = verilog_codes(adc, positions, None)
    right = np.clip(np.floor(positions + 0.5), 0, (1 << int(adc.parameters["bits"])) - 1)
    if (straight != right).any():
        at = int((straight != right).argmax())
        raise CellError(
            f"cell '{name}': the code of its Verilog view at {positions[at]:.3f} must be {right[at]:g}, "
            f"not {straight[at]}"
        )
    strayed = nominal.strayed(np.random.default_rng(_SEED))
    allowed = subject.cell.code_error or 0.0
    # What the Verilog view says where the value is, and as far off as the SPICE view may be.
    near = [verilog_codes(adc, positions + step, strayed) for step in (0, -allowed, allowed)]
    moved = int((near[0] != straight).sum())
    if not moved:
        raise CellError(f"cell '{name}': mismatch must move codes of its Verilog view, but moves none")
    curve = subject.curve(strayed.spice_parameters)
    beyond = (curve.codes < np.min(near, axis=0)) | (curve.codes > np.max(near, axis=0))
    if beyond.any():
        at = int(beyond.argmax())
        raise CellError(
            f"cell '{name}': with mismatch the code at {positions[at]:.3f} must be {near[0][at]}, as its Verilog view "
            f"has it within {allowed:.2g} LSB, not {curve.codes[at]}"
        )
    return f"{moved} of {len(positions)} codes move, in SPICE and Verilog alike within {allowed:.2g} LSB"


Step = Callable[[Subject], str | None]
STEPS: tuple[tuple[str, Step], ...] = (
    ("SPICE view", _spice),
    ("Verilog view", _verilog),
    ("deck", _deck),
    ("codes in a column", _codes),
    ("codes when it strays", _strayed),
)
