"""Every node of a file that is not supported, at once: what one error after the other would say.

Rules
-----
1. Each node is checked by itself first: operator, inputs, weights without quantizer, control flow.
2. Then the rest is read: without the nodes that were refused and what depends on them, until nothing more is refused. A
   node behind a refused one is judged by rule 1 alone.
3. What is wrong with the file as a whole ends the list, and is no node's.
4. The nearest supported form is that of the operator; else the way out at the end of the reason; else a supported
   operator of a like name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from nngen.errors import ModelError

from .graph import Graph, Node, NodeError
from .loader import load_graph, load_model, load_node
from .operators import QUANTIZERS, SUPPORTED, refuse_dialects, refuse_float, refuse_operators, refuse_unsupported
from .reader import Dialect, dialect_of, read_graph

MOST_FOUND = 1000
DYNAMO = "export with dynamo=False"
STATIC = "quantize statically: activation scales from calibration data"
NEAREST = {
    "Attention": "Gemm and Softmax as the last nodes",
    "Cast": "DequantizeLinear on the integers",
    "ConvTranspose": "Conv behind a Resize",
    "DynamicQuantizeLinear": STATIC,
    "Einsum": "MatMul with constant weights",
    "GRU": "the cell's Gemm and Sigmoid, unrolled",
    "GroupNormalization": "BatchNormalization",
    "If": DYNAMO,
    "InstanceNormalization": "BatchNormalization",
    "LRN": "BatchNormalization",
    "LSTM": "the cell's Gemm and Sigmoid, unrolled",
    "LayerNormalization": "BatchNormalization",
    "LogSoftmax": "Softmax",
    "Loop": DYNAMO,
    "Max": "Relu or Clip with constant bounds",
    "Min": "Clip with constant bounds",
    "RNN": "the cell's Gemm and Tanh, unrolled",
    "ReduceSum": "ReduceMean",
    "Scan": DYNAMO,
    "Silu": "HardSwish, or Sigmoid by table",
    "SkipLayerNormalization": "BatchNormalization",
    "ThresholdedRelu": "Relu",
    "Upsample": "Resize",
}
LISTED = "supported are "  # a table has no room for all of them
A_QUANTIZER = Node(operator=QUANTIZERS[0], domain="", name="", inputs=(), outputs=(), attributes={})


@dataclass(frozen=True, kw_only=True)
class Unsupported:
    """A node that cannot be read.

    Parameters
    ----------
    file
        Path as the user gave it.
    node, operator
        Its name (its first output where it has none) and operator with domain; empty where the file itself is wrong.
    reason
        What it must be and is not.
    nearest
        The nearest supported form or the way out; empty where there is none.
    """

    file: str
    node: str
    operator: str
    reason: str
    nearest: str = ""


def explain_network(path: Path) -> list[Unsupported]:
    """Return every node that is not supported; an empty list for a network that can be read."""
    file = str(path)
    found: dict[str, Unsupported] = {}
    try:
        graph = load_graph(path)
    except NodeError:
        return [_of_node(file, error) for error in _refused_at_loading(path)]
    except ModelError as error:
        return [_of_file(file, error)]
    dialect = dialect_of(graph)
    for refused in _refused_alone(graph, dialect):
        found.setdefault(refused.node.label, _of_node(file, refused))
    while len(found) < MOST_FOUND:
        try:
            read_graph(_without(graph, found), dialect, name=path.stem)
        except NodeError as error:
            if error.node.label in found:
                break
            found[error.node.label] = _of_node(file, error)
        except ModelError as error:
            return [*found.values(), *([] if found else [_of_file(file, error)])]
        else:
            break
    return list(found.values())


def _refused_at_loading(path: Path) -> Iterator[NodeError]:
    """Yield control flow, and the operators that are refused beside it."""
    model = load_model(path)
    for proto in model.graph.node:
        try:
            node = load_node(proto, str(path), path.parent)
        except NodeError as error:
            yield error
            continue
        alone = Graph(
            file=str(path), opset=1, nodes=(node,), constants={}, inputs=(), outputs=tuple(node.outputs), shapes={}
        )
        try:
            refuse_dialects(alone)
        except NodeError as error:
            yield error


def _refused_alone(graph: Graph, dialect: Dialect) -> Iterator[NodeError]:
    refuses_float = {refuse_float, refuse_unsupported} & set(dialect.passes)
    quantized = any(node.operator in (*QUANTIZERS, *dialect.own) for node in graph.nodes)
    beside = (A_QUANTIZER,) if quantized else ()
    for node in graph.nodes:
        alone = replace(graph, nodes=(node,))
        try:
            refuse_dialects(alone, own=dialect.own)
            if refuses_float:
                refuse_float(replace(graph, nodes=(node, *beside)))
            refuse_operators(alone, own=dialect.own)
        except NodeError as error:
            yield error


def _without(graph: Graph, refused: dict[str, Unsupported]) -> Graph:
    """Return the graph without refused nodes and what depends on them; what is then left unread is its output."""
    if not refused:
        return graph
    gone: set[str] = set()
    kept: list[Node] = []
    waiting = list(graph.nodes)
    while waiting:
        later = [node for node in waiting if not _hit(node, refused, gone)]
        if len(later) == len(waiting):
            kept = later
            break
        gone |= {name for node in waiting if _hit(node, refused, gone) for name in node.outputs}
        waiting = later
    read = {name for node in kept for name in node.inputs}
    ends = tuple(name for node in kept for name in node.outputs if name and name not in read)
    return replace(graph, nodes=tuple(kept), outputs=ends)


def _hit(node: Node, refused: dict[str, Unsupported], gone: set[str]) -> bool:
    return node.label in refused or any(name in gone for name in node.inputs)


def _of_node(file: str, error: NodeError) -> Unsupported:
    node = error.node
    operator, name = _named(node)
    reason, _, way_out = error.reason.partition("; ")
    nearest = NEAREST.get(operator.rpartition("::")[2], way_out)
    if nearest.startswith(LISTED):
        nearest = next(iter(get_close_matches(operator, SUPPORTED, n=1)), "")
    return Unsupported(file=file, node=name, operator=operator, reason=reason, nearest=nearest)


def _named(node: Node) -> tuple[str, str]:
    """Return operator and name of the file's node: of the label that a pass's node carries, if it is one."""
    operator, _, rest = node.label.partition(" node")
    return operator, rest.removeprefix(" with output").strip().strip("'\"")


def _of_file(file: str, error: ModelError) -> Unsupported:
    reason, _, way_out = str(error).removeprefix(f"{file}: ").partition("; ")
    return Unsupported(file=file, node="", operator="", reason=reason, nearest=way_out)
