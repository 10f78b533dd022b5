"""How tiles become passes and rounds."""

from typing import Any

import pytest

from nngen.arch import Architecture
from nngen.compiler.mapper import map_network, validate_mapping
from nngen.compiler.scheduler import schedule
from nngen.errors import CapacityError, MappingError
from nngen.ir import LayerMapping, LayerSchedule, Mapping, Network, Tile
from tests.compiler.builders import architecture, chip, image_network, perceptron, pointwise

CHIP = chip("digits", macros=2, rows=16, columns=32, columns_per_adc=4)  # 4 ADCs a macro


def tile(macro: int, row: int, pair: int, inputs: tuple[int, int], outputs: tuple[int, int], **changes: Any) -> Tile:
    return Tile(macro=macro, row=row, column=2 * pair, input_range=inputs, output_range=outputs, **changes)


def one_layer(network: Network, *tiles: Tile, chosen: Architecture = CHIP) -> LayerSchedule:
    mapping = validate_mapping(Mapping(layers=(LayerMapping(layer="y", tiles=tiles),)), network, chosen)
    return schedule(network, mapping, chosen).cores[0].layers[0]


def shape(layer: LayerSchedule) -> list[list[tuple[list[int], int, int, bool]]]:
    """Return (macros, steps, entry, overwrite) of each pass of each round."""
    return [[([s.macro for s in p.settings], p.steps, p.entry, p.overwrite) for p in r.passes] for r in layer.rounds]


def test_macros_run_side_by_side_for_as_long_as_the_longest_needs() -> None:
    layer = one_layer(pointwise(16, 5), tile(0, 0, 0, (0, 16), (0, 3)), tile(1, 0, 1, (0, 16), (3, 5)))
    assert shape(layer) == [[([0, 1], 3, 0, True)]]
    assert [(s.first_step, s.class_, s.group) for s in layer.rounds[0].passes[0].settings] == [(0, 0, 0), (1, 0, 0)]


def test_row_ranges_in_one_macro_take_turns_and_add_up_in_place() -> None:
    layer = one_layer(pointwise(16, 2), tile(0, 0, 0, (0, 8), (0, 2)), tile(0, 8, 0, (8, 16), (0, 2)))
    assert shape(layer) == [[([0], 2, 0, True), ([0], 2, 0, False)]]
    assert [(s.adc, s.entry, s.output, s.last) for s in layer.rounds[0].sources] == [(0, 0, 0, True), (0, 1, 1, True)]


def test_row_ranges_in_different_adcs_take_an_entry_each() -> None:
    layer = one_layer(pointwise(16, 1), tile(0, 0, 0, (0, 8), (0, 1)), tile(0, 0, 4, (8, 16), (0, 1)))
    assert shape(layer) == [[([0], 1, 0, True), ([0], 1, 1, True)]]
    assert [(s.adc, s.entry, s.last) for s in layer.rounds[0].sources] == [(0, 0, False), (1, 1, True)]


def test_a_gap_between_columns_makes_two_passes() -> None:
    layer = one_layer(pointwise(16, 2), tile(0, 0, 0, (0, 16), (0, 1)), tile(0, 0, 3, (0, 16), (1, 2)))
    assert shape(layer) == [[([0], 1, 0, True), ([0], 1, 1, True)]]
    assert [p.step for p in layer.rounds[0].passes] == [0, 3]


def test_tiles_of_different_gain_cannot_run_together() -> None:
    layer = one_layer(pointwise(16, 2), tile(0, 0, 0, (0, 16), (0, 1), gain=2), tile(0, 0, 4, (0, 16), (1, 2), gain=4))
    assert [s.gain for p in layer.rounds[0].passes for s in p.settings] == [2, 4]


def test_macros_with_the_same_rows_share_a_load() -> None:
    network = pointwise(32, 2)
    layer = one_layer(
        network,
        tile(0, 0, 0, (0, 16), (0, 1)),
        tile(0, 0, 4, (0, 16), (1, 2)),
        tile(1, 0, 0, (16, 32), (0, 2)),
    )
    runs = layer.rounds[0].passes[0].runs
    assert [(run.offset, run.length, run.row) for run in runs] in ([(0, 16, 0), (16, 16, 0)], [(16, 16, 0), (0, 16, 0)])
    assert len({run.group for run in runs}) == 2


