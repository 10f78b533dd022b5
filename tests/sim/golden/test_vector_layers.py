"""Layers that no macro computes against an evaluation element by element, in Python's integers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nngen.ir import (
    ConcatLayer,
    CopyLayer,
    DepthwiseLayer,
    ElementwiseLayer,
    Layer,
    MatrixLayer,
    Network,
    PoolLayer,
    ProductLayer,
    Tensor,
)
from nngen.numerics import ROUNDINGS, Requantization
from nngen.sim.golden import run_golden, run_layer

from .builders import make_core, make_network, make_tensor, one_layer_machine

IntArray = npt.NDArray[np.int64]
Index = tuple[int, int, int, int]


def constants(rng: np.random.Generator, outputs: int, rounding: str = "half_even") -> Requantization:
    arrays: dict[str, Any] = {
        "multiplier": rng.integers(-(1 << 10), 1 << 10, outputs),
        "offset": rng.integers(-(1 << 16), 1 << 16, outputs),
        "shift": rng.integers(0, 20, outputs),
    }
    if rng.integers(2):
        arrays["negative_multiplier"] = rng.integers(-(1 << 8), 1 << 8, outputs)
        arrays["negative_offset"] = rng.integers(-(1 << 14), 1 << 14, outputs)
    return Requantization(**arrays, zero_point=3, lowest=-100, highest=120, rounding=rounding)  # type: ignore[arg-type]


def window(layer: Layer, source: Tensor, codes: IntArray, halo: int, index: Index) -> Iterator[tuple[int, int, int]]:
    """The (kernel y, kernel x, code) of a channel that an output sees."""
    sample, row, column, channel = index
    for y, x in itertools.product(range(layer.kernel[0]), range(layer.kernel[1])):
        down = row * layer.strides[0] + y * layer.dilations[0] - layer.pads[0]
        across = column * layer.strides[1] + x * layer.dilations[1] - layer.pads[1]
        inside = 0 <= down < source.shape[0] and 0 <= across < source.shape[1]
        yield y, x, int(codes[sample, down, across, channel]) if inside else halo


def accumulator(network: Network, layer: Layer, codes: list[IntArray], index: Index) -> int:
    source = network.tensors[layer.inputs[0]]
    if isinstance(layer, ElementwiseLayer):
        return sum(c * int(array[index]) for c, array in zip(layer.coefficients, codes, strict=True))
    if isinstance(layer, ConcatLayer):
        return int(np.concatenate(codes, axis=3)[index])
    if isinstance(layer, ProductLayer):
        sample, row, column, channel = index
        first = int(codes[0][index])
        second = int(codes[1][index] if codes[1].shape == codes[0].shape else codes[1][sample, 0, 0, channel])
        return (first - layer.zero_points[0]) * (second - layer.zero_points[1])
    if isinstance(layer, CopyLayer):
        row, column = layer.rows_read[index[1]], layer.columns_read[index[2]]
        inside = 0 <= row < source.shape[0] and 0 <= column < source.shape[1]
        return int(codes[0][index[0], row, column, layer.channels_read[index[3]]]) if inside else layer.fill
    if isinstance(layer, DepthwiseLayer):
        seen = window(layer, source, codes[0], source.zero_point, index)
        return sum(int(layer.weights[index[3], y, x]) * code for y, x, code in seen)
    assert isinstance(layer, PoolLayer)
    if layer.kind == "max":
        return max(code for _, _, code in window(layer, source, codes[0], source.lowest, index))
    return sum(code for _, _, code in window(layer, source, codes[0], source.zero_point, index))


def constants_of(network: Network, layer: Layer, index: Index) -> Requantization:
    if not isinstance(layer, PoolLayer) or not layer.by_count:
        return layer.requantization
    height, width, _ = network.tensors[layer.input].shape
    covered = 0
    for y, x in itertools.product(range(layer.size[0]), range(layer.size[1])):
        down, across = index[1] * layer.strides[0] + y - layer.pads[0], index[2] * layer.strides[1] + x - layer.pads[1]
        covered += 0 <= down < height and 0 <= across < width
    return dict(layer.by_count).get(covered, layer.requantization)


def assert_computed_by_hand(network: Network, codes: dict[str, IntArray]) -> None:
    (layer,) = network.layers
    inputs = [codes[name] for name in layer.inputs]
    run = run_layer(network, layer, *inputs)
    for index in np.ndindex(*run.codes.shape):
        place = (index[0], index[1], index[2], index[3])
        total = accumulator(network, layer, inputs, place)
        channel = index[3]
        one = constants_of(network, layer, place).channels(channel, channel + 1)
        code = int(one.apply(np.array([total]))[0])
        assert run.accumulators[index] == total
        assert run.codes[index] == (code if layer.table is None else layer.table[code & 0xFF])
    assert np.array_equal(run_golden(network, codes)[layer.output], run.codes)


@st.composite
def sources(draw: st.DrawFn, name: str, shape: tuple[int, int, int]) -> Tensor:
    bits = draw(st.sampled_from((1, 4, 8, 16)))
    signed = draw(st.booleans()) and bits > 1
    tensor = make_tensor(name, shape, bits=bits, signed=signed)
    return replace(tensor, zero_point=draw(st.integers(tensor.lowest, tensor.highest)))


def one_layer(layer: Layer, inputs: list[Tensor]) -> Network:
    tensors = {tensor.name: tensor for tensor in inputs}
    network = make_network([], list(tensors.values()))
    hosts = tuple(replace(network.inputs[0], name=name, tensor=name) for name in tensors)
    network = replace(network, layers=(layer,), inputs=hosts)
    shape = network.output_shape(layer)
    output = replace(make_tensor("y", shape, signed=True), zero_point=3)
    return replace(network, tensors={**tensors, "y": output})


def codes_for(rng: np.random.Generator, network: Network) -> dict[str, IntArray]:
    tensors = (network.tensors[end.tensor] for end in network.inputs)
    return {t.name: rng.integers(t.lowest, t.highest + 1, (2, *t.shape)) for t in tensors}


@given(st.data())
@settings(max_examples=100)
def test_windows(data: st.DataObject) -> None:
    """Depthwise convolutions and pools of any geometry."""
    draw = data.draw
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    kernel, strides = ((draw(st.integers(1, 3)), draw(st.integers(1, 3))) for _ in range(2))
    dilations = (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
    pads = tuple(draw(st.integers(0, kernel[axis % 2] - 1)) for axis in range(4))
    source = draw(sources("x", (draw(st.integers(5, 7)), draw(st.integers(5, 7)), draw(st.integers(1, 3)))))
    channels, kind = source.shape[2], draw(st.sampled_from(("depthwise", "max", "average", "uncounted")))
    table = rng.integers(-128, 128, 256) if draw(st.booleans()) else None
    common: dict[str, Any] = {
        "name": "y",
        "input": "x",
        "output": "y",
        "strides": strides,
        "pads": pads,
        "table": table,
        "requantization": constants(rng, channels, draw(st.sampled_from(ROUNDINGS))),
    }
    layer: Layer
    if kind == "depthwise":
        weights = rng.integers(-127, 128, (channels, *kernel))
        layer = DepthwiseLayer(**common, dilations=dilations, weights=weights)
    elif kind == "uncounted":
        layer = PoolLayer(**common, kind="average", size=kernel)
        counts = sorted(set(layer.covered(*source.shape[:2]).ravel().tolist()) - {layer.rows})
        like = layer.requantization
        layer = replace(
            layer,
            by_count=tuple((count, replace(like, multiplier=like.multiplier + count)) for count in counts),
        )
    else:
        layer = PoolLayer(**common, kind=kind, size=kernel)  # type: ignore[arg-type] # one of the other two words
    network = one_layer(layer, [source])
    assert_computed_by_hand(network, codes_for(rng, network))


@given(st.data())
@settings(max_examples=60)
def test_points(data: st.DataObject) -> None:
    """Weighted sums and concatenations of one to three tensors, one of them twice."""
    draw = data.draw
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    concat, number = draw(st.booleans()), draw(st.integers(1, 3))
    tensors = [draw(sources(f"x{i}", (2, 3, 2 + i * concat))) for i in range(number)]
    names = tuple(tensor.name for tensor in tensors) + (("x0",) if draw(st.booleans()) else ())
    channels = sum(2 + int(name[1:]) for name in names) if concat else 2
    how = constants(rng, channels)
    layer: Layer = ConcatLayer(name="y", inputs=names, output="y", requantization=how)
    if not concat:
        factors = tuple(rng.integers(-(1 << 22), 1 << 22, len(names)).tolist())
        layer = ElementwiseLayer(name="y", inputs=names, output="y", coefficients=factors, requantization=how)
    network = one_layer(layer, tensors)
    assert_computed_by_hand(network, codes_for(rng, network))


@given(st.data())
@settings(max_examples=60)
def test_products_and_copies(data: st.DataObject) -> None:
    """Products of one shape, or with one pixel; copies of any rows, columns and channels, padding among them."""
    draw = data.draw
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    tensors = [draw(sources("x0", (3, 4, 2)))]
    if draw(st.booleans()):
        tensors.append(draw(sources("x1", draw(st.sampled_from([(3, 4, 2), (1, 1, 2)])))))
        layer: Layer = ProductLayer(
            name="y", inputs=("x0", "x1"), output="y", zero_points=(-7, 12), requantization=constants(rng, 2)
        )
    else:
        places = [tuple(rng.integers(low, high, 4).tolist()) for low, high in ((-2, 6), (-1, 6), (0, 2))]
        layer = CopyLayer(
            name="y",
            inputs=("x0",),
            output="y",
            rows_read=places[0],
            columns_read=places[1],
            channels_read=places[2],
            fill=-9,
            requantization=constants(rng, 4),
        )
    network = one_layer(layer, tensors)
    assert_computed_by_hand(network, codes_for(rng, network))


def test_a_dilated_convolution_is_one_with_zeros_between_its_weights() -> None:
    rng = np.random.default_rng(5)
    weights = rng.integers(-7, 8, (4, 3, 2, 3))
    spread = np.zeros((4, 5, 4, 3), np.int64)
    spread[:, ::2, ::3] = weights
    source = replace(make_tensor("x", (9, 8, 3)), zero_point=9)
    common: dict[str, Any] = {
        "name": "y",
        "input": "x",
        "output": "y",
        "strides": (2, 1),
        "pads": (1, 2, 0, 3),
        "requantization": constants(rng, 4),
    }
    dilated = one_layer(MatrixLayer(**common, weights=weights, dilations=(2, 3)), [source])
    dense = one_layer(MatrixLayer(**common, weights=spread), [source])
    codes = codes_for(rng, dilated)
    assert np.array_equal(run_golden(dilated, codes)["y"], run_golden(dense, codes)["y"])


def test_a_table_is_looked_up_by_the_low_byte_of_the_code() -> None:
    table = np.arange(256) * 3 % 256
    how = Requantization(
        multiplier=np.ones(1, np.int64),
        offset=np.zeros(1, np.int64),
        shift=np.zeros(1, np.int64),
        zero_point=0,
        lowest=-128,
        highest=127,
    )
    layer = ElementwiseLayer(name="y", inputs=("x",), output="y", coefficients=(1,), requantization=how, table=table)
    network = one_layer(layer, [make_tensor("x", (1, 1, 1), signed=True)])
    found = run_golden(network, {"x": np.array([-128, -1, 0, 127]).reshape(4, 1, 1, 1)})["y"]
    assert found.ravel().tolist() == [128 * 3 % 256, 255 * 3 % 256, 0, 127 * 3 % 256]


@pytest.mark.parametrize("groups", [False, True])
def test_vector_layers_are_exact_on_any_machine(groups: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the macros are, and however many samples are in work at once."""
    if groups:
        monkeypatch.setattr("nngen.sim.golden._run.ELEMENTS_AT_ONCE", 64)
    rng = np.random.default_rng(6)
    how = constants(rng, 3)
    layer = PoolLayer(
        name="y", input="x", output="y", kind="max", size=(2, 2), strides=(2, 2), pads=(0,) * 4, requantization=how
    )
    network = one_layer(layer, [make_tensor("x", (4, 4, 3))])
    codes = {"x": rng.integers(0, 256, (9, 4, 4, 3))}
    lossy = run_golden(network, codes, machine=one_layer_machine(core=make_core()))
    assert np.array_equal(lossy["y"], run_golden(network, codes)["y"])
    assert_computed_by_hand(network, codes)


def test_sums_of_large_windows_are_exact() -> None:
    """600 codes of 16 bits add up to more than float32 holds."""
    how = Requantization(
        multiplier=np.ones(1, np.int64),
        offset=np.zeros(1, np.int64),
        shift=np.zeros(1, np.int64),
        zero_point=0,
        lowest=0,
        highest=(1 << 31) - 1,
    )
    layer = PoolLayer(
        name="y",
        input="x",
        output="y",
        kind="average",
        size=(20, 30),
        strides=(1, 1),
        pads=(0,) * 4,
        requantization=how,
    )
    network = one_layer(layer, [make_tensor("x", (20, 30, 1), bits=16)])
    codes = np.random.default_rng(7).integers(65500, 65536, (3, 20, 30, 1))
    assert run_golden(network, {"x": codes})["y"].ravel().tolist() == codes.sum(axis=(1, 2, 3)).tolist()
