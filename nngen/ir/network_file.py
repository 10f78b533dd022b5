"""An integer network as two files: ``network.json`` (all but the arrays) and ``network.npz`` (weights and constants).

The bytes depend on the network alone: keys in a fixed order, arrays uncompressed, one date. Reading believes nothing:
an array's header must be exactly the one that its entry in ``network.json`` asks for, and nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, ValidationError

from nngen.errors import ModelError
from nngen.numerics import Requantization, Rounding
from nngen.validation import first_problem

from .network import (
    ConcatLayer,
    CopyLayer,
    DepthwiseLayer,
    ElementwiseLayer,
    HeadStep,
    HostInput,
    HostOutput,
    Layer,
    MatrixLayer,
    Network,
    PoolLayer,
    ProductLayer,
    TailStep,
    Tensor,
)

NETWORK_SCHEMA = "nngen/network/1"
INDEX_FILE, ARRAY_FILE = "network.json", "network.npz"
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
LARGEST_INDEX = 1 << 26  # bytes of network.json; a larger one is not read

Array = npt.NDArray[Any]
ArrayType = Literal["int16", "int64", "float32"]
WEIGHTS: tuple[tuple[str, ArrayType], ...] = (("weights", "int16"),)
CONSTANTS: tuple[tuple[str, ArrayType], ...] = (
    *(("multiplier", "int64"), ("offset", "int64"), ("shift", "int64"), ("correction", "int64")),
    *(("negative_multiplier", "int64"), ("negative_offset", "int64")),
)
TABLE: tuple[tuple[str, ArrayType], ...] = (("table", "int16"),)
OUTPUT_ARRAYS: tuple[tuple[str, ArrayType], ...] = (("scale", "float32"), ("offset", "float32"))


ZeroPoint = Annotated[int, Field(ge=-(1 << 16), lt=1 << 16)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class StoredArray(_Strict):
    """What network.npz holds under a name: ``layer<i>.<array>`` or ``output<i>.<array>``."""

    type: ArrayType
    shape: tuple[int, ...]

    @property
    def header(self) -> bytes:
        """The header in NumPy's format."""
        stream = io.BytesIO()
        kind = np.dtype(self.type).newbyteorder("<")
        npy.write_array_header_1_0(
            stream, {"descr": npy.dtype_to_descr(kind), "fortran_order": False, "shape": self.shape}
        )
        return stream.getvalue()

    @property
    def bytes(self) -> int:
        """Bytes behind the header."""
        return math.prod(self.shape) * np.dtype(self.type).itemsize


class StoredTensor(_Strict):
    """See ``Tensor``."""

    name: str
    shape: tuple[int, int, int]
    bits: int = Field(ge=1, le=32)
    signed: bool
    zero_point: int
    lowest: int
    highest: int
    scale: float
    channel_order: tuple[NonNegativeInt, ...] = ()


class _StoredLayer(_Strict):
    name: str
    output: str
    zero_point: int
    lowest: int
    highest: int
    rounding: Rounding
    table: bool

    @property
    def inputs_read(self) -> tuple[str, ...]:
        """Names of the tensors that the layer reads."""
        raise NotImplementedError

    @property
    def array_types(self) -> dict[str, ArrayType]:
        """Names and types of the arrays that the layer has in network.npz."""
        return dict(CONSTANTS + TABLE * self.table)


class _StoredWindow(_StoredLayer):
    input: str
    strides: tuple[PositiveInt, PositiveInt]
    pads: tuple[NonNegativeInt, NonNegativeInt, NonNegativeInt, NonNegativeInt]
    dilations: tuple[PositiveInt, PositiveInt]

    @property
    def inputs_read(self) -> tuple[str, ...]:
        """Names of the tensors that the layer reads."""
        return (self.input,)


class StoredMatrix(_StoredWindow):
    """See ``MatrixLayer`` and ``Requantization``."""

    kind: Literal["matrix"] = "matrix"

    @property
    def array_types(self) -> dict[str, ArrayType]:
        """Names and types of the arrays that the layer has in network.npz."""
        return dict(WEIGHTS) | super().array_types


class StoredDepthwise(_StoredWindow):
    """See ``DepthwiseLayer`` and ``Requantization``."""

    kind: Literal["depthwise"] = "depthwise"

    @property
    def array_types(self) -> dict[str, ArrayType]:
        """Names and types of the arrays that the layer has in network.npz."""
        return dict(WEIGHTS) | super().array_types


