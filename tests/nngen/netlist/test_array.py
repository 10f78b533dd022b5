"""Arrays: cells by rule, and what an array must be."""

import re
from typing import Any

import numpy as np
import pytest

from nngen.errors import NetlistError
from nngen.netlist import Array, Instance, Quantity


def test_nets_and_values_follow_the_cell() -> None:
    resistance = np.array([[1e3, 2e3, 3e3], [4e3, 5e3, 6e3]])
    array = Array("Rcell", 2, 3, ["bl{column}", "n{row}_{column+1}"], value=resistance, parameters={"tc1": "1m"})
    assert array.at(1, 2) == Instance("Rcell_1_2", ["bl2", "n1_3"], value="6k", parameters={"tc1": "1m"})
    assert [cell.name for cell in array.instances()] == [
        f"Rcell_{row}_{column}" for row in (0, 1) for column in range(3)
    ]
    resistance[1, 2] = 0
    assert array.at(1, 2).value == Quantity(6e3)
    assert isinstance(array.value, np.ndarray)
    assert not array.value.flags.writeable
    with pytest.raises(AttributeError, match="cannot assign"):
        array.rows = 3  # type: ignore[misc]
    assert repr(array).startswith("Array(name='Rcell', rows=2, columns=3, nets=(")


def test_whole_numbers_are_numbers() -> None:
    array = Array("Xc", 1, 2, ["a"], "cell", parameters={"state": np.array([[0, 1]])})
    assert [cell.parameters["state"] for cell in array.instances()] == [Quantity(0.0), Quantity(1.0)]


ONCE = "must have {row} and {column} at most once, with an offset of at most 65,536, not"
BESIDE = "must have a text before {row} and {column}, and no digit beside them, not"
CHARACTERS = "must be letters, digits and any of _!<>[]#+- with a letter, digit or _ first, at most 200, not"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rows": 0}, "the rows of array 'Ra' must be 1 to 65,536, not 0"),
        ({"columns": 65537}, "the columns of array 'Ra' must be 1 to 65,536, not 65537"),
        ({"nets": ["n{row}_{row}", "b"]}, f"a net of array 'Ra' {ONCE} 'n{{row}}_{{row}}'"),
        ({"nets": ["n{row+65537}", "b"]}, f"a net of array 'Ra' {ONCE} 'n{{row+65537}}'"),
        ({"nets": ["{row}", "b"]}, f"a net of array 'Ra' {BESIDE} '{{row}}'"),
        ({"nets": ["n{row}{column}", "b"]}, f"a net of array 'Ra' {BESIDE} 'n{{row}}{{column}}'"),
        ({"nets": ["n1{row}", "b"]}, f"a net of array 'Ra' {BESIDE} 'n1{{row}}'"),
        ({"nets": ["n{row}1", "b"]}, f"a net of array 'Ra' {BESIDE} 'n{{row}}1'"),
        (
            {"nets": ["n{line}", "b"]},
            f"the name of a net of array 'Ra' {CHARACTERS} 'n{{line}}'; spice_name() makes such a name of any text",
        ),
        ({"value": np.ones((3, 2))}, "'value' of array 'Ra' must have the shape (2, 3), not (3, 2)"),
        ({"parameters": {"w": np.ones(6)}}, "'w' of array 'Ra' must have the shape (2, 3), not (6,)"),
        ({"value": np.full((2, 3), "1k")}, "'value' of array 'Ra' must hold numbers, not <U2"),
        (
            {"value": np.array([[1, 2, 3], [4, np.nan, 6]])},
            "'value' of array 'Ra' must hold finite numbers, not nan at 1, 1",
        ),
    ],
)
def test_an_array_must_be_possible(changes: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"name": "Ra", "rows": 2, "columns": 3, "nets": ["a", "b"], "value": 1} | changes
    with pytest.raises(NetlistError, match=f"^{re.escape(message)}$"):
        Array(**arguments)


def test_its_cells_must_be_possible() -> None:
    with pytest.raises(NetlistError, match=r"^the name of an instance must begin with the letter of a device "):
        Array("Zcell", 1, 1, ["a", "b"])
    with pytest.raises(NetlistError, match=r"^the name of a parameter of instance 'Ra_0_0' must be letters, digits"):
        Array("Ra", 1, 1, ["a", "b"], value=1, parameters={"a b": np.ones((1, 1))})
