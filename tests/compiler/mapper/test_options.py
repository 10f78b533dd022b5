"""What a network asks of a core beside macros, and how it is refused where that is missing."""

from dataclasses import replace

import numpy as np
import pytest

from nngen.arch import Architecture
from nngen.compiler.mapper import check_overflow, map_network, validate_mapping
from nngen.errors import CapacityError, MappingError
from nngen.ir import LayerMapping, Mapping, Network, Tile
from tests.compiler.builders import WORD, chip, make_tensor, perceptron
from tests.compiler.vector_builders import (
    alone,
    depthwise,
    picked,
    pool,
    product,
    signed_requantization,
    signed_tensor,
    vector_chip,
    weighted_sum,
)

SOURCE = signed_tensor("x", (4, 4, 3))
POOL = alone(pool(SOURCE, "max", (2, 2)), SOURCE)


def refusal(network: Network, architecture: Architecture) -> str:
    with pytest.raises(CapacityError) as caught:
        map_network(network, architecture)
    return str(caught.value)


def overflow(network: Network, architecture: Architecture) -> str:
    with pytest.raises(CapacityError) as caught:
        check_overflow(network, map_network(network, architecture), architecture)
    return str(caught.value)


def test_vector_layers_are_mapped_to_vec_without_tiles() -> None:
    assert map_network(POOL, vector_chip()).layers == (LayerMapping(layer="y", unit="vec"),)


@pytest.mark.parametrize(
    ("network", "kind"),
    [
        (POOL, "max pool"),
        (alone(pool(SOURCE, "average", (2, 2)), SOURCE), "average pool"),
        (alone(depthwise(SOURCE), SOURCE), "depthwise"),
        (alone(weighted_sum(SOURCE, SOURCE), SOURCE), "elementwise"),
        (alone(product(SOURCE, SOURCE), SOURCE), "product"),
        (alone(picked(SOURCE), SOURCE), "copy"),
    ],
)
def test_a_core_without_vec(network: Network, kind: str) -> None:
    assert refusal(network, chip("tiny")) == (
        f"layer 'y': {kind} layers run on VEC, which the core has not: add [core.vector] to the architecture"
    )


def with_tables(count: int) -> Network:
    layers = [
        replace(weighted_sum(SOURCE), name=f"y{i}", output=f"y{i}", table=np.roll(np.arange(256), i) & 0x7F)
        for i in range(count)
    ]
    one = alone(weighted_sum(SOURCE), SOURCE)
    tensors = {"x": SOURCE} | {layer.name: signed_tensor(layer.name, SOURCE.shape) for layer in layers}
    return replace(one, tensors=tensors, layers=tuple(layers))


def test_a_core_without_tables_or_with_too_few() -> None:
    assert refusal(with_tables(1), vector_chip()) == (
        "layer 'y0' looks its codes up in a table: set core[0].tables to at least 1"
    )
    assert refusal(with_tables(3), vector_chip(tables=2)) == (
        "the network needs 3 different look-up tables, the core has 2: set core[0].tables = 4"
    )
    assert refusal(with_tables(17), vector_chip(tables=16)) == (
        "the network needs 17 different look-up tables, the most is 16"
    )


def test_equal_tables_share_a_slot() -> None:
    network = with_tables(2)
    same = network.with_layers([replace(layer, table=np.zeros(256, np.int64)) for layer in network.layers])
    assert len(map_network(same, vector_chip(tables=1)).layers) == 2


def test_codes_from_a_table_are_bytes() -> None:
    layer = replace(weighted_sum(SOURCE), table=np.arange(256))
    assert refusal(alone(layer, SOURCE, bits=12), vector_chip(tables=1)) == (
        "layer 'y': codes from a table must have at most 8 bits, not the 12 of 'y'"
    )


def test_a_core_without_constants_for_negative_sums() -> None:
    slope = signed_requantization(3, negative_multiplier=np.ones(3, np.int64), negative_offset=np.ones(3, np.int64))
    network = alone(weighted_sum(SOURCE, requantization=slope), SOURCE)
    assert refusal(network, vector_chip()) == (
        "layer 'y' has constants of their own for negative sums: set core[0].negative_slope = true"
    )


def test_words_are_added_but_not_multiplied() -> None:
    words = make_tensor("x", (4, 4, 3), **WORD)
    assert refusal(alone(weighted_sum(words), words), vector_chip()) == (
        "layer 'y': codes of its input 'x' must have at most 16 bits to be multiplied, not 32"
    )
    assert map_network(alone(weighted_sum(words, words, coefficients=(1, 1)), words), vector_chip()).layers


