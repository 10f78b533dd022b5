"""A small evaluator of ONNX files in NumPy, float64 and int64: what QONNX, integer floats and RequantShift mean.

It shares nothing with the front end, and reads the semantics of QONNX's quantizers off their specification.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

Array = npt.NDArray[Any]

ROUNDINGS: dict[str, Callable[[Array], Array]] = {
    "ROUND": np.round,
    "HALF_EVEN": np.round,
    "CEIL": np.ceil,
    "FLOOR": np.floor,
    "UP": lambda x: np.sign(x) * np.ceil(np.abs(x)),
    "DOWN": np.fix,
    "HALF_UP": lambda x: np.sign(x) * np.floor(np.abs(x) + 0.5),
    "HALF_DOWN": lambda x: np.sign(x) * np.ceil(np.abs(x) - 0.5),
}


def evaluate(model: onnx.ModelProto, inputs: dict[str, Array]) -> dict[str, Array]:
    """Return every tensor of the file for samples of shape (samples, ...)."""
    values: dict[str, Array] = {tensor.name: wide(numpy_helper.to_array(tensor)) for tensor in model.graph.initializer}
    values |= {name: wide(array) for name, array in inputs.items()}
    for node in model.graph.node:
        attributes = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
        operands = [values[name] for name in node.input]
        values[node.output[0]] = OPERATORS[node.op_type](attributes, *operands)
    return values


def wide(array: Array) -> Array:
    return array.astype(np.float64 if array.dtype.kind == "f" else np.int64)


def quant(attributes: dict[str, Any], x: Array, scale: Array, zero: Array, bits: Array) -> Array:
    width, signed, narrow = int(bits.item()), bool(attributes["signed"]), bool(attributes["narrow"])
    steps = x / scale + zero
    if signed and width == 1:
        codes = np.where(steps >= 0, 1.0, -1.0)
    else:
        lowest = -(2 ** (width - 1)) + narrow if signed else 0
        highest = 2 ** (width - 1) - 1 if signed else 2**width - 1 - narrow
        codes = ROUNDINGS[attributes["rounding_mode"].decode()](np.clip(steps, lowest, highest))
    return (codes - zero) * scale


def trunc(attributes: dict[str, Any], x: Array, scale: Array, zero: Array, *bits: Array) -> Array:
    steps = np.round(x / scale + zero) / 2.0 ** (bits[0].item() - bits[1].item())
    return (ROUNDINGS[attributes["rounding_mode"].decode()](steps) - zero) * scale


def requant_shift(attributes: dict[str, Any], x: Array, factor: Array, addend: Array) -> Array:
    levels, signed, divisor = (int(np.asarray(number(attributes[key]))) for key in ("n_levels", "signed", "div"))
    low, high = (-levels // 2, levels // 2 - 1) if signed else (0, levels - 1)
    spread = [
        array.reshape(-1, *[1] * (x.ndim - 2)) if array.ndim == 1 and array.size > 1 else array
        for array in (factor, addend)
    ]
    return np.clip(np.floor((x * spread[0] + spread[1]) / divisor + 0.5), low, high)


def number(value: Any) -> Any:
    return numpy_helper.to_array(value).ravel()[0] if isinstance(value, onnx.TensorProto) else value


def windows(attributes: dict[str, Any], x: Array, kernel: tuple[int, ...], fill: float) -> Array:
    """(samples, channels, rows, columns, kernel rows, kernel columns)."""
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=fill)
    view = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=(2, 3))
    down, across = attributes.get("strides", (1, 1))
    return view[:, :, ::down, ::across]


def conv(attributes: dict[str, Any], x: Array, weights: Array, *bias: Array) -> Array:
    seen, groups = windows(attributes, x, weights.shape[2:], 0), attributes.get("group", 1)
    parts = [
        np.einsum("ncyxij,ocij->noyx", part, block)
        for part, block in zip(np.split(seen, groups, axis=1), np.split(weights, groups), strict=True)
    ]
    result = np.concatenate(parts, axis=1)
    return result + bias[0].reshape(-1, 1, 1) if bias else result


def multi_threshold(attributes: dict[str, Any], x: Array, thresholds: Array) -> Array:
    edges = thresholds.reshape(1, len(thresholds), *[1] * (x.ndim - 2), -1)
    return attributes["out_bias"] + attributes["out_scale"] * (x[..., None] >= edges).sum(axis=-1)


def pad(attributes: dict[str, Any], x: Array) -> Array:
    pads = attributes["pads"]
    return np.pad(x, list(zip(pads[: x.ndim], pads[x.ndim :], strict=True)), constant_values=attributes["value"])


def divide(attributes: dict[str, Any], x: Array, divisor: Array) -> Array:
    if x.dtype.kind == "i":
        return np.asarray(np.sign(x) * (np.abs(x) // divisor))
    return x / divisor


def cast(attributes: dict[str, Any], x: Array) -> Array:
    return np.trunc(x).astype(np.int64) if attributes["to"] in (6, 7) else x.astype(np.float64)


OPERATORS: dict[str, Callable[..., Array]] = {
    "Add": lambda attributes, x, y: x + y,
    "Concat": lambda attributes, *parts: np.concatenate(parts, axis=attributes["axis"]),
    "AveragePool": lambda attributes, x: windows(attributes, x, tuple(attributes["kernel_shape"]), 0).mean(axis=(4, 5)),
    "BipolarQuant": lambda attributes, x, scale: np.where(x / scale >= 0, 1.0, -1.0) * scale,
    "Cast": cast,
    "Clip": lambda attributes, x: np.clip(x, attributes["min"], attributes["max"]),
    "Conv": conv,
    "Div": divide,
    "Gemm": lambda attributes, x, weights, bias: x @ weights.T + bias,
    "LogSoftmax": lambda attributes, x: x,  # the host's: what is before it is compared
    "Sigmoid": lambda attributes, x: x,
    "Constant": lambda attributes: wide(numpy_helper.to_array(attributes["value"])),
    "Flatten": lambda attributes, x: x.reshape(len(x), -1),
    "Floor": lambda attributes, x: np.floor(x),
    "Identity": lambda attributes, x: x,
    "MatMul": lambda attributes, x, y: x @ y,
    "MaxPool": lambda attributes, x: windows(attributes, x, tuple(attributes["kernel_shape"]), -np.inf).max(
        axis=(4, 5)
    ),
    "Mul": lambda attributes, x, y: x * y,
    "MultiThreshold": multi_threshold,
    "Pad": pad,
    "Quant": quant,
    "Relu": lambda attributes, x: np.maximum(x, 0),
    "RequantShift": requant_shift,
    "Sub": lambda attributes, x, y: x - y,
    "Trunc": trunc,
}
