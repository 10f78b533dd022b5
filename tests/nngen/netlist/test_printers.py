"""Printers: every byte of a small netlist, long lines, arrays row by row, the same as their cells one by one."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from nngen.netlist import (
    Array,
    Instance,
    Model,
    Netlist,
    Port,
    Quantity,
    Subcircuit,
    format_cdl,
    format_ngspice,
    parse_netlist,
    write_pieces,
)

CELL = Subcircuit(
    "cell_1t1r",
    [Port("bl"), Port("wl", "digital", "in"), Port("sl", "analog", "out"), Port("vss", "supply")],
    [
        Instance("Mt", ["n", "wl", "sl", "vss"], "nch", parameters={"w": "1u", "l": "2*lmin"}),
        Instance("Rm", ["bl", "n"], "rmem", value="r"),
    ],
    parameters={"r": Quantity(25e3, "ohm")},
    constants={"lmin": 180e-9},
    models=[Model("rmem", "r", {"tc1": "1m"})],
)
NETLIST = Netlist(
    "two cells",
    [CELL],
    contents=[
        Instance("Vbl", ["bl", "0"], value="dc 0 pulse(0 200m 1n)"),
        Array(
            "Xcell", 1, 2, ["bl", "wl{row}", "sl{column}", "0"], "cell_1t1r", parameters={"r": np.array([[5e3, 1e5]])}
        ),
    ],
    constants={"vdd": 1.8},
    models=[Model("nch", "nmos", {"level": 1, "vto": 0.5})],
)

NGSPICE = """\
* two cells
.param vdd=1.8
.model nch nmos level=1 vto=500m

.subckt cell_1t1r bl wl sl vss params: r=25k
* port bl analog inout
* port wl digital in
* port sl analog out
* port vss supply inout
.param lmin=180n
.model rmem r tc1=1m
Mt n wl sl vss nch w=1u l='2*lmin'
Rm bl n 'r' rmem
.ends cell_1t1r

Vbl bl 0 dc 0 pulse(0 200m 1n)
Xcell_0_0 bl wl0 sl0 0 cell_1t1r r=5000.0
Xcell_0_1 bl wl0 sl1 0 cell_1t1r r=100000.0
"""
CDL = """\
* two cells
.PARAM vdd=1.8

.SUBCKT cell_1t1r bl wl sl vss r=25k
*.PININFO bl:B wl:I sl:O vss:B
.PARAM lmin=180n
Mt n wl sl vss nch w=1u l='2*lmin'
Rm bl n 'r' $[rmem]
.ENDS cell_1t1r

Vbl bl 0 dc 0 pulse(0 200m 1n)
Xcell_0_0 bl wl0 sl0 0 / cell_1t1r r=5000.0
Xcell_0_1 bl wl0 sl1 0 / cell_1t1r r=100000.0
"""


def test_ngspice_to_the_byte() -> None:
    assert "".join(format_ngspice(NETLIST)) == NGSPICE


def test_cdl_to_the_byte() -> None:
    assert "".join(format_cdl(NETLIST)) == CDL


def test_a_file_has_the_same_bytes(tmp_path: Path) -> None:
    write_pieces(format_ngspice(NETLIST), tmp_path / "cells.sp")
    assert (tmp_path / "cells.sp").read_bytes() == NGSPICE.encode()


def test_long_lines_are_continued() -> None:
    nets = [f"net_number_{number}" for number in range(20)]
    text = "".join(format_ngspice(Netlist("", contents=[Instance("X1", nets, "wide", parameters={"w": "a + b"})])))
    lines = text.splitlines()
    assert len(lines) > 4
    assert all(len(line) <= 100 for line in lines)
    assert all(line.startswith("+ ") for line in lines[3:])
    assert " ".join(line.removeprefix("+ ") for line in lines[2:]) == f"X1 {' '.join(nets)} wide w='a + b'"


@pytest.mark.parametrize("width", range(1, 60))
def test_lines_are_as_long_as_they_may(width: int) -> None:
    nets = ["n" * width] * 200
    lines = "".join(format_ngspice(Netlist("", contents=[Instance("X1", nets, "n" * width)]))).splitlines()[2:]
    longest = max(len(line) for line in lines)
    assert longest <= 100 < longest + 1 + width


def test_a_word_longer_than_a_line_stays_whole() -> None:
    net = "n" * 150
    assert (
        list(format_ngspice(Netlist("", contents=[Instance("R1", [net, "b"], value=1)])))[-1] == f"R1\n+ {net}\n+ b 1\n"
    )


@pytest.mark.parametrize("distinct", [2, 1000])
def test_an_array_prints_what_its_cells_would(distinct: int) -> None:
    numbers = np.random.default_rng(1).choice(np.logspace(-20, 20, distinct), (12, 40))
    arrays = [
        Array("Rup", 12, 40, ["n{row}_{column}", "n{row+1}_{column}"], value=numbers, parameters={"tc1": numbers + 1}),
        Array("Xc", 12, 40, [f"net_of_a_long_name_{i}_{{column+{i}}}" for i in range(12)], "cell"),
        Array("Cp", 12, 40, ["bl{column}", "0"], value="1f"),
        Array("Mt", 12, 40, ["d", "wl{row}", "s", "b"], "nch", parameters={"w": "2*l"}),
        Array("Vb", 12, 40, ["d{row}", "0"], value="dc 1"),
        Array("Vn", 12, 40, ["d{row}", "0"]),
    ]
    netlist = Netlist("arrays", contents=arrays)
    cells = [cell for array in arrays for cell in array.instances()]
    for printed in (format_ngspice, format_cdl):
        assert parse_netlist("".join(printed(netlist))) == Netlist("arrays", contents=cells)


def test_an_array_comes_row_by_row() -> None:
    rows = list(format_ngspice(Netlist("", contents=[Array("Rc", 3, 500, ["a{row}", "b"], value=1)])))[2:]
    assert [row.count("\n") for row in rows] == [500] * 3
    assert rows[2].splitlines()[-1] == "Rc_2_499 a2 b 1"


def test_an_array_is_never_in_memory() -> None:
    side = 1000
    numbers = np.random.default_rng(2).random((side, side))
    netlist = Netlist("", contents=[Array("Rc", side, side, ["bl{column}", "wl{row}"], value=numbers)])
    tracemalloc.start()
    size = sum(len(piece) for piece in format_ngspice(netlist))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 30_000_000
    assert peak < 1_000_000