class StoredPool(_StoredWindow):
    """See ``PoolLayer`` and ``Requantization``; arrays of ``by_count`` are named ``count<n>_<array>``."""

    kind: Literal["max", "average"]
    size: tuple[PositiveInt, PositiveInt]
    counts: tuple[PositiveInt, ...]

    @property
    def array_types(self) -> dict[str, ArrayType]:
        """Names and types of the arrays that the layer has in network.npz."""
        by_count = {f"count{count}_{name}": kind for count in self.counts for name, kind in CONSTANTS}
        return super().array_types | by_count


class StoredElementwise(_StoredLayer):
    """See ``ElementwiseLayer`` and ``Requantization``."""

    kind: Literal["elementwise"] = "elementwise"
    inputs: tuple[str, ...] = Field(min_length=1)
    coefficients: tuple[Annotated[int, Field(ge=-(1 << 23), lt=1 << 23)], ...]

    @property
    def inputs_read(self) -> tuple[str, ...]:
        """Names of the tensors that the layer reads."""
        return self.inputs


class StoredConcat(_StoredLayer):
    """See ``ConcatLayer`` and ``Requantization``."""

    kind: Literal["concat"] = "concat"
    inputs: tuple[str, ...] = Field(min_length=1)

    @property
    def inputs_read(self) -> tuple[str, ...]:
        """Names of the tensors that the layer reads."""
        return self.inputs


class StoredProduct(_StoredLayer):
    """See ``ProductLayer`` and ``Requantization``."""

    kind: Literal["product"] = "product"
    inputs: tuple[str, str]
    zero_points: tuple[ZeroPoint, ZeroPoint]

    @property
    def inputs_read(self) -> tuple[str, ...]:
        """Names of the tensors that the layer reads."""
        return self.inputs


class StoredCopy(_StoredLayer):
    """See ``CopyLayer`` and ``Requantization``."""

    kind: Literal["copy"] = "copy"
    inputs: tuple[str]
    rows_read: tuple[int, ...] = Field(min_length=1)
    columns_read: tuple[int, ...] = Field(min_length=1)
    channels_read: tuple[NonNegativeInt, ...] = Field(min_length=1)
    fill: int

    @property
    def inputs_read(self) -> tuple[str, ...]:
        """Names of the tensors that the layer reads."""
        return self.inputs


StoredLayer = Annotated[
    StoredMatrix | StoredDepthwise | StoredPool | StoredElementwise | StoredConcat | StoredProduct | StoredCopy,
    Field(discriminator="kind"),
]


class StoredInput(_Strict):
    """See ``HostInput``."""

    name: str
    tensor: str
    file_shape: tuple[int, ...]
    file_type: str
    permutation: tuple[int, ...]
    scale: float
    zero_point: int
    head: tuple[HeadStep, ...] = ()


class StoredOutput(_Strict):
    """See ``HostOutput``."""

    name: str
    tensor: str
    file_shape: tuple[int, ...]
    permutation: tuple[int, ...]
    zero_point: int
    tail: tuple[TailStep, ...]
    file_type: str
    tail_type: str
    tail_scale: float
    tail_zero_point: int


STORED: dict[type[Layer], type[_StoredLayer]] = {
    MatrixLayer: StoredMatrix,
    DepthwiseLayer: StoredDepthwise,
    PoolLayer: StoredPool,
    ElementwiseLayer: StoredElementwise,
    ConcatLayer: StoredConcat,
    ProductLayer: StoredProduct,
    CopyLayer: StoredCopy,
}
LAYERS: dict[type[_StoredLayer], type[Layer]] = {stored: layer for layer, stored in STORED.items()}
NOT_OF_LAYER = ("kind", "counts", "table", "zero_point", "lowest", "highest", "rounding")


class NetworkIndex(_Strict):
    """``network.json``."""

    schema_: Literal["nngen/network/1"] = Field(default="nngen/network/1", alias="schema")
    name: str
    dialect: str
    inputs: tuple[StoredInput, ...]
    tensors: tuple[StoredTensor, ...]
    layers: tuple[StoredLayer, ...]
    outputs: tuple[StoredOutput, ...]
    folded: tuple[str, ...]
    arrays: dict[str, StoredArray]
    arrays_sha256: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of network.npz")


def save_network(network: Network, folder: Path) -> None:
    """Write a network into ``folder``, which is made where it is missing."""
    arrays = _arrays(network)
    stored = _zip(arrays)
    index = NetworkIndex(
        name=network.name,
        dialect=network.dialect,
        inputs=tuple(StoredInput(**vars(end)) for end in network.inputs),
        tensors=tuple(StoredTensor(**vars(tensor)) for tensor in network.tensors.values()),
        layers=tuple(map(_stored_layer, network.layers)),
        outputs=tuple(StoredOutput(**_fields(StoredOutput, end)) for end in network.outputs),
        folded=network.folded,
        arrays={name: StoredArray(type=array.dtype.name, shape=array.shape) for name, array in arrays.items()},
        arrays_sha256=hashlib.sha256(stored).hexdigest(),
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ARRAY_FILE).write_bytes(stored)
    (folder / INDEX_FILE).write_bytes((json.dumps(index.model_dump(by_alias=True), indent=2) + "\n").encode())


