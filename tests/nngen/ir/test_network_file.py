"""network.json and network.npz: the same network comes back, the same bytes go out, damage is named."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nngen.compiler.frontend import read_network
from nngen.errors import ModelError
from nngen.ir import (
    ConcatLayer,
    CopyLayer,
    DepthwiseLayer,
    ElementwiseLayer,
    HostInput,
    MatrixLayer,
    Network,
    NetworkIndex,
    PoolLayer,
    ProductLayer,
    Tensor,
    load_network,
    save_network,
)
from nngen.ir.network_file import ARRAY_FILE, INDEX_FILE, ZIP_EPOCH
from nngen.numerics import Requantization


@pytest.fixture(scope="module")
def digits(request: pytest.FixtureRequest) -> Network:
    root: Path = request.getfixturevalue("repository")
    return read_network(root / "flows" / "networks" / "digits" / "cnn_w4a4.onnx")


def constants(outputs: int, **changes: Any) -> Requantization:
    fields = {"multiplier": np.arange(1, outputs + 1), "offset": np.arange(outputs), "shift": np.full(outputs, 3)}
    return Requantization(**{**fields, "zero_point": 1, "lowest": 0, "highest": 255, **changes})


def tensor(name: str, *shape: int) -> Tensor:
    height, width, channels = shape
    size = (height, width, channels)
    return Tensor(name=name, shape=size, bits=8, signed=False, zero_point=1, lowest=0, highest=255)


@pytest.fixture
def every_kind() -> Network:
    """A layer of each kind, with all that it can carry."""
    window = {"strides": (1, 1), "pads": (0, 0, 0, 0)}
    padded = {"strides": (2, 2), "pads": (0, 0, 1, 1)}
    two_sided = {"negative_multiplier": np.array([-1, 5]), "negative_offset": np.array([7, 9])}
    layers = (
        MatrixLayer(
            name="m", input="x", output="m", weights=np.ones((2, 2, 2, 3), np.int64), dilations=(2, 1),
            requantization=constants(2, **two_sided), table=np.arange(256)[::-1], **window,
        ),
        DepthwiseLayer(
            name="d", input="m", output="d", weights=-np.ones((2, 1, 2), np.int64), requantization=constants(2),
            **window,
        ),
        PoolLayer(
            name="p", kind="average", input="d", output="p", size=(2, 2), requantization=constants(2),
            by_count=((1, constants(2, shift=np.full(2, 5))), (2, constants(2))), **padded,
        ),
        PoolLayer(name="q", kind="max", input="d", output="q", size=(2, 2), requantization=constants(2), **padded),
        ElementwiseLayer(
            name="e", inputs=("p", "q"), output="e", coefficients=(-(1 << 22), 3), requantization=constants(2)
        ),
        ConcatLayer(name="c", inputs=("e", "p", "e"), output="c", requantization=constants(6)),
        ProductLayer(name="t", inputs=("e", "g"), output="t", zero_points=(-3, 35000), requantization=constants(2)),
        CopyLayer(
            name="s", inputs=("t",), output="s", rows_read=(-1, 0, 0), columns_read=(1, 2), channels_read=(1, 1, 0),
            fill=7, requantization=constants(3, multiplier=np.ones(3, np.int64), offset=np.zeros(3, np.int64)),
        ),
    )  # fmt: skip
    shapes = {"x": (5, 5, 3), "m": (3, 4, 2), "d": (3, 3, 2), "p": (2, 2, 2), "q": (2, 2, 2), "e": (2, 2, 2)}
    host = HostInput(
        name="x", tensor="x", file_shape=(5, 5, 3), file_type="float32", permutation=(0, 1, 2), scale=1.0, zero_point=1
    )
    shapes |= {"c": (2, 2, 6), "g": (1, 1, 2), "t": (2, 2, 2), "s": (3, 2, 3)}
    tensors = {name: tensor(name, *shape) for name, shape in shapes.items()}
    return Network(name="every", dialect="none", tensors=tensors, layers=layers, inputs=(host,), outputs=())


def plain(value: Any) -> Any:
    """A structure that compares by value, arrays with their types."""
    if isinstance(value, np.ndarray):
        return value.dtype.name, value.tolist()
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    return plain(vars(value)) if hasattr(value, "__dict__") else value


def test_round_trip(digits: Network, tmp_path: Path) -> None:
    save_network(digits, tmp_path)
    assert plain(load_network(tmp_path)) == plain(digits)


def test_round_trip_of_a_correction(digits: Network, tmp_path: Path) -> None:
    layer = digits.layers[0]
    constants = {**vars(layer.requantization), "correction": np.arange(8), "rounding": "floor"}
    changed = type(layer)(**{**vars(layer), "requantization": type(layer.requantization)(**constants)})
    network = digits.with_layers((changed, *digits.layers[1:]))
    save_network(network, tmp_path)
    assert plain(load_network(tmp_path)) == plain(network)


def test_round_trip_of_every_kind_of_layer(every_kind: Network, tmp_path: Path) -> None:
    save_network(every_kind, tmp_path)
    found = load_network(tmp_path)
    assert [type(layer) for layer in found.layers] == [type(layer) for layer in every_kind.layers]
    assert plain(found) == plain(every_kind)


def test_the_bytes_depend_on_the_network_alone(digits: Network, tmp_path: Path) -> None:
    for name in "ab":
        save_network(digits, tmp_path / name)
    save_network(load_network(tmp_path / "a"), tmp_path / "c")
    for name in (INDEX_FILE, ARRAY_FILE):
        contents = {(tmp_path / folder / name).read_bytes() for folder in "abc"}
        assert len(contents) == 1
    with zipfile.ZipFile(tmp_path / "a" / ARRAY_FILE) as archive:
        assert {member.date_time for member in archive.infolist()} == {ZIP_EPOCH}


def test_numpy_reads_the_arrays(digits: Network, tmp_path: Path) -> None:
    save_network(digits, tmp_path)
    with np.load(tmp_path / ARRAY_FILE, allow_pickle=False) as arrays:
        assert np.array_equal(arrays["layer0.weights"], digits.layers[0].weights)


def test_the_schema_is_published() -> None:
    schema = NetworkIndex.model_json_schema()
    assert schema["properties"]["schema"]["const"] == "nngen/network/1"


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / INDEX_FILE
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


DAMAGES: list[tuple[Callable[[Path], object], str]] = [
    (lambda folder: (folder / INDEX_FILE).unlink(), "network.json cannot be read: No such file or directory"),
    (lambda folder: (folder / ARRAY_FILE).unlink(), "network.npz cannot be read: No such file or directory"),
    (
        lambda folder: edit(folder, lambda index: index.update(schema="nngen/network/9")),
        "network.json: schema must be 'nngen/network/1', not 'nngen/network/9'; did you mean 'nngen/network/1'?",
    ),
    (
        lambda folder: edit(folder, lambda index: index.update(dialekt="QCDQ")),
        "network.json: dialekt is not a known key; did you mean 'dialect'?",
    ),
    (
        lambda folder: edit(folder, lambda index: index["layers"].pop()),
        "network.json: arrays must be those of its layers and outputs, each of its type",
    ),
    (
        lambda folder: edit(folder, lambda index: index["arrays"]["layer0.weights"].update(shape=[-1, 1])),
        "network.json: shapes of arrays must have sizes of at least 0",
    ),
    (
        lambda folder: edit(folder, lambda index: index["arrays"]["layer0.weights"].update(shape=[9, 3, 3, 1])),
        "network.npz: layer0.weights must be int16 of shape [9, 3, 3, 1]",
    ),
    (
        lambda folder: edit(folder, lambda index: index["layers"][1].update(input="nowhere")),
        "network.json: layer '/layers/layers.4/Conv_output_0' must read and write tensors of the network, "
        "not 'nowhere'",
    ),
    (
        lambda folder: edit(folder, lambda index: index["tensors"][0].update(shape=[8, 8, 2])),
        "network.json: layer '/layers/layers.1/Conv_output_0': weights must have the channels of its input, "
        "not shape [8, 3, 3, 1]",
    ),
    (
        lambda folder: (folder / ARRAY_FILE).write_bytes((folder / ARRAY_FILE).read_bytes()[:-1]),
        "network.npz is not the file that network.json was written with",
    ),
    (
        lambda folder: (folder / ARRAY_FILE).write_bytes(bytes(1 << 20)),
        "network.npz must have at most 41480 bytes, not 1048576",
    ),
]


def change_layer(number: int, **changes: Any) -> Callable[[Path], object]:
    return lambda folder: edit(folder, lambda index: index["layers"][number].update(**changes))


DAMAGED_KINDS: list[tuple[Callable[[Path], object], str]] = [
    (
        change_layer(1, kind="concrete"),
        "layers[1].kind must be 'matrix', 'depthwise', 'max', 'average', 'elementwise', 'concat', 'product' or 'copy', "
        "not 'concrete'; did you mean 'concat'?",
    ),
    (change_layer(0, strides=[0, 1]), "layers[0].strides[0] must be greater than 0, not 0"),
    (change_layer(4, inputs=["p", "y"]), "layer 'e' must read and write tensors of the network, not 'y'"),
    (change_layer(4, inputs=["p"]), "layer 'e': it must have a coefficient for each of its 1 inputs, not 2"),
    (change_layer(4, inputs=["d", "q"]), "layer 'e': its output must have the shape [3, 3, 2], not [2, 2, 2]"),
    (change_layer(5, inputs=["e", "p"]), "layer 'c': its output must have the shape [2, 2, 4], not [2, 2, 6]"),
    (
        change_layer(6, inputs=["e", "m"]),
        "layer 't': its second input must have the shape of the first, or be one pixel of it, not [3, 4, 2]",
    ),
    (change_layer(6, zero_points=[0, 1 << 16]), "layers[6].zero_points[1] must be less than 65536, not 65536"),
    (change_layer(7, channels_read=[0, 2, 1]), "layer 's': it must read channels below 2, not 2"),
    (change_layer(7, rows_read=[0, 1]), "layer 's': its output must have the shape [2, 2, 3], not [3, 2, 3]"),
    (change_layer(0, dilations=[1, 1]), "layer 'm': its output must have the shape [4, 4, 2], not [3, 4, 2]"),
    (change_layer(2, counts=[1]), "arrays must be those of its layers and outputs, each of its type"),
]


@pytest.mark.parametrize(("damage", "message"), DAMAGED_KINDS, ids=[message[:60] for _, message in DAMAGED_KINDS])
def test_damage_of_other_kinds_is_named(
    damage: Callable[[Path], object], message: str, every_kind: Network, tmp_path: Path
) -> None:
    save_network(every_kind, tmp_path)
    damage(tmp_path)
    with pytest.raises(ModelError) as error:
        load_network(tmp_path)
    assert str(error.value) == f"network.json: {message}"


def test_constants_of_a_copy_are_the_same_for_all_channels(every_kind: Network, tmp_path: Path) -> None:
    *others, last = every_kind.layers
    save_network(every_kind.with_layers((*others, replace(last, requantization=constants(3)))), tmp_path)
    with pytest.raises(ModelError) as error:
        load_network(tmp_path)
    assert str(error.value) == "network.json: layer 's': its constants must be the same for all channels"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table": np.zeros(255, np.int64)}, "its table must have 256 codes, not shape [255]"),
        (
            {"requantization": constants(2, negative_multiplier=np.ones(2, np.int64))},
            "its constants must have one value for each of its 2 outputs",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_named(
    changes: dict[str, Any], message: str, every_kind: Network, tmp_path: Path
) -> None:
    save_network(every_kind.with_layers((replace(every_kind.layers[0], **changes), *every_kind.layers[1:])), tmp_path)
    with pytest.raises(ModelError) as error:
        load_network(tmp_path)
    assert str(error.value) == f"network.json: layer 'm': {message}"


@pytest.mark.parametrize(("damage", "message"), DAMAGES, ids=[message[:60] for _, message in DAMAGES])
def test_damage_is_named(damage: Callable[[Path], object], message: str, digits: Network, tmp_path: Path) -> None:
    save_network(digits, tmp_path)
    damage(tmp_path)
    with pytest.raises(ModelError) as error:
        load_network(tmp_path)
    assert str(error.value) == message
