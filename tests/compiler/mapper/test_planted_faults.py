"""Valid mappings of random networks, each with one fault planted: none gets through."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.random import Generator

from nngen.compiler.mapper import map_network, validate_mapping
from nngen.errors import CapacityError, MappingError
from nngen.ir import Tile
from tests.compiler.randoms import random_chip, random_network

Tiles = tuple[Tile, ...]


def twice(tiles: Tiles, chosen: int) -> Tiles:
    return (*tiles, tiles[chosen])


def not_at_all(tiles: Tiles, chosen: int) -> Tiles:
    return tiles[:chosen] + tiles[chosen + 1 :]


def one_row_short(tiles: Tiles, chosen: int) -> Tiles:
    first, end = tiles[chosen].input_range
    return with_tile(tiles, chosen, input_range=(first + 1, end))


def one_output_more(tiles: Tiles, chosen: int) -> Tiles:
    first, end = tiles[chosen].output_range
    return with_tile(tiles, chosen, output_range=(first, end + 1))


def other_rows(tiles: Tiles, chosen: int) -> Tiles:
    first, end = tiles[chosen].input_range
    return with_tile(tiles, chosen, input_range=(first + 1, end + 1))


def beside_the_macro(tiles: Tiles, chosen: int) -> Tiles:
    return with_tile(tiles, chosen, column=4094)


def in_another_encoding(tiles: Tiles, chosen: int) -> Tiles:
    other = "offset" if tiles[chosen].encoding == "differential" else "differential"
    return with_tile(tiles, chosen, encoding=other)


def below_the_macro(tiles: Tiles, chosen: int) -> Tiles:
    return with_tile(tiles, chosen, row=2047)


def with_tile(tiles: Tiles, chosen: int, **changes: object) -> Tiles:
    return (*tiles[:chosen], tiles[chosen].model_copy(update=changes), *tiles[chosen + 1 :])


FAULTS = (
    twice,
    not_at_all,
    one_row_short,
    one_output_more,
    other_rows,
    in_another_encoding,
    beside_the_macro,
    below_the_macro,
)


@pytest.mark.parametrize("fault", FAULTS)
@settings(max_examples=15)
@given(seed=st.integers(0, (1 << 32) - 1))
def test_a_planted_fault_is_refused(fault: Callable[[Tiles, int], Tiles], seed: int) -> None:
    rng: Generator = np.random.default_rng(seed)
    architecture = random_chip(rng, lossless=False)
    network = random_network(rng, architecture.core)
    try:
        mapping = map_network(network, architecture)
    except CapacityError:
        assume(False)
    layer = mapping.layers[int(rng.integers(len(mapping.layers)))]
    broken = layer.model_copy(update={"tiles": fault(layer.tiles, int(rng.integers(len(layer.tiles))))})
    layers = tuple(broken if one is layer else one for one in mapping.layers)
    with pytest.raises(MappingError, match=r"^mapping of layer 'layer\d'"):
        validate_mapping(mapping.model_copy(update={"layers": layers}), network, architecture)
