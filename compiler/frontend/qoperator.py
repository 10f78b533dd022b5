"""The QOperator dialect: quantized operators of ONNX and of onnxruntime's domain, with scales as inputs.

Pass: each becomes DequantizeLinear, a float operator and QuantizeLinear, so that QDQ's reader serves it.

Rules
-----
1. A graph with an operator of ``LOWERED`` is of this dialect. One that is of none of them is left as it is.
2. Each operator has the inputs that it needs, of shapes and types that fit, and an output; ``qlinear`` and
   ``integer_operators`` say what it becomes.
3. Constants in front of them (Constant, Reshape, …) are computed first: scales must be known here.
4. A layer carries the name of the tensor that the file's node makes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nngen.ir import Network

from .builder import NetworkBuilder
from .folding import FOLDABLE, fold
from .graph import Graph, Node
from .integer_operators import conv_integer, integral_node, matmul_integer
from .operators import MICROSOFT, wrong_inputs
from .qdq import QdqReader
from .qlinear import (
    qgemm,
    qlinear_average_pool,
    qlinear_binary,
    qlinear_concat,
    qlinear_conv,
    qlinear_function,
    qlinear_global_average_pool,
    qlinear_matmul,
    qlinear_softmax,
)
from .rewriting import Rewriting

Lowering = Callable[[Rewriting, Node], None]

# Operator: what rewrites it, and the inputs that it cannot do without.
LOWERED: dict[str, tuple[Lowering, tuple[int, ...]]] = {
    "ConvInteger": (conv_integer, (0, 1)),
    "MatMulInteger": (matmul_integer, (0, 1)),
    "QGemm": (qgemm, (0, 1, 3, 4)),
    "QLinearAdd": (qlinear_binary("Add"), (0, 1, 3, 4, 6)),
    "QLinearAveragePool": (qlinear_average_pool, (0, 1, 3)),
    "QLinearConcat": (qlinear_concat, (0, 1, 2, 3, 4)),
    "QLinearConv": (qlinear_conv, (0, 1, 2, 3, 4, 5, 6, 7)),
    "QLinearGlobalAveragePool": (qlinear_global_average_pool, (0, 1, 2, 3, 4)),
    "QLinearLeakyRelu": (qlinear_function("LeakyRelu", "alpha"), (0, 1, 3)),
    "QLinearMatMul": (qlinear_matmul, (0, 1, 2, 3, 4, 5, 6, 7)),
    "QLinearMul": (qlinear_binary("Mul"), (0, 1, 3, 4, 6)),
    "QLinearSigmoid": (qlinear_function("Sigmoid"), (0, 1, 3)),
    "QLinearSoftmax": (qlinear_softmax, (0, 1, 3)),
}
DOMAINS = ("", MICROSOFT)


def is_qoperator(graph: Graph) -> bool:
    """Return whether a graph as it was loaded has operators of this dialect."""
    return any(_lowered(node) for node in graph.nodes)


def lower_qoperators(graph: Graph) -> Graph:
    """Return an ordered graph without operators of this dialect.

    Raises
    ------
    ModelError
        Where a rule is broken, naming the file's node.
    """
    if not is_qoperator(graph):
        return graph
    made = Rewriting(graph)
    for node in graph.nodes:
        lower_node(made, node)
    return replace(made.finish(), layer_names=made.made)


def lower_node(graph: Rewriting, node: Node) -> None:
    """Take one node over, rewritten if it is of this dialect."""
    if _lowered(node):
        rewrite, required = LOWERED[node.operator]
        missing = [index for index in required if not node.input(index)]
        if missing or not node.outputs or not node.outputs[0]:
            raise graph.refusal(node, f"it must have inputs {list(required)} and an output")
        try:
            rewrite(graph, node)
        except (TypeError, ValueError):
            raise graph.refusal(node, "its inputs and attributes must be those of its operator") from None
    elif _computable(graph, node):
        graph.constants[node.outputs[0]] = fold(replace(graph.graph, constants=graph.constants), node)
    elif not integral_node(graph, node):
        graph.keep(node)


def _lowered(node: Node) -> bool:
    return node.operator in LOWERED and node.domain in DOMAINS


def _computable(graph: Rewriting, node: Node) -> bool:
    known = all(name in graph.constants for name in node.inputs if name)
    return known and node.operator in FOLDABLE and not node.domain and not wrong_inputs(graph.graph, node)


def read_qoperator(graph: Graph, *, name: str, multiplier_bits: int) -> Network:
    """Read a prepared graph (lowered, ordered, folded, with shapes) as a network.

    Raises
    ------
    ModelError
        Where a rule of ``qdq`` or of ``float_graph`` is broken, naming the node.
    """
    builder = NetworkBuilder(graph, name=name, dialect="QOperator", multiplier_bits=multiplier_bits)
    network = QdqReader(graph, builder).read()
    layers = [replace(layer, name=graph.layer_names.get(layer.name, layer.name)) for layer in network.layers]
    return replace(network.with_layers(layers), folded=tuple(_renamed(graph, note) for note in network.folded))


def _renamed(graph: Graph, note: str) -> str:
    for made, name in graph.layer_names.items():
        note = note.replace(repr(made), repr(name))
    return note
