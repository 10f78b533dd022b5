"""netgen against a reference that plain string formatting wrote: a match, and every planted fault with its reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from nngen.errors import InputError, ToolError
from nngen.flows.lvs import LvsResult, compare_netlists
from nngen.netlist import (
    Array,
    Instance,
    Netlist,
    Port,
    Subcircuit,
    check,
    format_cdl,
    format_ngspice,
    write_pieces,
)
from tests.tools import needs_netgen

SIDE = 8
LINES = [f"{line}{place}" for line in ("wl", "bl", "sl") for place in range(SIDE)] + ["vss"]
RESISTANCE = np.random.default_rng(7).uniform(5e3, 1e5, (SIDE, SIDE))
RESISTANCE[0] = 5e3  # levels too


def macro() -> Netlist:
    """A 1T1R array: bitcell, array, top."""
    cell = Subcircuit(
        "bitcell",
        [Port("bl"), Port("wl"), Port("sl"), Port("vss", "supply")],
        [
            Instance("Mt", ["n", "wl", "sl", "vss"], "nch", parameters={"w": "1u", "l": "180n"}),
            Instance("Rm", ["bl", "n"], value="r"),
        ],
        parameters={"r": 25e3},
    )
    nets = ["bl{column}", "wl{row}", "sl{column}", "vss"]
    cells = Array("Xc", SIDE, SIDE, nets, "bitcell", parameters={"r": RESISTANCE})
    array = Subcircuit("array", [Port(line) for line in LINES], [cells])
    top = Subcircuit("macro", [Port(line) for line in LINES], [Instance("Xarray", LINES, "array")])
    netlist = Netlist("macro", [cell, array, top])
    check(netlist)
    return netlist


@dataclass
class Reference:
    """The same by hand: other names, other order, other ends first; each field is where a fault can be planted."""

    resistance: npt.NDArray[np.float64] = field(default_factory=RESISTANCE.copy)
    width: str = "1u"
    expression: str = "r"
    drain: str = "x"
    lines_of_cell: dict[tuple[int, int], str] = field(default_factory=dict)
    missing: tuple[int, int] | None = None
    extra: str = ""
    outside: list[str] = field(default_factory=LINES.copy)

    def text(self) -> str:
        parts = ["* written by hand", ".subckt bitcell bl wl sl vss r=25000", f"R1 x bl '{self.expression}'"]
        parts += [f"M7 sl wl {self.drain} vss nch l=0.18u w={self.width}", ".ends"]
        parts += [f".subckt array {' '.join(reversed(LINES))}", self.extra]
        for column in reversed(range(SIDE)):
            for row in range(SIDE):
                nets = self.lines_of_cell.get((row, column), f"bl{column} wl{row} sl{column} vss")
                if (row, column) != self.missing:
                    value = float(self.resistance[row, column])
                    parts.append(f"Xcol{column}row{row} {nets} bitcell r={value!r}")
        parts += [".ends", f".subckt chip {' '.join(LINES)}", f"Xinner {' '.join(reversed(self.outside))} array"]
        return "\n".join([*parts, ".ends", ""])


def compare(reference: Reference, folder: Path) -> LvsResult:
    """The macro as CDL against a reference."""
    write_pieces(format_cdl(macro()), folder / "macro.cdl")
    (folder / "reference.sp").write_text(reference.text())
    return compare_netlists(folder / "macro.cdl", folder / "reference.sp", top=("macro", "chip"))


@needs_netgen
@pytest.mark.parametrize("printed", [format_cdl, format_ngspice])
def test_the_macro_is_what_was_written_by_hand(printed: Callable[[Netlist], Iterator[str]], tmp_path: Path) -> None:
    write_pieces(printed(macro()), tmp_path / "macro.sp")
    (tmp_path / "reference.sp").write_text(Reference().text())
    result = compare_netlists(tmp_path / "macro.sp", tmp_path / "reference.sp", top=("macro", "chip"))
    assert result.problems == ()
    assert result.matches
    assert "Circuits match uniquely." in result.report


def other_value(factor: float) -> npt.NDArray[np.float64]:
    values = RESISTANCE.copy()
    values[3, 5] *= factor
    return values


DIFFERENT = "Netlists do not match."
FAULTS = {
    "word lines of the top swapped": (
        Reference(outside=["wl1", "wl0", *LINES[2:]]),
        ["wl0 |wl1 **Mismatch**", "wl1 |wl0 **Mismatch**"],
    ),
    "word lines of a cell swapped": (
        Reference(lines_of_cell={(2, 3): "bl3 wl4 sl3 vss"}),
        [DIFFERENT],
    ),
    "bit and source line of a cell swapped": (
        Reference(lines_of_cell={(2, 3): "sl3 wl2 bl3 vss"}),
        [DIFFERENT],
    ),
    "a resistance off by 2e-6": (
        Reference(resistance=other_value(1 + 2e-6)),
        ["bitcellc_3_5 vs. bitcellcol5row3: r circuit1: "],
    ),
    "another expression for the resistance": (
        Reference(expression="2*r"),
        [DIFFERENT, "'r' (1) |(no matching element)"],
    ),
    "a transistor too wide": (
        Reference(width="1.2u"),
        ["ncht vs. nch7: W circuit1: 1e-06 circuit2: 1.2e-06 (delta=18.2%, cutoff=0.0001%)"],
    ),
    "the drain at the bit line": (Reference(drain="bl"), ["bl |(no matching pin)"]),
    "the drain at the word line": (Reference(drain="wl"), [DIFFERENT]),
    "a missing cell": (
        Reference(missing=(4, 4)),
        [DIFFERENT, "bitcell (64) |bitcell (63) **Mismatch**"],
    ),
    "one cell more": (
        Reference(extra="Xmore bl0 wl0 sl0 vss bitcell r=5000"),
        [DIFFERENT, "bitcell (64) |bitcell (65) **Mismatch**"],
    ),
    "a resistor more": (Reference(extra="Rmore bl0 wl0 1k"), [DIFFERENT, "(no matching element) |r (1)"]),
}


@needs_netgen
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_refused_with_its_reason(fault: str, tmp_path: Path) -> None:
    reference, reasons = FAULTS[fault]
    result = compare(reference, tmp_path)
    assert not result.matches
    for reason in reasons:
        assert any(problem.startswith(reason) for problem in result.problems), result.problems


@needs_netgen
def test_a_resistance_rounded_otherwise_is_the_same(tmp_path: Path) -> None:
    # On both sides of 6 digits, in which netgen prints.
    assert compare(Reference(resistance=RESISTANCE * (1 + 1e-9)), tmp_path).matches
    edges = "* {0}\n.subckt {0} a b c\nX1 a b r1 r={1}\nD1 b c d\n.ends\n.subckt r1 a b r=1\nR1 a b r\n.ends\n"
    (tmp_path / "a.sp").write_text(edges.format("one", "1234564.999"))
    (tmp_path / "b.sp").write_text(edges.format("two", "1234565.001"))
    assert compare_netlists(tmp_path / "a.sp", tmp_path / "b.sp", top=("one", "two")).problems == ()


@needs_netgen
def test_ports_of_cells_have_the_same_names(tmp_path: Path) -> None:
    text = re.sub(r"\bbl\b", "b", Reference().text())
    write_pieces(format_cdl(macro()), tmp_path / "macro.cdl")
    (tmp_path / "reference.sp").write_text(text)
    result = compare_netlists(tmp_path / "macro.cdl", tmp_path / "reference.sp", top=("macro", "chip"))
    assert result.problems == ("bl |b **Mismatch**",)


# ---------------------------------------------------------------- what cannot be compared


@needs_netgen
def test_a_subcircuit_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "a.sp").write_text(Reference().text())
    (tmp_path / "b.sp").write_text(Reference().text())
    with pytest.raises(InputError, match=r"^b\.sp must have a subcircuit 'absent' to compare, and has not$"):
        compare_netlists(tmp_path / "a.sp", tmp_path / "b.sp", top=("chip", "absent"))


@needs_netgen
def test_a_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^a\.sp must be a file that can be read: No such file or directory$"):
        compare_netlists(tmp_path / "a.sp", tmp_path / "b.sp", top=("chip", "chip"))


@needs_netgen
def test_a_name_is_no_command(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"^a subcircuit to compare must be letters, digits and _, not '\[exec touch x\]'$"
    ):
        compare_netlists(tmp_path / "a.sp", tmp_path / "b.sp", top=("[exec touch x]", "chip"))


def fake_netgen(script: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A netgen that does as it is told, and two files for it."""
    program = folder / "bin" / "netgen-lvs"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    files = folder / "a.sp", folder / "b.sp"
    for file in files:
        file.write_text("* t\n")
    return files


