"""Functions of one variable, evaluated at each of an activation's codes: a table serves what multipliers cannot.

Rules
-----
1. The variable is a dequantized code, float32 as the file computes it; the function is computed in float64 and rounded
   to float32 once.
2. Attributes have the defaults of ONNX; constants are finite.
3. Codes have at most 8 bits: a table has 256 entries.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from .graph import Graph, Node
from .values import Quantizer

Reals = npt.NDArray[np.float64]
Function = Callable[[Node, Reals], Reals]

TABLE_CODES = 256


def every_code(quantizer: Quantizer) -> npt.NDArray[np.int64]:
    """Return the code that each index of a table stands for, shape ``(256,)``."""
    indices = np.arange(TABLE_CODES)
    return np.where(indices >= TABLE_CODES // 2, indices - TABLE_CODES, indices) if quantizer.signed else indices


def dequantized(quantizer: Quantizer) -> npt.NDArray[np.float32]:
    """Return the real value at each index of a table, as DequantizeLinear computes it."""
    centred = (quantizer.parts * every_code(quantizer) - quantizer.zero_point).astype(np.float32)
    return centred * np.float32(quantizer.scale)


def evaluate(graph: Graph, node: Node, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return what a node makes of values.

    Raises
    ------
    ModelError
        Where the result is no number.
    """
    with np.errstate(all="ignore"):
        result = FUNCTIONS[node.operator](node, values.astype(np.float64)).astype(np.float32)
    if np.isnan(result).any():
        raise graph.refusal(node, "it must give a number for every code of its input, and gives NaN")
    return result


def _attribute(node: Node, key: str, default: float) -> float:
    return float(np.float32(node.attributes.get(key, default)))


def _sigmoid(x: Reals) -> Reals:
    values: Reals = 1 / (1 + np.exp(-x))
    return values


def _hard_sigmoid(node: Node, x: Reals) -> Reals:
    values: Reals = np.clip(_attribute(node, "alpha", 0.2) * x + _attribute(node, "beta", 0.5), 0, 1)
    return values


def _hard_swish(node: Node, x: Reals) -> Reals:
    return x * np.clip(x / 6 + 0.5, 0, 1)


def _elu(node: Node, x: Reals) -> Reals:
    return np.where(x < 0, _attribute(node, "alpha", 1.0) * np.expm1(x), x)


def _selu(node: Node, x: Reals) -> Reals:
    alpha, gamma = _attribute(node, "alpha", 1.67326319217681884765625), _attribute(node, "gamma", 1.05070102214813232)
    return gamma * np.where(x <= 0, alpha * np.expm1(x), x)


def _leaky_relu(node: Node, x: Reals) -> Reals:
    return np.where(x < 0, _attribute(node, "alpha", 0.01) * x, x)


def _erf(x: Reals) -> Reals:
    return np.array([math.erf(value) for value in x])


def _gelu(node: Node, x: Reals) -> Reals:
    if node.attributes.get("approximate", "none") == "tanh":
        bent: Reals = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
        return 0.5 * x * (1 + bent)
    return 0.5 * x * (1 + _erf(x / math.sqrt(2)))


FUNCTIONS: dict[str, Function] = {
    "Abs": lambda node, x: np.abs(x),
    "Elu": _elu,
    "Erf": lambda node, x: _erf(x),
    "Exp": lambda node, x: np.exp(x),
    "Gelu": _gelu,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _hard_swish,
    "LeakyRelu": _leaky_relu,
    "Mish": lambda node, x: x * np.tanh(np.logaddexp(0, x)),
    "Selu": _selu,
    "Sigmoid": lambda node, x: _sigmoid(x),
    "Softplus": lambda node, x: np.logaddexp(0, x),
    "Softsign": lambda node, x: x / (1 + np.abs(x)),
    "Tanh": lambda node, x: np.tanh(x),
}
