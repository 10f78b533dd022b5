"""Layers and networks that a chip cannot hold: what is needed, what there is, and what would do."""

from dataclasses import replace

import numpy as np
import pytest

from nngen.arch import Architecture
from nngen.compiler.mapper import check_overflow, map_network
from nngen.errors import CapacityError
from nngen.ir import LayerMapping, Mapping, Network, Tile
from tests.compiler.builders import (
    architecture,
    chip,
    convolution,
    make_network,
    make_tensor,
    pass_through,
    perceptron,
    plain_requantization,
)
from tests.compiler.chips import joined


def refusal(network: Network, chosen: Architecture) -> str:
    with pytest.raises(CapacityError) as caught:
        check_overflow(network, map_network(network, chosen), chosen)
    return str(caught.value)


def one_layer(*, bits: int = 4, signed: bool = False, output_bits: int = 8, outputs: int = 2) -> Network:
    source = make_tensor("x", (1, 1, 4), bits=bits, signed=signed)
    weights = np.ones((outputs, 1, 1, 4), np.int64)
    return make_network(
        [convolution(source, "y", weights)], [source, make_tensor("y", (1, 1, outputs), bits=output_bits)]
    )


def padded_layer(zero_point: int) -> Network:
    source = make_tensor("x", (2, 2, 1), bits=9, signed=True, zero_point=zero_point)
    layer = convolution(source, "y", np.ones((1, 3, 3, 1), np.int64), pads=(1, 1, 1, 1))
    return make_network([layer], [source, make_tensor("y", (2, 2, 1))])


@pytest.mark.parametrize("zero_point", [0, -1])
def test_padding_of_two_equal_bytes_can_be_written(zero_point: int) -> None:
    map_network(padded_layer(zero_point), chip("tiny", activation_bits=16))


@pytest.mark.parametrize(
    ("network", "chosen", "sentence"),
    [
        (
            one_layer(bits=8),
            chip("tiny", activation_bits=4),
            "layer 'y': codes of its input 'x' need 8 bits, the row buffer has 4: set core[0].activation_bits = 8",
        ),
        (
            one_layer(bits=32, signed=True),
            architecture("tiny"),
            "layer 'y': codes of its input 'x' must have at most 16 bits, not 32; quantize that tensor",
        ),
        (
            one_layer(output_bits=17),
            architecture("tiny"),
            "layer 'y': output codes must have at most 16 bits, or 32 for accumulators passed through, not 17",
        ),
        (
            perceptron(4, 2, largest=255),
            chip("tiny", cell_bits=1, columns_per_adc=4),
            "layer 'fc1': weights from -247 to 255 need 8 pairs of 1-bit cells in one ADC's group, which has 4: "
            "set core[0].macro.columns_per_adc to at least 8",
        ),
        (
            perceptron(4, 2, largest=255),
            chip("tiny", encoding="offset", cell_bits=2, columns_per_adc=4),
            "layer 'fc1': weights from -247 to 255 need 5 columns of 2-bit cells in one ADC's group, which has 4: "
            "set core[0].macro.columns_per_adc to at least 5",
        ),
        (
            padded_layer(zero_point=3),
            chip("tiny", activation_bits=16),
            "layer 'y': the zero point of its padded input 'x', of 9 bits, must have two equal bytes, as 0 has, not 3; "
            "quantize that tensor symmetrically",
        ),
        (
            perceptron(64, 200),
            architecture("tiny"),
            "network 'test' needs 13 macros of 64x32, the chip has 12: set core[0].macros = 13",
        ),
        (
            perceptron(640, 240),
            architecture("tiny"),
            "network 'test' needs more than 128 macros of 64x32, the most a core has (its weights alone fill 150); the "
            "chip has 12: choose larger macros (core[0].macro.rows, core[0].macro.columns)",
        ),
    ],
)
def test_what_does_not_fit(network: Network, chosen: Architecture, sentence: str) -> None:
    assert refusal(network, chosen) == sentence


