"""Networks with more weights than the macros hold: phases, and what the program writes between them."""

from dataclasses import replace

import numpy as np
import pytest

from nngen.arch import Architecture
from nngen.compiler.mapper import map_network, validate_mapping, with_gains
from nngen.compiler.scheduler import schedule
from nngen.errors import CapacityError, MappingError
from nngen.ir import LayerMapping, Mapping, Network, Tile
from nngen.sim.golden import GoldenMachine, run_golden
from nngen.sim.iss import run
from tests.compiler.builders import chip, image_network, perceptron
from tests.compiler.execution import compile_mapping, run_network
from tests.compiler.randoms import random_codes

DEEP = perceptron(64, 16, 16, 16, 10)


def small(macros: int, **changes: int) -> Architecture:
    return chip("tiny", **({"macros": macros, "reprogram": True, "activation_bytes": 1 << 14} | changes))


def mapped(network: Network, chosen: Architecture) -> Mapping:
    mapping = with_gains(map_network(network, chosen), {layer.name: 1 for layer in network.matrix_layers})
    return validate_mapping(mapping, network, chosen)


def phases(mapping: Mapping) -> list[int]:
    return [layer.tiles[0].phase for layer in mapping.layers]


@pytest.mark.parametrize(
    ("network", "macros"),
    [
        (DEEP, 1),
        (DEEP, 2),
        (perceptron(60, 16, 60, 14, 16), 1),
        (perceptron(60, 16, 60, 14, 16), 2),
        (perceptron(60, 16, 60, 14, 16), 3),
        (image_network(side=6, channels=16), 3),
    ],
)
def test_a_network_larger_than_the_chip_is_computed_right(network: Network, macros: int) -> None:
    chosen = small(macros)
    mapping = mapped(network, chosen)
    rng = np.random.default_rng(macros)
    inputs = {e.tensor: random_codes(rng, network.tensors[e.tensor], 3) for e in network.inputs}
    codes, done = run_network(network, mapping, chosen, inputs)
    expected = run_golden(network, inputs, machine=GoldenMachine(core=chosen.core, mapping=mapping))
    for name, found in codes.items():
        np.testing.assert_array_equal(found, expected[name])
    assert (done.timing.events["programmed_words"] > 0) == (max(phases(mapping)) > 0)


def test_layers_share_a_phase_as_long_as_they_fit() -> None:
    assert phases(mapped(DEEP, small(1))) == [0, 1, 1, 1]
    assert phases(mapped(DEEP, small(12))) == [0, 0, 0, 0]


def test_a_run_does_not_depend_on_what_the_last_one_left_in_the_macros() -> None:
    chosen = small(1)
    mapping = mapped(DEEP, chosen)
    _, program = compile_mapping(DEEP, mapping, chosen)
    core = program.cores[0]
    assert core.memory is not None
    memory = np.random.default_rng(0).integers(0, 4, (2, chosen.core.activation_bytes), dtype=np.uint8)
    memory[:, core.memory.address : core.memory.address + core.memory.content.size] = core.memory.content
    dirty = replace(core, cells=np.full_like(core.cells, 3))
    first, second = (run(chosen.core, one, memory).memory for one in (core, dirty))
    np.testing.assert_array_equal(first, second)
    kept = first[:, core.memory.address :]
    np.testing.assert_array_equal(kept, memory[:, core.memory.address :])


def test_a_macro_of_one_phase_is_not_written_again() -> None:
    chosen = small(2)
    layers = []
    for layer, (phase, macro) in zip(
        map_network(DEEP, small(12)).layers, ((0, 0), (0, 1), (1, 1), (1, 1)), strict=True
    ):
        first = layer.tiles[0]
        row = 0 if layer.layer != "fc4" else 16
        rows, outputs = first.rows, max(tile.output_range[1] for tile in layer.tiles)
        tile = Tile(macro=macro, row=row, column=0, input_range=(0, rows), output_range=(0, outputs), phase=phase)
        layers.append(LayerMapping(layer=layer.layer, tiles=(tile,)))
    mapping = validate_mapping(Mapping(layers=tuple(layers)), DEEP, chosen)
    reloads = schedule(DEEP, mapping, chosen).cores[0].reloads
    assert [(one.layer, one.macro, one.rows) for one in reloads] == [("fc1", 1, 16), ("fc3", 1, 32)]


def test_a_layer_that_does_not_fit_alone() -> None:
    with pytest.raises(CapacityError) as caught:
        map_network(perceptron(64, 64), small(1))
    assert str(caught.value) == ("layer 'fc1' alone needs 4 macros of 64x32, the chip has 1: set core[0].macros = 4")


def test_activation_memory_that_does_not_hold_the_weights_beside_the_tensors() -> None:
    tight = small(1, activation_bytes=512)
    with pytest.raises(CapacityError) as caught:
        schedule(DEEP, mapped(DEEP, tight), tight)
    assert str(caught.value) == (
        "weights that are loaded while the network runs take 1792 bytes of activation memory, the core has 512: "
        "enlarge core[0].memory.activation_bytes, or set core[0].macros higher"
    )
    tight = small(1, activation_bytes=1800)
    with pytest.raises(CapacityError) as caught:
        schedule(DEEP, mapped(DEEP, tight), tight)
    assert str(caught.value) == (
        "layer 'fc1': the tensors alive with it need 80 bytes of activation memory beside 1792 bytes of weights, the "
        "core has 1800: set core[0].memory.activation_bytes = 1872"
    )


def test_phases_of_a_mapping_made_elsewhere() -> None:
    network = perceptron(8, 2, 2)

    def refusal(*phases: int, reprogram: bool = True) -> str:
        tiles = [
            Tile(
                macro=0, row=8 * i, column=2 * j, input_range=(0, 8 if i == 0 else 2), output_range=(j, j + 1), phase=p
            )
            for (i, j), p in zip(((0, 0), (0, 1), (1, 0), (1, 1)), phases, strict=True)
        ]
        layers = (LayerMapping(layer="fc1", tiles=tuple(tiles[:2])), LayerMapping(layer="fc2", tiles=tuple(tiles[2:])))
        with pytest.raises(MappingError) as caught:
            validate_mapping(Mapping(layers=layers), network, chip("tiny", reprogram=reprogram))
        return str(caught.value)

    assert refusal(0, 1, 1, 1) == (
        "mapping of layer 'fc1', tile 1: phase must be 0, that of the layer's first tile, not 1"
    )
    assert refusal(1, 1, 0, 0) == (
        "mapping of layer 'fc2', tile 0: phase must be at least 1, that of the layer before, not 0"
    )
    assert refusal(0, 0, 1, 1, reprogram=False) == (
        "mapping of layer 'fc2', tile 0: phase must be 0, not 1: this machine has no others yet"
    )
