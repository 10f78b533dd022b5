"""The file's graph as plain values: what every pass of the front end takes and returns."""

from __future__ import annotations

from dataclasses import dataclass
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
    """

    operator: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]

    @property
    def kind(self) -> str:
        """The operator with its domain where that is not ONNX's own."""
        return f"{self.domain}::{self.operator}" if self.domain else self.operator

    @property
    def label(self) -> str:
        """How messages name the node; control characters of a hostile name come out escaped."""
        if self.name:
            return f"{self.kind} node {self.name!r}"
        return f"{self.kind} node with output {self.outputs[0]!r}" if self.outputs else f"{self.kind} node"

    def input(self, index: int) -> str:
        """Return the name of an input, empty where it is left out."""
        return self.inputs[index] if index < len(self.inputs) else ""


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
    folded: tuple[str, ...] = ()

    def refusal(self, node: Node, reason: str) -> ModelError:
        """Return the error that refuses a node: file, node, operator, reason."""
        return ModelError(f"{self.file}: {node.label}: {reason}")

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
