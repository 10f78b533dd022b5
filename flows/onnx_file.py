"""The ONNX file of a build: one file, also where the user's keeps its weights beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import onnx
from onnx import TensorProto, external_data_helper

from nngen.compiler.frontend import load_model
from nngen.errors import ModelError

__all__ = ["network_files", "self_contained"]

LARGEST_FILE = 1 << 31  # what protobuf can write


def self_contained(path: Path) -> bytes:
    """Return the file as it is, or, where it has external data, the model with that data inside.

    The front end has read the file before, so that its external data is known to lie in its folder.

    Raises
    ------
    ModelError
        The model is too large to be one file.
    """
    model = load_model(path)
    if not _external(model):
        return path.read_bytes()
    external_data_helper.load_external_data_for_model(model, str(path.parent))
    if model.ByteSize() >= LARGEST_FILE:
        raise ModelError(f"{path}: must be smaller than 2 GiB with its external data, to be one file of the build")
    return bytes(model.SerializeToString(deterministic=True))


def network_files(path: Path) -> dict[str, Path]:
    """Return the files that make up a model, by their role: the model itself and its external data."""
    locations = sorted({_location(tensor) for tensor in _external(load_model(path))})
    return {"network": path} | {f"network/{location}": path.parent / location for location in locations}


def _external(model: onnx.ModelProto) -> list[onnx.TensorProto]:
    return [tensor for tensor in _tensors(model) if tensor.data_location == TensorProto.EXTERNAL]


def _tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    yield from model.graph.initializer
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                yield attribute.t


def _location(tensor: onnx.TensorProto) -> str:
    return next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
