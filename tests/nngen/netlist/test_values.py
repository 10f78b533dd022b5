"""Numbers, expressions and waveforms: exact, as SPICE reads them, safe to print."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nngen.errors import NetlistError
from nngen.netlist import Expression, Instance, Quantity, Waveform, format_number, parse_number


def sentence(text: str) -> str:
    return f"^{re.escape(text)}$"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_printed_reads_back_exactly(value: float) -> None:
    assert parse_number(format_number(value)) == (value, "")


@given(st.integers(-16, 16), st.integers(1, 9999))
def test_few_digits_stay_few(exponent: int, digits: int) -> None:
    text = format_number(float(f"{digits}e{exponent}"))
    assert len(re.sub(r"e.*|[^0-9]", "", text).strip("0")) <= 4


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e3, "1k"),
        (2.2e-15, "2.2f"),
        (1e6, "1meg"),
        (4.7e3, "4.7k"),
        (0.18e-6, "180n"),
        (1e-15, "1f"),
        (9.99e-16, "9.99e-16"),
        (999e12, "999t"),
        (1e15, "1e15"),
        (-0.5, "-500m"),
        (12345.678, "12.345678k"),
        (100.0, "100"),
        (0.0, "0"),
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e308"),
    ],
)
def test_a_number_has_an_si_prefix(value: float, text: str) -> None:
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1meg", 1e6, ""),
        ("1MEG", 1e6, ""),
        ("1M", 1e-3, ""),
        ("10u", 10e-6, ""),
        ("4.7kohm", 4700, "ohm"),
        ("2.2MegOhm", 2.2e6, "Ohm"),
        ("10pF", 10e-12, "F"),
        ("1F", 1e-15, ""),  # femto, not farad: SPICE's trap
        ("5V", 5, "V"),
        (".5", 0.5, ""),
        ("-3.", -3, ""),
        ("+1e-3k", 1, ""),
        ("2mil", 50.8e-6, ""),
        ("1e3", 1000, ""),
    ],
)
def test_a_suffix_is_read_as_in_spice(text: str, value: float, unit: str) -> None:
    assert parse_number(text) == (value, unit)
    assert Quantity.parse(text) == Quantity(value)
    assert Quantity.parse(text).unit == unit


@pytest.mark.parametrize("text", ["", "k", "1 k", "1.2.3", "0x10", "1e", "nan", "inf", "--1", "1" * 65, "١", "1_0"])
def test_no_other_text_is_a_number(text: str) -> None:
    if text == "1e":  # an e without digits is a unit
        assert parse_number(text) == (1, "e")
    else:
        assert parse_number(text) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abc", "a value must be a number with a prefix and a unit, not 'abc'"),
        ("1e999", "a value must be a finite number, not inf"),
    ],
)
def test_a_quantity_must_be_a_number(text: str, message: str) -> None:
    with pytest.raises(NetlistError, match=sentence(message)):
        Quantity.parse(text)


def test_a_unit_is_short_and_of_letters() -> None:
    assert Quantity(1.0, "kΩ") == Quantity(1.0)
    with pytest.raises(NetlistError, match=sentence("a unit must be at most 16 letters, not 'a\\nb'")):
        Quantity(1.0, "a\nb")


@pytest.mark.parametrize("text", ["", "a\n.control", "'", "{{ x }}", "$(x)", "`x`", '"x"', "a;b", "a // b", "x" * 4001])
def test_an_expression_cannot_leave_its_quotes(text: str) -> None:
    with pytest.raises(NetlistError, match=r"^an expression must be 1 to 4,000 letters, digits, operators and "):
        Expression(text)


@pytest.mark.parametrize("text", ["", "1k", "pwl file=x", "'", "sin(0 1)\n.control", "a;b", "$x", "1//2"])
def test_a_waveform_is_words_in_one_line(text: str) -> None:
    message = (
        "a waveform must be words, numbers, parentheses and expressions in single quotes, no '//' "
        f"and no number alone, not {text!a}"
    )
    with pytest.raises(NetlistError, match=sentence(message)):
        Waveform(text)


def test_spaces_do_not_matter() -> None:
    assert Expression(" 2  * l ") == Expression("2 * l")
    assert Waveform("dc 0  sin(0 'a  + b' 1k)").text == "dc 0 sin(0 'a + b' 1k)"


def test_texts_become_what_they_are() -> None:
    instance = Instance("R1", ["a", "b"], value="1k", parameters={"tc1": 1, "w": Quantity(1e-6, "m"), "l": "2*w"})
    assert instance.value == Quantity(1000.0)
    assert instance.parameters == {"tc1": Quantity(1.0), "w": Quantity(1e-6), "l": Expression("2*w")}
    assert Instance("V1", ["a", "0"], value="1.8").value == Quantity(1.8)
    assert Instance("V1", ["a", "0"], value="dc 1 ac 1").value == Waveform("dc 1 ac 1")
    assert Instance("V1", ["a", "0"], value=Waveform("dc 1")).value == Waveform("dc 1")
    assert Instance("V1", ["a", "0"], value=Expression("vdd/2")).value == Waveform("'vdd/2'")
