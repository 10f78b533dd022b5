"""Turns a stored tensor into an array; every size is checked before anything is allocated.

Rules
-----
1. The element type is one of the integer, float and boolean types that a network's constants have.
2. Dimensions are not negative and the elements are no more than the stored bytes can hold.
3. External data lies inside the model's folder (links followed), and the stretch exists in full.
"""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath

import onnx
from onnx import TensorProto, numpy_helper

from nngen.errors import ModelError

from .graph import Array

ELEMENT_BITS: dict[int, int] = {
    TensorProto.FLOAT: 32,
    TensorProto.DOUBLE: 64,
    TensorProto.FLOAT16: 16,
    TensorProto.BFLOAT16: 16,
    TensorProto.BOOL: 8,
    TensorProto.INT4: 4,
    TensorProto.UINT4: 4,
    TensorProto.INT8: 8,
    TensorProto.UINT8: 8,
    TensorProto.INT16: 16,
    TensorProto.UINT16: 16,
    TensorProto.INT32: 32,
    TensorProto.UINT32: 32,
    TensorProto.INT64: 64,
    TensorProto.UINT64: 64,
}


def to_array(tensor: onnx.TensorProto, *, file: str, folder: Path) -> Array:
    """Return the values of a tensor.

    Raises
    ------
    ModelError
        Where a rule of this module is broken.
    """
    what = f"{file}: tensor {tensor.name!r}"
    bits = ELEMENT_BITS.get(tensor.data_type)
    if bits is None:
        raise ModelError(f"{what} must hold integers or floats, not {type_name(tensor.data_type)}")
    if any(size < 0 for size in tensor.dims):
        raise ModelError(f"{what} must have sizes of at least 0, not {list(tensor.dims)}")
    elements = math.prod(tensor.dims)
    needed = -(-elements * bits // 8)
    if tensor.data_location == TensorProto.EXTERNAL:
        stored = onnx.TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
        stored.raw_data = _external_bytes(tensor, needed, what, folder)
        return numpy_helper.to_array(stored)
    if tensor.HasField("raw_data"):
        held, due, unit = len(tensor.raw_data), needed, "bytes"
    else:
        held, due, unit = _typed_elements(tensor), -(-elements // 2) if bits == 4 else elements, "values"
    if held != due:
        raise ModelError(f"{what} must hold {due} {unit} for its shape {list(tensor.dims)}, not {held}")
    return numpy_helper.to_array(tensor)


def type_name(data_type: int) -> str:
    """Return how ONNX calls an element type."""
    known = data_type in TensorProto.DataType.values()
    return str(TensorProto.DataType.Name(data_type)).lower() if known else f"type {data_type}"


def _typed_elements(tensor: onnx.TensorProto) -> int:
    if tensor.data_type == TensorProto.FLOAT:
        return len(tensor.float_data)
    if tensor.data_type == TensorProto.DOUBLE:
        return len(tensor.double_data)
    if tensor.data_type == TensorProto.INT64:
        return len(tensor.int64_data)
    if tensor.data_type in (TensorProto.UINT32, TensorProto.UINT64):
        return len(tensor.uint64_data)
    return len(tensor.int32_data)


def _external_bytes(tensor: onnx.TensorProto, needed: int, what: str, folder: Path) -> bytes:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    if not location or "\0" in location:
        raise ModelError(f"{what} must name the file of its external data, not {location!r}")
    path = (folder / PurePosixPath(location)).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ModelError(f"{what}: external data must lie inside the model's folder, not at {location!r}")
    if not path.is_file():
        raise ModelError(f"{what}: external data {location!r} is missing; keep it beside the model file")
    offset, length = entries.get("offset", "0"), entries.get("length", str(needed))
    if not (offset.isascii() and offset.isdigit() and length.isascii() and length.isdigit()):
        raise ModelError(f"{what}: offset and length of external data must be numbers, not {offset!r} and {length!r}")
    if len(length) > 18 or len(offset) > 18 or int(length) != needed:
        raise ModelError(f"{what}: external data must be {needed} bytes for shape {list(tensor.dims)}, not {length}")
    if int(offset) + needed > path.stat().st_size:
        end = int(offset) + needed
        raise ModelError(f"{what}: external data {location!r} must reach to byte {end}, not {path.stat().st_size}")
    with path.open("rb") as stream:
        stream.seek(int(offset))
        return stream.read(needed)
