"""Instructions, records and cells of programs made from small networks."""

import numpy as np
import pytest

from nngen.arch import Architecture
from nngen.compiler.codegen._macro_settings import Sets
from nngen.compiler.codegen._position import Addressing, position_body
from nngen.compiler.mapper import map_network, validate_mapping, with_gains
from nngen.errors import CapacityError
from nngen.ir import CoreProgram, LayerMapping, Mapping, Network, Round, Source, Tile
from nngen.isa import Instruction, Unit, register
from nngen.numerics import ENCODINGS, Encoding
from tests.compiler.builders import (
    architecture,
    chip,
    convolution,
    image_network,
    make_network,
    make_tensor,
    output_shape,
    perceptron,
    plain_requantization,
    pointwise,
)
from tests.compiler.execution import compile_mapping, evaluate, run_network
from tests.compiler.randoms import random_codes


def program_of(network: Network, chosen: Architecture) -> CoreProgram:
    return compile_mapping(network, map_network(network, chosen), chosen)[1].cores[0]


def loops(program: CoreProgram) -> list[tuple[int, int]]:
    """Return (first, last) address of each loop's body."""
    code = enumerate(program.instructions)
    return [(pc + 1, pc + made["length"]) for pc, made in code if made.mnemonic == "LOOP"]


def test_a_convolution_is_a_loop_over_rows_around_one_over_columns() -> None:
    program = program_of(image_network(), architecture("tiny"))
    bodies = loops(program)
    assert len(bodies) == 4
    for outer, inner in (bodies[:2], bodies[2:]):
        assert outer[0] + 1 == inner[0]
        assert inner[1] < outer[1]
    assert [name for name, _ in program.layer_starts] == ["conv1", "conv2"]
    assert program.instructions[-1].mnemonic == "HALT"


def test_the_size_of_the_image_does_not_change_the_size_of_the_program() -> None:
    large = chip("tiny", activation_bytes=1 << 16)
    assert len({len(program_of(image_network(side=side), large).instructions) for side in (12, 30, 60)}) == 1


def test_positions_without_a_gap_are_one_loop() -> None:
    source = make_tensor("x", (6, 7, 3), bits=4)
    layer = convolution(source, "y", np.ones((2, 1, 1, 3), np.int64))
    program = program_of(make_network([layer], [source, make_tensor("y", (6, 7, 2))]), architecture("tiny"))
    assert [made["count"] for made in program.instructions if made.mnemonic == "LOOP"] == [42]


def test_a_fully_connected_layer_has_no_loop_and_starts_with_its_load() -> None:
    program = program_of(perceptron(64, 32, 10), architecture("digits"))
    assert loops(program) == []
    assert [made.mnemonic for made in program.instructions[:2]] == ["SET", "LOAD"]


def test_what_is_set_already_is_not_set_again() -> None:
    code = program_of(perceptron(64, 32, 32, 32, 10), architecture("tiny")).instructions
    planes = register(Unit.MVM, "PLANES").index
    assert [
        made["value"] for made in code if made.unit is Unit.MVM and made.mnemonic == "SET" and made["index"] == planes
    ] == [4]


def test_records_carry_the_constants_and_the_cells_the_weights() -> None:
    network = perceptron(8, 3, largest=3)
    program = program_of(network, architecture("micro"))
    assert [(record.multiplier, record.offset, record.shift) for record in program.records if record.last] == [
        (1, 0, 0)
    ] * 3
    levels = program.cells[..., 0::2] - program.cells[..., 1::2]
    assert np.abs(levels).sum() == np.abs(network.layers[0].weights).sum()


def test_a_program_memory_that_is_too_small() -> None:
    network, small = image_network(), chip("tiny", program_instructions=16)
    needed = len(program_of(network, architecture("tiny")).instructions)
    with pytest.raises(CapacityError) as caught:
        program_of(network, small)
    assert str(caught.value).startswith(f"the program needs {needed} instructions, the core has 16 (layer 'conv")
    assert str(caught.value).endswith(f": set core[0].memory.program_instructions = {needed}")
    assert program_of(network, chip("tiny", program_instructions=needed)).instructions


def test_more_columns_than_a_loop_can_count() -> None:
    source = make_tensor("x", (1, 70_000, 1), bits=4)
    layer = convolution(source, "y", np.ones((1, 1, 1, 1), np.int64))
    network = make_network([layer], [source, make_tensor("y", (1, 70_000, 1))])
    with pytest.raises(CapacityError) as caught:
        program_of(network, chip("tiny", activation_bytes=1 << 18))
    assert str(caught.value) == "layer 'y' needs a loop of 70000 repetitions, a loop has at most 65535"


