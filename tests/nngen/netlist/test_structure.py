"""Structures: illegal names and values are refused where they enter."""

import re
from collections.abc import Callable

import pytest

from nngen.errors import NetlistError
from nngen.netlist import Instance, Model, Netlist, Port, Subcircuit, Waveform

LONG = "a" * 201
IDENTIFIER = "must be letters, digits and _ with no digit first, at most 200, not"
NET = "must be letters, digits and any of _!<>[]#+- with a letter, digit or _ first, at most 200, not"
HINT = "; spice_name() makes such a name of any text"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Port("a b"), f"the name of a port {NET} 'a b'{HINT}"),
        (lambda: Port("x1.n"), f"the name of a port {NET} 'x1.n'{HINT}"),
        (lambda: Port("a\n"), f"the name of a port {NET} 'a\\n'{HINT}"),
        (
            lambda: Port("a", "power"),  # type: ignore[arg-type]
            "the domain of port 'a' must be one of analog, digital, supply, not 'power'",
        ),
        (
            lambda: Port("a", "analog", "up"),  # type: ignore[arg-type]
            "the direction of port 'a' must be one of in, out, inout, not 'up'",
        ),
        (lambda: Subcircuit("1x", []), f"the name of a subcircuit {IDENTIFIER} '1x'{HINT}"),
        (lambda: Subcircuit(LONG, []), f"the name of a subcircuit {IDENTIFIER} '{'a' * 60}...'{HINT}"),
        (
            lambda: Subcircuit("x", [], parameters={"a b": 1}),
            f"the name of a parameter of subcircuit 'x' {IDENTIFIER} 'a b'{HINT}",
        ),
        (
            lambda: Subcircuit("x", [], constants={"w": 1, "W": 2}),
            "parameter 'W' of subcircuit 'x' must be given once; SPICE does not see upper and lower case",
        ),
        (
            lambda: Instance("R1", ["a", "b"], parameters={"w": float("inf")}),
            "parameter 'w' of instance 'R1': a value must be a finite number, not inf",
        ),
        (
            lambda: Instance("Z1", ["a"]),
            "the name of an instance must begin with the letter of a device (R, C, L, D, M, Q, S, V, I, E, G, F, H, B) "
            "or with X for a subcircuit, not 'Z1'",
        ),
        (lambda: Instance("", ["a"]), f"the name of an instance {IDENTIFIER} ''{HINT}"),
        (lambda: Instance("R1", ["a", ""]), f"the name of a net of instance 'R1' {NET} ''{HINT}"),
        (
            lambda: Instance("X1", ["a"], "$(x)"),
            f"the name of the subcircuit or model of instance 'X1' {IDENTIFIER} '$(x)'{HINT}",
        ),
        (
            lambda: Instance("X1", ["a"], "x", value=1),
            "instance 'X1', a subcircuit, must have no value: what it is made of are parameters",
        ),
        (
            lambda: Instance("M1", list("dgsb"), "nch", value=1),
            "instance 'M1', a MOSFET, must have no value: what it is made of are parameters",
        ),
        (
            lambda: Instance("R1", ["a", "b"], value=Waveform("dc 1")),
            "the value of instance 'R1': must be a number or an expression, not the waveform 'dc 1'",
        ),
        (
            lambda: Instance("V1", ["a", "b"], value=1, parameters={"m": 1}),
            "instance 'V1', a voltage source, must have no parameters, but a waveform",
        ),
        (lambda: Model("n ch", "nmos"), f"the name of a model {IDENTIFIER} 'n ch'{HINT}"),
        (lambda: Model("nch", ""), f"the name of the kind of model 'nch' {IDENTIFIER} ''{HINT}"),
        (
            lambda: Netlist("a\n.control"),
            "the title of a netlist must be at most 200 printable ASCII characters, none of them a space at an end, "
            "not 'a\\n.control'",
        ),
    ],
)
def test_what_is_illegal_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(NetlistError, match=f"^{re.escape(message)}$"):
        make()


def test_structures_are_values() -> None:
    def make(width: str) -> Subcircuit:
        return Subcircuit("x", [Port("a")], [Instance("R1", ["a", "0"], value=width)])

    assert make("1k") == make("1000")
    assert make("1k") != make("2k")
    with pytest.raises(AttributeError, match="cannot assign"):
        make("1k").name = "y"  # type: ignore[misc]
