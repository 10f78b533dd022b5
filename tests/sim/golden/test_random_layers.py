"""Random layers against loops that compute one sum, and one conversion, at a time."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from nngen.ir import LayerMapping, Mapping, MatrixLayer, Network, Tile
from nngen.numerics import ENCODINGS, ROUNDINGS, Requantization
from nngen.sim.golden import GoldenMachine, run_layer

from .builders import make_core, make_network, make_tensor

IntArray = npt.NDArray[np.int64]


def split(size: int, cuts: list[int]) -> list[tuple[int, int]]:
    """[0, size) cut at some places."""
    edges = sorted({0, size, *(cut % size for cut in cuts)})
    return list(itertools.pairwise(edges))


@st.composite
def layers(draw: st.DrawFn) -> tuple[Network, IntArray]:
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    strides = draw(st.tuples(st.integers(1, 2), st.integers(1, 3)))
    pads = draw(st.tuples(*(st.integers(0, 2) for _ in range(4))))
    height, width = (size + draw(st.integers(0, 2)) for size in kernel)
    channels, outputs, samples = (draw(st.integers(1, 3)) for _ in range(3))
    signed, bits = draw(st.booleans()), draw(st.integers(1, 16))
    lowest = -(1 << (bits - 1)) if signed else 0
    zero_point = lowest + draw(st.integers(0, (1 << bits) - 1))
    x = make_tensor("x", (height, width, channels), bits=bits, signed=signed, zero_point=zero_point)
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    largest = draw(st.sampled_from((1, 7, 127, 255)))
    layer = MatrixLayer(
        name="y",
        input="x",
        output="y",
        weights=rng.integers(-largest, largest + 1, (outputs, *kernel, channels)),
        strides=strides,
        pads=pads,
        requantization=Requantization(
            multiplier=rng.integers(-(1 << 10), 1 << 10, outputs),
            offset=rng.integers(-(1 << 16), 1 << 16, outputs),
            shift=rng.integers(0, 20, outputs),
            zero_point=3,
            lowest=-100,
            highest=120,
            rounding=draw(st.sampled_from(ROUNDINGS)),
            correction=rng.integers(-(1 << 12), 1 << 12, outputs),
        ),
    )
    size = ((height + pads[0] + pads[2] - kernel[0]) // strides[0] + 1,)
    size += ((width + pads[1] + pads[3] - kernel[1]) // strides[1] + 1,)
    network = make_network([layer], [x, make_tensor("y", (*size, outputs), signed=True)])
    return network, rng.integers(x.lowest, x.highest + 1, (samples, *x.shape))


@st.composite
def machines(draw: st.DrawFn, layer: MatrixLayer) -> GoldenMachine:
    core = make_core(
        rows=draw(st.sampled_from((4, 16, 64))),
        cell_bits=draw(st.integers(1, 8)),
        dac_bits=draw(st.sampled_from((1, 1, 2, 3, 5, 8))),
        adc_bits=draw(st.integers(3, 10)),
        encoding=draw(st.sampled_from(ENCODINGS)),
    )
    rows = split(layer.rows, draw(st.lists(st.integers(0, 99), max_size=3)))
    outputs = split(layer.outputs, draw(st.lists(st.integers(0, 99), max_size=2)))
    gains = st.sampled_from(core.macro.usable_gains)
    tiles = tuple(
        Tile(macro=0, row=0, column=0, input_range=a, output_range=b, gain=draw(gains))
        for a, b in itertools.product(rows, outputs)
    )
    return GoldenMachine(
        core=core, mapping=Mapping(layers=(LayerMapping(layer="y", tiles=draw(st.permutations(tiles))),))
    )


def driven_codes(network: Network, codes: IntArray) -> dict[tuple[int, int, int], list[int]]:
    """For each sample and position what its word lines see, in the order of the matrix rows."""
    layer, x = network.layers[0], network.tensors["x"]
    height, width, channels = x.shape
    rows: dict[tuple[int, int, int], list[int]] = {}
    out_height, out_width, _ = network.tensors["y"].shape
    for sample, oy, ox in itertools.product(range(len(codes)), range(out_height), range(out_width)):
        row = []
        for ky, kx, c in itertools.product(range(layer.kernel[0]), range(layer.kernel[1]), range(channels)):
            y, z = oy * layer.strides[0] + ky - layer.pads[0], ox * layer.strides[1] + kx - layer.pads[1]
            row.append(int(codes[sample, y, z, c]) if 0 <= y < height and 0 <= z < width else x.zero_point)
        rows[sample, oy, ox] = row
    return rows


def stored(weight: int, machine: GoldenMachine, network: Network) -> list[tuple[int, int]]:
    """What the slices of a weight compute with, and how each counts, least significant first."""
    matrix, macro = network.layers[0].matrix, machine.core.macro
    digits, base, lowest, highest = 0, 1 << macro.cell_bits, int(matrix.min()), int(matrix.max())
    if macro.encoding == "differential":
        while base ** (digits + 1) <= max(highest, -lowest):
            digits += 1
        sign = -1 if weight < 0 else 1
        return [(sign * (abs(weight) // base**s % base), base**s) for s in range(digits + 1)]
    bits = 1
    while not -(1 << (bits - 1)) <= lowest <= highest < 1 << (bits - 1):
        bits += 1
    if macro.encoding == "offset":
        while base**digits < 1 << bits:
            digits += 1
        return [((weight + (1 << (bits - 1))) // base**s % base, base**s) for s in range(digits)]
    while base**digits < 1 << (bits - 1):
        digits += 1
    return [(weight // base**s % base, base**s) for s in range(digits)] + [(int(weight < 0), -(base**digits))]


def driven(code: int, machine: GoldenMachine, network: Network) -> list[tuple[int, int]]:
    """What each plane of a code drives, and how it counts, least significant first."""
    x, dac_bits = network.tensors["x"], machine.core.macro.dac_bits
    if x.signed and dac_bits > 1:
        code += 1 << (x.bits - 1)
    planes = [(code >> low) % (1 << dac_bits) for low in range(0, x.bits, dac_bits)]
    return [
        (plane, -(1 << low) if x.signed and dac_bits == 1 and low == x.bits - 1 else 1 << low)
        for plane, low in zip(planes, range(0, x.bits, dac_bits), strict=True)
    ]


def converted_sum(machine: GoldenMachine, network: Network, row: list[int], output: int) -> int:
    """One output of one position: each tile, plane and slice converted by itself, less what the offsets added."""
    layer, macro, x = network.layers[0], machine.core.macro, network.tensors["x"]
    column = [stored(int(w), machine, network) for w in layer.matrix[:, output]]
    values = [driven(code, machine, network) for code in row]
    total = -(1 << (x.bits - 1)) * int(layer.matrix[:, output].sum()) if x.signed and macro.dac_bits > 1 else 0
    added = sum(level * weight for level, weight in column[0]) - int(layer.matrix[0, output])
    for tile in machine.mapping.layer("y").tiles:
        if not tile.output_range[0] <= output < tile.output_range[1]:
            continue
        converter, rows = macro.converter(tile.gain or 0), range(*tile.input_range)
        for p, (_, plane_weight) in enumerate(values[0]):
            for s, (_, slice_weight) in enumerate(column[0]):
                q = sum(values[r][p][0] * column[r][s][0] for r in rows)
                code = int(converter.convert(np.array([q]))[0])
                total += plane_weight * slice_weight * (code * converter.step // converter.gain)
            total -= plane_weight * added * sum(values[r][p][0] for r in rows)
    return total


@given(layers())
def test_a_lossless_layer_is_the_sum_of_its_products(case: tuple[Network, IntArray]) -> None:
    network, codes = case
    layer = network.layers[0]
    run = run_layer(network, layer, codes)
    for position, row in driven_codes(network, codes).items():
        exact = [sum(x * int(w) for x, w in zip(row, layer.matrix[:, o], strict=True)) for o in range(layer.outputs)]
        assert run.accumulators[position].tolist() == exact
        assert run.codes[position].tolist() == layer.requantization.apply(np.array(exact)).tolist()


@given(st.data())
@settings(max_examples=150)
def test_a_lossy_layer_is_the_sum_of_its_conversions(data: st.DataObject) -> None:
    network, codes = data.draw(layers())
    layer = network.layers[0]
    machine = data.draw(machines(layer))
    run = run_layer(network, layer, codes[:1], machine=machine)
    for position, row in driven_codes(network, codes[:1]).items():
        sums = [converted_sum(machine, network, row, output) for output in range(layer.outputs)]
        assert run.accumulators[position].tolist() == sums
        assert run.codes[position].tolist() == layer.requantization.apply(np.array(sums), corrected=True).tolist()
