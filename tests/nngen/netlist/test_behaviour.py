"""Behavioural sources: what is an expression, what it senses, what the check, the printers and ngspice make of it."""

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nngen.errors import NetlistError
from nngen.netlist import (
    Array,
    Behaviour,
    Instance,
    Netlist,
    Port,
    Subcircuit,
    check,
    format_cdl,
    format_ngspice,
    parse_netlist,
)
from tests.tools import needs_ngspice

PARTNER = "every parenthesis and '?' of an expression must have its partner, not so in"
OPERAND = "an expression must have a number, a name, v(…), i(…), a function or a parenthesis before"
HINT = "; spice_name() makes such a name of any text"


def test_what_it_senses_is_known() -> None:
    behaviour = Behaviour("v", "v(a, b[0])*V(A) + i(Vs)**2 > tanh(v(in+)) ? abs(i(vS)) : -1.5k")
    assert behaviour.nets == ("a", "b[0]", "in+")
    assert behaviour.sources == ("Vs",)


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "-.5e-3",
        "2meg*x",
        "!(v(a) >= 1 && v(b) <= 2 || u(v(c)))",
        "v(a) < 2 ? v(a) < 0 ? 1 : 2 : 3",
        "pwl(v(a), 0, 0, 1, 1)",
        "MAX(v(a), (b + c))",
        "- -v(a)**-2",
    ],
)
def test_an_expression_is_taken_as_it_is(text: str) -> None:
    assert str(Behaviour("i", text)) == f"i='{text}'"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a behaviour must be an expression of 1 to 4,000 characters, not 0"),
        ("1+" * 2000 + "1", "a behaviour must be an expression of 1 to 4,000 characters, not 4001"),
        ("v(a)\n.control", "an expression must have an operator before '\\n.control'"),
        ("v(a) ; x", "an expression must have an operator before '; x'"),
        ("1 $ x", "an expression must have an operator before '$ x'"),
        ("`x`", f"{OPERAND} '`x`'"),
        ("'x'", f"{OPERAND} \"'x'\""),
        (".control", f"{OPERAND} '.control'"),
        ("a b", "an expression must have an operator before 'b'"),
        ("a = b", "an expression must have an operator before '= b'"),
        ("a == b", "an expression must have an operator before '== b'"),
        ("a != b", "an expression must have an operator before '!= b'"),
        ("12x", f"{OPERAND} '12x'"),
        ("1 +", f"{OPERAND} its end"),
        ("(1", f"{PARTNER} '(1'"),
        ("1)", f"{PARTNER} '1)'"),
        ("(a ? b)", f"{PARTNER} '(a ? b)'"),
        ("a ? b", f"{PARTNER} 'a ? b'"),
        ("a : b", "every ':' of an expression must follow a '?', not so in 'a : b'"),
        ("(a, b)", "every ',' of an expression must stand between arguments of a function, not so in '(a, b)'"),
        ("max(1)", "max() must have 2 arguments, not 1"),
        ("pwl(1, 2)", "pwl() must have 5 to 1000 arguments, not 2"),
        ("system(1)", None),
        ("flor(1)", None),
        ("v(a,b,c)", "what an expression senses must be v(net), v(net,net) or i(source), not 'v(a,b,c)'"),
        ("i(a,b)", "i() must have the name of one voltage source, not 'i(a,b)'"),
        (
            "v(a.b)",
            "the name of a net in an expression must be letters, digits and any of _!<>[]#+- with a letter, digit or _ "
            f"first, at most 200, not 'a.b'{HINT}",
        ),
        (
            "i(1)",
            "the name of a voltage source in an expression must be letters, digits and _ with no digit first, "
            f"at most 200, not '1'{HINT}",
        ),
        ("(" * 101 + "1" + ")" * 101, "an expression must nest at most 100 levels, not more"),
    ],
)
def test_what_is_no_expression_is_refused(text: str, message: str | None) -> None:
    if message is None:
        name = text.partition("(")[0]
        near = "; did you mean 'floor'?" if name == "flor" else ""
        message = (
            "a function must be one of abs, ceil, floor, nint, sgn, sqrt, exp, ln, log, log10, ddt, sin, cos, tan, "
            "asin, acos, atan, sinh, cosh, tanh, asinh, acosh, atanh, u, u2, uramp, max, min, pow, pwr, pwl, "
            f"not '{name}'{near}"
        )
    with pytest.raises(NetlistError, match=f"^{re.escape(message)}$"):
        Behaviour("v", text)


