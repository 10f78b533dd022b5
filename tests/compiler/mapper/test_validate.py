"""Every rule that a mapping can break, and the sentence that says so."""

from typing import Any

import pytest

from nngen.compiler.mapper import map_network, validate_mapping
from nngen.errors import MappingError
from nngen.ir import LayerMapping, Mapping, Tile
from tests.compiler.builders import architecture, chip, perceptron

NETWORK = perceptron(8, 4, 3)
MICRO = architecture("micro")  # 2 macros of 16 word lines and 4 pairs, 2 pairs an ADC; 3-bit weights take 2 pairs


def tile(**changes: Any) -> Tile:
    fields = {"macro": 0, "row": 0, "column": 0, "input_range": (0, 8), "output_range": (0, 2)}
    return Tile(**(fields | changes))


FC1 = (tile(), tile(row=8, output_range=(2, 4)))
FC2 = (
    tile(macro=1, input_range=(0, 4), output_range=(0, 2)),
    tile(macro=1, row=4, column=0, input_range=(0, 4), output_range=(2, 3)),
)


def mapping(fc1: tuple[Tile, ...] = FC1, fc2: tuple[Tile, ...] = FC2, **changes: Any) -> Mapping:
    layers = (LayerMapping(layer="fc1", tiles=fc1), LayerMapping(layer="fc2", tiles=fc2))
    return Mapping(**({"layers": layers} | changes))


def refusal(made: Mapping) -> str:
    with pytest.raises(MappingError) as caught:
        validate_mapping(made, NETWORK, MICRO)
    return str(caught.value)


def test_a_valid_mapping_is_filled_in_and_put_into_the_order_of_the_network() -> None:
    backwards = mapping(layers=tuple(reversed(mapping().layers)))
    filled = validate_mapping(backwards, NETWORK, MICRO)
    assert [layer.layer for layer in filled.layers] == ["fc1", "fc2"]
    assert filled.architecture_sha256 == MICRO.sha256
    assert {t.encoding for layer in filled.layers for t in layer.tiles} == {"differential"}
    assert {t.gain for layer in filled.layers for t in layer.tiles} == {None}


def test_a_mapping_for_another_architecture() -> None:
    assert refusal(mapping(architecture_sha256="f" * 64)) == (
        f"mapping must be for architecture 'micro' ({MICRO.sha256[:12]}…), not for ffffffffffff…; "
        "leave architecture_sha256 out to have it checked anyway"
    )


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        (
            (LayerMapping(layer="fc11", tiles=FC1), LayerMapping(layer="fc2", tiles=FC2)),
            "mapping names layer 'fc11', which the network has not; did you mean 'fc1'?",
        ),
        ((LayerMapping(layer="fc2", tiles=FC2),), "mapping must hold layer 'fc1', and does not"),
        (
            (*mapping().layers, LayerMapping(layer="fc1", tiles=FC1)),
            "mapping of layer 'fc1' must stand once, not 2 times",
        ),
        (
            (LayerMapping(layer="fc1", core=1, tiles=FC1), LayerMapping(layer="fc2", tiles=FC2)),
            "mapping of layer 'fc1': core must be 0, the only one, not 1",
        ),
    ],
)
def test_layers_that_are_not_the_networks(layers: tuple[LayerMapping, ...], sentence: str) -> None:
    assert refusal(mapping(layers=layers)) == sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"core": 2}, "core must be 0, the only one, not 2"),
        ({"encoding": "offset"}, "encoding must be differential, that of the macros, not offset"),
        ({"replica": 1}, "replica must be 0, not 1: this machine has no others yet"),
        ({"phase": 3}, "phase must be 0, that of the layer's first tile, not 3"),
        ({"input_range": (0, 9)}, "input_range must be a part of [0, 8), not [0, 9)"),
        ({"input_range": (3, 3)}, "input_range must be a part of [0, 8), not [3, 3)"),
        ({"output_range": (-1, 2)}, "output_range must be a part of [0, 4), not [-1, 2)"),
        ({"macro": 2}, "macro must be at most 1, not 2"),
        ({"row": 9}, "word lines 9 to 16 must be below 16, the macro's rows"),
        ({"column": 3}, "column must be even, a pair's first bit line, not 3"),
        ({"column": 4}, "bit lines 4 to 11 must be below 8, the macro's columns"),
        ({"gain": 4}, "gain must be one of 1, 2, not 4"),
        (
            {"column": 2, "output_range": (0, 1)},
            "the 2 slices of output 0 (bit lines 2 to 5) must lie in one ADC's 4 columns",
        ),
    ],
)
def test_a_tile_that_the_machine_cannot_hold(changes: dict[str, Any], sentence: str) -> None:
    assert refusal(mapping(fc1=(FC1[0], FC1[1].model_copy(update=changes)))) == (
        f"mapping of layer 'fc1', tile 1: {sentence}"
    )


