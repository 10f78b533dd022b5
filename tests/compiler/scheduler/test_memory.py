"""Activation memory: halos, lifetimes, and what is said where it is too small."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nngen.compiler.mapper import map_network
from nngen.compiler.scheduler import schedule
from nngen.errors import CapacityError
from nngen.ir import Network, Region
from tests.compiler.builders import (
    chip,
    convolution,
    image_network,
    make_network,
    make_tensor,
    output_shape,
    perceptron,
)
from tests.compiler.randoms import random_chip, random_network


def regions_of(network: Network, **changes: int) -> dict[str, Region]:
    chosen = chip("tiny", activation_bytes=1 << 16, **changes)
    core = schedule(network, map_network(network, chosen), chosen).cores[0]
    return {region.tensor: region for region in core.regions}


def branches(*pads: tuple[int, int, int, int]) -> Network:
    """Return a network whose input has a consumer for each of ``pads``, with 3x3 kernels."""
    source = make_tensor("x", (5, 6, 2), bits=4, zero_point=3)
    weights = np.ones((2, 3, 3, 2), np.int64)
    layers = [convolution(source, f"y{i}", weights, pads=p) for i, p in enumerate(pads)]
    tensors = [source, *(make_tensor(layer.name, output_shape(source, layer)) for layer in layers)]
    return make_network(layers, tensors, [layer.output for layer in layers])


def test_a_tensor_carries_the_halo_of_its_consumer_at_the_zero_point() -> None:
    region = regions_of(branches((1, 2, 1, 1)))["x"]
    assert (region.halo, region.fill) == ((1, 2, 1, 1), 3)
    assert (region.pixel_bytes, region.pitch) == (2, 2 * (2 + 6 + 1))
    assert region.interior(0, 0) - region.address == region.pitch + 2 * 2


def test_consumers_with_different_pads_share_the_largest_halo() -> None:
    assert regions_of(branches((1, 0, 0, 2), (0, 2, 1, 0)))["x"].halo == (1, 2, 1, 2)


def test_a_halo_that_no_stride_reaches_is_left_out() -> None:
    source = make_tensor("x", (8, 8, 1), bits=4)
    layer = convolution(source, "y", np.ones((1, 3, 3, 1), np.int64), pads=(1, 1, 1, 1), strides=(2, 2))
    network = make_network([layer], [source, make_tensor("y", output_shape(source, layer))])
    assert regions_of(network)["x"].halo == (1, 1, 0, 0)


def test_accumulators_that_pass_through_take_four_bytes() -> None:
    assert regions_of(perceptron(8, 5))["fc1"].size == 20


def test_memory_is_used_again_once_a_tensor_is_dead() -> None:
    regions = regions_of(perceptron(64, 64, 64, 64, 8), macros=16)
    assert max(region.address + region.size for region in regions.values()) == 128


def test_memory_that_is_too_small_names_the_layer_that_needs_most() -> None:
    network = image_network(side=8, channels=4)
    small = chip("tiny", activation_bytes=512)
    with pytest.raises(CapacityError) as caught:
        schedule(network, map_network(network, small), small)
    assert str(caught.value) == (
        "layer 'conv2': the tensors alive with it need 656 bytes of activation memory, the core has 512: "
        "set core[0].memory.activation_bytes = 656"
    )
    enough = chip("tiny", activation_bytes=656)
    schedule(network, map_network(network, enough), enough)


def test_memory_that_no_core_has() -> None:
    source = make_tensor("x", (800, 800, 1), bits=4)
    layer = convolution(source, "y", np.ones((1, 1, 1, 1), np.int64))
    network = make_network([layer], [source, make_tensor("y", (800, 800, 1))])
    largest = chip("tiny", activation_bytes=1 << 19)
    with pytest.raises(CapacityError) as caught:
        schedule(network, map_network(network, largest), largest)
    assert str(caught.value) == (
        "layer 'y': the tensors alive with it need 1280000 bytes of activation memory, the core has 524288: "
        "that is the most a core can have"
    )


@settings(max_examples=60)
@given(st.integers(0, (1 << 32) - 1))
def test_tensors_that_live_at_the_same_time_do_not_overlap(seed: int) -> None:
    rng = np.random.default_rng(seed)
    architecture = random_chip(rng, lossless=True)
    network = random_network(rng, architecture.core)
    try:
        core = schedule(network, map_network(network, architecture), architecture).cores[0]
    except CapacityError:
        return
    alive = {entry.tensor for entry in network.inputs}
    for i, layer in enumerate(network.layers):
        alive.add(layer.output)
        taken = np.zeros(architecture.core.activation_bytes, np.int64)
        for name in alive:
            region = core.region(name)
            taken[region.address : region.address + region.size] += 1
        assert taken.max() == 1
        later = {after.input for after in network.layers[i + 1 :]} | {entry.tensor for entry in network.outputs}
        alive &= later
