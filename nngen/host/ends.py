"""The host's part of a network: quantizing what goes in, scaling what comes out, in float32 as onnxruntime does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nngen.errors import InputError, suggestion
from nngen.ir import HeadOperator, HostInput, HostOutput, Network, TailStep, Tensor

Array = npt.NDArray[Any]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]


def quantize_inputs(network: Network, inputs: Mapping[str, Array]) -> dict[str, IntArray]:
    """Quantize samples into the accelerator's codes.

    Parameters
    ----------
    network
        Its ``inputs`` say how.
    inputs
        Arrays of the file's type and shape (samples, declared shape without batch) by ONNX name; a batch axis of 1
        after the samples is accepted.

    Returns
    -------
    Codes of shape (samples, height, width, channels) by tensor name.

    Raises
    ------
    InputError
        Where a name, type, shape or number of samples does not fit, or a value is NaN.
    """
    names = {end.name for end in network.inputs}
    for name in inputs:
        if name not in names:
            known = ", ".join(map(repr, sorted(names)))
            raise InputError(f"inputs must be named {known}, not {name!r}{suggestion(name, names)}")
    codes = {end.tensor: _quantized(end, network.tensors[end.tensor], inputs) for end in network.inputs}
    counts = {end.name: len(codes[end.tensor]) for end in network.inputs}
    if len(set(counts.values())) > 1:
        raise InputError(f"all inputs must have the same number of samples, not {counts}")
    return codes


def _quantized(end: HostInput, tensor: Tensor, inputs: Mapping[str, Array]) -> IntArray:
    if end.name not in inputs:
        raise InputError(f"input {end.name!r} is missing; it must have shape (samples, {_sizes(end)})")
    values = np.asarray(inputs[end.name])
    if str(values.dtype) != end.file_type:
        raise InputError(f"input {end.name!r} must be of type {end.file_type}, not {values.dtype}")
    if values.shape[1:] not in (end.file_shape, (1, *end.file_shape)) or not len(values):
        raise InputError(f"input {end.name!r} must have shape (samples, {_sizes(end)}), not {values.shape}")
    if np.isnan(values).any():
        raise InputError(f"input {end.name!r} must hold numbers, and holds NaN")
    ordered = values.reshape(-1, *end.file_shape).transpose(0, *(axis + 1 for axis in end.permutation))
    with np.errstate(over="ignore"):
        for operator, operand in end.head:
            ordered = HEAD[operator](ordered.astype(np.float32), np.float32(operand))
        codes = np.rint(ordered.astype(np.float32) / np.float32(end.scale)).astype(np.float64) + end.zero_point
    clipped: IntArray = np.clip(codes, tensor.lowest, tensor.highest).astype(np.int64)
    return clipped.reshape(-1, *tensor.shape)


def _sizes(end: HostInput) -> str:
    return ", ".join(map(str, end.file_shape))


def finish_outputs(network: Network, codes: Mapping[str, npt.NDArray[np.integer[Any]]]) -> dict[str, Array]:
    """Turn the accelerator's output codes into what the file's outputs hold.

    Parameters
    ----------
    network
        Its ``outputs`` say how.
    codes
        Codes of shape (samples, height, width, channels) by tensor name.

    Returns
    -------
    Arrays of the file's type and shape (samples, declared shape without batch) by ONNX name.
    """
    return {end.name: _finished(end, codes[end.tensor]) for end in network.outputs}


def _finished(end: HostOutput, codes: npt.NDArray[np.integer[Any]]) -> Array:
    if end.file_type == "int32":  # accumulators as they are; float32 could not hold them
        exact = (codes.astype(np.int64) - end.zero_point).transpose(0, *(axis + 1 for axis in end.permutation))
        return exact.reshape(-1, *end.file_shape).astype(np.int32)
    real = (codes.astype(np.int64) - end.zero_point).astype(np.float32) * end.scale + end.offset
    values = real.transpose(0, *(axis + 1 for axis in end.permutation)).reshape(-1, *end.file_shape)
    for step in end.tail:
        values = TAIL[step](end, values)
    return values.astype(end.file_type)


HEAD: dict[HeadOperator, Callable[[FloatArray, np.float32], FloatArray]] = {
    "add": lambda values, operand: values + operand,
    "subtract": lambda values, operand: values - operand,
    "multiply": lambda values, operand: values * operand,
    "divide": lambda values, operand: values / operand,
    "floor": lambda values, operand: np.floor(values),
    "ceil": lambda values, operand: np.ceil(values),
    "down": lambda values, operand: np.trunc(values),
    "up": lambda values, operand: np.copysign(np.ceil(np.abs(values)), values),
    "half_up": lambda values, operand: np.copysign(np.floor(np.abs(values) + np.float32(0.5)), values),
    "half_down": lambda values, operand: np.copysign(np.ceil(np.abs(values) - np.float32(0.5)), values),
}


def _quantize(end: HostOutput, values: FloatArray) -> FloatArray:
    limits = np.iinfo(end.tail_type)
    codes = np.rint(values / np.float32(end.tail_scale)) + np.float32(end.tail_zero_point)
    clipped: FloatArray = np.clip(codes, limits.min, limits.max)
    return clipped


def _dequantize(end: HostOutput, codes: FloatArray) -> FloatArray:
    real: FloatArray = (codes - np.float32(end.tail_zero_point)) * np.float32(end.tail_scale)
    return real


def _softmax(values: FloatArray) -> FloatArray:
    powers: FloatArray = np.exp(values - values.max(axis=-1, keepdims=True))
    total: FloatArray = powers.sum(axis=-1, keepdims=True)
    return powers / total


def _log_softmax(values: FloatArray) -> FloatArray:
    shifted = values - values.max(axis=-1, keepdims=True)
    logarithms: FloatArray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return logarithms


def _sigmoid(values: FloatArray) -> FloatArray:
    with np.errstate(over="ignore"):
        result: FloatArray = np.reciprocal(1 + np.exp(-values))
    return result


TAIL: dict[TailStep, Callable[[HostOutput, FloatArray], FloatArray]] = {
    "softmax": lambda end, values: _softmax(values),
    "log_softmax": lambda end, values: _log_softmax(values),
    "sigmoid": lambda end, values: _sigmoid(values),
    "quantize": _quantize,
    "dequantize": _dequantize,
}
