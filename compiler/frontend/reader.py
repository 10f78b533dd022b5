"""From a file to the integer network: load, recognize the dialect, prepare, read.

A dialect is recognized by the operators of the graph as it was loaded, never by its producer or by names. Each is one
entry of ``DIALECTS``: how it is recognized, the passes that prepare its graph, and the reader that makes the network.
The first that recognizes the graph reads it; the last takes what is left and says what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from nngen.ir import Network

from .binding import bind_dimensions
from .graph import Graph
from .integer_floats import MORE_OPERATORS, OWN, is_integer_floats, read_integer_floats, refuse_unsupported_integers
from .loader import load_graph
from .operators import refuse_dialects, refuse_float, refuse_unsupported
from .ordering import order_nodes
from .padding import fold_pads
from .qcdq import is_qcdq, read_qcdq
from .qdq import read_qdq
from .qonnx import OPERATORS as QONNX_OPERATORS
from .qonnx import is_qonnx, read_qonnx, refuse_unsupported_qonnx, replace_quantizers
from .qoperator import LOWERED, is_qoperator, lower_qoperators, read_qoperator
from .requant_shift import is_requant_shift, read_requant_shift
from .shapes import infer_shapes

Pass = Callable[[Graph], Graph]


class Reader(Protocol):
    """Makes a network of a prepared graph."""

    def __call__(self, graph: Graph, *, name: str, multiplier_bits: int) -> Network:
        """Return the network."""
        ...


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One way to write a quantized network.

    Parameters
    ----------
    name
        As ``nngen inspect`` says it.
    recognizes
        Whether a graph as it was loaded is of this dialect.
    own
        Operators that only this dialect has: those that it reads before ONNX's own are checked.
    passes
        What prepares the graph, in this order.
    read
        What makes the network of it.
    """

    name: str
    recognizes: Callable[[Graph], bool]
    passes: tuple[Pass, ...]
    read: Reader
    own: Collection[str] = ()


INTEGER_OPERATORS = (*OWN, *MORE_OPERATORS)
PREPARATION: tuple[Pass, ...] = (order_nodes, refuse_unsupported, bind_dimensions, infer_shapes, order_nodes)
PREPARATION_QONNX: tuple[Pass, ...] = (
    *(order_nodes, refuse_unsupported_qonnx, bind_dimensions, infer_shapes),
    *(replace_quantizers, order_nodes, refuse_float),
)
PREPARATION_INTEGERS: tuple[Pass, ...] = (
    *(order_nodes, refuse_unsupported_integers, bind_dimensions, infer_shapes),
    *(fold_pads, order_nodes),
)
DIALECTS = (
    Dialect(
        name="QOperator",
        recognizes=is_qoperator,
        passes=(order_nodes, partial(refuse_dialects, own=LOWERED), lower_qoperators, *PREPARATION[1:]),
        read=read_qoperator,
        own=LOWERED,
    ),
    Dialect(name="QONNX", recognizes=is_qonnx, passes=PREPARATION_QONNX, read=read_qonnx, own=QONNX_OPERATORS),
    Dialect(
        name="RequantShift",
        recognizes=is_requant_shift,
        passes=PREPARATION_INTEGERS,
        read=read_requant_shift,
        own=INTEGER_OPERATORS,
    ),
    Dialect(
        name="integers in floats",
        recognizes=is_integer_floats,
        passes=PREPARATION_INTEGERS,
        read=read_integer_floats,
        own=INTEGER_OPERATORS,
    ),
    Dialect(name="QCDQ", recognizes=is_qcdq, passes=PREPARATION, read=read_qcdq),
    Dialect(name="QDQ", recognizes=lambda graph: True, passes=PREPARATION, read=read_qdq),
)


def read_network(path: Path, *, name: str | None = None, multiplier_bits: int = 25) -> Network:
    """Read a quantized ONNX file into the integer network.

    Parameters
    ----------
    path
        The file; external data must lie in its folder.
    name
        Name of the network; the file's stem unless given.
    multiplier_bits
        Width of the signed multipliers of requantization.

    Raises
    ------
    ModelError
        Where the file cannot be read or holds what is not supported: it names file, node, operator and reason.
    """
    graph = load_graph(Path(path))
    return read_graph(graph, dialect_of(graph), name=name or Path(path).stem, multiplier_bits=multiplier_bits)


def dialect_of(graph: Graph) -> Dialect:
    """Return the dialect of a graph as it was loaded."""
    return next(dialect for dialect in DIALECTS if dialect.recognizes(graph))


def read_graph(graph: Graph, dialect: Dialect, *, name: str, multiplier_bits: int = 25) -> Network:
    """Prepare a graph as it was loaded, and read it.

    Raises
    ------
    ModelError
        Where it holds what is not supported.
    """
    for prepare in dialect.passes:
        graph = prepare(graph)
    return dialect.read(graph, name=name, multiplier_bits=multiplier_bits)
