"""Parts of layers on several cores: who holds which tensor, who waits for whom, and what is said without room."""

from typing import Any

import pytest

from nngen.arch import Architecture
from nngen.compiler.codegen import generate
from nngen.compiler.scheduler import schedule
from nngen.compiler.scheduler.counters import PADDED
from nngen.compiler.scheduler.parts import holders_of
from nngen.errors import CapacityError
from nngen.ir import CoreProgram, Exchange, LayerMapping, Mapping, Network, Take, Tell, Tile
from tests.compiler.builders import chip, image_network, perceptron
from tests.compiler.chips import joined, several


def columns(network: Network, *splits: tuple[tuple[int, int], ...]) -> Mapping:
    """Return a mapping in one macro a layer and core: of each layer, (core, number of outputs) in their order."""
    layers = []
    for number, (layer, parts) in enumerate(zip(network.layers, splits, strict=True)):
        tiles, first = [], 0
        for core, outputs in parts:
            span = first, first + outputs
            tiles.append(
                Tile(core=core, macro=number, row=0, column=0, input_range=(0, layer.rows), output_range=span, gain=1)
            )
            first += outputs
        layers.append(LayerMapping(layer=layer.name, tiles=tuple(tiles)))
    return Mapping(layers=tuple(layers))


def wide(count: int, **changes: int) -> Architecture:
    """Return a chip of several cores whose macros hold a whole layer of the tests."""
    base = chip("lossless", rows=64, columns=256, columns_per_adc=16, macros=4, adc_bits=14)
    return several(base, count, **changes)


def test_tensors_live_where_they_are_read_and_outputs_where_they_begin() -> None:
    network = perceptron(8, 6, 4, 3)
    mapping = columns(network, ((0, 3), (2, 3)), ((1, 2), (2, 2)), ((2, 1), (1, 2)))
    assert holders_of(network, mapping) == {"x": (0, 2), "fc1": (1, 2), "fc2": (1, 2), "fc3": (1,)}


def test_a_part_tells_all_cores_of_the_next_layer() -> None:
    network = image_network(side=6, channels=4)
    made = schedule(network, columns(network, ((0, 3), (2, 1)), ((1, 2), (2, 2))), wide(3))
    exchanges = {(core.core, layer.layer): layer.exchange for core in made.cores for layer in core.layers}
    first: dict[str, Any] = {
        "targets": (1, 2),
        "takes": (Take(counter=PADDED, count=1),),
        "tells": (Tell(counter=0, cores=(1, 2)),),
    }
    last: dict[str, Any] = {"targets": (1,), "takes": (Take(counter=0, count=2),)}
    assert exchanges == {
        (0, "conv1"): Exchange(fills_halo=True, **first),
        (2, "conv1"): Exchange(fills_halo=False, **first),
        (1, "conv2"): Exchange(fills_halo=True, **last),
        (2, "conv2"): Exchange(fills_halo=False, **last),
    }


def test_a_tensor_lies_at_one_address_and_memory_is_used_again_on_each_core() -> None:
    network = perceptron(64, 64, 64, 64, 8)
    mapping = columns(network, ((0, 64),), ((1, 64),), ((0, 64),), ((1, 8),))
    made = schedule(network, mapping, wide(2))
    regions = [{region.tensor: region.address for region in core.regions} for core in made.cores]
    assert regions == [{"x": 0, "fc2": 0}, {"fc1": 0, "fc3": 0, "fc4": 64}]


def test_a_core_without_work_halts() -> None:
    network, chosen = perceptron(8, 4), wide(3)
    mapping = columns(network, ((1, 4),))
    made = schedule(network, mapping, chosen)
    cores = generate(network, mapping, made, chosen).cores
    assert [core.core for core in cores] == [0, 1, 2]
    assert [core.layer_starts for core in cores] == [(), (("fc1", 0),), ()]
    assert [[one.mnemonic for one in cores[i].instructions] for i in (0, 2)] == [["HALT"], ["HALT"]]


def mnemonics(core: CoreProgram) -> list[str]:
    return [made.mnemonic for made in core.instructions if not isinstance(made, int)]


def test_what_stays_on_a_core_does_not_use_the_bus() -> None:
    network, chosen = perceptron(8, 6, 4), wide(2)
    mapping = columns(network, ((1, 6),), ((1, 4),))
    code = generate(network, mapping, schedule(network, mapping, chosen), chosen).cores[1].instructions
    assert not any(made["bus"] for made in code if not isinstance(made, int) and "bus" in made.operands)


def test_memory_that_is_too_small_on_one_core() -> None:
    network = image_network(side=8, channels=4)
    mapping = columns(network, ((0, 4),), ((1, 2), (2, 2)))
    base = wide(1)
    sizes = (1024, 512, 448)
    chosen = joined(base, [several(base, 1, activation_bytes=size).core for size in sizes])
    with pytest.raises(CapacityError) as caught:
        schedule(network, mapping, chosen)
    assert str(caught.value) == (
        "layer 'conv2': the tensors alive with it need 656 bytes of activation memory, core 1 has 512: "
        "set core[1].memory.activation_bytes = 656"
    )


def test_records_that_are_too_many_on_one_core() -> None:
    network, chosen = perceptron(8, 6, 4), wide(2, constant_records=7)
    with pytest.raises(CapacityError) as caught:
        schedule(network, columns(network, ((0, 2), (1, 4)), ((1, 4),)), chosen)
    assert str(caught.value) == (
        "the network needs 8 constant records, core 1 has 7 (layer 'fc1' alone takes 4): "
        "set core[0].memory.constant_records = 8"
    )


def test_a_program_that_is_too_long_on_one_core() -> None:
    network, chosen = perceptron(8, 6, 4), wide(2, program_instructions=8)
    mapping = columns(network, ((1, 6),), ((1, 4),))
    with pytest.raises(CapacityError) as caught:
        generate(network, mapping, schedule(network, mapping, chosen), chosen)
    assert str(caught.value) == (
        "the program needs 41 instructions, core 1 has 8 (layer 'fc2' alone takes 23): "
        "set core[0].memory.program_instructions = 41"
    )