def test_two_tiles_on_one_cell() -> None:
    assert refusal(mapping(fc2=(tile(row=6, input_range=(0, 4)), FC2[1]))) == (
        "mapping of layer 'fc2', tile 0: its cell in macro 0, word line 6, bit line 0 is taken by tile 0 of layer 'fc1'"
    )


def test_a_weight_that_is_mapped_twice() -> None:
    twice = (*FC2, tile(macro=1, row=8, column=4, input_range=(2, 4), output_range=(1, 2)))
    assert refusal(mapping(fc2=twice)) == (
        "mapping of layer 'fc2': the weight of input row 2 and output 1 must be mapped once, not 2 times"
    )


def test_a_weight_that_is_not_mapped() -> None:
    assert refusal(mapping(fc1=(FC1[0], tile(row=8, input_range=(0, 7), output_range=(2, 4))))) == (
        "mapping of layer 'fc1': the weight of input row 7 and output 2 must be mapped once, and is not mapped"
    )


def test_more_partial_sums_of_an_output_than_a_macro_has_accumulators() -> None:
    network, wide = perceptron(48, 1), chip("micro", columns=48, cell_bits=3, columns_per_adc=2)
    pieces = tuple(tile(column=4 * i, input_range=(16 * i, 16 * i + 16), output_range=(0, 1)) for i in range(3))
    with pytest.raises(MappingError) as caught:
        validate_mapping(Mapping(layers=(LayerMapping(layer="fc1", tiles=pieces),)), network, wide)
    assert str(caught.value) == (
        "mapping of layer 'fc1': row ranges of output 0 lie in 3 ADCs of macro 0, whose accumulators hold partial sums "
        "of at most 2; use the same ADC for several, or another macro"
    )


def test_gains_of_unknown_layers_and_of_no_macro() -> None:
    with pytest.raises(MappingError) as caught:
        map_network(NETWORK, MICRO, gains={"fc3": 2})
    assert str(caught.value) == "gains name layer 'fc3', which the network has not; did you mean 'fc2'?"
    with pytest.raises(MappingError) as caught:
        map_network(NETWORK, MICRO, gains={"fc1": 8})
    assert str(caught.value) == "gain of layer 'fc1' must be one of 1, 2, not 8"


# ---------------------------------------------------------------- single columns

OFFSET = chip("micro", encoding="offset")  # 8 columns, 2 an ADC; 4-bit weights take 2 columns


def test_single_columns_may_begin_at_any_bit_line_of_one_adc() -> None:
    fc1 = (tile(row=0, column=2, output_range=(0, 3)), tile(row=8, column=6, output_range=(3, 4)))
    fc2 = (tile(macro=1, input_range=(0, 4), output_range=(0, 3)),)
    filled = validate_mapping(mapping(fc1, fc2), NETWORK, OFFSET)
    assert {t.encoding for layer in filled.layers for t in layer.tiles} == {"offset"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"encoding": "differential"}, "encoding must be offset, that of the macros, not differential"),
        ({"column": 6, "output_range": (0, 2)}, "bit lines 6 to 9 must be below 8, the macro's columns"),
        ({"column": 3}, "the 2 slices of output 0 (bit lines 3 to 4) must lie in one ADC's 2 columns"),
    ],
)
def test_a_tile_of_single_columns_that_the_macro_cannot_hold(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(MappingError) as caught:
        validate_mapping(mapping((tile(**changes),)), NETWORK, OFFSET)
    assert str(caught.value) == f"mapping of layer 'fc1', tile 0: {sentence}"
