"""How a layer may be placed, and that the fastest way is found."""

import pytest

from nngen.arch import Architecture
from nngen.compiler.mapper import layer_demand, map_network
from nngen.compiler.scheduler import schedule
from nngen.ir import Network
from nngen.sim.kpi import layer_bounds, mapping_bounds
from tests.compiler.builders import architecture, chip, convolution, make_network, make_tensor, perceptron, pointwise


def steps_of(network: Network, architecture: Architecture) -> list[int]:
    """Column steps of all passes, layer by layer."""
    scheduled = schedule(network, map_network(network, architecture), architecture)
    return [sum(p.steps for r in layer.rounds for p in r.passes) for layer in scheduled.cores[0].layers]


@pytest.mark.parametrize(
    ("rows", "outputs", "macros", "steps"),
    [
        (64, 24, 12, 1),  # one output for each of the 24 ADCs
        (64, 25, 12, 2),
        (65, 12, 12, 1),  # two row tiles, six macros each
        (400, 16, 12, 5),  # seven row tiles do not divide twelve macros: two phases
        (130, 6, 2, 5),  # three row tiles of three macro loads, two macros
        (16, 64, 1, 32),  # more outputs than columns: four blocks on different word lines
    ],
)
def test_a_single_layer_takes_the_fewest_column_steps(rows: int, outputs: int, macros: int, steps: int) -> None:
    network = pointwise(rows, outputs, side=4)
    chosen = chip("tiny", macros=macros, activation_bytes=1 << 14)
    assert steps_of(network, chosen) == [steps]
    bound = layer_bounds(network, network.layers[0], chosen.core).mvm // (16 * 4 * chosen.core.macro.conversion_cycles)
    assert steps == bound


def test_a_layer_leaves_columns_to_the_next_one() -> None:
    """Packed into eight macros, the first layer would leave four to the second, which then takes two steps."""
    assert steps_of(perceptron(64, 32, 10, largest=127), architecture("tiny")) == [2, 1]


def test_row_tiles_that_take_turns_add_up_in_place() -> None:
    network, one_macro = perceptron(200, 6), chip("digits", columns_per_adc=4)
    (layer,) = schedule(network, map_network(network, one_macro), one_macro).cores[0].layers
    assert [p.overwrite for r in layer.rounds for p in r.passes] == [True, False, False]
    assert [len(r.sources) for r in layer.rounds] == [6]
    assert [p.step for r in layer.rounds for p in r.passes] == [0, 1, 2]


def test_row_tiles_are_equally_high_and_end_with_memory_words() -> None:
    tiles = map_network(perceptron(72, 4), architecture("tiny")).layers[0].tiles
    assert {tile.input_range for tile in tiles} == {(0, 40), (40, 72)}


def test_outputs_beyond_the_output_buffer_come_in_blocks() -> None:
    network = pointwise(2, 40)
    small = chip("tiny", output_buffer_bytes=16)
    (layer,) = schedule(network, map_network(network, small), small).cores[0].layers
    assert [r.output_bytes for r in layer.rounds] == [14, 14, 12]
    assert [p.steps for r in layer.rounds for p in r.passes] == [1, 1, 1]


def test_a_demand_says_what_a_layer_needs() -> None:
    network = perceptron(70, 5, largest=127)
    demand = layer_demand(network, network.layers[0], architecture("tiny").core)
    assert (demand.rows, demand.outputs, demand.slices, demand.planes, demand.output_bytes) == (70, 5, 3, 4, 4)


def test_the_mapping_reaches_the_bound_of_a_convolution_on_an_empty_chip() -> None:
    source = make_tensor("x", (8, 8, 8), bits=4)
    layer = convolution(source, "y", perceptron(72, 16).layers[0].weights.reshape(16, 3, 3, 8), pads=(1, 1, 1, 1))
    network = make_network([layer], [source, make_tensor("y", (8, 8, 16))])
    tiny = architecture("tiny")
    scheduled = schedule(network, map_network(network, tiny), tiny).cores[0].layers[0]
    best, chosen = layer_bounds(network, layer, tiny.core), mapping_bounds(network, layer, scheduled, tiny.core)
    assert chosen.mvm == best.mvm == 64 * 4 * 2 * tiny.core.macro.conversion_cycles
