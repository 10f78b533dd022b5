"""Products of activations, and what is picked out of them: slices, padding, shuffled channels, repeated pixels."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nngen.compiler.frontend import read_network
from nngen.errors import ModelError
from nngen.ir import CopyLayer, DepthwiseLayer, ElementwiseLayer, MatrixLayer, PoolLayer, ProductLayer
from tests.compiler.frontend.test_operators import NARROW, RANDOM, Compare, Made, finished, kinds_of

MANY = 1 << 20  # products and means of clipped codes take few values: one that is a near-tie comes many times


@RANDOM
@given(data=st.data())
def test_products_of_two_activations(
    data: st.DataObject, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare
) -> None:
    """Of one shape, or with one value a channel; one of them is converted where codes differ in size or sign."""
    draw, made = data.draw, Made(data.draw, onnx_file(opset=21))
    shape = draw(st.sampled_from([(3, 4, 5), (7,), (2, 1, 1)]))
    kinds = draw(st.sampled_from([NARROW, st.sampled_from(["uint8", "int8", "uint16"])]))
    first = made.input(*shape, kinds=kinds)
    spread = len(shape) == 3 and draw(st.booleans())
    second = first
    if spread or draw(st.integers(0, 5)) < 5:
        second = made.input(shape[0], 1, 1, kinds=kinds) if spread else made.input(*shape, kinds=kinds)
    factors = [first, second] if draw(st.booleans()) else [second, first]
    made.spread = 30.0
    name = finished(made, made.file.node("Mul", *factors))
    network = made.check(name, tmp_path, compare_with_reference, most=MANY)
    *converted, layer = network.layers
    assert isinstance(layer, ProductLayer)
    assert all(isinstance(other, ElementwiseLayer) for other in converted)
    looks = {(network.tensors[x].element_bytes, network.tensors[x].signed) for x in layer.inputs}
    assert len(looks) == 1


def squeeze_and_excite(made: Made) -> str:
    """A gate of one value a channel, in its own codes."""
    name = made.input(4, 5, 5, kinds=NARROW)
    squeezed = made.activation(made.file.node("GlobalAveragePool", name), kinds=NARROW)
    excited = made.activation(made.file.node("Conv", squeezed, made.weights(4, 4, 1, 1)), kinds=NARROW)
    gate = made.file.activation(made.file.node("Sigmoid", excited), 1 / 256)
    return made.activation(made.file.node("Mul", name, gate))


def test_squeeze_and_excite(onnx_file: Any, tmp_path: Path, compare_with_reference: Compare) -> None:
    @RANDOM
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        made = Made(data.draw, onnx_file(opset=21))
        network = made.check(squeeze_and_excite(made), tmp_path, compare_with_reference)
        assert isinstance(network.layers[-1], ProductLayer)

    check()


READERS = ("conv", "depthwise", "max", "relu", "sum", "output", "average")


def read_by(made: Made, name: str, channels: int) -> str:
    """A layer of some kind that reads an image."""
    kind = made.draw(st.sampled_from(READERS))
    file = made.file
    if kind == "output":
        return name
    if kind == "conv":
        name = file.node("Conv", name, made.weights(2, channels, 2, 2), pads=[0, 1, 1, 0])
    elif kind == "depthwise":
        bias = file.constant(made.random.normal(size=channels), np.float32)
        name = file.node("Conv", name, made.weights(channels, 1, 2, 2), bias, group=channels)
    elif kind == "max":
        name = file.node("MaxPool", name, kernel_shape=[3, 3], pads=[1, 0, 1, 0])
    elif kind == "average":
        counts = made.draw(st.integers(0, 1))
        name = file.node("AveragePool", name, kernel_shape=[2, 3], pads=[1, 0, 0, 2], count_include_pad=counts)
    elif kind == "relu":
        name = file.node("Clip", name, file.constant(1.0, np.float32), file.constant(20.0, np.float32))
    else:
        name = file.node("Add", name, name)
    return made.activation(name, kinds=NARROW)


def pads_of(made: Made) -> list[int]:
    top, left, bottom, right = (made.draw(st.integers(0, 2)) for _ in range(4))
    return [0, 0, top + 1, left, 0, 0, bottom, right]


@RANDOM
@given(data=st.data())
def test_padding(data: st.DataObject, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare) -> None:
    """With the real zero, with another code, with what is at the edges; read by any layer."""
    draw, made = data.draw, Made(data.draw, onnx_file(opset=21))
    name = made.file.input("x0", [1, 3, 5, 5])
    made.shapes["x0"] = (3, 5, 5)
    zero_point = draw(st.sampled_from([0, 7]))
    name = made.file.activation(name, 0.5, zero_point=zero_point, kind=draw(NARROW))
    mode = draw(st.sampled_from(["zero", "zero", "code", "edge", "reflect", "crop"]))
    widths = [0, 0, 1, -1, 0, 0, -2, 1] if mode == "crop" else pads_of(made)
    inputs = [name, made.file.constant(widths, np.int64)]
    if mode == "code":
        inputs.append(made.file.constant(3.5, np.float32))
    name = made.file.node("Pad", *inputs, mode=mode if mode in ("edge", "reflect") else "constant")
    if draw(st.booleans()):  # as TFLite has it
        last = made.file.nodes[-2]
        name = made.file.node(
            "DequantizeLinear", made.file.node("QuantizeLinear", name, *last.input[1:]), *last.input[1:]
        )
    made.check(read_by(made, name, 3), tmp_path, compare_with_reference, most=MANY)


@RANDOM
@given(data=st.data())
def test_slices_and_splits(
    data: st.DataObject, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare
) -> None:
    """Of channels, rows and columns; at a step; parts that are joined again."""
    draw, made = data.draw, Made(data.draw, onnx_file(opset=13))
    file = made.file
    name = made.input(6, 5, 6, kinds=NARROW)
    way = draw(st.sampled_from(["slice", "slices", "split", "gather"]))
    if way == "split":
        parts = draw(st.sampled_from([[2, 4], [1, 2, 3]]))
        outputs = [f"part{i}" for i in range(len(parts))]
        file.node("Split", name, file.constant(parts, np.int64), output=outputs[0], axis=1)
        del file.nodes[-1].output[:]
        file.nodes[-1].output.extend(outputs)
        if draw(st.booleans()):
            rest = [made.activation(file.node("Relu", part), kinds=NARROW) for part in outputs[1:]]
            name = made.activation(file.node("Concat", outputs[0], *rest, axis=1), kinds=NARROW)
            made.check(name, tmp_path, compare_with_reference)
            return
        name, channels = outputs[0], parts[0]
    elif way == "gather":
        indices = draw(st.sampled_from([[5, 0, 2], [1, 1], [3, 4, 5]]))
        name, channels = file.node("Gather", name, file.constant(indices, np.int64), axis=1), len(indices)
    else:
        numbers = draw(st.sampled_from([(1, 4, 1, 1), (0, 6, 1, 2), (0, 4, 2, 1), (1, 99, 3, 2), (-4, -1, 3, 1)]))
        start, end, axis, step = numbers
        name = file.node("Slice", name, *(file.constant([n], np.int64) for n in (start, end, axis, step)))
        channels = len(range(6)[start:end:step]) if axis == 1 else 6
        if way == "slices":
            name = file.node("Slice", name, *(file.constant([n], np.int64) for n in (0, 3, 2, 1)))
    made.check(read_by(made, name, channels), tmp_path, compare_with_reference, most=MANY)


def shuffled(made: Made, name: str, groups: int, shape: tuple[int, int, int]) -> str:
    file, (channels, height, width) = made.file, shape
    name = file.node("Reshape", name, file.constant([1, groups, channels // groups, height, width], np.int64))
    name = file.node("Transpose", name, perm=[0, 2, 1, 3, 4])
    return str(file.node("Reshape", name, file.constant([1, channels, height, width], np.int64)))


@RANDOM
@given(data=st.data())
def test_shuffled_channels(
    data: st.DataObject, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare
) -> None:
    """Nothing is copied where a layer takes the order along: twice where two orders meet."""
    draw, made = data.draw, Made(data.draw, onnx_file(opset=21))
    name = made.input(6, 5, 6, kinds=NARROW)
    mixed = shuffled(made, name, draw(st.sampled_from([2, 3])), (6, 5, 6))
    if draw(st.integers(0, 3)) == 3:
        network = made.check(made.activation(made.file.node("Mul", mixed, name)), tmp_path, compare_with_reference)
        assert isinstance(network.layers[-1], ProductLayer)
        return
    network = made.check(read_by(made, mixed, 6), tmp_path, compare_with_reference, most=MANY)
    if isinstance(network.layers[0], MatrixLayer | DepthwiseLayer | PoolLayer):
        copies = [layer for layer in network.layers if isinstance(layer, CopyLayer)]
        assert len(copies) == (0 if isinstance(network.layers[0], MatrixLayer) else len(copies[-1:]))


@RANDOM
@given(data=st.data())
def test_repeated_pixels(data: st.DataObject, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare) -> None:
    draw, made = data.draw, Made(data.draw, onnx_file(opset=13))
    factors = [1, 1, *draw(st.sampled_from([(1, 2), (2, 1), (2, 2), (3, 2)]))]
    name = made.input(2, 3, 4, kinds=NARROW)
    how, rounding = draw(
        st.sampled_from(
            [("asymmetric", "floor"), ("half_pixel", "round_prefer_floor"), ("half_pixel", "round_prefer_ceil")]
        )
    )
    if draw(st.booleans()):
        inputs = [name, "", made.file.constant(factors, np.float32)]
    else:
        sizes = [factor * size for factor, size in zip(factors, (1, 2, 3, 4), strict=True)]
        inputs = [name, "", "", made.file.constant(sizes, np.int64)]
    name = made.file.node("Resize", *inputs, mode="nearest", coordinate_transformation_mode=how, nearest_mode=rounding)
    made.check(read_by(made, name, 2), tmp_path, compare_with_reference, most=MANY)


def refused(file: Any, folder: Path) -> str:
    path = file.save(folder)
    with pytest.raises(ModelError) as error:
        read_network(path)
    return str(error.value).removeprefix(f"{path}: ")


QUANTIZED = "quantize every layer's input, weights and output before export"
WHOLE = "repeat pixels a whole number of times (mode nearest, asymmetric, floor)"
UNEVEN = "what it reads must be rows, columns and channels of a layer's result, each picked on their own"
SIZE = "its output must have at most 16777216 elements, not shape"
BATCH = "it must keep the batch as first dimension, and something of the others, not give shape"
REFUSED: list[tuple[str, list[Any], dict[str, Any], str]] = [
    ("Slice", ["x", [2]], {}, "its starts 'x' must be constant"),
    ("Slice", [[3], [1], [1]], {}, f"{BATCH} [1, 0, 4, 4]"),
    ("Gather", ["x"], {"axis": 1}, "its indices 'x' must be constant"),
    ("Gather", [[0, 0]], {"axis": 0}, f"{BATCH} [2, 2, 4, 4]"),
    ("Split", ["x"], {"axis": 1}, "its parts 'x' must be constant"),
    ("Split", [[1, 2]], {"axis": 1}, "its parts [1, 2] must be those of dimension 1 of [1, 2, 4, 4]"),
    ("Pad", ["x"], {}, "its pads 'x' must be constant"),
    ("Pad", [[1, 1, 1]], {}, "its pads must be two numbers for each of 4 dimensions, not [1, 1, 1]"),
    ("Pad", [[0, 0, 1, 1, 0, 0, 1, 1]], {"mode": "mirror"}, "mode must be constant, edge, reflect, wrap, not 'mirror'"),
    ("Pad", [[0, 0, 1, 1, 0, 0, 1, 1], 0.3], {}, "its value 0.3 must be that of a code of its input; pad with 0, or a "
     "MaxPool by its own pads"),
    ("Pad", [[0, 0, 1, 1, 0, 0, 1, 1], -np.inf], {}, "its value -inf must be that of a code of its input; pad with 0, "
     "or a MaxPool by its own pads"),
    ("Pad", [[0, 0, 1 << 40, 1, 0, 0, 1, 1]], {}, f"{SIZE} [1, 2, 1099511627781, 6]"),
    ("Gather", [np.zeros(1 << 21, np.int64)], {"axis": 1}, f"{SIZE} [16, 2097152]"),
    ("Resize", ["", [1, 1, 1e7, 1]], {}, f"{SIZE} [1, 2, 4, 4, 10000000]"),
    ("Split", [[-1, 3]], {"axis": 1}, "its parts [-1, 3] must be those of dimension 1 of [1, 2, 4, 4]"),
    ("Split", [[2]], {"axis": 5}, "its parts [] must be those of dimension 5 of [1, 2, 4, 4]"),
    ("Resize", ["", [1, 1, 2, 2.0]], {"mode": "linear"}, f"mode must be nearest, not 'linear'; {WHOLE}"),
    ("Resize", ["", [1, 1, 1.5, 2]], {}, f"its factors must be whole, not 1.5; {WHOLE}"),
    ("Resize", ["", [1, 1, 2, 0.5]], {}, f"its factors must be whole, not 0.5; {WHOLE}"),
    ("Resize", ["", [1, 1, 2, 2.0]], {"coordinate_transformation_mode": "align_corners"},
     f"it must not read pixels by align_corners and round_prefer_floor; {WHOLE}"),
    ("Resize", ["", [1, 1, 2, 2.0]], {"nearest_mode": "ceil", "coordinate_transformation_mode": "asymmetric"},
     f"it must not read pixels by asymmetric and ceil; {WHOLE}"),
    ("Resize", ["", [2, 1, 2, 2.0]], {}, "its factor of the batch must be 1, not 2"),
    ("Resize", ["", "x"], {}, "its scales or sizes 'x' must be constant"),
    ("Resize", ["", [2, 2.0]], {}, "it must have a scale or size for each of 4 dimensions, not 2"),
    ("Resize", [""], {}, "it must have scales or sizes"),
]  # fmt: skip


@pytest.mark.parametrize(("operator", "inputs", "attributes", "text"), REFUSED, ids=[c[3][:50] for c in REFUSED])
def test_refused(  # noqa: PLR0917 - a case, and two fixtures
    operator: str, inputs: list[Any], attributes: dict[str, Any], text: str, onnx_file: Any, tmp_path: Path
) -> None:
    file = onnx_file(opset=13)
    name = file.activation(file.input("x", [1, 2, 4, 4]), 0.5)
    given = [value if isinstance(value, str) else file.constant(value, kind_of(value)) for value in inputs]
    name = file.node(operator, name, *given, name="node", **attributes)
    file.node("Identity", file.activation(name, 1.0), output="y")
    file.output("y")
    assert refused(file, tmp_path) == f"{operator} node 'node': {text}"


def kind_of(value: Any) -> str:
    return "float32" if np.asarray(value).dtype.kind == "f" else "int64"


@RANDOM
@given(data=st.data())
def test_padded_channels(data: st.DataObject, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare) -> None:
    """The shortcut of residual networks: every other pixel, and channels of zeros."""
    draw, made = data.draw, Made(data.draw, onnx_file(opset=13))
    name = made.input(4, 5, 5, kinds=NARROW)
    if draw(st.booleans()):
        name = made.file.node(
            "Slice", name, *(made.file.constant(n, np.int64) for n in ([0, 0], [9, 9], [2, 3], [2, 2]))
        )
    before, after, border = draw(st.sampled_from([(2, 2, 0), (0, 4, 0), (1, 0, 1), (0, 5, 0)]))
    widths = made.file.constant([0, before, border, 0, 0, after, 0, border], np.int64)
    name = made.file.node("Pad", name, widths)
    network = made.check(read_by(made, name, 4 + before + after), tmp_path, compare_with_reference, most=MANY)
    assert "ConcatLayer" in kinds_of(network)


def test_what_no_copy_does_is_refused(onnx_file: Any, tmp_path: Path) -> None:
    """Some of what became one row."""
    file = onnx_file()
    name = file.activation(file.input("x", [1, 2, 4, 4]), 0.5, kind="int8")
    name = file.activation(file.node("MaxPool", name, kernel_shape=[2, 2]), 0.5, kind="int8")
    part = file.node("Slice", file.node("Flatten", name), *(file.constant([n], np.int64) for n in (1, 9, 1)))
    file.node("Identity", file.activation(file.node("Sigmoid", part, name="node"), 1.0), output="y")
    file.output("y")
    assert refused(file, tmp_path) == f"Sigmoid node 'node': {UNEVEN}"


def test_products_of_other_shapes_are_refused(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    name = file.activation(file.input("x", [1, 2, 4, 4]), 0.5)
    other = file.activation(file.input("mask", [1, 1, 4, 4]), 0.5)
    file.node("Identity", file.activation(file.node("Mul", name, other, name="node"), 1.0), output="y")
    file.output("y")
    assert refused(file, tmp_path) == (
        "Mul node 'node': the activations it multiplies must have one shape, or one of them one value a channel, not "
        "shapes [1, 2, 4, 4] and [1, 1, 4, 4]; expand one of them before it is quantized"
    )


@pytest.mark.parametrize("operator", ["Slice", "Pad"])
def test_results_without_quantizer_are_not_picked_from(operator: str, onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    name = file.activation(file.input("x", [1, 2, 4, 4]), 0.5)
    name = file.node("Conv", name, file.dequantized(np.ones((3, 2, 2, 2)), 0.25))
    numbers = [[0], [2], [1]] if operator == "Slice" else [[0, 0, 1, 1, 0, 0, 1, 1]]
    name = file.node(operator, name, *(file.constant(n, np.int64) for n in numbers), name="node")
    file.node("Identity", file.activation(name, 1.0), output="y")
    file.output("y")
    assert refused(file, tmp_path) == f"{operator} node 'node': it must stand behind a quantizer; {QUANTIZED}"


@pytest.mark.parametrize("value", [0, 3])
def test_codes_are_padded_with_a_code(
    value: int, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare
) -> None:
    """QuantizeLinear, Pad, DequantizeLinear: 3 is the zero point, and moves into the window; 0 is copied."""
    file = onnx_file()
    how = (file.constant(0.1, np.float32), file.constant(3, np.int8))
    codes = file.node("QuantizeLinear", file.input("x", [1, 2, 4, 4]), *how)
    padded = file.node("Pad", codes, file.constant([0, 0, 1, 1, 0, 0, 1, 1], np.int64), file.constant(value, np.int8))
    name = file.node("DequantizeLinear", padded, *how)
    name = file.activation(file.node("Conv", name, file.dequantized(np.ones((1, 2, 2, 2)), 0.1)), 0.217, kind="int8")
    file.node("Identity", name, output="y")
    file.output("y")
    path = file.save(tmp_path)
    samples = {"x": np.random.default_rng(1).normal(size=(9, 2, 4, 4)).astype(np.float32) * 5}
    assert all(count == 0 for count, _ in compare_with_reference(path, samples).values())
    assert len(read_network(path).layers) == (1 if value else 2)


def test_a_tensor_padded_with_two_codes_is_copied_for_one(
    onnx_file: Any, tmp_path: Path, compare_with_reference: Compare
) -> None:
    file = onnx_file()
    name = file.activation(file.input("x", [1, 2, 4, 4]), 0.5, kind="int8")
    widths = file.constant([0, 0, 1, 1, 0, 0, 1, 1], np.int64)
    ones = file.node("Pad", name, widths, file.constant(1.0, np.float32))
    zeros = file.node("Conv", name, file.dequantized(np.ones((2, 2, 3, 3)), 0.1), pads=[2, 2, 2, 2])
    zeros = file.activation(zeros, 0.7318, kind="int8")
    file.node("Identity", file.activation(file.node("Add", ones, zeros), 0.6171, kind="int8"), output="y")
    file.output("y")
    path = file.save(tmp_path)
    samples = {"x": np.random.default_rng(1).normal(size=(9, 2, 4, 4)).astype(np.float32) * 9}
    assert all(count == 0 for count, _ in compare_with_reference(path, samples).values())
    kinds = kinds_of(read_network(path))
    assert kinds == ["CopyLayer", "CopyLayer", "MatrixLayer", "ElementwiseLayer"]


def test_a_product_without_quantizer_leaves_as_words(
    onnx_file: Any, tmp_path: Path, compare_with_reference: Compare
) -> None:
    file = onnx_file()
    name = file.activation(file.input("x", [1, 2, 4, 4]), 0.5, kind="int8", zero_point=4)
    file.node("Mul", name, name, output="y")
    file.output("y")
    path = file.save(tmp_path)
    samples = {"x": np.random.default_rng(1).normal(size=(9, 2, 4, 4)).astype(np.float32) * 9}
    compare_with_reference(path, samples)
    network = read_network(path)
    assert network.tensors["y"].bits == 32


def test_one_dimension_is_shuffled_and_sliced_too(
    onnx_file: Any, tmp_path: Path, compare_with_reference: Compare
) -> None:
    file = onnx_file()
    name = file.activation(file.input("x", [1, 4, 6]), 0.5, kind="int8")
    mixed = file.node("Gather", name, file.constant([2, 0, 3, 1], np.int64), axis=1)
    pooled = file.node("MaxPool", mixed, kernel_shape=[2])
    part = file.node("Slice", pooled, *(file.constant([n], np.int64) for n in (1, 4, 2)))
    name = file.activation(file.node("Conv", part, file.dequantized(np.arange(16).reshape(2, 4, 2), 0.1)), 3.1713)
    file.node("Identity", name, output="y")
    file.output("y")
    path = file.save(tmp_path)
    samples = {"x": np.random.default_rng(1).normal(size=(9, 4, 6)).astype(np.float32) * 9}
    assert all(count == 0 for count, _ in compare_with_reference(path, samples).values())
    assert kinds_of(read_network(path)) == ["PoolLayer", "CopyLayer", "MatrixLayer"]


def test_padding_that_a_clip_of_codes_would_change_is_refused(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    name = file.activation(file.input("x", [1, 2, 4, 4]), 0.5, clip=(3, 90))
    how = file.nodes[-1].input[1:]
    padded = file.node("Pad", name, file.constant([0, 0, 1, 1, 0, 0, 1, 1], np.int64))
    codes = file.node("QuantizeLinear", padded, *how)
    codes = file.node("Clip", codes, file.constant(3, np.uint8), file.constant(90, np.uint8), name="node")
    file.node("MaxPool", file.node("DequantizeLinear", codes, *how), output="y", kernel_shape=[2, 2])
    file.output("y")
    assert refused(file, tmp_path) == "Clip node 'node': its bounds must hold the zero point 0 that pads, not 3..90"


@pytest.mark.parametrize("zero_point", [0, 5, 255])
def test_a_new_zero_point_is_a_layer_where_no_product_asked_for_it(
    zero_point: int, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare
) -> None:
    file = onnx_file()
    name = file.activation(file.input("x", [1, 2, 4, 4]), 0.5)
    pooled = file.activation(file.node("MaxPool", name, kernel_shape=[2, 2]), 0.5)
    file.node("Identity", file.activation(pooled, 0.5, zero_point=zero_point), output="y")
    file.output("y")
    path = file.save(tmp_path)
    samples = {"x": np.random.default_rng(1).normal(size=(9, 2, 4, 4)).astype(np.float32) * 90}
    assert all(count == 0 for count, _ in compare_with_reference(path, samples).values())


@pytest.mark.parametrize("inner", ["Sigmoid", "MaxPool", "both"])
def test_a_conversion_moves_into_the_layer_before(
    inner: str, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare
) -> None:
    """Its table, its zero point; not where something else reads the codes as they are."""
    file = onnx_file()
    name = file.activation(file.input("x", [1, 2, 4, 4]), 0.05, kind="int8")
    pooled = file.activation(file.node("AveragePool", name, kernel_shape=[3, 3], pads=[1] * 4), 0.0713, kind="int8")
    gate = file.node("Sigmoid" if inner == "Sigmoid" else "Abs", pooled)
    gate = file.activation(gate, 1 / 256 if inner == "Sigmoid" else 0.0317)
    if inner != "Sigmoid":
        gate = file.activation(file.node("MaxPool", gate, kernel_shape=[3, 3], pads=[1] * 4), 0.0317)
    total = file.activation(file.node("Mul", pooled, gate), 0.0231, kind="int8")
    file.node("Identity", total, output="y")
    file.output("y")
    if inner == "both":
        file.node("Identity", gate, output="gate")
        file.output("gate")
    path = file.save(tmp_path)
    samples = {"x": np.random.default_rng(1).normal(size=(9, 2, 4, 4)).astype(np.float32) * 3}
    assert sum(count for count, _ in compare_with_reference(path, samples).values()) <= 1
    converted = [layer.name for layer in read_network(path).layers if " as int8" in layer.name]
    assert len(converted) == (inner == "both")
