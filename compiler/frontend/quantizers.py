"""Scales, zero points and code ranges of QuantizeLinear and DequantizeLinear.

Rules
-----
1. Scale and zero point are constants; a scale is finite and above zero; it is a float32 number.
2. The zero point's type says the code type (uint8 where it is left out): 2 to 16 bits for activations, 32 for biases.
3. Block-wise scales and float codes are refused.
4. A per-channel scale applies along ``axis`` (default 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .graph import Array, Graph, Node, Shape

INTEGER_BITS = {
    **dict.fromkeys(("int2", "uint2"), 2),
    **dict.fromkeys(("int4", "uint4"), 4),
    **dict.fromkeys(("int8", "uint8"), 8),
    **dict.fromkeys(("int16", "uint16"), 16),
    "int32": 32,
}


def code_range(kind: str) -> tuple[int, int]:
    """Return the lowest and highest code of an integer type."""
    bits = INTEGER_BITS[kind]
    return (0, (1 << bits) - 1) if kind.startswith("u") else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """Scale and zero point, shaped to broadcast against the tensor, and the type of the codes."""

    scale: npt.NDArray[np.float32]
    zero_point: npt.NDArray[np.int64]
    type: str

    @property
    def per_tensor(self) -> bool:
        """True where one scale and zero point serve the whole tensor."""
        return self.scale.size == 1


def scaling(graph: Graph, node: Node, *, of: Shape) -> Scaling:
    """Return the scaling of a QuantizeLinear or DequantizeLinear for a tensor of shape ``of``.

    Raises
    ------
    ModelError
        Where a rule of this module is broken.
    """
    if node.attributes.get("block_size", 0):
        raise graph.refusal(node, "block-wise scales are not supported; quantize per tensor or per channel")
    name = node.input(1)
    scale = graph.constant(name)
    if scale is None:
        raise graph.refusal(node, f"its scale {name!r} must be constant; quantize statically")
    if scale.dtype != np.float32:
        raise graph.refusal(node, f"its scale {name!r} must be float32, not {scale.dtype}")
    bad = scale[~(np.isfinite(scale) & (scale > 0))]
    if bad.size:
        raise graph.refusal(node, f"its scale {name!r} must be finite and above 0, not {float(bad.flat[0]):g}")
    zero_point, kind = _zero_point(graph, node)
    if kind not in INTEGER_BITS:
        raise graph.refusal(node, f"its codes must be integers of up to 16 bits (32 for a bias), not {kind}")
    if zero_point.size not in (1, scale.size):
        raise graph.refusal(node, f"its zero point must have {scale.size} values like its scale, not {zero_point.size}")
    shape = _broadcast_shape(graph, node, scale, of)
    wide = np.broadcast_to(zero_point.astype(np.int64).ravel(), scale.size)
    return Scaling(scale=scale.reshape(shape), zero_point=wide.reshape(shape), type=kind)


def _zero_point(graph: Graph, node: Node) -> tuple[Array, str]:
    name = node.input(2)
    zero_point = graph.constant(name)
    if name and zero_point is None:
        raise graph.refusal(node, f"its zero point {name!r} must be constant")
    if zero_point is not None:
        return zero_point, str(zero_point.dtype)
    source = graph.constant(node.input(0)) if node.operator == "DequantizeLinear" else None
    return np.zeros(1, np.int64), "uint8" if source is None else str(source.dtype)


def _broadcast_shape(graph: Graph, node: Node, scale: Array, of: Shape) -> Shape:
    rank = len(of)
    if scale.size == 1:
        return (1,) * rank
    axis = node.attributes.get("axis", 1)
    if scale.ndim != 1 or not -rank <= axis < rank or of[axis] != scale.size:
        due = f"one number or one for each of axis {axis} of {list(of)}"
        raise graph.refusal(node, f"its scale must be {due}, not of shape {list(scale.shape)}")
    return tuple(scale.size if index == axis % rank else 1 for index in range(rank))


def quantize_constant(graph: Graph, node: Node, inputs: list[Array]) -> Array:
    """Return the codes of constant floats, as onnxruntime computes them, in int64 or the code's own numpy type."""
    values = inputs[0]
    if not np.isfinite(values).all():
        raise graph.refusal(node, f"its constant input {node.input(0)!r} must be finite, and holds NaN or infinity")
    how = scaling(graph, node, of=values.shape)
    lowest, highest = code_range(how.type)
    with np.errstate(over="ignore"):
        codes = np.rint(values.astype(np.float32) / how.scale).astype(np.float64) + how.zero_point
    held: Array = np.clip(codes, lowest, highest).astype(np.int64).astype(graph_type(how.type))
    return held


def graph_type(kind: str) -> npt.DTypeLike:
    """Return the numpy type that holds codes of an integer type (4-bit codes are held in 8 bits)."""
    return kind if INTEGER_BITS[kind] >= 8 else ("uint8" if kind.startswith("u") else "int8")
