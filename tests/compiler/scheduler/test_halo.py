"""Halos that layers of different kinds want around one tensor."""

from dataclasses import replace

import numpy as np
import pytest

from nngen.compiler.mapper import map_network
from nngen.compiler.scheduler import schedule
from nngen.errors import CapacityError
from nngen.ir import CoreSchedule, Layer, Network, Tensor, VectorSchedule
from tests.compiler.builders import make_network
from tests.compiler.vector_builders import alone, depthwise, picked, pool, signed_tensor, vector_chip

SOURCE = signed_tensor("x", (6, 6, 2), zero_point=3, lowest=-100)


def named(layer: Layer, name: str) -> Layer:
    return replace(layer, name=name, output=name)


def scheduled(network: Network) -> CoreSchedule:
    chosen = vector_chip()
    return schedule(network, map_network(network, chosen), chosen).cores[0]


def both(source: Tensor) -> Network:
    """Return a network whose input is padded for a depthwise layer and for a max pool."""
    layers = [named(depthwise(source), "a"), named(pool(source, "max", (3, 3), pads=(1, 1, 1, 1)), "b")]
    targets = [signed_tensor(layer.name, (6, 6, 2)) for layer in layers]
    return make_network(layers, [source, *targets], ["a", "b"])


def test_padding_of_a_max_pool_holds_the_lowest_code() -> None:
    layer = pool(SOURCE, "max", (3, 3), pads=(1, 1, 1, 1))
    core = scheduled(alone(layer, SOURCE))
    assert (core.region("x").halo, core.region("x").fill) == ((1, 1, 1, 1), -100)
    (only,) = core.layers
    assert isinstance(only, VectorSchedule)
    assert len(only.bands) == 1


def test_padding_of_an_average_pool_holds_the_zero_point() -> None:
    core = scheduled(alone(pool(SOURCE, "average", (3, 3), pads=(1, 1, 1, 1)), SOURCE))
    assert (core.region("x").halo, core.region("x").fill) == ((1, 1, 1, 1), 3)


def test_a_max_pool_beside_a_layer_that_wants_the_zero_point_is_clipped_at_the_border() -> None:
    core = scheduled(both(SOURCE))
    assert core.region("x").fill == 3
    first, second = core.layers
    assert isinstance(first, VectorSchedule)
    assert isinstance(second, VectorSchedule)
    assert len(first.bands) == 1
    assert [band.rows for band in second.bands] == [1, 4, 1]
    taps = [sum(c.taps for f in s.chunks[0].fills for c in f.combinations) for s in second.bands[0].segments]
    assert (taps[0], taps[-1]) == (4, 4)


def test_a_max_pool_shares_the_halo_where_the_zero_point_is_the_lowest_code() -> None:
    core = scheduled(both(replace(SOURCE, zero_point=-100)))
    second = core.layers[1]
    assert core.region("x").fill == -100
    assert isinstance(second, VectorSchedule)
    assert len(second.bands) == 1


def test_dilation_spreads_the_window() -> None:
    core = scheduled(alone(depthwise(SOURCE, pads=(2, 2, 2, 2), dilations=(2, 2)), SOURCE))
    assert core.region("x").halo == (2, 2, 2, 2)


def test_codes_of_two_bytes_that_fill_cannot_write() -> None:
    wide = signed_tensor("x", (6, 6, 2), bits=16, zero_point=300)
    with pytest.raises(CapacityError) as caught:
        scheduled(alone(depthwise(wide), wide))
    assert str(caught.value) == (
        "layer 'y': padding of 'x' must hold a code whose bytes are equal, such as 0, not 300: quantize that tensor "
        "symmetrically"
    )
    core = scheduled(alone(pool(wide, "max", (3, 3), pads=(1, 1, 1, 1)), wide))  # -32768 is 0x8000
    assert core.region("x").halo == (0, 0, 0, 0)


def test_a_window_of_padding_alone_is_refused() -> None:
    layer = pool(SOURCE, "max", (2, 2), pads=(2, 0, 0, 0))
    network = make_network(
        [layer, named(depthwise(SOURCE), "z")],
        [SOURCE, *(signed_tensor(n, s) for n, s in (("y", (7, 5, 2)), ("z", (6, 6, 2))))],
        ["y", "z"],
    )
    with pytest.raises(CapacityError) as caught:
        scheduled(network)
    assert str(caught.value) == "layer 'y': every window must cover an element of the input, not padding alone"


def test_kernels_that_coefficient_memory_does_not_hold() -> None:
    source = signed_tensor("x", (4, 4, 64))
    small = vector_chip(vector=replace(vector_chip().core.vector, coefficient_words=64))
    network = alone(depthwise(source, weights=np.ones((64, 3, 3), np.int64)), source)
    with pytest.raises(CapacityError) as caught:
        schedule(network, map_network(network, small), small)
    assert str(caught.value) == (
        "the depthwise layers up to 'y' need 72 coefficient words, and 72 with those that follow; the core has 64: "
        "set core[0].vector.coefficient_words = 128"
    )


def test_a_copy_chooses_the_code_around_its_input() -> None:
    core = scheduled(alone(picked(SOURCE, rows_read=(-2, 0, 1), columns_read=(3, 7), fill=9), SOURCE))
    assert (core.region("x").halo, core.region("x").fill) == ((2, 0, 0, 2), 9)


def test_two_codes_around_one_tensor_are_refused() -> None:
    layers = [named(depthwise(SOURCE), "a"), named(picked(SOURCE, rows_read=(-1, 0), fill=9), "b")]
    targets = [signed_tensor("a", (6, 6, 2)), signed_tensor("b", (2, 6, 2))]
    with pytest.raises(CapacityError) as error:
        scheduled(make_network(layers, [SOURCE, *targets], ["a", "b"]))
    assert str(error.value) == "layers 'a' and 'b' want different codes around 'x' (3, 9): pad a copy of it"
