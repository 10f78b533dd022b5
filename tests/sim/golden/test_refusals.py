"""What the golden model refuses, and in which words."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from nngen.errors import InputError, MappingError
from nngen.ir import Mapping, Network, Tile
from nngen.sim.golden import GoldenMachine, run_golden

from .builders import fully_connected, make_core, make_network, make_tensor, one_layer_machine, pass_through, tile

IntArray = npt.NDArray[np.int64]


@pytest.fixture
def small() -> Network:
    layer = fully_connected(np.ones((1, 1, 1, 4), np.int64), pass_through(1))
    return make_network([layer], [make_tensor("x", (1, 1, 4)), make_tensor("y", (1, 1, 1), bits=32, signed=True)])


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "inputs must hold tensor 'x', and do not"),
        ({"xx": np.zeros((1, 1, 1, 4), int)}, "inputs must be tensors of the network, not 'xx'; did you mean 'x'?"),
        ({"image": np.zeros((1, 1, 1, 4), int)}, "inputs must be tensors of the network, not 'image'"),
        ({"x": np.zeros((2, 4), int)}, "tensor 'x' must have the shape (samples, 1, 1, 4), not (2, 4)"),
        ({"x": np.zeros((2, 1, 1, 4))}, "tensor 'x' must hold integers, not float64"),
        ({"x": np.full((2, 1, 1, 4), 256)}, "tensor 'x' must hold codes 0 to 255, not 256"),
        ({"x": np.full((2, 1, 1, 4), -1)}, "tensor 'x' must hold codes 0 to 255, not -1"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(small: Network, inputs: dict[str, IntArray], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        run_golden(small, inputs)


def test_inputs_of_unequal_length_are_refused(small: Network) -> None:
    other = replace(small.inputs[0], name="z", tensor="z")
    tensors = small.tensors | {"z": make_tensor("z", (1, 1, 1))}
    network = replace(small, tensors=tensors, inputs=(*small.inputs, other))
    with pytest.raises(InputError, match=r"^inputs must have equally many samples, not 2, 3$"):
        run_golden(network, {"x": np.zeros((2, 1, 1, 4), int), "z": np.zeros((3, 1, 1, 1), int)})


@pytest.mark.parametrize(
    ("tiles", "message"),
    [
        (
            (tile((0, 4), gain=None),),
            "mapping of layer 'y': rows 0 to 4 must have a gain, and have none; calibrate the mapping first",
        ),
        (
            (tile((0, 4), gain=8),),
            "mapping of layer 'y': rows 0 to 4 must have a gain of the macro (1, 2, 4), not 8",
        ),
    ],
)
def test_a_gain_that_the_macro_lacks_is_refused(small: Network, tiles: tuple[Tile, ...], message: str) -> None:
    with pytest.raises(MappingError, match=f"^{re.escape(message)}$"):
        run_golden(small, {"x": np.zeros((1, 1, 1, 4), int)}, machine=one_layer_machine(*tiles, core=make_core()))


def test_a_layer_that_is_not_mapped_is_refused(small: Network) -> None:
    machine = GoldenMachine(core=make_core(), mapping=Mapping(layers=()))
    with pytest.raises(MappingError, match=r"^mapping: layer 'y' must be mapped, and is not$"):
        run_golden(small, {"x": np.zeros((1, 1, 1, 4), int)}, machine=machine)