@given(st.text("vi(ab,)+*?:<>=&|! 1.5k\n;$'`{}", max_size=30))
def test_nothing_but_an_expression_is_printed(text: str) -> None:
    try:
        behaviour = Behaviour("v", text)
    except NetlistError:
        return
    assert not set(str(behaviour).removeprefix("v='").removesuffix("'")) & set("\n;$'`{}")


def test_a_source_drives_a_voltage_or_a_current() -> None:
    with pytest.raises(NetlistError, match=r"^a behavioural source must drive v or i, not 'q'$"):
        Behaviour("q", "1")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("B1", 1, "instance 'B1', a behavioural source, must have a Behaviour as its value, not '1'"),
        ("R1", Behaviour("v", "1"), "instance 'R1', a resistor, must have no Behaviour as its value, not \"v='1'\""),
    ],
)
def test_a_behaviour_belongs_to_a_behavioural_source(name: str, value: float | Behaviour, message: str) -> None:
    with pytest.raises(NetlistError, match=f"^{re.escape(message)}$"):
        Instance(name, ["a", "b"], value=value)


def test_a_behavioural_source_has_no_parameters() -> None:
    message = "instance 'B1', a behavioural source, must have no parameters, but a behaviour"
    with pytest.raises(NetlistError, match=f"^{re.escape(message)}$"):
        Instance("B1", ["a", "b"], value=Behaviour("v", "1"), parameters={"m": 2})


# ---------------------------------------------------------------- check


def sensing(text: str, *others: Instance | Array, ports: tuple[str, ...] = ()) -> Netlist:
    """A subcircuit with a behavioural source, placed once."""
    contents = [Instance("B1", ["y", "0"], value=Behaviour("v", text)), Instance("R1", ["y", "0"], value=1), *others]
    cell = Subcircuit("cell", [Port(port) for port in ports], contents)
    return Netlist("", [cell], contents=[Instance("X1", ["0"] * len(ports), "cell")])


def test_a_net_that_one_device_drives_and_a_source_senses_does_not_float() -> None:
    check(sensing("v(N1, gnd) + v(p)", Instance("V1", ["n1", "0"], value=1), ports=("p",)))


def test_a_net_of_an_array_that_a_source_senses_does_not_float() -> None:
    row = Array("Vn", 1, 2, ["n{column}", "0"], value=1)
    check(sensing("v(n0, n1)", row))
    with pytest.raises(NetlistError, match=r"^net 'X1/n1' must connect two terminals or more, not one$"):
        check(sensing("v(n0)", row))


def test_a_net_that_is_sensed_only_is_refused() -> None:
    again = Instance("B2", ["0", "y"], value=Behaviour("i", "v(out)"))
    message = "; ".join(
        f"net 'X1/out', which 'X1/{name}' senses, must connect to a terminal or a port" for name in ("B1", "B2")
    )
    with pytest.raises(NetlistError, match=f"^{re.escape(message)}$"):
        check(sensing("v(out)", again))


def test_a_sensed_current_is_of_a_voltage_source_beside() -> None:
    check(sensing("i(V_1) + i(Vn_0_1)", Instance("v_1", "00", value=1), Array("Vn", 1, 2, "00", value=1)))
    message = "the current that 'X1/B1' senses must be of a voltage source beside it, not of 'R1'"
    with pytest.raises(NetlistError, match=f"^{re.escape(message)}$"):
        check(sensing("i(R1)"))
    message = (
        "the current that 'F1' senses must be of a voltage source beside it, not of 'Vsens'; did you mean 'Vsense'?"
    )
    with pytest.raises(NetlistError, match=f"^{re.escape(message)}$"):
        check(Netlist("", contents=[Instance("F1", "00", "Vsens", value=1), Instance("Vsense", "00", value=1)]))


def test_a_controlled_source_must_name_its_voltage_source() -> None:
    message = (
        "instance 'H1', a current-controlled voltage source, must name the voltage source whose current controls it"
    )
    with pytest.raises(NetlistError, match=f"^{re.escape(message)}$"):
        check(Netlist("", contents=[Instance("H1", "00", value=1)]))