def _fields(model: type[BaseModel], value: object) -> dict[str, Any]:
    return {name: getattr(value, name) for name in model.model_fields}


def _stored_layer(layer: Layer) -> _StoredLayer:
    model = STORED[type(layer)]
    values = {**vars(layer.requantization), **vars(layer), "table": layer.table is not None}
    if isinstance(layer, PoolLayer):
        values["counts"] = tuple(count for count, _ in layer.by_count)
    elif model is not StoredPool:
        values["kind"] = model.model_fields["kind"].default
    return model(**{name: values[name] for name in model.model_fields})


def _arrays(network: Network) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    for number, layer in enumerate(network.layers):
        values = {**vars(layer.requantization), **vars(layer)}
        for count, constants in layer.by_count if isinstance(layer, PoolLayer) else ():
            values |= {f"count{count}_{name}": getattr(constants, name) for name, _ in CONSTANTS}
        types = _stored_layer(layer).array_types
        arrays |= {f"layer{number}.{name}": values[name].astype(kind) for name, kind in types.items()}
    for number, output in enumerate(network.outputs):
        arrays |= {f"output{number}.{name}": getattr(output, name).astype(kind) for name, kind in OUTPUT_ARRAYS}
    return arrays


def _zip(arrays: dict[str, Array]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            entry = StoredArray(type=array.dtype.name, shape=array.shape)
            content = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", ZIP_EPOCH), entry.header + content)
    return buffer.getvalue()


def load_network(folder: Path) -> Network:
    """Read the network in ``folder``.

    Raises
    ------
    ModelError
        Where a file is missing, damaged or does not follow the schema; the message names the file.
    """
    try:
        index = NetworkIndex.model_validate_json(_read(folder / INDEX_FILE, at_most=LARGEST_INDEX))
    except ValidationError as error:
        raise ModelError(f"{INDEX_FILE}: {first_problem(error, NetworkIndex)}") from error
    arrays = _load_arrays(folder, index)
    network = Network(
        name=index.name,
        dialect=index.dialect,
        tensors={entry.name: Tensor(**dict(entry)) for entry in index.tensors},
        layers=tuple(_layer(entry, _of(arrays, f"layer{number}.")) for number, entry in enumerate(index.layers)),
        inputs=tuple(HostInput(**dict(entry)) for entry in index.inputs),
        outputs=tuple(
            HostOutput(**{**dict(entry), **_of(arrays, f"output{number}.")})
            for number, entry in enumerate(index.outputs)
        ),
        folded=index.folded,
    )
    for layer in network.layers:
        _check(network, layer)
    return network


def _read(path: Path, *, at_most: int) -> bytes:
    try:
        if path.stat().st_size > at_most:
            raise ModelError(f"{path.name} must have at most {at_most} bytes, not {path.stat().st_size}")
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read: {error.strerror}") from error


def _load_arrays(folder: Path, index: NetworkIndex) -> dict[str, Array]:
    due = {
        f"layer{number}.{name}": kind
        for number, entry in enumerate(index.layers)
        for name, kind in entry.array_types.items()
    }
    due |= {f"output{number}.{name}": kind for number in range(len(index.outputs)) for name, kind in OUTPUT_ARRAYS}
    if {name: entry.type for name, entry in index.arrays.items()} != due:
        raise ModelError(f"{INDEX_FILE}: arrays must be those of its layers and outputs, each of its type")
    if any(size < 0 for entry in index.arrays.values() for size in entry.shape):
        raise ModelError(f"{INDEX_FILE}: shapes of arrays must have sizes of at least 0")
    needed = sum(entry.bytes + 1024 for entry in index.arrays.values()) + 1024
    content = _read(folder / ARRAY_FILE, at_most=needed)
    if hashlib.sha256(content).hexdigest() != index.arrays_sha256:
        raise ModelError(f"{ARRAY_FILE} is not the file that {INDEX_FILE} was written with")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {name: _load_array(archive, name, entry) for name, entry in index.arrays.items()}
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError) as error:
        raise ModelError(f"{ARRAY_FILE} is damaged: {error}") from error


def _load_array(archive: zipfile.ZipFile, name: str, entry: StoredArray) -> Array:
    header, member = entry.header, archive.getinfo(f"{name}.npy")
    content = archive.read(member) if member.file_size == len(header) + entry.bytes else b""
    if not content.startswith(header):
        raise ModelError(f"{ARRAY_FILE}: {name} must be {entry.type} of shape {list(entry.shape)}")
    values = np.frombuffer(content, np.dtype(entry.type).newbyteorder("<"), offset=len(header))
    return values.astype(np.float32 if entry.type == "float32" else np.int64).reshape(entry.shape)


