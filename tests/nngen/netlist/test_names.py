"""Names from outside: whatever they are, SPICE gets identifiers, and never one for two."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nngen.netlist import Port, spice_name

HOSTILE = [
    ".control",
    ".include /etc/passwd",
    "*#shell",
    "a\nb",
    "a\r\n.control\nshell reboot\n.endc",
    "$(reboot)",
    "`reboot`",
    "{{ config }}",
    "../../etc/passwd",
    "'",
    '"',
    "a'b\"c",
    "ünïcode",
    "日本語",
    "\ud800",
    "\0",
    "",
    " ",
    "0",
    "1e3",
    "gnd",
    "GND",
    "a" * 10_000,
    "/" * 10_000,
    "K",  # the Kelvin sign, whose lower case is k
]
TEXTS = st.one_of(
    st.text(max_size=80),
    st.text("aAbB_01.", max_size=6),
    st.sampled_from(HOSTILE),
    st.from_regex(r"[a-z]{1,3}__[a-z2-7]{26}", fullmatch=True),
    st.from_regex(r"[a-zA-Z]{39,42}", fullmatch=True),
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_becomes_an_identifier(text: str) -> None:
    name = spice_name(text)
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name)
    assert name != text
    Port(name)


def test_a_good_name_stays() -> None:
    assert [spice_name(name) for name in ("conv1", "layer_3", "x")] == ["conv1", "layer_3", "x"]
    assert spice_name("a" * 40) == "a" * 40


def test_names_are_the_same_tomorrow() -> None:
    assert spice_name("Conv1") == "conv1__vkgbdcghrrqnmn27dfkhlesxou"
    assert spice_name(".control") == "control__y4r2eh5flyngoepholgnc3223u"


@given(TEXTS, TEXTS)
def test_two_names_never_become_one(one: str, other: str) -> None:
    assert (spice_name(one).lower() == spice_name(other).lower()) == (one == other)


@given(TEXTS)
def test_what_was_made_is_never_what_another_stays(text: str) -> None:
    made = spice_name(text)
    assert len(made) <= 60
    assert made == text or spice_name(made) != made


def test_case_and_long_tails_count() -> None:
    names = ["conv", "Conv", "CONV", "conv ", "c" * 10_000, "c" * 10_001, "a.b", "a_b", "a/b", "a b"]
    assert len({spice_name(name) for name in names}) == len(names)
