"""Calibration of single layers: gains and corrections worked by hand, or searched for one by one."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nngen.arch import Architecture, Core, read_architecture
from nngen.compiler.calibrate import calibrate
from nngen.errors import CapacityError, InputError, MappingError
from nngen.ir import LayerMapping, Mapping, Network, Tile
from nngen.numerics import ENCODINGS, Encoding, Requantization
from nngen.sim.golden import GoldenMachine, run_layer
from tests.sim.golden.builders import fully_connected, make_core, make_network, make_tensor, pass_through, tile

IntArray = npt.NDArray[np.int64]
MICRO = Path(__file__).parents[3] / "flows" / "architectures" / "micro.toml"


def chip(core: Core) -> Architecture:
    return replace(read_architecture(MICRO), cores=(core,))


def mapping_of(*tiles: Tile) -> Mapping:
    return Mapping(layers=(LayerMapping(layer="y", tiles=tiles),))


def one_layer(weights: list[int], *, bits: int = 8, requantization: Requantization | None = None) -> Network:
    layer = fully_connected(np.array(weights).reshape(1, 1, 1, -1), requantization or pass_through(1))
    x = make_tensor("x", (1, 1, len(weights)), bits=bits)
    return make_network([layer], [x, make_tensor("y", (1, 1, 1), bits=32, signed=True)])


def codes(rows: list[list[int]]) -> dict[str, IntArray]:
    return {"x": np.array(rows)[:, None, None]}


def gains_of(mapping: Mapping) -> list[int | None]:
    return [each.gain for each in mapping.layers[0].tiles]


# ---------------------------------------------------------------- without samples


@pytest.mark.parametrize(
    ("weights", "gain"),
    [
        ([3, 3, 3, 3, 3, -3], 4),  # 15 is the highest code at gain 4 = step
        ([3, 3, 3, 3, 3, 1], 2),  # 16 would be clipped there; at gain 2 codes reach 30
        ([-3] * 10, 2),
        ([-3] * 11, 1),
    ],
)
def test_without_samples_the_gain_is_the_largest_that_cannot_clip(weights: list[int], gain: int) -> None:
    """Codes end at 15, the step is 4: 15, 30 and 60 unit cells at gain 4, 2 and 1."""
    network, mapping = calibrate(one_layer(weights), mapping_of(tile((0, len(weights)), None)), chip(make_core()), None)
    assert gains_of(mapping) == [gain]
    assert network.layers[0].requantization.correction.tolist() == [0]


@pytest.mark.parametrize(
    ("encoding", "weights", "gain"),
    [
        ("twos_complement", [3, 1, 1, 1, 1, -1, -1], 4),  # low columns sum to 13 = 3 + 4 + 2 * 3, signs to 2
        ("twos_complement", [-1] * 11 + [1], 2),  # the low column sums to 34, as -1 ends in 11
        ("twos_complement", [-1] * 31, 4),  # nothing but signs
        ("offset", [1, -2], 4),  # 3 + 0
        ("offset", [1] * 10, 4),  # 30, of codes up to 31
        ("offset", [1] * 11, 2),
    ],
)
def test_gains_of_single_columns_use_all_codes(encoding: Encoding, weights: list[int], gain: int) -> None:
    """Codes end at 31, and 32 rows of level 3 make a step of 4."""
    core = make_core(rows=32, encoding=encoding)
    _, mapping = calibrate(one_layer(weights), mapping_of(tile((0, len(weights)), None)), chip(core), None)
    assert core.macro.converter().step == 4
    assert gains_of(mapping) == [gain]


@given(
    st.lists(st.integers(-255, 255), min_size=1, max_size=16),
    st.integers(1, 3),
    st.integers(1, 8),
    st.sampled_from(ENCODINGS),
)
def test_a_proven_gain_clips_at_no_input(weights: list[int], dac_bits: int, cell_bits: int, encoding: Encoding) -> None:
    network = one_layer(weights, bits=6)
    architecture = chip(make_core(dac_bits=dac_bits, cell_bits=cell_bits, adc_bits=7, encoding=encoding))
    _, mapping = calibrate(network, mapping_of(tile((0, len(weights)), None)), architecture, None)
    macro = architecture.core.macro
    converter = macro.converter(mapping.layers[0].tiles[0].gain or 0)
    for sign in (-1, 1):
        driven = np.where(np.sign(weights) == sign, 63, 0)
        machine = GoldenMachine(core=architecture.core, mapping=mapping)
        lossy = run_layer(network, network.layers[0], codes([driven.tolist()])["x"], machine=machine)
        exact = run_layer(network, network.layers[0], codes([driven.tolist()])["x"])
        conversions = (1 << (-(-6 // dac_bits) * dac_bits)) - 1
        slices = architecture.core.macro.weight_format(np.array(weights)).slices
        half_units = conversions // ((1 << dac_bits) - 1) * sum(1 << (cell_bits * s) for s in range(slices))
        error = abs(int(lossy.accumulators.item() - exact.accumulators.item()))
        assert 2 * error <= half_units * converter.step // converter.gain


def test_old_corrections_are_dropped_where_there_are_no_samples() -> None:
    stale = replace(pass_through(1), correction=np.array([5]))
    network = one_layer([1, 1], requantization=stale)
    calibrated, _ = calibrate(network, mapping_of(tile((0, 2), None)), chip(make_core()), None)
    assert calibrated.layers[0].requantization.correction.tolist() == [0]


# ---------------------------------------------------------------- with samples


def test_the_correction_is_the_mean_error_in_units_of_b() -> None:
    """At gain 1 a lone cell of level 1 reads as floor(1/4 + 1/2) = 0: three of four samples lose 1, m = 10."""
    constants = replace(pass_through(1), multiplier=np.array([10]), offset=np.array([100]))
    network = one_layer([1, 0], bits=1, requantization=constants)
    samples = codes([[1, 0], [1, 1], [1, 0], [0, 1]])
    calibrated, _ = calibrate(network, mapping_of(tile((0, 2), gain=1)), chip(make_core()), samples)
    found = calibrated.layers[0].requantization
    assert found.correction.tolist() == [round(-3 / 4 * 10)]
    assert found.corrected_offset.tolist() == [108]
    assert found.offset.tolist() == [100]


def test_the_correction_takes_back_what_earlier_layers_left() -> None:
    """The first layer's error of a whole code reaches the second, which is lossless and corrects it."""
    first = fully_connected(np.array([[[[1]]]]), replace(pass_through(1), lowest=0, highest=255), "h")
    second = replace(fully_connected(np.array([[[[3]]]]), pass_through(1)), input="h")
    tensors = [make_tensor("x", (1, 1, 1), bits=1), make_tensor("h", (1, 1, 1)), make_tensor("y", (1, 1, 1), bits=32)]
    network = make_network([first, second], tensors)
    layers = [LayerMapping(layer=name, tiles=(tile((0, 1), gain),)) for name, gain in (("h", 1), ("y", 4))]
    samples = codes([[1], [1], [1], [0]])
    calibrated, _ = calibrate(network, Mapping(layers=tuple(layers)), chip(make_core()), samples)
    # Layer h: -3/4 rounds to a correction of -1, so its codes are 1, 1, 1, 1 instead of 1, 1, 1, 0.
    assert [layer.requantization.correction.tolist() for layer in calibrated.layers] == [[-1], [round(3 / 4)]]