def _of(arrays: dict[str, Array], prefix: str) -> dict[str, Array]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _layer(entry: StoredLayer, arrays: dict[str, Array]) -> Layer:
    fields = {name: value for name, value in dict(entry).items() if name not in NOT_OF_LAYER}
    fields["requantization"] = _constants(entry, arrays)
    if entry.table:
        fields["table"] = arrays["table"]
    if isinstance(entry, StoredPool):
        return PoolLayer(
            **fields,
            kind=entry.kind,
            by_count=tuple((count, _constants(entry, _of(arrays, f"count{count}_"))) for count in entry.counts),
        )
    if isinstance(entry, StoredMatrix | StoredDepthwise):
        fields["weights"] = arrays["weights"]
    return LAYERS[type(entry)](**fields)


def _constants(entry: StoredLayer, arrays: dict[str, Array]) -> Requantization:
    return Requantization(
        **{name: arrays[name] for name, _ in CONSTANTS},
        zero_point=entry.zero_point,
        lowest=entry.lowest,
        highest=entry.highest,
        rounding=entry.rounding,
    )


def _check(network: Network, layer: Layer) -> None:
    """Refuse a layer whose tensors or arrays do not fit each other."""
    where = f"{INDEX_FILE}: layer {layer.name!r}"
    for name in (*layer.inputs, layer.output):
        if name not in network.tensors:
            raise ModelError(f"{where} must read and write tensors of the network, not {name!r}")
    if problem := _wrong_shape(network, layer):
        raise ModelError(f"{where}: {problem}")
    outputs = network.tensors[layer.output].shape[2]
    all_constants = [layer.requantization, *(dict(layer.by_count).values() if isinstance(layer, PoolLayer) else ())]
    if any(_wrong_lengths(constants, outputs) for constants in all_constants):
        raise ModelError(f"{where}: its constants must have one value for each of its {outputs} outputs")
    if layer.table is not None and layer.table.shape != (256,):
        raise ModelError(f"{where}: its table must have 256 codes, not shape {list(layer.table.shape)}")


def _wrong_lengths(constants: Requantization, outputs: int) -> bool:
    always = (constants.multiplier, constants.offset, constants.shift)
    negative = (constants.negative_multiplier, constants.negative_offset)
    optional = {len(array) for array in negative}
    return (
        any(array.shape != (outputs,) for array in always)
        or constants.correction.shape not in ((0,), (outputs,))
        or optional not in ({0}, {outputs})
    )


def _wrong_shape(network: Network, layer: Layer) -> str:
    """Return what is wrong with the shapes of a layer's weights and tensors, or an empty string."""
    shapes = [network.tensors[name].shape for name in layer.inputs]
    if isinstance(layer, MatrixLayer | DepthwiseLayer):
        rank, channels = (4, 3) if isinstance(layer, MatrixLayer) else (3, 0)
        if layer.weights.ndim != rank or layer.weights.shape[channels] != shapes[0][2]:
            return f"weights must have the channels of its input, not shape {list(layer.weights.shape)}"
    if isinstance(layer, ElementwiseLayer) and len(layer.coefficients) != len(layer.inputs):
        return f"it must have a coefficient for each of its {len(layer.inputs)} inputs, not {len(layer.coefficients)}"
    if isinstance(layer, ProductLayer) and shapes[1] not in (shapes[0], (1, 1, shapes[0][2])):
        return f"its second input must have the shape of the first, or be one pixel of it, not {list(shapes[1])}"
    if isinstance(layer, CopyLayer) and (problem := _wrong_copy(network, layer)):
        return problem
    due = network.output_shape(layer)
    output = network.tensors[layer.output].shape
    if isinstance(layer, ProductLayer):
        shapes = shapes[:1]
    if any(shape[:2] != shapes[0][:2] for shape in shapes) or due != output:
        return f"its output must have the shape {list(due)}, not {list(output)}"
    return ""


def _wrong_copy(network: Network, layer: CopyLayer) -> str:
    """Return what is wrong with what a copy reads, or an empty string."""
    channels, constants = network.tensors[layer.inputs[0]].shape[2], layer.requantization
    if max(layer.channels_read) >= channels:
        return f"it must read channels below {channels}, not {max(layer.channels_read)}"
    arrays = (constants.multiplier, constants.corrected_offset, constants.shift)
    if any(
        len(set(array.tolist())) > 1 for array in (*arrays, constants.negative_multiplier, constants.negative_offset)
    ):
        return "its constants must be the same for all channels"
    return ""
