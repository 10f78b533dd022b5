"""Depthwise layers on VEC or on crossbars: where each goes, and that both compute the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nngen.arch import Architecture
from nngen.compiler.mapper import depthwise_layers, map_network, on_crossbars, place_network
from nngen.errors import CapacityError
from nngen.ir import DepthwiseLayer, MatrixLayer, Network
from nngen.sim.golden import run_golden
from nngen.sim.kpi import mapping_cost
from tests.compiler.builders import chip
from tests.compiler.vector_builders import alone, depthwise, signed_tensor, vector_chip

SOURCE = signed_tensor("x", (6, 6, 16))
NETWORK = alone(depthwise(SOURCE), SOURCE)
# Converters as fast as memory, and words as wide as all channels: POST, which VEC and macros share, takes longest.
FAST = {"dac_bits": 8, "columns_per_adc": 3, "rows": 256, "columns": 96, "controller": "flash", "word_bytes": 16}


def cores(architecture: Architecture, count: int) -> Architecture:
    return replace(architecture, cores=architecture.cores * count)


def units(network: Network, architecture: Architecture, strategy: str) -> list[str]:
    placed, mapping = place_network(network, architecture, strategy=strategy)
    matrices = [isinstance(layer, MatrixLayer) for layer in placed.layers]
    assert [layer.unit == "mvm" for layer in mapping.layers] == matrices
    return [layer.unit for layer in mapping.layers]


def test_without_vec_the_layer_is_a_matrix() -> None:
    assert units(NETWORK, chip(macros=40), "latency") == ["mvm"]


def test_one_core_with_vec_uses_it() -> None:
    """It takes no macro, and no more cycles where both wait for POST or for memory."""
    assert units(NETWORK, vector_chip(macros=40, **FAST), "latency") == ["vec"]


def test_several_cores_with_fast_converters_share_the_channels() -> None:
    four = cores(vector_chip(macros=40, **FAST), 4)
    assert units(NETWORK, four, "latency") == ["mvm"]
    placed, mapping = place_network(NETWORK, four)
    on_vec = mapping_cost(NETWORK, map_network(NETWORK, four), four)
    assert mapping_cost(placed, mapping, four).cycles < on_vec.cycles


@pytest.mark.parametrize("strategy", ["utilization", "data_movement"])
def test_who_counts_macros_or_words_stays_with_vec(strategy: str) -> None:
    assert units(NETWORK, cores(vector_chip(macros=40, **FAST), 4), strategy) == ["vec"]


def test_too_few_macros_for_the_matrix_leave_it_on_vec() -> None:
    """An output has more rows than the one macro of a core."""
    assert units(NETWORK, cores(vector_chip(macros=1, **(FAST | {"rows": 64})), 4), "latency") == ["vec"]


def test_a_layer_for_which_there_is_neither_is_refused_for_what_vec_lacks() -> None:
    with pytest.raises(CapacityError) as caught:
        place_network(NETWORK, chip(macros=1))
    assert str(caught.value) == (
        "layer 'y': depthwise layers run on VEC, which the core has not: add [core.vector] to the architecture"
    )


@pytest.mark.parametrize("dilations", [(1, 1), (2, 1)])
def test_both_forms_compute_the_same(dilations: tuple[int, int]) -> None:
    layer = depthwise(SOURCE, dilations=dilations, strides=(2, 1))
    network = alone(layer, SOURCE)
    inputs = {"x": np.random.default_rng(0).integers(-128, 128, (3, *SOURCE.shape))}
    as_matrix = on_crossbars(network, ("y",))
    assert not depthwise_layers(as_matrix)
    np.testing.assert_array_equal(run_golden(as_matrix, inputs)["y"], run_golden(network, inputs)["y"])


def test_other_layers_and_other_names_stay() -> None:
    assert on_crossbars(NETWORK, ("x", "nothing")).layers == NETWORK.layers
    assert isinstance(NETWORK.layers[0], DepthwiseLayer)
