"""netgen holds the array of a macro, and its row drivers, against a netlist that string formatting wrote.

The reference knows nothing of ``nngen.netlist``: its resistances come from the formulas of docs/macros.md, its cells
are typed in, and its instances have other names in another order. Only names of ports are the same, as LVS wants them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nngen.arch import Architecture, ArchitectureFile, architecture_of
from nngen.cellib import CellLibrary
from nngen.flows.lvs import LvsResult, compare_netlists
from nngen.netlist import Instance, Netlist, Port, Subcircuit, check, format_cdl, write_pieces
from nngen.netlist.macro import MacroNetlist, macro_netlist
from tests.tools import needs_netgen

pytestmark = needs_netgen

SIDE, ADCS = 8, 4
LEVELS: npt.NDArray[np.int64] = np.random.default_rng(11).integers(0, 16, (SIDE, SIDE))
ROW_OHM, COLUMN_OHM = 2.5, 1.25
DIFFERENT = "Netlists do not match."


def chip(bitcell: str, *, wires: bool) -> Architecture:
    """Return a chip with one macro of 8 x 8 cells and the drivers that come with them."""
    macro: dict[str, Any] = {
        "rows": SIDE,
        "columns": SIDE,
        "encoding": "offset" if bitcell == "rram_1t1r" else "differential",
        "columns_per_adc": 2 if bitcell == "rram_1t1r" else 1,
        "bitcell": {"cell": bitcell},
        "adc": {"cell": "ideal_adc", "parameters": {"bits": 6.0}},
        "wires": {"row_ohm": ROW_OHM, "column_ohm": COLUMN_OHM} if wires else {},
    }
    file = {
        "schema": "nngen/architecture/1",
        "name": "lvs",
        "core": ({"macros": 1, "macro": macro, "memory": {"activation_bytes": 256}},),
    }
    return architecture_of(ArchitectureFile.model_validate(file), CellLibrary())


def with_layout(made: MacroNetlist) -> Netlist:
    """Return what of a macro has a layout: its row drivers and its array, connected as in the macro."""
    parts = [part for part in made.macro.contents if part.name == "Xarray" or part.name.startswith("Xrow_driver_")]
    assert all(isinstance(part, Instance) for part in parts)
    assert len(parts) == 1 + SIDE
    nets = dict.fromkeys(
        net for part in parts for net in part.nets if not net.startswith(("word_line_", "input_line_"))
    )
    top = Subcircuit("rows", [Port(str(net)) for net in nets], parts)
    netlist = Netlist("rows", (*made.views.row_driver.subcircuits, *made.views.bitcell.subcircuits, made.array, top))
    check(netlist)
    return netlist


# ---------------------------------------------------------------- the reference

DRIVER = """
.subckt driver_1b_inverter in out vdd vss w=1u
Mup vdd in out vdd pch w='2*w' l=0.18u
Mdown vss in out vss nch w='w' l=0.18u
.ends
.subckt driver_1b plane_0 enable word_line input_line rest read vdd vss
M1 input_line g rest vdd pch w=1500u l=0.18u
M2 input_line gb rest vss nch w=1500u l=0.18u
M3 input_line gb read vdd pch w=1500u l=0.18u
M4 input_line g read vss nch w=1500u l=0.18u
X1 gb g vdd vss driver_1b_inverter w=150u
X2 word_line gb vdd vss driver_1b_inverter w=150u
X3 d word_line vdd vss driver_1b_inverter w=10u
M5 vss enable m vss nch w=8u l=0.18u
M6 m plane_0 d vss nch w=8u l=0.18u
M7 vdd enable d vdd pch w=8u l=0.18u
M8 vdd plane_0 d vdd pch w=8u l=0.18u
.ends
"""
ONE = """
.subckt rram_1t1r word_line input_line bit_line vss resistance=1700000
M1 {inner} word_line input_line vss access l=0.18u w=2u
R1 n bit_line 'resistance'
.ends
"""
TWO = """
.subckt rram_2t2r word_line input_line bit_line bit_line_bar vss resistance=1700000 resistance_bar=1700000
M2 {inner} word_line input_line vss access l=0.18u w=2u
R2 n bit_line 'resistance'
M1 input_line word_line nb vss access l=0.18u w=2u
R1 nb bit_line_bar 'resistance_bar'
.ends
"""


def resistance(level: int, series: float) -> float:
    """Return the ohms of a cell: those of its conductance less what stands in series."""
    lowest, highest = 1 / 1.7e6, 1 / 1e5
    return 1 / (lowest + int(level) * (highest - lowest) / 15) - series


@dataclass
class Reference:
    """The same macro by hand; each field is a place for a fault."""

    pair: bool
    wires: bool = False
    inner: str = "n"  # the net of the transistor's drain
    levels: npt.NDArray[np.int64] = field(default_factory=LEVELS.copy)
    off_by: dict[tuple[int, int], float] = field(default_factory=dict)
    missing: tuple[int, int] | None = None
    word_lines: dict[tuple[int, int], int] = field(default_factory=dict)
    bit_lines_swapped: tuple[int, int] | None = None
    reference_level: int = 0
    drivers: list[int] = field(default_factory=lambda: list(range(SIDE)))
    shorted_wire: tuple[int, int] | None = None

    @property
    def columns(self) -> int:
        return SIDE // 2 if self.pair else SIDE

    def text(self) -> str:
        cell = (TWO if self.pair else ONE).format(inner=self.inner)
        return "\n".join(["* by hand", DRIVER, cell, *self.array(), *self.top(), ""])

    def bit_lines(self) -> list[str]:
        names = [f"bit_line_{column}" for column in range(self.columns)]
        if self.pair:
            return [*names, *(f"bit_line_bar_{column}" for column in range(self.columns))]
        return [*names, *(f"reference_{number}" for number in range(ADCS))]

    def array_ports(self) -> str:
        rows = [f"{line}_{row}" for row in range(SIDE) for line in ("input_line", "word_line")]
        return " ".join(["vss", *reversed(self.bit_lines()), *rows])

    def array(self) -> Iterator[str]:
        yield f".subckt nngen_array {self.array_ports()}"
        for column in reversed(range(self.columns)):
            for row in range(SIDE):
                if (row, column) != self.missing:
                    yield self.cell(row, column)
        if not self.pair:
            ohm = resistance(self.reference_level, 400)
            for row in range(SIDE):
                for number in range(ADCS):
                    nets = f"word_line_{row} input_line_{row} reference_{number} vss"
                    yield f"Xlevel0_{number}_{row} {nets} rram_1t1r resistance={ohm!r}"
        if self.wires:
            yield from self.segments()
        yield ".ends"

    def cell(self, row: int, column: int) -> str:
        where = (row, column)
        word_line = f"word_line_{self.word_lines.get(where, row)}"
        row_net = f"h{row}_{column}" if self.wires else f"input_line_{row}"
        names = ["bit_line", "bit_line_bar"][: 1 + self.pair]
        if where == self.bit_lines_swapped:
            names.reverse()
        lines = " ".join(f"{name}{row}_{column}" if self.wires else f"{name}_{column}" for name in names)
        scale = self.off_by.get(where, 1.0)
        if self.pair:
            plus, minus = (resistance(self.levels[row, 2 * column + k], 545) for k in (0, 1))
            values = f"rram_2t2r resistance_bar={minus!r} resistance={plus * scale!r}"
        else:
            values = f"rram_1t1r resistance={resistance(self.levels[row, column], 400) * scale!r}"
        return f"Xc{column}r{row} {word_line} {row_net} {lines} vss {values}"

    def segments(self) -> Iterator[str]:
        """Wires from the driver to the last cell of a row, and from the first cell of a bit line to its readout."""
        for row in range(SIDE):
            nodes = [f"input_line_{row}", *(f"h{row}_{column}" for column in range(self.columns))]
            for place in range(self.columns):
                ohm = 1e-3 if (row, place) == self.shorted_wire else ROW_OHM
                yield f"Rh{row}_{place} {nodes[place + 1]} {nodes[place]} {ohm!r}"
        for name in ("bit_line", "bit_line_bar")[: 1 + self.pair]:
            for column in range(self.columns):
                nodes = [*(f"{name}{row}_{column}" for row in range(SIDE)), f"{name}_{column}"]
                for place in range(SIDE):
                    yield f"Rv{name}{column}_{place} {nodes[place + 1]} {nodes[place]} {COLUMN_OHM!r}"

    def top(self) -> Iterator[str]:
        planes = [f"word_lines_{row}" for row in range(SIDE)]
        yield f".subckt chip {' '.join([*planes, 'enable rest read vdd vss', *self.bit_lines()])}"
        yield f"Xa {self.array_ports()} nngen_array"
        for row in reversed(range(SIDE)):
            nets = f"word_lines_{row} enable word_line_{self.drivers[row]} input_line_{row} rest read vdd vss"
            yield f"Xd{row} {nets} driver_1b"
        yield ".ends"


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool, bool], Path]:
    """A function that returns the file of drivers and array, as nngen prints them."""
    files: dict[tuple[bool, bool], Path] = {}

    def file(pair: bool, wires: bool) -> Path:
        if (pair, wires) not in files:
            path = tmp_path_factory.mktemp("cdl") / "rows.cdl"
            made = macro_netlist(chip("rram_2t2r" if pair else "rram_1t1r", wires=wires), levels=LEVELS)
            write_pieces(format_cdl(with_layout(made)), path)
            files[pair, wires] = path
        return files[pair, wires]

    return file


@pytest.fixture
def compare(printed: Callable[[bool, bool], Path], tmp_path: Path) -> Callable[[Reference], LvsResult]:
    """A function that compares the macro with a reference."""

    def against(reference: Reference) -> LvsResult:
        (tmp_path / "reference.sp").write_text(reference.text())
        macro = printed(reference.pair, reference.wires)
        return compare_netlists(macro, tmp_path / "reference.sp", top=("rows", "chip"))

    return against


SINGLE, PAIR = Reference(pair=False), Reference(pair=True)
WIRED = Reference(pair=True, wires=True)
NAMES = {"rram_1t1r with reference columns": SINGLE, "rram_2t2r": PAIR, "rram_2t2r with wires": WIRED}


@pytest.mark.parametrize("reference", NAMES.values(), ids=NAMES)
def test_array_and_drivers_are_what_was_written_by_hand(
    reference: Reference, compare: Callable[[Reference], LvsResult]
) -> None:
    result = compare(reference)
    assert result.problems == ()
    assert result.matches


def other_level(row: int, column: int) -> npt.NDArray[np.int64]:
    levels = LEVELS.copy()
    levels[row, column] = (levels[row, column] + 1) % 16
    return levels


FAULTS = {
    "two word lines swapped between drivers and array": ({"drivers": [0, 2, 1, 3, 4, 5, 6, 7]}, DIFFERENT),
    "word lines of two cells swapped": ({"word_lines": {(1, 3): 2, (2, 3): 1}}, DIFFERENT),
    "a cell at the next row's word line": ({"word_lines": {(5, 0): 6}}, DIFFERENT),
    "a resistor off by 2e-6": ({"off_by": {(3, 2): 1 + 2e-6}}, "cell_3_2 vs. {}c2r3: resistance circuit1: "),
    "a cell with the next level": ({"levels": other_level(3, 2)}, "vs. "),
    "a missing cell": ({"missing": (7, 3)}, DIFFERENT),
    "a drain at the bit line": ({"inner": "bit_line"}, "bit_line |(no matching pin)"),
    "a drain at the word line": ({"inner": "word_line"}, DIFFERENT),
    "a drain at the bulk": ({"inner": "vss"}, DIFFERENT),
}


@pytest.mark.parametrize("reference", [SINGLE, PAIR], ids=["rram_1t1r", "rram_2t2r"])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_planted_fault_is_refused_with_its_reason(
    fault: str, reference: Reference, compare: Callable[[Reference], LvsResult]
) -> None:
    changes, reason = FAULTS[fault]
    result = compare(replace(reference, **changes))
    assert not result.matches
    reason = reason.format("rram_2t2r" if reference.pair else "rram_1t1r")
    assert any(reason in problem for problem in result.problems), result.problems


OTHERS = {
    "a reference column of level 1": (
        replace(SINGLE, reference_level=1),
        "rram_1t1rreference_2_0 vs. rram_1t1rlevel0_0_2: resistance circuit1: 1.6996e+06 circuit2: 822181 ",
    ),
    "bit lines of a pair swapped": (replace(PAIR, bit_lines_swapped=(4, 1)), DIFFERENT),
    "a wire that is a short": (
        replace(WIRED, shorted_wire=(3, 1)),
        "rrow_3_0 vs. rh3_1: value circuit1: 2.5 circuit2: 0.001 (delta=200%, cutoff=0.0001%)",
    ),
    "bit lines of a pair swapped behind wires": (replace(WIRED, bit_lines_swapped=(4, 1)), DIFFERENT),
}


@pytest.mark.parametrize("fault", OTHERS)
def test_faults_of_some_macros_only_are_refused_too(fault: str, compare: Callable[[Reference], LvsResult]) -> None:
    reference, reason = OTHERS[fault]
    result = compare(reference)
    assert not result.matches
    assert any(reason in problem for problem in result.problems), result.problems
