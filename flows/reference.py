"""The reference: onnxruntime on the unmodified file, graph optimization off, one thread.

Its default optimizer fuses quantizers into operators that round elsewhere, so it is no reference for the codes. Int8
weights of quantized operators are shifted to uint8 in memory, where its kernels are exact (``reference_products``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

from nngen.compiler.frontend import load_model
from nngen.errors import InputError, ModelError, suggestion
from nngen.ir import Network

from .reference_products import make_products_exact

__all__ = ["channel_last_codes", "run_reference"]

Array = npt.NDArray[Any]
IntArray = npt.NDArray[np.int64]

_RUNTIME_ERRORS = (
    *(RuntimeError, ValueError),
    *(runtime.Fail, runtime.InvalidArgument, runtime.InvalidGraph, runtime.InvalidProtobuf),
    *(runtime.NotImplemented, runtime.RuntimeException),
)


def run_reference(path: Path, inputs: dict[str, Array], *, intermediate: Sequence[str] = ()) -> dict[str, Array]:
    """Run samples through onnxruntime.

    Parameters
    ----------
    path
        The ONNX file.
    inputs
        Arrays of shape (samples, the declared shape without batch) by input name.
    intermediate
        Tensors inside the graph to return as well, for example the integer codes ``Network.layers[i].output``; the
        file stays as it is, a copy in memory is edited.

    Returns
    -------
    Outputs and intermediate tensors by name, of shape (samples, the file's shape without batch). A file with a symbolic
    batch is run in one batch, any other sample by sample.

    Raises
    ------
    ModelError
        Where the file cannot be read or run, or has no tensor of an intermediate name.
    InputError
        Where the file has no input of a name.
    """
    path = Path(path)
    session = _session(path, intermediate)
    names = [value.name for value in session.get_outputs()]
    declared = {value.name: value.shape for value in session.get_inputs()}
    for name in inputs.keys() - declared.keys():
        raise InputError(f"{path} has no input {name!r}{suggestion(name, declared)}")
    inputs = {name: _without_batch_axis(array, len(declared[name])) for name, array in inputs.items()}
    batches = [inputs] if all(not isinstance(shape[0], int) for shape in declared.values()) else _single(inputs)
    try:
        results = [session.run(names, batch) for batch in batches]
    except _RUNTIME_ERRORS as error:
        raise ModelError(f"{path}: onnxruntime cannot run it: {_first_line(error)}") from None
    return {name: np.concatenate(parts) for name, parts in zip(names, zip(*results, strict=True), strict=True)}


def _without_batch_axis(array: Array, rank: int) -> Array:
    """Return samples of shape (samples, 1, ...) as (samples, ...), which is how the file declares them."""
    return array[:, 0] if array.ndim == rank + 1 and array.shape[1] == 1 else array


def _session(path: Path, intermediate: Sequence[str]) -> onnxruntime.InferenceSession:
    model = load_model(path)
    outputs = {value.name for value in model.graph.output}
    made = {name for node in model.graph.node for name in node.output}
    for name in dict.fromkeys(intermediate):
        if name not in made:
            raise ModelError(f"{path} has no tensor {name!r}{suggestion(name, made)}")
        if name not in outputs:
            model.graph.output.append(onnx.ValueInfoProto(name=name))
    make_products_exact(model, path.parent)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; its warnings are about the file's style
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(path.parent))
    try:
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except _RUNTIME_ERRORS as error:
        raise ModelError(f"{path}: onnxruntime cannot load it: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _single(inputs: dict[str, Array]) -> list[dict[str, Array]]:
    samples = min(len(array) for array in inputs.values())
    return [{name: array[i : i + 1] for name, array in inputs.items()} for i in range(samples)]


def channel_last_codes(network: Network, name: str, values: Array) -> IntArray:
    """Return a tensor of ``run_reference`` as codes in the network's layout (samples, height, width, channels).

    Where the file has no codes but their real values (behind a MaxPool without quantizer), these are turned back.
    Unsigned codes that a product wants signed are less by half their range. A tensor that a network input is quantized
    into has the input's layout; any other is (batch, channels, height, width), or that flattened.
    """
    tensor = network.tensors[name]
    shape = tensor.shape
    if values.dtype.kind == "u" and tensor.signed:
        values = values.astype(np.int64) - (1 << (8 * tensor.element_bytes - 1))
    if values.dtype.kind == "f":
        values = np.rint(values / np.float32(tensor.scale)) + tensor.zero_point
    order = next((end.permutation for end in network.inputs if end.tensor == name), None)
    if order is None or len(order) + 1 != values.ndim:
        values, order = values.reshape(len(values), shape[2], *shape[:2]), (1, 2, 0)
    permuted = values.transpose(0, *(axis + 1 for axis in order))
    codes: IntArray = permuted.reshape(len(values), *shape).astype(np.int64)
    if tensor.channel_order:
        codes[..., list(tensor.channel_order)] = codes.copy()
    return codes
