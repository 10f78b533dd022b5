"""Cases worked by hand, and what must not change a result."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from nngen.ir import MatrixLayer
from nngen.numerics import Requantization
from nngen.sim.golden import GoldenMachine, run_gains, run_golden, run_layer

from .builders import (
    fully_connected,
    make_core,
    make_network,
    make_tensor,
    one_layer_machine,
    pass_through,
    tile,
)

IntArray = npt.NDArray[np.int64]


def test_conversion_of_a_column_worked_by_hand() -> None:
    """16 rows x 3 x 1 = 48 full scale on codes -16..15 make a step of 4 (48 / 2 = 24 > 15, 48 / 4 = 12)."""
    layer = fully_connected(np.array([3, 3, -1, 2]).reshape(1, 1, 1, 4), pass_through(1))
    network = make_network(
        [layer], [make_tensor("x", (1, 1, 4), bits=2), make_tensor("y", (1, 1, 1), bits=32, signed=True)]
    )
    codes = np.array([3, 1, 2, 0]).reshape(1, 1, 1, 4)
    core = make_core(adc_bits=5)
    assert core.macro.converter().step == 4
    # Plane 0 drives rows 0 and 1: q = 6 -> floor(6/4 + 1/2) = 2 -> 8. Plane 1 drives rows 0 and 2: q = 2 -> 1 -> 4.
    whole = run_layer(network, layer, codes, machine=one_layer_machine(tile((0, 4)), core=core))
    assert whole.accumulators.item() == 8 + 2 * 4
    # At gain 2 the unit is 2: q = 6 -> 3 -> 6 and q = 2 -> 1 -> 2.
    finer = run_layer(network, layer, codes, machine=one_layer_machine(tile((0, 4), gain=2), core=core))
    assert finer.accumulators.item() == 6 + 2 * 2
    # Rows 0 and 1 by themselves: 6 -> 2, 3 -> floor(1.25) = 1; rows 2 and 3: 0 -> 0, -1 -> floor(0.25) = 0.
    split_rows = run_layer(network, layer, codes, machine=one_layer_machine(tile((0, 2)), tile((2, 4)), core=core))
    assert split_rows.accumulators.item() == 8 + 2 * 4
    assert run_layer(network, layer, codes).accumulators.item() == 3 * 3 + 3 * 1 - 1 * 2


def test_a_code_at_the_limit_is_clipped() -> None:
    """Gain 4 = step: codes are q itself, up to 15 of the 45 that fifteen cells of level 3 give."""
    layer = fully_connected(np.full((1, 1, 1, 15), 3), pass_through(1))
    network = make_network(
        [layer], [make_tensor("x", (1, 1, 15), bits=1), make_tensor("y", (1, 1, 1), bits=32, signed=True)]
    )
    machine = one_layer_machine(tile((0, 15), gain=4), core=make_core())
    ones = np.ones((1, 1, 1, 15), np.int64)
    assert run_layer(network, layer, ones, machine=machine).accumulators.item() == 15
    negative = make_network([fully_connected(-layer.weights, pass_through(1))], list(network.tensors.values()))
    assert run_layer(negative, negative.layers[0], ones, machine=machine).accumulators.item() == -16


def test_where_gain_is_step_and_nothing_clips_the_machine_computes_the_exact_network() -> None:
    layer = fully_connected(np.array([3, 3, -1, 2]).reshape(1, 1, 1, 4), pass_through(1))
    network = make_network([layer], [make_tensor("x", (1, 1, 4)), make_tensor("y", (1, 1, 1), bits=32, signed=True)])
    machine = one_layer_machine(tile((0, 4), gain=4), core=make_core())
    assert machine.layer(network, layer).is_lossless()
    assert not one_layer_machine(tile((0, 4), gain=2), core=make_core()).layer(network, layer).is_lossless()
    codes = np.random.default_rng(0).integers(0, 256, (50, 1, 1, 4))
    exact, lossy = run_golden(network, {"x": codes}), run_golden(network, {"x": codes}, machine=machine)
    assert np.array_equal(exact["y"], lossy["y"])


# ---------------------------------------------------------------- sizes and types


@pytest.mark.parametrize("bits", [6, 16, 40])
def test_sums_are_exact_whatever_type_the_product_needs(bits: int) -> None:
    """500 codes of 8 bits: weights of 6 bits stay in float32, of 16 exceed 2^24, of 40 exceed 2^53."""
    rng = np.random.default_rng(bits)
    weights = rng.integers(1 << (bits - 1), 1 << bits, (3, 1, 1, 500))
    layer = fully_connected(weights, pass_through(3))
    network = make_network([layer], [make_tensor("x", (1, 1, 500)), make_tensor("y", (1, 1, 3), bits=32, signed=True)])
    codes = rng.integers(250, 256, (5, 1, 1, 500))
    exact = [
        [sum(int(a) * int(b) for a, b in zip(row, column, strict=True)) for column in weights[:, 0, 0]]
        for row in codes[:, 0, 0]
    ]
    assert run_layer(network, layer, codes).accumulators[:, 0, 0].tolist() == exact


def test_groups_of_samples_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    layer = fully_connected(rng.integers(-3, 4, (2, 1, 1, 16)), pass_through(2))
    network = make_network([layer], [make_tensor("x", (1, 1, 16)), make_tensor("y", (1, 1, 2), bits=32, signed=True)])
    machine = one_layer_machine(tile((0, 16), outputs=(0, 2)), core=make_core())
    codes = rng.integers(0, 256, (11, 1, 1, 16))
    whole = [run_layer(network, layer, codes, machine=model) for model in (None, machine)]
    monkeypatch.setattr("nngen.sim.golden._run.ELEMENTS_AT_ONCE", 64)
    for before, model in zip(whole, (None, machine), strict=True):
        after = run_layer(network, layer, codes, machine=model)
        assert np.array_equal(before.accumulators, after.accumulators)
        assert np.array_equal(before.codes, after.codes)


def test_gains_share_one_run_and_tiles_with_a_gain_keep_it() -> None:
    rng = np.random.default_rng(2)
    layer = fully_connected(rng.integers(-3, 4, (2, 1, 1, 16)), pass_through(2))
    network = make_network([layer], [make_tensor("x", (1, 1, 16)), make_tensor("y", (1, 1, 2), bits=32, signed=True)])
    codes = rng.integers(0, 256, (7, 1, 1, 16))

    def machine(first: int | None, second: int | None) -> GoldenMachine:
        return one_layer_machine(tile((0, 8), first, (0, 2)), tile((8, 16), second, (0, 2)), core=make_core())

    sums = run_gains(network, layer, codes, machine=machine(None, 2), gains=(1, 2, 4))
    for gain, accumulators in zip((1, 2, 4), sums, strict=True):
        alone = run_layer(network, layer, codes, machine=machine(gain, 2))
        assert np.array_equal(accumulators, alone.accumulators)


def test_tiles_of_alternate_outputs_with_other_gains_do_not_mix() -> None:
    """Outputs 0 and 2 share a gain, 1 has another: 3 reads as 4 at gain 1, as 4 at gain 2 and as 3 at gain 4."""
    layer = fully_connected(np.array([3, 3, 3]).reshape(3, 1, 1, 1), pass_through(3))
    network = make_network([layer], [make_tensor("x", (1, 1, 1), bits=1), make_tensor("y", (1, 1, 3), bits=32)])
    tiles = [tile((0, 1), gain, (i, i + 1)) for i, gain in enumerate((1, 4, 1))]
    run = run_layer(network, layer, np.ones((1, 1, 1, 1), int), machine=one_layer_machine(*tiles, core=make_core()))
    assert run.accumulators.ravel().tolist() == [4, 3, 4]


def test_replicas_count_once() -> None:
    layer = fully_connected(np.array([3]).reshape(1, 1, 1, 1), pass_through(1))
    network = make_network([layer], [make_tensor("x", (1, 1, 1), bits=1), make_tensor("y", (1, 1, 1), bits=32)])
    tiles = (tile((0, 1)), tile((0, 1)).model_copy(update={"replica": 1, "macro": 1, "gain": 4}))
    run = run_layer(network, layer, np.ones((1, 1, 1, 1), int), machine=one_layer_machine(*tiles, core=make_core()))
    assert run.accumulators.item() == 4


def test_large_dot_products_are_converted_without_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    layer = fully_connected(rng.integers(-3, 4, (2, 1, 1, 16)), pass_through(2))
    network = make_network([layer], [make_tensor("x", (1, 1, 16)), make_tensor("y", (1, 1, 2), bits=32, signed=True)])
    machine = one_layer_machine(tile((0, 16), 2, (0, 2)), core=make_core())
    codes = rng.integers(0, 256, (11, 1, 1, 16))
    looked_up = run_layer(network, layer, codes, machine=machine).accumulators
    monkeypatch.setattr("nngen.sim.golden._transfer.LARGEST_TABLE", 0)
    assert np.array_equal(run_layer(network, layer, codes, machine=machine).accumulators, looked_up)


def test_a_network_hands_codes_from_layer_to_layer() -> None:
    rng = np.random.default_rng(3)
    halve = Requantization(
        multiplier=np.ones(4, np.int64),
        offset=np.zeros(4, np.int64),
        shift=np.full(4, 6),
        zero_point=0,
        lowest=0,
        highest=255,
    )
    first = fully_connected(rng.integers(-3, 4, (4, 1, 1, 16)), halve, "h")
    second = MatrixLayer(
        name="y",
        input="h",
        output="y",
        weights=rng.integers(-3, 4, (2, 1, 1, 4)),
        strides=(1, 1),
        pads=(0, 0, 0, 0),
        requantization=pass_through(2),
    )
    tensors = [
        make_tensor("x", (1, 1, 16)),
        make_tensor("h", (1, 1, 4)),
        make_tensor("y", (1, 1, 2), bits=32, signed=True),
    ]
    network = make_network([first, second], tensors)
    result = run_golden(network, {"x": rng.integers(0, 256, (9, 1, 1, 16), np.uint8)})
    assert list(result) == ["x", "h", "y"]
    assert {array.dtype for array in result.values()} == {np.dtype(np.int64)}
    assert np.array_equal(result["y"], result["h"] @ second.matrix)
