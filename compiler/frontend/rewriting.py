"""A graph in which single nodes become several: fresh names and constants, and what the new nodes stand for.

Rules
-----
1. A node that is put in place of another carries that one's label (``Node.origin``): messages name the file's node.
2. The last of the new nodes makes the tensor that the file's node made, so that names of the file stay.
3. A fresh name is one that the file does not have.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from nngen.errors import ModelError

from .graph import Array, Graph, Node

CONSTANT = "must be constant; quantize statically"


class Rewriting:
    """Collects the nodes and constants of the new graph, in execution order.

    Parameters
    ----------
    graph
        The file's graph, in execution order; it is left as it is.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.constants = dict(graph.constants)
        self.integral: set[str] = set()
        self.made: dict[str, str] = {}
        self._nodes: list[Node] = []
        self._types: dict[str, str] = {value.name: value.type for value in graph.inputs}
        self._taken = {name for node in graph.nodes for name in (*node.inputs, *node.outputs)}
        self._taken |= graph.constants.keys() | self._types.keys() | set(graph.outputs)

    def finish(self) -> Graph:
        """Return the new graph."""
        return replace(
            self.graph, nodes=tuple(self._nodes), constants=self.constants, integral=frozenset(self.integral)
        )

    def refusal(self, node: Node, reason: str) -> ModelError:
        """Return the error that refuses a node of the file."""
        return self.graph.refusal(node, reason)

    # ------------------------------------------------------------------ names and constants

    def fresh(self, tensor: str, what: str) -> str:
        """Return a name for what belongs to a tensor of the file."""
        name, number = f"{tensor}:{what}", 1
        while name in self._taken:
            number += 1
            name = f"{tensor}:{what}{number}"
        self._taken.add(name)
        return name

    def constant(self, tensor: str, what: str, values: Array) -> str:
        """Add a constant that belongs to a tensor of the file, and return its name."""
        name = self.fresh(tensor, what)
        self.constants[name] = values
        return name

    def known(self, node: Node, index: int) -> Array:
        """Return the constant that a node reads.

        Raises
        ------
        ModelError
            Where it is computed from data.
        """
        name = node.input(index)
        if name not in self.constants:
            raise self.refusal(node, f"its input {index} ({name!r}) {CONSTANT}")
        return self.constants[name]

    def code_type(self, tensor: str) -> str:
        """Return the type of a tensor's codes; uint8 where nothing says it."""
        if tensor in self.constants:
            return str(self.constants[tensor].dtype)
        return self._types.get(tensor, "uint8")

    # ------------------------------------------------------------------ nodes

    def keep(self, node: Node) -> None:
        """Take a node over as it is."""
        self._nodes.append(node)
        for name in node.outputs:
            self._types[name] = self._output_type(node)

    def _output_type(self, node: Node) -> str:
        if node.operator == "QuantizeLinear":
            return self.code_type(node.input(2)) if node.input(2) else "uint8"
        return "float32" if node.operator == "DequantizeLinear" else self.code_type(node.input(0))

    def node(
        self, origin: Node, operator: str, inputs: tuple[str, ...], output: str = "", what: str = "", **attributes: Any
    ) -> str:
        """Add a node in place of one of the file, and return its output: a fresh name unless one is given."""
        output = output or self.fresh(origin.outputs[0], what or operator)
        self.keep(
            Node(
                operator=operator,
                domain="",
                name=origin.name,
                inputs=inputs,
                outputs=(output,),
                attributes=attributes,
                origin=origin.label,
            )
        )
        return output

    def accumulated(self, origin: Node, operator: str, inputs: tuple[str, ...], **attributes: Any) -> str:
        """Add the node whose result is quantized next; its layer will carry the name of the file's tensor."""
        name = self.node(origin, operator, inputs, what="accumulated", **attributes)
        self.made[name] = origin.outputs[0]
        return name

    def dequantized(self, origin: Node, first: int, *, axis: int = 1) -> str:
        """Return the real values of the codes at input ``first``, scale and zero point at the two inputs behind."""
        tensor, scale, zero_point = (origin.input(first + index) for index in range(3))
        kind = self.code_type(tensor)
        if not zero_point and kind != "uint8":
            zero_point = self.constant(tensor, "zero", np.zeros((), kind))
        inputs = (tensor, scale, zero_point) if zero_point else (tensor, scale)
        name = self.fresh(tensor, "dequantized")
        return self.node(origin, "DequantizeLinear", inputs, name, axis=axis)

    def quantized(self, origin: Node, values: str, first: int, *, after_zero_point: bool = False) -> None:
        """Quantize real values with scale and zero point at input ``first`` and behind, of the codes' own type."""
        scale, zero_point = origin.input(first), origin.input(first + 1)
        if not zero_point:
            zero_point = self.constant(origin.outputs[0], "zero", np.zeros((), self.code_type(origin.input(0))))
        self.known(origin, first)
        inputs = (values, scale, zero_point)
        how: dict[str, Any] = {"after_zero_point": int(after_zero_point)}
        self.node(origin, "QuantizeLinear", inputs, origin.outputs[0], **how)