def test_partial_sums_that_one_macro_cannot_add_ask_for_more_macros() -> None:
    """Eight row tiles of one output find room in one macro, but its accumulators hold one partial sum."""
    network = perceptron(8 * 16, 1)
    chosen = chip("micro", reprogram=False, macros=1, columns=32, columns_per_adc=1, cell_bits=3)
    assert refusal(network, chosen) == (
        "network 'test' needs 8 macros of 16x32, the chip has 1: set core[0].macros = 8"
    )
    map_network(network, chip("micro", reprogram=False, macros=8, columns=32, columns_per_adc=1, cell_bits=3))


def test_accumulators_that_could_overflow() -> None:
    assert refusal(perceptron(64, 4), chip("tiny", accumulator_bits=12)) == (
        "layer 'fc1' needs accumulators of 14 bits, the core has 12: set core[0].accumulator_bits = 14"
    )
    wide_enough = chip("tiny", accumulator_bits=14)
    check_overflow(perceptron(64, 4), map_network(perceptron(64, 4), wide_enough), wide_enough)


def test_accumulators_of_another_core_that_could_overflow() -> None:
    """Only the cores that work for a layer count: those of its tiles, and with rows in several that which adds them."""
    network, base = perceptron(64, 4), chip("tiny", accumulator_bits=14)
    cores = [replace(base.core, accumulator_bits=bits, table=table) for table, bits in enumerate((15, 12, 15))]
    chosen = joined(base, cores)

    def layer(*cores: int, own: int) -> Mapping:
        rows = 64 // len(cores)
        tiles = tuple(
            Tile(core=core, macro=0, row=0, column=0, output_range=(0, 1), input_range=(rows * i, rows * (i + 1)))
            for i, core in enumerate(cores)
        )
        return Mapping(layers=(LayerMapping(layer="fc1", core=own, tiles=tiles),))

    for mapping, needed in ((layer(1, own=0), 14), (layer(0, 2, own=1), 15)):
        with pytest.raises(CapacityError) as caught:
            check_overflow(network, mapping, chosen)
        assert str(caught.value) == (
            f"layer 'fc1' needs accumulators of {needed} bits, core 1 has 12: set core[1].accumulator_bits = {needed}"
        )
    for mapping in (layer(0, own=1), layer(0, 2, own=2)):
        check_overflow(network, mapping, chosen)


def test_accumulators_that_no_core_has() -> None:
    network = perceptron(64 * 40, 1, largest=255)
    wide = chip("tiny", adc_bits=24, columns_per_adc=16, columns=32, macros=64)
    assert refusal(network, wide) == (
        "layer 'fc1' needs accumulators of 40 bits, the core has 32: that is the most; converters of fewer bits need "
        "less"
    )


def with_constants(**changes: np.ndarray) -> Network:  # type: ignore[type-arg]  # of any shape
    network = one_layer()
    layer = replace(network.layers[0], requantization=plain_requantization(2, **changes))
    return network.with_layers((layer,))


def test_a_multiplier_that_is_too_wide() -> None:
    network = with_constants(multiplier=np.array([1 << 20, 3]))
    assert refusal(network, chip("tiny", multiplier_bits=16)) == (
        "layer 'y' needs a multiplier of 22 bits, the core has 16: set core[0].multiplier_bits = 22"
    )


def test_an_offset_that_is_too_large() -> None:
    network = with_constants(offset=np.array([1 << 40, 3]))
    assert refusal(network, chip("tiny", multiplier_bits=4)) == (
        "layer 'y' needs 42 bits for the product of accumulator and multiplier with its offset, the core has 36 "
        "(accumulator_bits + multiplier_bits): enlarge one of them"
    )


def test_an_accumulator_that_does_not_fit_a_word_with_its_bias() -> None:
    network = perceptron(64, 2)
    constants = replace(pass_through(2), offset=np.array([1 << 31, 0]))
    network = network.with_layers((replace(network.layers[0], requantization=constants),))
    assert refusal(network, architecture("tiny")) == (
        "layer 'fc1' needs 33 bits for its accumulators with their bias, words have 32"
    )
