"""Checks: every rule, with the path to what breaks it."""

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from nngen.errors import NetlistError
from nngen.netlist import Array, Instance, Model, Netlist, Port, Subcircuit, check

CELL = Subcircuit(
    "cell", [Port("a"), Port("b")], [Instance("R1", ["a", "b"], value="r")], parameters={"resistance": 1, "r": 2}
)


def around(*contents: Instance | Array, ports: Sequence[str] = (), models: tuple[Model, ...] = ()) -> Netlist:
    """A circuit in the middle of a hierarchy: top / Xarray_0_0 / …"""
    array = Subcircuit("array", [Port(port) for port in ports], contents, models=models)
    top = Subcircuit("top", [], [Array("Xarray", 1, 1, [f"t_{port}" for port in ports], "array")])
    return Netlist("", [CELL, array, top])


HAS = "must have a name of its own, as"
NOT_OF = "must be of a subcircuit of the netlist, not of"
PATH = "top/Xarray_0_0"
PROBLEMS = [
    # 1: names
    (Netlist("", [CELL, Subcircuit("CELL", [])]), f"subcircuit 'CELL' {HAS} 'cell' has it already"),
    (
        Netlist("", models=[Model("n", "nmos"), Model("N", "pmos")]),
        "model 'N' must have a name of its own, as 'n' has it already",
    ),
    (
        around(models=(Model("n", "nmos"), Model("N", "pmos"))),
        f"model '{PATH}/N' must have a name of its own, as '{PATH}/n' has it already",
    ),
    (
        Netlist("", [Subcircuit("s", [Port("a"), Port("A")], [Instance("R1", ["a", "0"], value=1)])]),
        "port 's/A' must have a name of its own, as 's/a' has it already",
    ),
    (
        Netlist("", [Subcircuit("s", [], parameters={"w": 1}, constants={"W": 1})]),
        "parameter 's/W' must have a name of its own, as 's/w' has it already",
    ),
    (
        around(Instance("R1", "00", value=1), Instance("r1", "00", value=1)),
        f"instance '{PATH}/r1' must have a name of its own, as '{PATH}/R1' has it already",
    ),
    (
        around(Array("Ra", 1, 1, "00", value=1), Array("RA", 2, 2, "00", value=1)),
        f"array '{PATH}/RA' must have a name of its own, as '{PATH}/Ra' has it already",
    ),
    (
        around(Array("Ra", 2, 3, "00", value=1), Instance("rA_1_2", "00", value=1)),
        f"instance '{PATH}/rA_1_2' must have a name of its own, as a cell of an array has it already",
    ),
    # 2: nets, model, value
    (
        around(Instance("X3", "000", "cell")),
        f"instance '{PATH}/X3' must have 2 nets for the ports of 'cell' (a, b), not 3",
    ),
    (
        around(Array("Xc", 2, 2, "0", "cell")),
        f"instance '{PATH}/Xc_0_0' must have 2 nets for the ports of 'cell' (a, b), not 1",
    ),
    (
        around(Instance("M1", "000", "nch")),
        f"instance '{PATH}/M1', a MOSFET, must have 4 nets (drain, gate, source, bulk), not 3",
    ),
    (
        around(Instance("Q1", "00", "npn")),
        f"instance '{PATH}/Q1', a bipolar transistor, must have 3 or 4 nets "
        "(collector, base, emitter, substrate), not 2",
    ),
    (around(Instance("M1", "0000")), f"instance '{PATH}/M1', a MOSFET, must name a model"),
    (around(Instance("V1", "00", "n")), f"instance '{PATH}/V1', a voltage source, must have no model, not 'n'"),
    (
        around(Instance("G1", "0000")),
        f"instance '{PATH}/G1', a voltage-controlled current source, must have a value",
    ),
    (around(Instance("C1", "00")), f"instance '{PATH}/C1', a capacitor, must have a value, a model or a parameter"),
    # 3: subcircuits and their parameters
    (
        around(Instance("X1", "00", "cel")),
        f"instance '{PATH}/X1' must be of a subcircuit of the netlist, not of 'cel'; did you mean 'cell'?",
    ),
    (Netlist("", contents=[Instance("X1", "00", "zzz")]), f"instance 'X1' {NOT_OF} 'zzz'"),
    (
        around(Instance("X1", "00", "cell", parameters={"resistence": 1})),
        f"parameter 'resistence' of instance '{PATH}/X1' must be one of 'cell' (resistance, r); "
        "did you mean 'resistance'?",
    ),
    (
        around(Instance("X1", "", "top", parameters={"w": 1})),
        "subcircuit 'array' must not contain itself, as it does by way of array / top / array; "
        "parameter 'w' of instance 'array/X1/Xarray_0_0/X1' must be one of 'top' (it has none)",
    ),
    # 5: connections
    (
        around(Instance("R1", ["GND", "0"], value=1), ports=["GND"]),
        f"port '{PATH}/GND' must not have a name of ground, which is one net for all subcircuits; "
        "net 'top/t_GND' must connect two terminals or more, not one",
    ),
    (around(Instance("R1", ["x", "0"], value=1)), f"net '{PATH}/x' must connect two terminals or more, not one"),
    (
        around(ports="p"),
        f"port '{PATH}/p' must connect to something inside its subcircuit; "
        "net 'top/t_p' must connect two terminals or more, not one",
    ),
    (
        around(Array("Rn", 3, 3, ["n{row}_{column}", "n{row+1}_{column}"], value=1)),
        f"net '{PATH}/n0_0' must connect two terminals or more, not one; "
        f"net '{PATH}/n3_0' must connect two terminals or more, not one",
    ),
    (
        around(Array("Rn", 4, 1, ["wl{row}", "gnd"], value=1), Instance("R1", ["wl0", "WL1"], value=1)),
        f"net '{PATH}/wl2' must connect two terminals or more, not one",
    ),
    (
        around(Array("Rn", 2, 2, ["n0_{row}", "n{row}_{column}"], value=1)),
        f"net '{PATH}/n1_0' must connect two terminals or more, not one",
    ),
]


