"""The file's graph as plain values: what every pass of the front end takes and returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from nngen.errors import ModelError

Array = npt.NDArray[Any]
Shape = tuple[int, ...]

DEFAULT_DOMAINS = ("", "ai.onnx")


@dataclass(frozen=True, kw_only=True)
class Node:
    """One operator of the file.

    ``domain`` is empty for ONNX's own operators; ``inputs`` holds an empty string where an optional one is left out.
    ``origin`` is the label of the file's node that a pass made this one from; empty where it is the file's own.
    """

    operator: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    origin: str = ""

    @property
    def kind(self) -> str:
        """The operator with its domain where that is not ONNX's own."""
        kind = f"{self.domain}::{self.operator}" if self.domain else str(self.operator)  # bytes where it is no text
        return kind if kind.isprintable() else ascii(kind)

    @property
    def label(self) -> str:
        """How messages name the node; control characters of a hostile name come out escaped."""
        if self.origin:
            return self.origin
        if self.name:
            return f"{self.kind} node {self.name!r}"
        return f"{self.kind} node with output {self.outputs[0]!r}" if self.outputs else f"{self.kind} node"

    def input(self, index: int) -> str:
        """Return the name of an input, empty where it is left out."""
        return self.inputs[index] if index < len(self.inputs) else ""


class NodeError(ModelError):
    """A node of the file that cannot be read: the message names file, node and reason.

    Parameters
    ----------
    file
        Path as the user gave it.
    node
        The node, or one that a pass made of it.
    reason
        Why, and the way out.
    """

    def __init__(self, file: str, node: Node, reason: str) -> None:
        super().__init__(f"{file}: {node.label}: {reason}")
        self.node, self.reason = node, reason


@dataclass(frozen=True, kw_only=True)
class GraphInput:
    """A declared input: its element type as numpy names it, and its dimensions (a name where symbolic)."""

    name: str
    type: str
    shape: tuple[int | str, ...]


@dataclass(frozen=True, kw_only=True)
class Graph:
    """The whole graph.

    Parameters
    ----------
    file
        Path as the user gave it, for messages.
    opset
        Version of ONNX's own operators.
    nodes
        In the file's order; in execution order once ordered.
    constants
        Initializers and whatever was folded.
    inputs, outputs
        Declared inputs that are not initializers; names of the outputs.
    shapes
        Shapes of all tensors with batch 1, once inferred.
    integral
        Tensors that hold 32-bit integers in the file, which an integer operator makes.
    layer_names
        What layers are called that a pass's tensors name, by such a tensor.
    folded
        What the passes did, in sentences for ``nngen inspect``; those that begin with "warning: " changed a meaning.
    """

    file: str
    opset: int
    nodes: tuple[Node, ...]
    constants: dict[str, Array]
    inputs: tuple[GraphInput, ...]
    outputs: tuple[str, ...]
    shapes: dict[str, Shape]
    integral: frozenset[str] = frozenset()
    layer_names: dict[str, str] = field(default_factory=dict)
    folded: tuple[str, ...] = ()

    def refusal(self, node: Node, reason: str) -> NodeError:
        """Return the error that refuses a node: file, node, operator, reason."""
        return NodeError(self.file, node, reason)

    def consumers(self) -> dict[str, list[Node]]:
        """Return the nodes that read each tensor."""
        readers: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                readers.setdefault(name, []).append(node)
        return readers

    def constant(self, name: str) -> Array | None:
        """Return a constant, or None where the name is empty or not constant."""
        return self.constants.get(name) if name else None


def integers(values: Array) -> tuple[int, ...]:
    """Return an array's elements as Python integers."""
    return tuple(int(value) for value in np.asarray(values).ravel())
