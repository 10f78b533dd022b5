"""What a file must be before its graph is looked at: one sentence for each way it is not."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from nngen.compiler.frontend import read_network
from nngen.errors import ModelError

Change = Callable[[onnx.ModelProto], object]


def good(onnx_file: Any) -> Any:
    """A fully connected layer of two inputs and outputs."""
    file = onnx_file()
    name = file.activation(file.input("x", [1, 2]), 0.5)
    name = file.node("MatMul", name, file.dequantized([[1, 2], [3, 4]], 0.25), name="multiply")
    file.node("Identity", file.activation(name, 2.0), output="y")
    file.output("y")
    return file


def message(path: Path) -> str:
    with pytest.raises(ModelError) as error:
        read_network(path)
    text = str(error.value)
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


def after(onnx_file: Any, folder: Path, change: Change) -> str:
    """The message for the good file after a change."""
    model = good(onnx_file).model()
    change(model)
    path = folder / "changed.onnx"
    path.write_bytes(model.SerializeToString())
    return message(path)


def test_the_good_file_is_read(onnx_file: Any, tmp_path: Path) -> None:
    network = read_network(good(onnx_file).save(tmp_path))
    assert (network.name, network.dialect, network.folded) == ("made", "QDQ", ())
    assert read_network(good(onnx_file).save(tmp_path), name="mine").name == "mine"


def test_missing_file(tmp_path: Path) -> None:
    assert message(tmp_path / "absent.onnx") == "does not exist; it must be an ONNX file"


def test_folder(tmp_path: Path) -> None:
    assert message(tmp_path) == "is not a file; it must be an ONNX file"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_unreadable_file(onnx_file: Any, tmp_path: Path) -> None:
    path = good(onnx_file).save(tmp_path)
    path.chmod(0)
    assert message(path) == f"cannot be read: [Errno 13] Permission denied: '{path}'"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "is empty; it must be an ONNX file"),
        (b"\x89PNG\r\n\x1a\n and so on", "is not an ONNX model; export or download it again"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n",
            "is a Git LFS pointer, not the model itself; fetch it with 'git lfs pull'",
        ),
    ],
)
def test_content_that_is_no_model(content: bytes, text: str, tmp_path: Path) -> None:
    path = tmp_path / "strange.onnx"
    path.write_bytes(content)
    assert message(path) == text


def test_every_truncation_is_refused(onnx_file: Any, tmp_path: Path) -> None:
    """Cut between two fields a file still parses; something is always missing then."""
    content = good(onnx_file).model().SerializeToString()
    path = tmp_path / "short.onnx"
    texts = set()
    for length in range(1, len(content)):
        path.write_bytes(content[:length])
        texts.add(message(path))
    assert texts == {
        "is an ONNX model cut short or damaged; export or download it again",
        "is not a whole ONNX model: it must have a graph with nodes and outputs",
        "must import an operator set of ONNX, and imports none",
    }


def test_a_file_larger_than_protobuf_can_hold(tmp_path: Path) -> None:
    path = tmp_path / "large.onnx"
    with path.open("wb") as stream:
        stream.truncate(1 << 31)
    assert message(path) == "must be smaller than 2 GiB, not 2147483648 bytes; keep weights as external data"


def test_nothing_but_a_default_model(tmp_path: Path) -> None:
    path = tmp_path / "hollow.onnx"
    path.write_bytes(onnx.ModelProto(ir_version=8).SerializeToString())
    assert message(path) == "is not a whole ONNX model: it must have a graph with nodes and outputs"


def control_flow(model: onnx.ModelProto) -> None:
    branch = helper.make_graph([helper.make_node("Identity", ["x"], ["b"])], "g", [], [])
    model.graph.node.append(helper.make_node("If", ["y"], ["z"], name="choose", then_branch=branch, else_branch=branch))


def first_tensor(change: Callable[[onnx.TensorProto], object]) -> Change:
    return lambda model: change(model.graph.initializer[0])


def first_input(change: Callable[[onnx.ValueInfoProto], object]) -> Change:
    return lambda model: change(model.graph.input[0])


def with_typed_data(tensor: onnx.TensorProto) -> None:
    tensor.ClearField("raw_data")
    tensor.float_data.extend([0.5, 0.5])


CHANGES: list[tuple[Change, str]] = [
    (
        lambda model: model.opset_import[0].ClearField("version") or setattr(model.opset_import[0], "version", 6),
        f"its ONNX operator set must be 7 to {onnx.defs.onnx_opset_version()}, not 6",
    ),
    (
        lambda model: setattr(model.opset_import[0], "version", 99),
        f"its ONNX operator set must be 7 to {onnx.defs.onnx_opset_version()}, not 99",
    ),
    (
        lambda model: model.functions.append(onnx.FunctionProto(name="f")),
        "must not define functions; inline them with onnx.inliner.inline_local_functions",
    ),
    (
        lambda model: model.graph.sparse_initializer.append(onnx.SparseTensorProto()),
        "must not hold sparse initializers; store them as dense tensors",
    ),
    (control_flow, "If node 'choose': control flow is not supported; export a graph without branches or loops"),
    (
        lambda model: model.graph.node[0].attribute.append(onnx.AttributeProto(name="odd", type=14)),
        "QuantizeLinear node 'n0': attribute 'odd' has a type that is not supported",
    ),
    (
        first_input(lambda value: value.type.tensor_type.ClearField("shape")),
        "input 'x' must declare a shape; export with fixed sizes, or run onnx.tools.update_model_dims",
    ),
    (
        first_input(lambda value: setattr(value.type.tensor_type, "elem_type", TensorProto.DOUBLE)),
        "input 'x' must be a tensor of float32, int8, uint8, int16, uint16, not double",
    ),
    (
        first_input(lambda value: setattr(value.type.tensor_type, "elem_type", 77)),
        "input 'x' must be a tensor of float32, int8, uint8, int16, uint16, not type 77",
    ),
    (
        first_input(lambda value: value.type.sequence_type.SetInParent()),
        "input 'x' must be a tensor of float32, int8, uint8, int16, uint16, not sequence_type",
    ),
    (
        first_tensor(lambda tensor: setattr(tensor, "data_type", TensorProto.STRING)),
        "tensor 'c0' must hold integers or floats, not string",
    ),
    (
        first_tensor(lambda tensor: setattr(tensor, "data_type", 99)),
        "tensor 'c0' must hold integers or floats, not type 99",
    ),
    (
        first_tensor(lambda tensor: tensor.dims.append(-1)),
        "tensor 'c0' must have sizes of at least 0, not [-1]",
    ),
    (
        first_tensor(lambda tensor: tensor.dims.extend([1 << 40, 1 << 40])),
        "tensor 'c0' must hold 4835703278458516698824704 bytes for its shape [1099511627776, 1099511627776], not 4",
    ),
    (first_tensor(with_typed_data), "tensor 'c0' must hold 1 values for its shape [], not 2"),
]


@pytest.mark.parametrize(("change", "text"), CHANGES, ids=[text[:40] for _, text in CHANGES])
def test_a_change_that_is_refused(change: Change, text: str, onnx_file: Any, tmp_path: Path) -> None:
    assert after(onnx_file, tmp_path, change) == text


# ---------------------------------------------------------------- external data


def externalize(tensor: onnx.TensorProto, **entries: str) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        tensor.external_data.append(onnx.StringStringEntryProto(key=key, value=value))


def with_external_weights(**entries: str) -> Change:
    return lambda model: externalize(model.graph.initializer[2], **entries)


EXTERNAL = [
    ({}, "tensor 'c2' must name the file of its external data, not ''"),
    ({"location": "../w"}, "tensor 'c2': external data must lie inside the model's folder, not at '../w'"),
    (
        {"location": "/etc/passwd"},
        "tensor 'c2': external data must lie inside the model's folder, not at '/etc/passwd'",
    ),
    ({"location": "link"}, "tensor 'c2': external data must lie inside the model's folder, not at 'link'"),
    ({"location": "gone"}, "tensor 'c2': external data 'gone' is missing; keep it beside the model file"),
    (
        {"location": "w", "offset": "-4"},
        "tensor 'c2': offset and length of external data must be numbers, not '-4' and '4'",
    ),
    ({"location": "w", "length": "5"}, "tensor 'c2': external data must be 4 bytes for shape [2, 2], not 5"),
    ({"location": "w", "offset": "8"}, "tensor 'c2': external data 'w' must reach to byte 12, not 10"),
]


@pytest.mark.parametrize(("entries", "text"), EXTERNAL, ids=[text[13:50] for _, text in EXTERNAL])
def test_external_data_that_is_refused(entries: dict[str, str], text: str, onnx_file: Any, tmp_path: Path) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    (tmp_path / "w").write_bytes(bytes(10))
    (folder / "w").write_bytes(bytes(10))
    (folder / "link").symlink_to(tmp_path / "w")
    assert after(onnx_file, folder, with_external_weights(**entries)) == text


def test_external_data_inside_the_folder_is_read(onnx_file: Any, tmp_path: Path) -> None:
    model = good(onnx_file).model()
    with_external_weights(location="sub/w", offset="6", length="4")(model)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "w").write_bytes(bytes(6) + np.array([[5, 6], [7, -8]], np.int8).tobytes())
    path = tmp_path / "external.onnx"
    path.write_bytes(model.SerializeToString())
    assert read_network(path).layers[0].matrix.tolist() == [[5, 6], [7, -8]]


def test_initializers_may_stand_among_the_inputs(onnx_file: Any, tmp_path: Path) -> None:
    model = good(onnx_file).model()
    for tensor in model.graph.initializer:
        model.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims)))
    path = tmp_path / "listed.onnx"
    path.write_bytes(model.SerializeToString())
    assert [end.name for end in read_network(path).inputs] == ["x"]