@pytest.mark.parametrize(("netlist", "message"), PROBLEMS)
def test_what_breaks_a_rule_is_named(netlist: Netlist, message: str) -> None:
    with pytest.raises(NetlistError, match=f"^{re.escape(message)}$"):
        check(netlist)


def test_a_sound_netlist_passes() -> None:
    crossbar = Subcircuit(
        "crossbar",
        [Port("wl0"), Port("wl1"), Port("bl0"), Port("vss")],
        [
            Array("Xc", 2, 1, ["wl{row}", "n{row}_{column}"], "cell", parameters={"r": np.ones((2, 1)), "m": 2}),
            Array("Rc", 2, 1, ["n{row}_{column}", "bl{column}"], value=1),
            Array("Ct", 2, 2, ["bl0", "VSS"], value="1f"),
            Instance("Ct_2_0", ["bl0", "vss"], value="1f"),
        ],
    )
    check(Netlist("", [CELL, crossbar], contents=[Instance("X1", ["a", "b", "a", "b"], "Crossbar")]))


def test_a_cycle_is_named() -> None:
    names = ["a", "b", "c", "a"]
    parts = [Subcircuit(name, [], [Instance("X1", [], inner)]) for name, inner in pairwise(names)]
    with pytest.raises(
        NetlistError, match=r"^subcircuit '(.)' must not contain itself, as it does by way of "
    ) as caught:
        check(Netlist("", parts))
    way = str(caught.value).rpartition("way of ")[2].split(" / ")
    assert way[0] == way[-1]
    assert all(step in list(pairwise(names)) for step in pairwise(way))


def test_a_subcircuit_outside_any_is_named_by_its_instance() -> None:
    inner = Subcircuit("inner", [], [Instance("R1", ["x", "0"], value=1)])
    outer = Subcircuit("outer", [], [Instance("Xin", [], "inner")])
    with pytest.raises(NetlistError, match=r"^net 'Xout/Xin/x' must connect two terminals or more, not one$"):
        check(Netlist("", [inner, outer], contents=[Instance("Xout", [], "outer")]))


def test_a_message_lists_eight_problems_and_a_deep_path_is_cut() -> None:
    parts = [Subcircuit(f"s{level}", [], [Instance("X1", [], f"s{level + 1}")]) for level in range(40)]
    parts.append(Subcircuit("s40", [], [Instance(f"R{net}", [f"x{net}", "0"], value=1) for net in range(20)]))
    with pytest.raises(NetlistError) as caught:
        check(Netlist("", parts))
    path = "/".join(["…", *["X1"] * 16])
    problems = [f"net '{path}/x{net}' must connect two terminals or more, not one" for net in range(8)]
    assert str(caught.value) == "; ".join([*problems, "…"])


def test_a_name_may_have_more_numbers_than_numpy_has_dimensions() -> None:
    net = "_".join(["1"] * 90) + "_"
    array = Array("Rn", 2, 2, [f"a{net}{{row}}_{{column}}", "0"], value=1)
    with pytest.raises(NetlistError, match=r"^net 'a1_1_.*_0_0' must connect two terminals or more, not one$"):
        check(Netlist("", contents=[array]))


def test_large_arrays_are_not_expanded() -> None:
    side = 1024
    check(
        Netlist(
            "",
            contents=[
                Array("Mt", side, side, ["n{row}_{column}", "wl{row}", "sl{column}", "0"], "nch"),
                Array("Rm", side, side, ["bl{column}", "n{row}_{column}"], value=1),
            ],
        )
    )