# ---------------------------------------------------------------- text


@pytest.mark.parametrize(
    "line",
    ["B1 y 0 v='v(a) > 1 ? 2 : 3'", "B1 y 0\n+ V = {v(a)  >\n+ 1 ? 2 : 3} $ no", "B1 y 0 v=v(a) > 1 ? 2 : 3 ; no"],
)
def test_it_is_read_in_quotes_in_braces_and_bare(line: str) -> None:
    expected = Instance("B1", ["y", "0"], value=Behaviour("v", "v(a) > 1 ? 2 : 3"))
    assert parse_netlist(line).contents == (expected,)


def test_an_array_of_them_prints_what_its_cells_would() -> None:
    array = Array("By", 2, 3, ["y{row}_{column}", "0"], value=Behaviour("i", "v(a, b) * 2"))
    netlist = Netlist("array", contents=[array])
    assert parse_netlist("".join(format_ngspice(netlist))).contents == tuple(array.instances())


@pytest.mark.parametrize("line", ["B1 y 0 1", "B1 y v=1", "B1 y 0 tc1=1 v=2", "B1 y 0 v i=2", "B1 = 1"])
def test_any_other_form_is_refused(line: str) -> None:
    message = "netlist, line 1: instance 'B1' must have two nets, then v=expression or i=expression, not "
    with pytest.raises(NetlistError, match=f"^{re.escape(f'{message}{line!r}')}$"):
        parse_netlist(line)


def test_an_empty_expression_is_refused() -> None:
    message = "netlist, line 1: a behaviour must be an expression of 1 to 4,000 characters, not 0"
    with pytest.raises(NetlistError, match=f"^{re.escape(message)}$"):
        parse_netlist("B1 y 0 v=''")


def test_cdl_has_none() -> None:
    message = "'cell/B1' must be a device that a layout has, as CDL is compared with one, not a behavioural source"
    with pytest.raises(NetlistError, match=f"^{re.escape(message)}$"):
        format_cdl(sensing("1"))


@needs_ngspice
def test_ngspice_computes_it_with_parameters_and_odd_nets(tmp_path: Path) -> None:
    nets = ["k", "in+", "b[0]", "d<1>", "e#2", "vdd!", "7"]
    cell = Subcircuit(
        "cell",
        [Port(net) for net in [*nets, "y", "z"]],
        [
            Instance(
                "By",
                ["y", "0"],
                value=Behaviour("v", "v(K)*k + v(b[0],in+) + v(d<1>)*10 + v(e#2) + (v(vdd!) > one ? 32 : 0) + v(7)"),
            ),
            Instance("Vs", ["k", "n"], value=0),
            Instance("Rs", ["n", "0"], value="1k"),
            Instance("Fz", ["0", "z"], "Vs", value="2*k"),
            Instance("Bz", ["0", "z"], value=Behaviour("i", "i(Vs)*1000 + min(v(k), floor(1.5))")),
            Instance("Rz", ["z", "0"], value=1),
        ],
        parameters={"k": 2, "one": 1},
    )
    sources = [Instance(f"V{place}", [f"t{place}", "0"], value=2**place) for place in range(7)]
    placed = Instance("Xs", [*(f"t{place}" for place in range(7)), "y", "z"], "cell", parameters={"k": 3})
    loads = [Instance(f"R{net}", [net, "0"], value="1meg") for net in "yz"]
    netlist = Netlist("behaviour", [cell], contents=[*sources, placed, *loads])
    check(netlist)
    (tmp_path / "deck.cir").write_text("".join(format_ngspice(netlist)) + ".op\n.end\n")
    done = subprocess.run(["ngspice", "-b", "deck.cir"], cwd=tmp_path, capture_output=True, text=True, check=True)
    found = dict(re.findall(r"^\s+([yz])\s+(-?[0-9.]+e[-+]\d+)$", done.stdout, re.MULTILINE))
    assert float(found["y"]) == pytest.approx(1 * 3 + (4 - 2) + 80 + 16 + 32 + 64)
    assert float(found["z"]) == pytest.approx(6e-3 + 1 + 1, rel=1e-5)
