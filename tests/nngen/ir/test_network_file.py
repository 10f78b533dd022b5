"""network.json and network.npz: the same network comes back, the same bytes go out, damage is named."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nngen.compiler.frontend import read_network
from nngen.errors import ModelError
from nngen.ir import Network, NetworkIndex, load_network, save_network
from nngen.ir.network_file import ARRAY_FILE, INDEX_FILE, ZIP_EPOCH

ARRAYS = ("multiplier", "offset", "shift", "correction")


@pytest.fixture(scope="module")
def digits(request: pytest.FixtureRequest) -> Network:
    root: Path = request.getfixturevalue("repository")
    return read_network(root / "flows" / "networks" / "digits" / "cnn_w4a4.onnx")


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
        "network.npz must have at most 33288 bytes, not 1048576",
    ),
]


@pytest.mark.parametrize(("damage", "message"), DAMAGES, ids=[message[:60] for _, message in DAMAGES])
def test_damage_is_named(damage: Callable[[Path], object], message: str, digits: Network, tmp_path: Path) -> None:
    save_network(digits, tmp_path)
    damage(tmp_path)
    with pytest.raises(ModelError) as error:
        load_network(tmp_path)
    assert str(error.value) == message
