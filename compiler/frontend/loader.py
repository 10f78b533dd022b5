"""Reads a file into a graph and trusts nothing in it.

Rules
-----
1. The path names a file that can be read, is not empty and not larger than protobuf can parse.
2. It is not a Git LFS pointer.
3. It parses as an ONNX model with a graph, nodes and outputs, of an operator set that is known here.
4. No node carries a subgraph (control flow), no function is defined, no initializer is sparse.
5. Initializers also listed as inputs are constants, not inputs; every remaining input declares type and shape.
6. Nothing in the file is executed, and nothing outside its folder is opened.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped] # it has no stubs
from onnx import AttributeProto, TensorProto

from nngen.errors import ModelError

from .graph import DEFAULT_DOMAINS, Graph, GraphInput, Node, NodeError
from .tensors import to_array, type_name

LARGEST_FILE = (1 << 31) - 1
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
IR_VERSION_TAG = 0x08  # every ONNX model begins with this field
OLDEST_OPSET = 7  # files of older dialects still get the message that names their dialect
INPUT_TYPES: dict[int, str] = {
    TensorProto.FLOAT: "float32",
    TensorProto.INT8: "int8",
    TensorProto.UINT8: "uint8",
    TensorProto.INT16: "int16",
    TensorProto.UINT16: "uint16",
}
SUBGRAPHS = (AttributeProto.GRAPH, AttributeProto.GRAPHS)
ATTRIBUTE_FIELDS = {
    AttributeProto.FLOAT: "f",
    AttributeProto.INT: "i",
    AttributeProto.STRING: "s",
    AttributeProto.TENSOR: "t",
    AttributeProto.FLOATS: "floats",
    AttributeProto.INTS: "ints",
    AttributeProto.STRINGS: "strings",
}


def load_graph(path: Path) -> Graph:
    """Read a file into a graph.

    Raises
    ------
    ModelError
        Where a rule of this module is broken.
    """
    model = load_model(path)
    file = str(path)
    graph = model.graph
    constants = {tensor.name: to_array(tensor, file=file, folder=path.parent) for tensor in graph.initializer}
    return Graph(
        file=file,
        opset=_opset(model, file),
        nodes=tuple(load_node(proto, file, path.parent) for proto in graph.node),
        constants=constants,
        inputs=tuple(_input(value, file) for value in graph.input if value.name not in constants),
        outputs=tuple(value.name for value in graph.output),
        shapes={},
    )


def load_model(path: Path) -> onnx.ModelProto:
    """Parse a file; external data stays where it is.

    Raises
    ------
    ModelError
        Where one of rules 1 to 4 is broken.
    """
    data = _read(path)
    if data.startswith(LFS_POINTER):
        raise ModelError(f"{path}: is a Git LFS pointer, not the model itself; fetch it with 'git lfs pull'")
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError:
        kind = "is an ONNX model cut short or damaged" if data[0] == IR_VERSION_TAG else "is not an ONNX model"
        raise ModelError(f"{path}: {kind}; export or download it again") from None
    if not model.HasField("graph") or not model.graph.node or not model.graph.output:
        raise ModelError(f"{path}: is not a whole ONNX model: it must have a graph with nodes and outputs")
    if model.functions:
        raise ModelError(f"{path}: must not define functions; inline them with onnx.inliner.inline_local_functions")
    if model.graph.sparse_initializer:
        raise ModelError(f"{path}: must not hold sparse initializers; store them as dense tensors")
    return model


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            state = "is not a file" if path.exists() else "does not exist"
            raise ModelError(f"{path}: {state}; it must be an ONNX file")
        size = path.stat().st_size
        if size == 0:
            raise ModelError(f"{path}: is empty; it must be an ONNX file")
        if size > LARGEST_FILE:
            raise ModelError(f"{path}: must be smaller than 2 GiB, not {size} bytes; keep weights as external data")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from None


def _opset(model: onnx.ModelProto, file: str) -> int:
    versions = [entry.version for entry in model.opset_import if entry.domain in DEFAULT_DOMAINS]
    newest = onnx.defs.onnx_opset_version()
    if not versions:
        raise ModelError(f"{file}: must import an operator set of ONNX, and imports none")
    if not OLDEST_OPSET <= versions[0] <= newest:
        raise ModelError(f"{file}: its ONNX operator set must be {OLDEST_OPSET} to {newest}, not {versions[0]}")
    return int(versions[0])


def load_node(proto: onnx.NodeProto, file: str, folder: Path) -> Node:
    """Return a node with its attributes.

    Raises
    ------
    ModelError
        Where it is control flow, or an attribute is of no known type.
    """
    domain = "" if proto.domain in DEFAULT_DOMAINS else _text(proto.domain)
    node = Node(
        operator=_text(proto.op_type),
        domain=domain,
        name=_text(proto.name),
        inputs=tuple(map(_text, proto.input)),
        outputs=tuple(map(_text, proto.output)),
        attributes={},
    )
    attributes = {entry.name: _attribute(entry, node, file, folder) for entry in proto.attribute}
    return replace(node, attributes=attributes)


def _text(value: str | bytes) -> str:
    """Return a name of the file; protobuf hands out bytes where it is no UTF-8."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


def _attribute(entry: onnx.AttributeProto, node: Node, file: str, folder: Path) -> Any:
    if entry.type in SUBGRAPHS:
        raise NodeError(file, node, "control flow is not supported; export a graph without branches or loops")
    if entry.type not in ATTRIBUTE_FIELDS:
        raise NodeError(file, node, f"attribute {entry.name!r} has a type that is not supported")
    value = getattr(entry, ATTRIBUTE_FIELDS[entry.type])
    if entry.type == AttributeProto.TENSOR:
        return to_array(value, file=file, folder=folder)
    if entry.type == AttributeProto.STRING:
        return value.decode("utf-8", "replace")
    if entry.type == AttributeProto.STRINGS:
        return tuple(text.decode("utf-8", "replace") for text in value)
    return tuple(value) if entry.type in (AttributeProto.FLOATS, AttributeProto.INTS) else value


def _input(value: onnx.ValueInfoProto, file: str) -> GraphInput:
    what = f"{file}: input {value.name!r}"
    tensor = value.type.tensor_type
    if tensor.elem_type not in INPUT_TYPES:
        known = ", ".join(INPUT_TYPES.values())
        raise ModelError(f"{what} must be a tensor of {known}, not {_type_of(value)}")
    if not tensor.HasField("shape"):
        raise ModelError(f"{what} must declare a shape; export with fixed sizes, or run onnx.tools.update_model_dims")
    return GraphInput(
        name=value.name,
        type=INPUT_TYPES[tensor.elem_type],
        shape=tuple(
            dim.dim_value if dim.WhichOneof("value") == "dim_value" else dim.dim_param or "?"
            for dim in tensor.shape.dim
        ),
    )


def _type_of(value: onnx.ValueInfoProto) -> str:
    if not value.type.HasField("tensor_type"):
        return value.type.WhichOneof("value") or "nothing"
    return type_name(value.type.tensor_type.elem_type)