def test_outputs_that_find_no_entry_wait_for_the_next_round() -> None:
    """Six outputs on two word-line ranges of the same columns: four entries hold the first four."""
    layer = one_layer(pointwise(8, 6), tile(0, 0, 0, (0, 8), (0, 4)), tile(0, 8, 0, (0, 8), (4, 6)))
    assert shape(layer) == [[([0], 4, 0, True)], [([0], 2, 0, True)]]
    assert [(r.output_offset, r.output_bytes, r.record) for r in layer.rounds] == [(0, 4, 0), (4, 2, 4)]


def test_partial_sums_that_are_in_each_others_way_run_one_macro_a_pass() -> None:
    """Three passes of both macros would need a third entry; macro after macro needs two."""
    two_entries = chip("digits", macros=2, rows=32, columns=16, columns_per_adc=2)
    layer = one_layer(
        pointwise(24, 1),
        tile(0, 0, 0, (0, 4), (0, 1)),
        tile(0, 4, 0, (4, 8), (0, 1)),
        tile(0, 8, 2, (8, 12), (0, 1)),
        tile(1, 0, 0, (12, 16), (0, 1)),
        tile(1, 4, 2, (16, 20), (0, 1)),
        tile(1, 8, 2, (20, 24), (0, 1)),
        chosen=two_entries,
    )
    assert shape(layer) == [
        [
            ([0], 1, 0, True),
            ([0], 1, 0, False),
            ([0], 1, 1, True),
            ([1], 1, 0, True),
            ([1], 1, 1, True),
            ([1], 1, 1, False),
        ]
    ]


def test_a_mapping_that_was_not_validated_is_refused_where_no_order_works() -> None:
    one_entry = chip("digits", macros=1, rows=32, columns=16, columns_per_adc=1)
    tiles = (tile(0, 0, 0, (0, 4), (0, 1)), tile(0, 4, 1, (4, 8), (0, 1)))
    with pytest.raises(MappingError) as caught:
        schedule(pointwise(8, 1), Mapping(layers=(LayerMapping(layer="y", tiles=tiles),)), one_entry)
    assert str(caught.value) == (
        "mapping of layer 'y': the accumulators must hold the partial sums of output 0, and cannot; have it checked by "
        "validate_mapping"
    )


def test_kernel_rows_are_runs_and_adjacent_ones_are_one() -> None:
    network = image_network(side=4, channels=1)
    tiny, single = architecture("tiny"), chip("tiny", strided_access=False)
    first, second = schedule(network, map_network(network, single), single).cores[0].layers
    assert [(run.offset, run.length) for run in first.rounds[0].passes[0].runs] == [(0, 3), (6, 3), (12, 3)]
    assert len(second.rounds[0].passes[0].runs) == 3
    first = schedule(network, map_network(network, tiny), tiny).cores[0].layers[0]
    runs = first.rounds[0].passes[0].runs
    assert [(run.offset, run.length, run.repeat, run.stride) for run in runs] == [(0, 3, 3, 6)]
    network = perceptron(16, 2)
    layer = schedule(network, map_network(network, tiny), tiny).cores[0].layers[0]
    assert [(run.offset, run.length) for run in layer.rounds[0].passes[0].runs] == [(0, 16)]


def test_constant_memory_that_is_too_small() -> None:
    network, small = perceptron(64, 20, 10), chip("tiny", constant_records=16)
    with pytest.raises(CapacityError) as caught:
        schedule(network, map_network(network, small), small)
    assert str(caught.value) == (
        "the network needs 30 constant records, the core has 16 (layer 'fc1' alone takes 20): "
        "set core[0].memory.constant_records = 30"
    )


def test_macros_that_hold_the_same_outputs_alike_go_by_one_name() -> None:
    network, wide = perceptron(128, 4), chip("tiny", macros=4)
    layer = schedule(network, map_network(network, wide), wide).cores[0].layers[0]
    assert [(named.macro, named.name) for named in layer.names] == [(0, 0), (1, 1), (2, 0), (3, 1)]
    assert [(source.macro, source.last) for one in layer.rounds for source in one.sources] == [
        (0, True),
        (0, True),
        (1, True),
        (1, True),
    ]
