"""The operators of the QOperator dialect as DequantizeLinear, float operator, QuantizeLinear.

Rules
-----
1. QLinearConv, QLinearMatMul, QGemm: Conv, MatMul, Gemm. Weights are constant; their scales and zero points are one
   number, or one for each output channel. An int32 bias has the scale of input times weights, in float32.
2. QGemm multiplies the weights' scale with alpha; without a scale of its output that output is float32.
3. QLinearAdd, QLinearMul: Add, Mul. QLinearConcat: Concat. QLinearSigmoid, QLinearLeakyRelu: Sigmoid, LeakyRelu.
4. QLinearAveragePool, QLinearGlobalAveragePool: AveragePool, GlobalAveragePool. QLinearSoftmax: Softmax.
5. QLinearAdd, QLinearMul and QLinearAveragePool round after adding the zero point, the others before: so onnxruntime
   computes them on x86 (measured with powers of two as scales and odd zero points: no code differs).
6. ``channels_last`` is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .graph import Array, Node
from .rewriting import Rewriting

WINDOW_ATTRIBUTES = (
    *("auto_pad", "ceil_mode", "count_include_pad", "dilations"),
    *("group", "kernel_shape", "pads", "strides"),
)
CONSTANT_WEIGHTS = "must be constant; weights computed from data are not supported"


def qlinear_conv(graph: Rewriting, node: Node) -> None:
    """Rewrite a QLinearConv."""
    refuse_channels_last(graph, node)
    weights, (image, bias) = constant_weights(graph, node, 3), (graph.dequantized(node, 0), node.input(8))
    flat = channel_scales(graph, node, 3, channels=weights.shape[0])
    inputs: tuple[str, ...] = (image, graph.dequantized(flat, 3, axis=0))
    if bias:
        inputs += (_bias(graph, node, 8, 1, flat.input(4)),)
    made = graph.accumulated(node, "Conv", inputs, **window_attributes(node))
    graph.quantized(node, made, 6)


def qlinear_matmul(graph: Rewriting, node: Node) -> None:
    """Rewrite a QLinearMatMul."""
    weights = constant_weights(graph, node, 3)
    flat = channel_scales(graph, node, 3, channels=weights.shape[-1])
    inputs = (graph.dequantized(node, 0), graph.dequantized(flat, 3, axis=weights.ndim - 1))
    graph.quantized(node, graph.accumulated(node, "MatMul", inputs), 6)


def qgemm(graph: Rewriting, node: Node) -> None:
    """Rewrite a QGemm."""
    weights = constant_weights(graph, node, 3)
    axis = 0 if node.attributes.get("transB", 0) else weights.ndim - 1
    flat = channel_scales(graph, node, 3, channels=weights.shape[axis], factor=node.attributes.get("alpha", 1.0))
    inputs: tuple[str, ...] = (graph.dequantized(node, 0), graph.dequantized(flat, 3, axis=axis))
    if node.input(6):
        inputs += (_bias(graph, node, 6, 1, flat.input(4)),)
    how = {key: node.attributes[key] for key in ("transA", "transB") if key in node.attributes}
    if node.input(7):
        graph.quantized(node, graph.accumulated(node, "Gemm", inputs, **how), 7)
    else:
        graph.node(node, "Gemm", inputs, node.outputs[0], **how)


def _bias(graph: Rewriting, node: Node, index: int, input_scale: int, weight_scale: str) -> str:
    """Return the real values of an int32 bias."""
    codes = graph.known(node, index)
    with np.errstate(over="ignore", under="ignore"):
        unit = graph.known(node, input_scale).reshape(()) * graph.constants[weight_scale]
    name = graph.constant(node.input(index), "scale", np.asarray(unit, np.float32))
    zero = graph.constant(node.input(index), "zero", np.zeros(unit.shape, codes.dtype))
    inputs = (node.input(index), name, zero)
    return graph.node(node, "DequantizeLinear", inputs, graph.fresh(node.input(index), "dequantized"), axis=0)


def constant_weights(graph: Rewriting, node: Node, index: int) -> Array:
    """Return the codes of a node's weights.

    Raises
    ------
    ModelError
        Where they are computed from data, or are no matrix.
    """
    name = node.input(index)
    if name not in graph.constants:
        raise graph.refusal(node, f"its weights {name!r} {CONSTANT_WEIGHTS}")
    weights = graph.constants[name]
    if weights.ndim < 2:
        raise graph.refusal(node, f"its weights {name!r} must have two dimensions or more, not {weights.ndim}")
    return weights


def channel_scales(graph: Rewriting, node: Node, index: int, *, channels: int, factor: float = 1.0) -> Node:
    """Return the node with scale and zero point of its weights as numbers or vectors, whatever their dimensions.

    Scales of a matrix's columns may have dimensions of size 1 in front.
    """
    inputs = list(node.inputs) + [""] * (index + 3 - len(node.inputs))
    for place in (index + 1, index + 2):
        if not inputs[place]:
            continue
        values = graph.known(node, place)
        if values.size not in (1, channels):
            due = f"one value, or one for each of its {channels} output channels"
            raise graph.refusal(node, f"its input {place} ({inputs[place]!r}) must have {due}, not {values.size}")
        scaled = place == index + 1 and factor != 1
        if values.ndim > 1 or scaled:
            flat = values.reshape(-1) if values.size > 1 else values.reshape(())
            flat = flat * np.float32(factor) if scaled else flat
            inputs[place] = graph.constant(inputs[place], "flat", np.asarray(flat, values.dtype))
    return Node(
        operator=node.operator,
        domain=node.domain,
        name=node.name,
        inputs=tuple(inputs),
        outputs=node.outputs,
        attributes=node.attributes,
        origin=node.label,
    )


def qlinear_binary(operator: str) -> Callable[[Rewriting, Node], None]:
    """Return what rewrites QLinearAdd or QLinearMul."""

    def rewrite(graph: Rewriting, node: Node) -> None:
        inputs = (graph.dequantized(node, 0), graph.dequantized(node, 3))
        graph.quantized(node, graph.accumulated(node, operator, inputs), 6, after_zero_point=True)

    return rewrite


def qlinear_function(operator: str, *keys: str) -> Callable[[Rewriting, Node], None]:
    """Return what rewrites an operator on one tensor with the attributes ``keys``."""

    def rewrite(graph: Rewriting, node: Node) -> None:
        how = {key: node.attributes[key] for key in keys if key in node.attributes}
        graph.quantized(node, graph.accumulated(node, operator, (graph.dequantized(node, 0),), **how), 3)

    return rewrite


def qlinear_average_pool(graph: Rewriting, node: Node) -> None:
    """Rewrite a QLinearAveragePool."""
    refuse_channels_last(graph, node)
    made = graph.accumulated(node, "AveragePool", (graph.dequantized(node, 0),), **window_attributes(node))
    graph.quantized(node, made, 3, after_zero_point=True)


def qlinear_global_average_pool(graph: Rewriting, node: Node) -> None:
    """Rewrite a QLinearGlobalAveragePool."""
    refuse_channels_last(graph, node)
    graph.quantized(node, graph.accumulated(node, "GlobalAveragePool", (graph.dequantized(node, 0),)), 3)


def qlinear_concat(graph: Rewriting, node: Node) -> None:
    """Rewrite a QLinearConcat: scale and zero point of the output come first, then three inputs for each tensor."""
    if len(node.inputs) % 3 != 2:
        raise graph.refusal(node, f"it must have three inputs a tensor behind the first two, not {len(node.inputs)}")
    inputs = tuple(graph.dequantized(node, index) for index in range(2, len(node.inputs), 3))
    how = {"axis": node.attributes["axis"]} if "axis" in node.attributes else {}
    graph.quantized(node, graph.accumulated(node, "Concat", inputs, **how), 0)


def qlinear_softmax(graph: Rewriting, node: Node) -> None:
    """Rewrite a QLinearSoftmax; its axis counts from the end unless it says otherwise."""
    axis = node.attributes.get("axis", -1)
    graph.quantized(node, graph.accumulated(node, "Softmax", (graph.dequantized(node, 0),), axis=axis), 3)


def refuse_channels_last(graph: Rewriting, node: Node) -> None:
    """Refuse the layout that onnxruntime's own optimizer leaves.

    Raises
    ------
    ModelError
        Where channels come last.
    """
    if node.attributes.get("channels_last", 0):
        raise graph.refusal(node, "channels_last must be 0, not 1; take the file from before onnxruntime's optimizer")


def window_attributes(node: Node) -> dict[str, Any]:
    """Return what says how a window moves."""
    return {key: node.attributes[key] for key in WINDOW_ATTRIBUTES if key in node.attributes}