@given(st.data())
@settings(max_examples=60)
def test_the_gain_is_the_best_of_all_that_may_clip(data: st.DataObject) -> None:
    """Against the definition in floats: the error after correction of its mean, in output codes."""
    rng = np.random.default_rng(data.draw(st.integers(0, 1 << 32)))
    outputs, rows = 3, 12
    constants = Requantization(
        multiplier=rng.integers(1, 1 << 20, outputs),
        offset=np.zeros(outputs, np.int64),
        shift=rng.integers(10, 30, outputs),
        zero_point=0,
        lowest=0,
        highest=255,
    )
    layer = fully_connected(rng.integers(-3, 4, (outputs, 1, 1, rows)), constants)
    network = make_network([layer], [make_tensor("x", (1, 1, rows), bits=4), make_tensor("y", (1, 1, outputs))])
    core = make_core(adc_bits=data.draw(st.integers(3, 5)))
    samples = rng.integers(0, 16, (20, 1, 1, rows))
    open_tile = tile((0, rows), None, (0, outputs))
    _, mapping = calibrate(network, mapping_of(open_tile), chip(core), {"x": samples})
    _, proven = calibrate(network, mapping_of(open_tile), chip(core), None)
    errors = {}
    for gain in core.macro.usable_gains:
        machine = GoldenMachine(core=core, mapping=mapping_of(tile((0, rows), gain, (0, outputs))))
        lossy, exact = (run_layer(network, layer, samples, machine=m).accumulators for m in (machine, None))
        error = (lossy - exact).reshape(-1, outputs) * (constants.multiplier / 2.0**constants.shift)
        errors[gain] = float(error.var(axis=0).sum())
    least = proven.layers[0].tiles[0].gain or 0
    best = min(error for gain, error in errors.items() if gain >= least)
    assert errors[mapping.layers[0].tiles[0].gain or 0] == pytest.approx(best, rel=1e-9, abs=1e-12)


