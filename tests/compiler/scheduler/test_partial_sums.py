"""Layers whose outputs have rows on several cores: who writes which slot, and what adds them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nngen.compiler.codegen import generate
from nngen.compiler.scheduler import schedule
from nngen.compiler.scheduler.partial_sums import SlotRange, lowered
from nngen.errors import CapacityError
from nngen.ir import ElementwiseLayer, LayerMapping, Mapping, MatrixLayer, MatrixSchedule, Tile
from tests.compiler.builders import chip, convolution, make_network, make_tensor, perceptron
from tests.compiler.chips import joined, several

NETWORK = perceptron(8, 6, 4)
SMALL: dict[str, Any] = {"base": "micro", "rows": 16, "columns": 32, "columns_per_adc": 4, "macros": 4}


def tile(core: int, macro: int, inputs: tuple[int, int], outputs: tuple[int, int]) -> Tile:
    return Tile(core=core, macro=macro, row=0, column=0, input_range=inputs, output_range=outputs, gain=1)


def spread() -> Mapping:
    """Return a mapping of ``NETWORK`` whose first outputs have rows on two cores, the next on three, then on one."""
    first = (
        tile(0, 0, (0, 5), (0, 2)),
        tile(2, 0, (5, 8), (0, 2)),
        tile(0, 1, (0, 2), (2, 4)),
        tile(1, 0, (2, 5), (2, 4)),
        tile(2, 1, (5, 8), (2, 4)),
        tile(1, 1, (0, 8), (4, 6)),
    )
    second = (tile(0, 2, (0, 6), (0, 4)),)
    return Mapping(layers=(LayerMapping(layer="fc1", core=1, tiles=first), LayerMapping(layer="fc2", tiles=second)))


def test_a_layer_becomes_its_partial_sums_and_their_sum() -> None:
    low = lowered(NETWORK, spread(), chip("lossless").core)
    sums, total, last = low.network.layers
    assert isinstance(sums, MatrixLayer)
    assert isinstance(total, ElementwiseLayer)
    assert (sums.name, total.name, last) == ("fc1 partial sums", "fc1", NETWORK.layers[1])
    assert total.inputs == ("fc1 partial sums", "fc1 partial sums 1", "fc1 partial sums 2")
    assert low.network.tensors["fc1 partial sums"].shape == (3, 1, 6)
    assert (low.origin("fc1 partial sums"), low.origin("fc1"), low.origin("fc2")) == ("fc1", "fc1", "fc2")


def test_ranks_say_who_writes_which_slot_and_who_the_zeros() -> None:
    slots = lowered(NETWORK, spread(), chip("lossless").core).slots["fc1 partial sums"]
    assert slots.ranges(0) == (
        SlotRange(outputs=(0, 2), slot=0, zeros=(2,)),
        SlotRange(outputs=(2, 4), slot=0, zeros=()),
    )
    assert slots.ranges(1) == (
        SlotRange(outputs=(2, 4), slot=1, zeros=()),
        SlotRange(outputs=(4, 6), slot=0, zeros=(1, 2)),
    )
    assert slots.ranges(2) == (
        SlotRange(outputs=(0, 2), slot=1, zeros=()),
        SlotRange(outputs=(2, 4), slot=2, zeros=()),
    )


def test_a_network_without_such_layers_stays_as_it_is() -> None:
    mapping = Mapping(
        layers=(
            LayerMapping(layer="fc1", tiles=(tile(1, 0, (0, 8), (0, 3)), tile(0, 0, (0, 8), (3, 6)))),
            LayerMapping(layer="fc2", tiles=(tile(0, 1, (0, 6), (0, 4)),)),
        )
    )
    low = lowered(NETWORK, mapping, chip("lossless").core)
    assert (low.network, low.mapping, low.slots) == (NETWORK, mapping, {})


def test_the_partial_sums_take_names_that_no_tensor_has() -> None:
    source, taken = make_tensor("x", (1, 1, 8), bits=4), "y partial sums 1"
    layers = [convolution(source, name, np.ones((2, 1, 1, 8))) for name in ("y", taken)]
    network = make_network(layers, [source, make_tensor("y", (1, 1, 2)), make_tensor(taken, (1, 1, 2))], ["y", taken])
    tiles = (tile(0, 0, (0, 4), (0, 2)), tile(1, 0, (4, 8), (0, 2)))
    mapping = Mapping(layers=tuple(LayerMapping(layer=name, tiles=tiles) for name in ("y", taken)))
    names = [layer.name for layer in lowered(network, mapping, chip("lossless").core).network.layers]
    assert names == ["y partial sums'", "y", "y partial sums 1 partial sums", taken]


def test_slots_lie_one_below_the_other_in_the_memory_of_the_core_that_adds() -> None:
    chosen = several(chip(**SMALL), 3)
    made = schedule(NETWORK, spread(), chosen)
    assert [[region.tensor for region in core.regions if "sums" in region.tensor] for core in made.cores] == [
        [],
        ["fc1 partial sums", "fc1 partial sums 1", "fc1 partial sums 2"],
        [],
    ]
    regions = [region for region in made.cores[1].regions if "sums" in region.tensor]
    assert [region.address - regions[0].address for region in regions] == [0, 24, 48]
    first = made.cores[0].layers[0]
    assert isinstance(first, MatrixSchedule)
    assert [(r.output_offset, r.output_bytes, r.zeros) for r in first.rounds] == [(0, 8, (48,)), (8, 8, ())]
    starts = [core.layer_starts for core in generate(NETWORK, spread(), made, chosen).cores]
    assert [[name for name, _ in core] for core in starts] == [["fc1", "fc2"], ["fc1"], ["fc1"]]


def test_a_core_without_vec_cannot_add() -> None:
    base = chip(**SMALL)
    cores = [replace(base.core, vector=base.core.vector if number != 1 else None) for number in range(3)]
    with pytest.raises(CapacityError) as caught:
        schedule(NETWORK, spread(), joined(base, cores))
    assert str(caught.value) == "layer 'fc1' runs on VEC, which core 1 has not"
