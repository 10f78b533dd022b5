"""Reading: what the printers write comes back equal; cells written by hand; all else is refused with file and line."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nngen.errors import NetlistError
from nngen.netlist import (
    Behaviour,
    Expression,
    Instance,
    Model,
    Netlist,
    Port,
    Quantity,
    Subcircuit,
    Waveform,
    format_cdl,
    format_ngspice,
    parse_netlist,
    read_netlist,
)

# ---------------------------------------------------------------- what is printed comes back

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,30}", fullmatch=True)
NETS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_!<>\[\]#+\-]{0,30}", fullmatch=True)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False).map(Quantity)
EXPRESSIONS = st.from_regex(
    r"[A-Za-z0-9_+\-*/().,<>=!&|?:^][A-Za-z0-9_ +\-*/().,<>=!&|?:^]{0,120}", fullmatch=True
).filter(lambda text: "//" not in text)
VALUES = st.one_of(NUMBERS, EXPRESSIONS.map(Expression))
PARAMETERS = st.dictionaries(NAMES.map(str.lower), VALUES, max_size=4)
WAVEFORMS = st.from_regex(r"[a-z]{2}( [a-z]+\([0-9 .]+\)| '[a-z+*() ]+'| -?[0-9]+[a-z]?){0,30}", fullmatch=True).map(
    Waveform
)

SENSED = st.one_of(
    NETS.map("v({})".format),
    st.tuples(NETS, NETS).map(lambda nets: f"V({nets[0]}, {nets[1]})"),
    NAMES.map("i({})".format),
    st.sampled_from(["1.5k", ".5", "3meg", "2e-3", "vth", "time"]),
)
BEHAVIOURS = st.builds(
    Behaviour,
    st.sampled_from(["v", "i"]),
    st.recursive(
        SENSED,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["+", " - ", "*", "**", "<=", " > ", "&&"]), inner).map("".join),
            st.tuples(inner, inner, inner).map(lambda parts: "({} ? {} : -{})".format(*parts)),
            inner.map("tanh({})".format),
            st.tuples(inner, inner).map(lambda parts: "max({},{})".format(*parts)),
        ),
        max_leaves=12,
    ),
)


@st.composite
def instances(draw: st.DrawFn, letters: str) -> Instance:
    letter = draw(st.sampled_from(letters))
    name = letter + draw(st.from_regex(r"[A-Za-z0-9_]{0,20}", fullmatch=True))
    match letter.upper():
        case "X" | "D" | "M" | "Q" | "S":
            return Instance(name, draw(st.lists(NETS, max_size=12)), draw(NAMES), parameters=draw(PARAMETERS))
        case "R" | "C" | "L":
            nets, of, value = draw(st.tuples(NETS, NETS)), draw(st.one_of(st.just(""), NAMES)), draw(st.none() | VALUES)
            return Instance(name, nets, of, value=value, parameters=draw(PARAMETERS))
        case "V" | "I":
            return Instance(name, draw(st.tuples(NETS, NETS)), value=draw(st.one_of(st.none(), NUMBERS, WAVEFORMS)))
        case "F" | "H":
            nets, of = draw(st.tuples(NETS, NETS)), draw(NAMES)
            return Instance(name, nets, of, value=draw(VALUES), parameters=draw(PARAMETERS))
        case "B":
            return Instance(name, draw(st.tuples(NETS, NETS)), value=draw(BEHAVIOURS))
        case _:
            nets = draw(st.tuples(NETS, NETS, NETS, NETS))
            return Instance(name, nets, value=draw(VALUES), parameters=draw(PARAMETERS))


MODELS = st.lists(st.builds(Model, NAMES, NAMES, PARAMETERS), max_size=2)
PORTS = st.builds(Port, NETS, st.sampled_from(["analog", "digital", "supply"]), st.sampled_from(["in", "out", "inout"]))
TITLES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80).map(str.strip)


def netlists(letters: str) -> st.SearchStrategy[Netlist]:
    """Netlists whose instances begin with these letters."""
    contents = st.lists(instances(letters), max_size=4)
    subcircuits = st.builds(
        Subcircuit,
        NAMES,
        st.lists(PORTS, max_size=6, unique_by=lambda port: port.name.lower()),
        contents,
        parameters=PARAMETERS,
        constants=PARAMETERS,
        models=MODELS,
    )
    return st.builds(
        Netlist,
        TITLES,
        st.lists(subcircuits, max_size=3),
        contents=contents,
        constants=PARAMETERS,
        models=MODELS,
    )


@settings(max_examples=30)
@given(netlists("XxRCLDMQSVIEGFHBrmb"))
def test_reading_undoes_printing(netlist: Netlist) -> None:
    text = "".join(format_ngspice(netlist))
    assert parse_netlist(text) == netlist
    assert "".join(format_ngspice(parse_netlist(text))) == text


@settings(max_examples=30)
@given(netlists("XxRCLDMQSVIEGFHrm"))
def test_cdl_loses_domains_and_models_only(netlist: Netlist) -> None:
    stripped = Netlist(
        netlist.title,
        [
            Subcircuit(
                part.name,
                [Port(port.name, "analog", port.direction) for port in part.ports],
                part.contents,
                parameters=part.parameters,
                constants=part.constants,
            )
            for part in netlist.subcircuits
        ],
        contents=netlist.contents,
        constants=netlist.constants,
    )
    assert parse_netlist("".join(format_cdl(netlist))) == stripped


# ---------------------------------------------------------------- cells written by hand

BY_HAND = """\
* a cell – by hand
.SUBCKT inv a y vdd! gnd! PARAMS: wn=1u
+ wp = 'wn*2'   ; the p side is slower
* a comment between