def test_macros_of_earlier_layers_are_kept_out_of_later_ones() -> None:
    """Thirty layers on macros of their own use more classes than there are: some must be disabled."""
    network = perceptron(*[8] * 30, largest=7)
    chosen = chip("lossless", macros=32, rows=8, columns=16, columns_per_adc=4, program_instructions=4096)
    inputs = {"x": random_codes(np.random.default_rng(0), network.tensors["x"], 2)}
    mapping = map_network(network, chosen)
    codes, done = run_network(network, mapping, chosen, inputs)
    np.testing.assert_array_equal(codes["fc29"], evaluate(network, inputs)["fc29"])
    layers = compile_mapping(network, mapping, chosen)[0].cores[0].layers
    taking_part = [len(p.settings) for layer in layers for r in layer.rounds for p in r.passes]
    assert done.events["plane_drives"] == 4 * sum(taking_part)


def test_halos_are_filled_whatever_their_shape() -> None:
    rng = np.random.default_rng(0)
    chosen = chip("lossless", adc_bits=14, activation_bytes=1 << 16)
    for pads in ((0, 0, 0, 0), (2, 0, 0, 0), (0, 2, 0, 0), (0, 0, 2, 0), (0, 0, 0, 2), (1, 2, 0, 1), (2, 2, 2, 2)):
        network = image_network(side=14, channels=3, pads=pads)
        inputs = {"x": random_codes(rng, network.tensors["x"], 2)}
        codes, _ = run_network(network, map_network(network, chosen), chosen, inputs)
        np.testing.assert_array_equal(codes["conv2"], evaluate(network, inputs)["conv2"])


def test_a_halo_longer_than_one_fill() -> None:
    source = make_tensor("x", (2, 3, 3000), bits=1, zero_point=1)
    layer = convolution(source, "y", np.ones((1, 1, 1, 3000), np.int64), pads=(4, 4, 4, 4))
    chosen = chip("lossless", rows=1000, activation_bytes=1 << 19, program_instructions=512)
    network = make_network([layer], [source, make_tensor("y", output_shape(source, layer))])
    fills = [made for made in program_of(network, chosen).instructions if made.mnemonic == "FILL"]
    assert max(made["length"] for made in fills) == 65535


def test_macros_are_set_anew_and_disabled_where_passes_differ() -> None:
    """Macro 1 runs in passes 0 and 1 of 18, macro 0 in all: the 16 classes come round again."""
    network = pointwise(18, 2)
    chosen = chip("lossless", macros=2, rows=32, columns=80, columns_per_adc=40, gains=(1, 2))
    macro_0 = [
        Tile(macro=0, row=i, column=2 * (3 * i % 20), input_range=(i, i + 1), output_range=(0, 1)) for i in range(18)
    ]
    macro_1 = [
        Tile(macro=1, row=0, column=10, input_range=(0, 9), output_range=(1, 2)),
        Tile(macro=1, row=9, column=10, input_range=(9, 18), output_range=(1, 2)),
    ]
    mapping = validate_mapping(Mapping(layers=(LayerMapping(layer="y", tiles=(*macro_0, *macro_1)),)), network, chosen)
    inputs = {"x": random_codes(np.random.default_rng(0), network.tensors["x"], 2)}
    codes, done = run_network(network, mapping, chosen, inputs)
    np.testing.assert_array_equal(codes["y"], evaluate(network, inputs)["y"])
    assert done.events["plane_drives"] == 4 * 4 * (18 + 2)


