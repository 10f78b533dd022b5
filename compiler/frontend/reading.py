"""Walks a graph once, in execution order: each node turns the values of its inputs into that of its output."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nngen.errors import ModelError
from nngen.ir import ElementwiseLayer, Network

from .accumulation import Accumulation, Reals, yet_to_come
from .builder import NetworkBuilder
from .graph import Array, Graph, Node
from .layout import View
from .operators import WAY_OUT
from .values import Activation, Codes, Constant, RawInput, Tail, Value

AFTER_SOFTMAX = "nothing may follow a Softmax, which the host computes; end the network with it"

NodeReader = Callable[[Node], Value]


class GraphReader:
    """Holds what every tensor of the file stands for; subclasses add the readers of nodes.

    Parameters
    ----------
    graph
        Ordered, folded, with shapes.
    builder
        Collects the network.
    """

    def __init__(self, graph: Graph, builder: NetworkBuilder) -> None:
        self._graph = graph
        self._builder = builder
        self._consumers = graph.consumers()
        self._values: dict[str, Value] = {
            value.name: RawInput(input=value, view=View.in_file_order(graph.shapes[value.name]))
            for value in graph.inputs
        }
        self._readers: dict[str, NodeReader] = {}

    def read(self) -> Network:
        """Return the network."""
        for node in self._graph.nodes:
            value = self._read_node(node)
            if isinstance(value, Accumulation) and self._reader_count(node) > 1:
                raise self._refusal(node, f"its result must be quantized before several nodes read it; {WAY_OUT}")
            self._values[node.outputs[0]] = value
        for name in self._graph.outputs:
            self._builder.output(name, self._output(name))
        return self._builder.finish()

    def _read_node(self, node: Node) -> Value:
        if node.operator not in self._readers:
            raise self._refusal(node, "its inputs must be constant, so that it can be computed at build time")
        return self._readers[node.operator](node)

    def _output(self, name: str) -> Activation | Accumulation | Codes | Tail:
        value = self._values.get(name)
        if not isinstance(value, Activation | Accumulation | Codes | Tail):
            raise ModelError(f"{self._graph.file}: output {name!r} must be the result of a layer")
        return value

    def _refusal(self, node: Node, reason: str) -> ModelError:
        return self._graph.refusal(node, reason)

    def _reader_count(self, node: Node) -> int:
        name = node.outputs[0]
        return len(self._consumers.get(name, [])) + self._graph.outputs.count(name)

    def _value(self, node: Node, index: int) -> Value:
        name = node.input(index)
        constant = self._graph.constant(name)
        if constant is not None:
            return Constant(values=constant)
        if name not in self._values:
            raise self._refusal(node, f"its input {index} must be given by a first output, not by {name!r}")
        return self._values[name]

    def _floats(self, node: Node, index: int) -> Reals:
        name = node.input(index)
        values = self._graph.constant(name)
        if values is None or not np.isfinite(values.astype(np.float64)).all():
            raise self._refusal(node, f"its input {name!r} must be constant and finite")
        return values.astype(np.float64)

    def _activation(self, node: Node, index: int = 0) -> Activation:
        source = self._value(node, index)
        if isinstance(source, RawInput):
            raise self._refusal(node, f"the network input {source.input.name!r} it reads has no quantizer; {WAY_OUT}")
        if isinstance(source, Accumulation):
            raise self._refusal(node, f"the layer {source.name!r} it reads has no output quantizer; {WAY_OUT}")
        if not isinstance(source, Activation):
            which = ("first", "second")[index] if index < 2 else f"{index + 1}th"
            raise self._refusal(node, f"its {which} input must be a dequantized activation; {WAY_OUT}")
        return source

    def _lone(self, node: Node, source: Activation) -> Accumulation:
        """Return an activation as the sum of itself: a layer that only requantizes."""
        name, shape, view = self._builder.operand(node, source)
        channels, quantizer = shape[2], source.codes.quantizer
        return Accumulation(
            name=node.outputs[0],
            layer=ElementwiseLayer(
                name=node.outputs[0],
                inputs=(name,),
                output=node.outputs[0],
                coefficients=(1,),
                requantization=yet_to_come(channels),
            ),
            shape=shape,
            view=view,
            unit=np.full(channels, quantizer.scale, np.float32),
            parts=quantizer.parts,
            integer=np.full(channels, -quantizer.zero_point),
            scale=np.full(channels, quantizer.scale, np.float64),
            offset=np.zeros(channels),
        )

    def _affine(self, node: Node, value: Value) -> Accumulation | None:
        """Return a value that constants may be added to or multiplied with; None where it is no such one."""
        made = self._lone(node, value) if isinstance(value, Activation) else value
        return made if isinstance(made, Accumulation) and made.affine else None

    def _per_channel(self, node: Node, layer: Accumulation, view: View, values: Array) -> Reals:
        try:
            spread = view.per_channel(values, layer.channels)
        except ValueError:
            spread = None
        if spread is None:
            raise self._refusal(node, f"its constants of shape {list(values.shape)} must hold one value a channel")
        return spread