+ l={0.18u}     $ both
MP1 y a vdd! vdd! pch W=wp L='l'
mn1 y a gnd! gnd! nch w = {wn} l='l' $ n
R1 y vss rpoly 4.7kohm
.model pch PMOS (level=1 vto=-0.5)
.model nch nmos(level=1 kp='2*(50u + 1u)')
.param k=1 m2='k*2'
.ENDS
V1 a 0 dc {vdd/2}
x1 a y vdd 0 inv wn=2u
.end
"""


def test_a_cell_written_by_hand() -> None:
    assert parse_netlist(BY_HAND.replace("\n", "\r\n")) == Netlist(
        "a cell ? by hand",
        [
            Subcircuit(
                "inv",
                [Port("a"), Port("y"), Port("vdd!"), Port("gnd!")],
                [
                    Instance("MP1", ["y", "a", "vdd!", "vdd!"], "pch", parameters={"W": "wp", "L": "l"}),
                    Instance("mn1", ["y", "a", "gnd!", "gnd!"], "nch", parameters={"w": "wn", "l": "l"}),
                    Instance("R1", ["y", "vss"], "rpoly", value="4.7k"),
                ],
                parameters={"wn": "1u", "wp": "wn*2", "l": Expression("0.18u")},
                constants={"k": 1, "m2": "k*2"},
                models=[
                    Model("pch", "PMOS", {"level": 1, "vto": -0.5}),
                    Model("nch", "nmos", {"level": 1, "kp": "2*(50u + 1u)"}),
                ],
            )
        ],
        contents=[
            Instance("V1", ["a", "0"], value="dc 'vdd/2'"),
            Instance("x1", ["a", "y", "vdd", "0"], "inv", parameters={"wn": "2u"}),
        ],
    )


HANDWRITTEN_HIERARCHY = """\
\ufeff* two levels
.SUBCKT Cell WL bl\tsl  // the bitcell
*  Port wl DIGITAL in
* port bl analog inout
* port sl analog output?
.PARAM lmin = {2*90n}
.Model sel NMOS (
+ level = 1\tvto=0.4
+ )
M1 n WL sl 0 SEL w='2\t*\tw0' l=lmin
; a comment
R1 bl n
+
* and another

