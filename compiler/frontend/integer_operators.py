"""ConvInteger and MatMulInteger: products of codes, scaled by what follows.

Rules
-----
1. They read codes with a zero point that is the codes' own: their real values are taken as ``code - zero point``.
2. Weights are constant; the result is the accumulator itself, of scale 1.
3. Sums with integers and rearrangements keep it integral; a Cast to float32 changes nothing. What follows, a product
   with constant scales first, extends the accumulation as in any dialect.
4. An integral output of the network leaves as 32-bit integers.
"""

from __future__ import annotations

import numpy as np

from .graph import Node
from .qlinear import channel_scales, constant_weights, window_attributes
from .rewriting import Rewriting

FLOAT32 = 1
INTEGRAL = ("Add", "Sub", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze")


def conv_integer(graph: Rewriting, node: Node) -> None:
    """Rewrite a ConvInteger."""
    channels = constant_weights(graph, node, 1).shape[0]
    inputs = (_codes(graph, node), _weights(graph, node, channels=channels, axis=0))
    graph.integral.add(graph.node(node, "Conv", inputs, node.outputs[0], **window_attributes(node)))


def matmul_integer(graph: Rewriting, node: Node) -> None:
    """Rewrite a MatMulInteger."""
    weights = constant_weights(graph, node, 1)
    axis = weights.ndim - 1
    inputs = (_codes(graph, node), _weights(graph, node, channels=weights.shape[axis], axis=axis))
    graph.integral.add(graph.node(node, "MatMul", inputs, node.outputs[0]))


def _codes(graph: Rewriting, node: Node) -> str:
    return _centred(graph, node, node.input(0), node.input(2), axis=1)


def _weights(graph: Rewriting, node: Node, *, channels: int, axis: int) -> str:
    with_scale = Node(
        operator=node.operator,
        domain=node.domain,
        name=node.name,
        inputs=(node.input(1), "", node.input(3)),
        outputs=node.outputs,
        attributes=node.attributes,
        origin=node.label,
    )
    zero_point = channel_scales(graph, with_scale, 0, channels=channels).input(2)
    return _centred(graph, node, node.input(1), zero_point, axis=axis)


def _centred(graph: Rewriting, node: Node, tensor: str, zero_point: str, *, axis: int) -> str:
    """Return codes without their zero point, as real values of scale 1."""
    if not zero_point:
        zero_point = graph.constant(tensor, "zero", np.zeros((), graph.code_type(tensor)))
    size = graph.constants[zero_point].size if zero_point in graph.constants else 1
    scale = graph.constant(tensor, "one", np.ones(() if size == 1 else size, np.float32))
    name = graph.fresh(tensor, "centred")
    return graph.node(node, "DequantizeLinear", (tensor, scale, zero_point), name, axis=axis, centres=1)


def integral_node(graph: Rewriting, node: Node) -> bool:
    """Take over a node that reads an integral tensor, if it may: return whether it did."""
    reads = [name for name in node.inputs if name in graph.integral]
    others = [name for name in node.inputs if name and name not in graph.integral and name not in graph.constants]
    if not reads or others:
        return False
    if node.operator == "Cast":
        if node.attributes.get("to") != FLOAT32:
            raise graph.refusal(node, "it must turn an integer result into float32, not another type")
        graph.node(node, "Identity", (node.input(0),), node.outputs[0])
        return True
    if node.operator in INTEGRAL:
        graph.integral.add(node.outputs[0])
    graph.keep(node)
    return True