def test_netgen_must_be_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match=r"^netgen is not installed: apt-get install netgen-lvs$"):
        compare_netlists(tmp_path / "a.sp", tmp_path / "b.sp", top=("a", "b"))


def test_netgen_is_stopped_when_it_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = fake_netgen("sleep 1000 & sleep 1000", tmp_path, monkeypatch)
    with pytest.raises(ToolError, match=r"^netgen must be done in 0\.2 seconds, and is not; allow it more$"):
        compare_netlists(*files, top=("a", "b"), time_limit_s=0.2)


def test_netgen_must_not_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = fake_netgen("echo oh; exit 3", tmp_path, monkeypatch)
    with pytest.raises(ToolError, match=r"^netgen must end with status 0, not 3: oh$"):
        compare_netlists(*files, top=("a", "b"))


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("true", "netgen compared nothing"),
        ("echo 'Result: Netlists do not match.'", DIFFERENT),
        ("echo 'Result: Circuits match uniquely.'; echo 'There were property errors.'", "there were property errors"),
        ("echo 'Result: Circuits match uniquely.'; echo 'a | b **Mismatch**' > report.txt", "a | b **Mismatch**"),
    ],
)
def test_each_rule_alone_refuses(script: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = fake_netgen(script, tmp_path, monkeypatch)
    assert compare_netlists(*files, top=("a", "b")).problems == (problem,)


@pytest.mark.parametrize("words", ["uniquely", "with 1 symmetry", "with 12 symmetries"])
def test_a_match_is_accepted(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = fake_netgen(f"echo 'Result: Circuits match {words}.'", tmp_path, monkeypatch)
    assert compare_netlists(*files, top=("a", "b")).matches