+ {r} tc1=1m
.param w0=1u
.ENDS CELL
.subckt row wl b0 b1 sl r0=1k r1='r0*2'
x0 wl b0 sl cell
X1 wl b1 sl
+ CELL
+ params: r = {r1/2} m=2
.ends
"""


def test_a_hierarchy_written_by_hand() -> None:
    wl, bl, sl = Port("WL", "digital", "in"), Port("bl"), Port("sl")
    cell = Subcircuit(
        "Cell",
        [wl, bl, sl],
        [
            Instance("M1", ["n", "WL", "sl", "0"], "SEL", parameters={"w": "2 * w0", "l": "lmin"}),
            Instance("R1", ["bl", "n"], value="r", parameters={"tc1": "1m"}),
        ],
        constants={"lmin": "2*90n", "w0": "1u"},
        models=[Model("sel", "NMOS", {"level": 1, "vto": 0.4})],
    )
    row = Subcircuit(
        "row",
        [Port(name) for name in ("wl", "b0", "b1", "sl")],
        [
            Instance("x0", ["wl", "b0", "sl"], "cell"),
            Instance("X1", ["wl", "b1", "sl"], "CELL", parameters={"r": "r1/2", "m": 2}),
        ],
        parameters={"r0": "1k", "r1": "r0*2"},
    )
    assert parse_netlist(HANDWRITTEN_HIERARCHY) == Netlist("two levels", [cell, row])


def test_a_netlist_may_be_empty() -> None:
    assert parse_netlist("") == Netlist("")
    assert parse_netlist("\n\n.end\n") == Netlist("")


def test_comments_that_only_look_like_those_of_ports_are_comments() -> None:
    text = "* t\n.subckt x a\n* port a power out\n* port b analog in\n*.PININFO a:Z c\n*.PININFO\n.ends\n"
    assert parse_netlist(text).subcircuits == (Subcircuit("x", [Port("a")]),)


# ---------------------------------------------------------------- what is refused

IDENTIFIER = "must be letters, digits and _ with no digit first, at most 200, not"
HINT = "; spice_name() makes such a name of any text"
RUNS = "must not stand in a netlist: it would run commands"
OPENS = "must not stand in a netlist: it would open another file"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (".control\nshell reboot\n.endc", 1, f".control {RUNS}"),
        ("* t\n.CONTROL", 2, f".control {RUNS}"),
        ("* t\n  .endc", 2, f".endc {RUNS}"),
        (".shell reboot", 1, f".shell {RUNS}"),
        (".system reboot", 1, f".system {RUNS}"),
        (".exec reboot", 1, f".exec {RUNS}"),
        ("* t\n*# shell reboot", 2, f"'*#' {RUNS}"),
        (".include /etc/passwd", 1, f".include {OPENS}"),
        (".inc x", 1, f".inc {OPENS}"),
        (".incl x", 1, f".incl {OPENS}"),
        (".lib x tt", 1, f".lib {OPENS}"),
        (".load x", 1, f".load {OPENS}"),
        (".osdi x", 1, f".osdi {OPENS}"),
        (".pre_osdi x", 1, f".pre_osdi {OPENS}"),
        (".op", 1, "a directive must be one of .subckt, .ends, .model, .param and .end, not '.op'"),
        ("+ a b", 1, "a line with '+' must continue another, but nothing stands before it"),
        (".subckt", 1, ".subckt must have a name"),
        (".subckt a\n.subckt b", 2, "a subcircuit must not begin inside another, 'a'"),
        (".subckt a\nR1 x y 1", 1, "subcircuit 'a' must end with .ends"),
        (".subckt 1a", 1, f"the name of a subcircuit {IDENTIFIER} '1a'{HINT}"),
        (".ends", 1, ".ends must end a subcircuit, but none has begun"),
        (".subckt a\n.ends b", 2, ".ends must name the subcircuit that it ends, 'a', not 'b'"),
        (".model nch", 1, ".model must have a name, a kind and parameters, not '.model nch'"),
        (".param a", 1, "parameters must be name=value, not 'a'"),
        (".param a==", 1, "parameters must be name=value, not 'a = ='"),
        (".param a=1 b", 1, "parameters must be name=value, not 'b'"),
        (
            ".param a=1\n.param A=2",
            2,
            "parameter 'A' of a .param line must be given once; SPICE does not see upper and lower case",
        ),
        (
            "R1 a b 1 w=1 w=2",
            1,
            "parameter 'w' of this line must be given once; SPICE does not see upper and lower case",
        ),
        ("R1 = 2", 1, "parameters must be name=value, not '= 2'"),
        ("R1 a b 1 2", 1, "a device must have one value and one model behind its nets, not '1 2'"),
        ("R1 a b c d", 1, "a device must have one value and one model behind its nets, not 'c d'"),
        ("R1 a b 'x", 1, 'every quote and brace must have its partner, not "R1 a b \'x"'),
        ("R1 a b 1e999", 1, "a value must be a finite number, not inf"),
        ("X1 w=1", 1, "instance 'X1' must name its subcircuit"),
        (
            "Z1 a b",
            1,
            "the name of an instance must begin with the letter of a device "
            "(R, C, L, D, M, Q, S, V, I, E, G, F, H, B) or with X for a subcircuit, not 'Z1'",
        ),
        ("* t\nR1 a b 10µ", 2, "outside of comments all must be ASCII, not 'R1 a b 10\\xb5'"),
    ],
)
def test_what_is_refused(text: str, line: int, message: str) -> None:
    with pytest.raises(NetlistError, match=f"^{re.escape(f'cell.sp, line {line}: {message}')}$"):
        parse_netlist(text, name="cell.sp")


@pytest.mark.parametrize(
    "text",
    [
        "R1 a b `x`",
        "R1 a $(x) 1",
        "R1 a b {{x}}",
        'R1 a b "x"',
        "V1 a 0 pwl file=/etc/passwd",
        "R1 a b x=`y`",
        ".param a=$x",
    ],
)
def test_nothing_that_a_shell_or_a_template_reads_comes_through(text: str) -> None:
    with pytest.raises(NetlistError, match=r"^netlist, line 1: "):
        parse_netlist(text)


def test_a_file_is_read_to_its_limit_only(tmp_path: Path) -> None:
    path = tmp_path / "cell.sp"
    path.write_text("* t\nR1 a b 1\n")
    assert read_netlist(path, largest=13) == Netlist("t", contents=[Instance("R1", ["a", "b"], value=1)])
    message = "cell.sp must have at most 12 bytes; a simulator reads more than nngen does"
    with pytest.raises(NetlistError, match=f"^{re.escape(message)}$"):
        read_netlist(path, largest=12)


def test_a_file_must_be_there(tmp_path: Path) -> None:
    message = "absent.sp must be a file that can be read: No such file or directory"
    with pytest.raises(NetlistError, match=f"^{re.escape(message)}$"):
        read_netlist(tmp_path / "absent.sp")


@given(st.text("R1abX.=' {}()+*$;\n\t\\\"`k-_#/", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        netlist = parse_netlist(text)
    except NetlistError:
        return
    assert parse_netlist("".join(format_ngspice(netlist))) == netlist