def test_more_records_than_one_post_can_count() -> None:
    """Sums are not cut: the first command ends with the last output that it can count whole."""
    sources = tuple(Source(macro=i % 3, adc=0, entry=0, output=i // 3, last=i % 3 == 2) for i in range(9000 // 3 * 3))
    one = Round(passes=(), record=5, sources=sources, output_offset=0, output_bytes=3000)
    addressing = Addressing(input_register=0, input_offset=0, output_register=1, output_offset=0)
    nothing = Sets(before=[], passes=[])
    first, second, _ = position_body([one], nothing, nothing, addressing)
    assert (first["record"], first["count"], first["first"], first["last"], first["release"]) == (5, 8190, 1, 0, 0)
    assert (second["record"], second["count"], second["first"], second["last"], second["release"]) == (
        8195,
        810,
        0,
        1,
        1,
    )


def test_the_largest_value_of_a_field_is_never_exceeded() -> None:
    with pytest.raises(Exception, match="LOAD length must be 0 to 4095, not 4096"):
        Instruction("LOAD", {"length": 4096})


# ---------------------------------------------------------------- encodings, planes, widths of codes


def sets(program: CoreProgram, unit: Unit, name: str) -> list[int]:
    """Return what the program writes to a register, in order."""
    index = register(unit, name).index
    code = (made for made in program.instructions if made.mnemonic == "SET" and made.unit is unit)
    return [made["value"] for made in code if made["index"] == index]


@pytest.mark.parametrize(
    ("encoding", "slices", "negate", "offset"),
    [("differential", 4, [], []), ("twos_complement", 5, [1], []), ("offset", 4, [], [7])],
)
def test_slices_are_set_as_the_encoding_needs(
    encoding: Encoding, slices: int, negate: list[int], offset: list[int]
) -> None:
    chosen = chip("tiny", encoding=encoding, cell_bits=2)
    program = program_of(perceptron(16, 3, largest=127), chosen)
    assert sets(program, Unit.MVM, "SLICES") == [slices]
    assert sets(program, Unit.MVM, "NEGATE_SLICE") == negate
    assert sets(program, Unit.MVM, "OFFSET") == offset


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_cells_hold_the_weights_where_the_mapping_puts_them(encoding: Encoding) -> None:
    chosen = chip("tiny", encoding=encoding, cell_bits=2)
    network = perceptron(100, 24, 10, largest=100)
    mapping = map_network(network, chosen)
    cells = compile_mapping(network, mapping, chosen)[1].cores[0].cells
    used = np.zeros_like(cells, np.bool_)
    for layer in network.layers:
        weights = chosen.core.macro.weight_format(layer.weights)
        found = np.zeros_like(layer.matrix)
        for tile in mapping.layer(layer.name).tiles:
            where = (
                tile.macro,
                slice(tile.row, tile.row + tile.rows),
                slice(tile.column, tile.column + weights.columns * tile.outputs),
            )
            found[slice(*tile.input_range), slice(*tile.output_range)] += weights.combine(cells[where])
            used[where] = True
        np.testing.assert_array_equal(found, layer.matrix)
    assert not cells[~used].any()


@pytest.mark.parametrize(
    ("bits", "signed", "dac_bits", "invert", "keep"),
    [
        (6, True, 4, [1 << 5], [(1 << 6) - 1]),
        (6, True, 3, [1 << 5], []),  # planes end with the code
        (8, True, 3, [1 << 7], []),  # there is nothing above a byte
        (12, True, 8, [1 << 11], [(1 << 12) - 1]),
        (16, True, 5, [1 << 15], []),
        (6, False, 4, [], []),  # zeros above
        (6, True, 1, [], []),  # the top plane counts negative
    ],
)
def test_codes_are_inverted_and_masked_where_their_planes_need_it(
    bits: int, signed: bool, dac_bits: int, invert: list[int], keep: list[int]
) -> None:
    source = make_tensor("x", (1, 1, 8), bits=bits, signed=signed)
    layer = convolution(source, "y", np.ones((2, 1, 1, 8), np.int64))
    network = make_network([layer], [source, make_tensor("y", (1, 1, 2))])
    program = program_of(network, chip("tiny", activation_bits=16, dac_bits=dac_bits))
    assert (sets(program, Unit.LOAD, "INVERT"), sets(program, Unit.LOAD, "KEEP")) == (invert, keep)


def test_codes_of_two_bytes_are_loaded_and_stored_as_such() -> None:
    rng = np.random.default_rng(5)
    source = make_tensor("x", (5, 4, 3), bits=16, signed=True)
    weights = rng.integers(-7, 8, (4, 3, 3, 3))
    constants = plain_requantization(4, shift=7, lowest=-2048, highest=2047)
    layer = convolution(source, "y", weights, pads=(1, 1, 1, 1), requantization=constants)
    network = make_network([layer], [source, make_tensor("y", output_shape(source, layer), bits=12, signed=True)])
    chosen = chip("tiny", activation_bits=16, adc_bits=14, gains=(1,))
    mapping = with_gains(map_network(network, chosen), {"y": 1})
    program = compile_mapping(network, mapping, chosen)[1].cores[0]
    loads = [made for made in program.instructions if made.mnemonic == "LOAD"]
    assert {(made["wide"], made["length"], made["row"] % 9) for made in loads} == {(1, 18, 0)}
    assert sets(program, Unit.POST, "ELEMENT") == [1]
    inputs = {"x": random_codes(rng, source, 3)}
    codes, _ = run_network(network, mapping, chosen, inputs)
    np.testing.assert_array_equal(codes["y"], evaluate(network, inputs)["y"])
    assert np.abs(codes["y"]).max() > 127