def test_tiles_with_a_gain_keep_it() -> None:
    network = one_layer([1, 1, 1, 1])
    tiles = (tile((0, 2), gain=1), tile((2, 4), gain=None))
    for samples in (None, codes([[0, 50, 100, 150], [200, 250, 3, 7]])):
        _, mapping = calibrate(network, mapping_of(*tiles), chip(make_core()), samples)
        assert gains_of(mapping) == [1, 4]


def test_a_foreign_gain_that_clips_does_not_hold_the_others_back() -> None:
    tiles = (tile((0, 6), gain=4), tile((6, 8), gain=None))
    _, mapping = calibrate(one_layer([3] * 8), mapping_of(*tiles), chip(make_core()), None)
    assert gains_of(mapping) == [4, 4]


# ---------------------------------------------------------------- what is refused


def test_no_sample_is_refused() -> None:
    with pytest.raises(InputError, match=r"^calibration samples must be at least one, not 0$"):
        calibrate(one_layer([1]), mapping_of(tile((0, 1), None)), chip(make_core()), {"x": np.zeros((0, 1, 1, 1), int)})


def test_a_foreign_gain_that_the_macro_lacks_is_refused() -> None:
    message = "mapping of layer 'y': rows 0 to 1 must have a gain of the macro (1, 2, 4), not 8"
    with pytest.raises(MappingError, match=f"^{re.escape(message)}$"):
        calibrate(one_layer([1]), mapping_of(tile((0, 1), 8)), chip(make_core()), codes([[1]]))


def test_a_constant_too_wide_for_the_machine_is_refused_by_layer() -> None:
    wide = replace(pass_through(1), multiplier=np.array([1 << 20]))
    core = replace(make_core(), multiplier_bits=12)
    message = "layer 'y' needs a multiplier of 22 bits, the core has 12: set core[0].multiplier_bits = 22"
    with pytest.raises(CapacityError, match=f"^{re.escape(message)}$"):
        calibrate(one_layer([1], requantization=wide), mapping_of(tile((0, 1), None)), chip(core), None)


def test_an_accumulator_that_could_overflow_is_refused_by_layer() -> None:
    core = replace(make_core(), accumulator_bits=12)
    message = "layer 'y' needs accumulators of 13 bits, the core has 12: set core[0].accumulator_bits = 13"
    with pytest.raises(CapacityError, match=f"^{re.escape(message)}$"):
        calibrate(one_layer([1]), mapping_of(tile((0, 1), None)), chip(core), None)
