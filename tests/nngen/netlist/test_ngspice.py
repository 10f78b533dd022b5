"""ngspice reads what is printed as it is meant: numbers, expressions, arrays, names from outside."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from nngen.netlist import Array, Instance, Model, Netlist, Port, Subcircuit, check, format_ngspice, spice_name
from tests.tools import needs_ngspice

pytestmark = needs_ngspice


def operating_point(netlist: Netlist, folder: Path) -> dict[str, float]:
    """Voltages of all nets, and currents of voltage sources (``name#branch``)."""
    check(netlist)
    (folder / "deck.cir").write_text("".join(format_ngspice(netlist)) + ".op\n.end\n")
    done = subprocess.run(["ngspice", "-b", "deck.cir"], cwd=folder, capture_output=True, text=True, check=True)
    return {
        name: float(value) for name, value in re.findall(r"^\s+(\S+)\s+(-?[0-9.]+e[-+]\d+)$", done.stdout, re.MULTILINE)
    }


def test_a_crossbar_sums_currents(tmp_path: Path) -> None:
    resistance = np.array([[1e3, 2e3, 4e3], [8e3, 16e3, 32e3]])
    cell = Subcircuit(
        "cell",
        [Port("wl"), Port("bl")],
        [Instance("R1", ["wl", "bl"], value="2*r/k")],
        parameters={"r": 1},
        constants={"k": 2},
    )
    netlist = Netlist(
        "crossbar",
        [cell],
        contents=[
            Array("Xcell", 2, 3, ["wl{row}", "bl{column}"], "cell", parameters={"r": resistance}),
            Array("Vwl", 2, 1, ["wl{row}", "0"], value=np.array([[0.5], [0.25]])),
            Array("Vbl", 1, 3, ["bl{column}", "0"], value="dc '0*one'"),
        ],
        constants={"one": 1},
    )
    currents = operating_point(netlist, tmp_path)
    expected = np.array([0.5, 0.25]) @ (1 / resistance)
    assert [currents[f"vbl_0_{column}#branch"] for column in range(3)] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("value", [1e-15, 2.2e-12, 4.7e-9, 1e-6, 3.3e-3, 1.0, 1e3, 1e6, 2.5e9, 1e12, 1e15, 1e-18])
def test_numbers_are_what_they_were(value: float, tmp_path: Path) -> None:
    netlist = Netlist(
        "number", contents=[Instance("V1", ["a", "0"], value=value), Instance("R1", ["a", "0"], value=1e12)]
    )
    assert operating_point(netlist, tmp_path)["a"] == pytest.approx(value, rel=1e-6)


def test_hostile_names_are_names(tmp_path: Path) -> None:
    names = [
        spice_name(name)
        for name in (".control", "gnd", "GND", "0", "a\n.control\nshell touch x\n.endc", "日本", "Conv", "conv")
    ]
    contents = [Instance(f"R{name}", [name, "0"], "rmod") for name in names]
    contents += [Instance(f"V{name}", [name, "0"], value=number) for number, name in enumerate(names, start=1)]
    voltages = operating_point(Netlist("names", contents=contents, models=[Model("rmod", "r", {"r": 50})]), tmp_path)
    assert [voltages[name] for name in names] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deck.cir"]


def test_long_lines_and_all_legal_nets(tmp_path: Path) -> None:
    nets = ["a<0>", "b[1]", "vdd!", "in+", "in-", "n#1", "7"] + [
        f"a_long_name_of_a_net_{number}" for number in range(20)
    ]
    ports = [Port(net) for net in nets]
    chain = Subcircuit("chain", ports, [Instance(f"R{i}", [net, "0"], value="1k") for i, net in enumerate(nets)])
    sources = [Instance(f"V{i}", [net, "0"], value=1 + i) for i, net in enumerate(nets)]
    netlist = Netlist("long", [chain], contents=[*sources, Instance("Xchain", nets, "chain")])
    voltages = operating_point(netlist, tmp_path)
    currents = [voltages[f"v{number}#branch"] for number in range(len(nets))]
    assert currents == pytest.approx([-1e-3 * (1 + number) for number in range(len(nets))])