def test_factors_have_one_size_and_signedness() -> None:
    other = make_tensor("other", (1, 1, 3))
    assert refusal(alone(product(SOURCE, other), SOURCE, other), vector_chip()) == (
        "layer 'y': VEC multiplies codes of one size and signedness, not signed codes of 8 bits with unsigned codes of "
        "8 bits: copy one of them to the other's form first"
    )


def test_products_that_no_accumulator_of_the_core_holds() -> None:
    wide = signed_tensor("x", (4, 4, 3), bits=16, lowest=-(1 << 15), highest=(1 << 15) - 1)
    message = overflow(alone(product(wide, wide, zero_points=(1 << 15, 1 << 15)), wide), vector_chip())
    assert message.startswith("layer 'y' needs accumulators of 34 bits")


def test_coefficients_that_are_too_wide() -> None:
    assert refusal(alone(weighted_sum(SOURCE, coefficients=(1 << 23,)), SOURCE), vector_chip()) == (
        "layer 'y' needs coefficients of 25 bits, VEC has 24"
    )
    kernels = np.full((3, 3, 3), 1 << 15)
    assert refusal(alone(depthwise(SOURCE, weights=kernels), SOURCE), vector_chip()) == (
        "layer 'y' needs coefficients of 17 bits, VEC has 16"
    )


def test_sums_that_no_accumulator_of_the_core_holds() -> None:
    network = alone(weighted_sum(SOURCE, SOURCE, coefficients=(1 << 22, -(1 << 22))), SOURCE)
    assert overflow(network, vector_chip(accumulator_bits=24)) == (
        "layer 'y' needs accumulators of 32 bits, the core has 24: set core[0].accumulator_bits = 32"
    )
    check_overflow(network, map_network(network, vector_chip()), vector_chip())
    network = alone(weighted_sum(*[SOURCE] * 4, coefficients=(1 << 22,) * 4), SOURCE)
    assert overflow(network, vector_chip()) == (
        "layer 'y' needs accumulators of 33 bits, the core has 32: that is the most"
    )


def test_a_kernel_or_window_whose_sum_just_fits() -> None:
    kernels = np.full((3, 3, 3), 7)
    network = alone(depthwise(SOURCE, weights=kernels), SOURCE)  # 9 x 7 x 128 = 8064
    check_overflow(network, map_network(network, vector_chip()), vector_chip(accumulator_bits=14))
    assert overflow(network, vector_chip(accumulator_bits=13)) == (
        "layer 'y' needs accumulators of 14 bits, the core has 13: set core[0].accumulator_bits = 14"
    )
    network = alone(pool(SOURCE, "average", (4, 4)), SOURCE)  # 16 x 128 = 2048
    assert overflow(network, vector_chip(accumulator_bits=12)) == (
        "layer 'y' needs accumulators of 13 bits, the core has 12: set core[0].accumulator_bits = 13"
    )


def test_products_with_either_pair_of_constants_must_fit() -> None:
    chosen = vector_chip(negative_slope=True, accumulator_bits=16, multiplier_bits=8)
    for name in ("offset", "negative_offset"):
        constants = signed_requantization(
            3, negative_multiplier=np.ones(3, np.int64), negative_offset=np.ones(3, np.int64)
        )
        layer = weighted_sum(SOURCE, requantization=replace(constants, **{name: np.full(3, 1 << 23)}))
        assert overflow(alone(layer, SOURCE), chosen) == (
            "layer 'y' needs 25 bits for the product of accumulator and multiplier with its offset, the core has 24 "
            "(accumulator_bits + multiplier_bits): enlarge one of them"
        )


def test_units_and_tiles_that_a_mapping_must_not_have() -> None:
    tile = Tile(macro=0, row=0, column=0, input_range=(0, 1), output_range=(0, 1))
    for wrong, sentence in (
        (LayerMapping(layer="y", unit="mvm"), "unit must be vec, which runs max pool layers, not mvm"),
        (LayerMapping(layer="y", tiles=(tile,)), "a max pool layer must have no tiles, not 1"),
    ):
        with pytest.raises(MappingError) as caught:
            validate_mapping(Mapping(layers=(wrong,)), POOL, vector_chip())
        assert str(caught.value) == f"mapping of layer 'y': {sentence}"
    network = perceptron(4, 2)
    with pytest.raises(MappingError) as caught:
        validate_mapping(Mapping(layers=(LayerMapping(layer="fc1", unit="vec"),)), network, vector_chip())
    assert str(caught.value) == "mapping of layer 'fc1': unit must be mvm, which runs matrix layers, not vec"


def test_a_unit_that_is_left_out_is_filled_in() -> None:
    assert validate_mapping(Mapping(layers=(LayerMapping(layer="y"),)), POOL, vector_chip()).layers[0].unit == "vec"
