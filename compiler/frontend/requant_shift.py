"""The RequantShift dialect (Deeploy): one node rescales accumulators, in whole numbers.

``y = clip(floor((x * mul + add) / div + 0.5), lo, hi)``: ties go up, and the network keeps that rounding in hardware.

Rules
-----
1. Recognized by its operator, in any domain.
2. ``mul`` and ``add`` are constant whole numbers, one or one for each channel (the second dimension); ``div`` is a
   power of two, as an attribute or as the last of four inputs.
3. ``n_levels`` (or ``n_levels_out``) and ``signed`` give the range: -n/2 .. n/2 - 1, or 0 .. n - 1.
4. Everything else is as in ``integer_floats``.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from nngen.ir import Network

from .builder import NetworkBuilder
from .graph import Graph, Node
from .integer_floats import IntegerFloatReader
from .integer_values import Exact
from .layout import View

OPERATOR = "RequantShift"
MOST_LEVELS = 1 << 16
LARGEST = 1 << 52


def is_requant_shift(graph: Graph) -> bool:
    """Return whether a graph as it was loaded has a node of this dialect."""
    return any(node.operator == OPERATOR for node in graph.nodes)


def read_requant_shift(graph: Graph, *, name: str, multiplier_bits: int) -> Network:
    """Read a prepared graph (ordered, folded, with shapes, without Pad) as a network.

    Raises
    ------
    ModelError
        Where a rule of this module or of ``integer_floats`` is broken, naming the node.
    """
    builder = NetworkBuilder(graph, name=name, dialect=OPERATOR, multiplier_bits=multiplier_bits)
    return _Reader(graph, builder, multiplier_bits=multiplier_bits).read()


class _Reader(IntegerFloatReader):
    def __init__(self, graph: Graph, builder: NetworkBuilder, *, multiplier_bits: int) -> None:
        super().__init__(graph, builder, multiplier_bits=multiplier_bits)
        self._readers[OPERATOR] = self._requant_shift

    def _requant_shift(self, node: Node) -> Any:
        if len(node.inputs) not in (3, 4):
            raise self._refusal(node, f"it must have the inputs x, mul and add, not {len(node.inputs)} inputs")
        value = self._exact_value(node, 0)
        if value is None or not value.whole:
            raise self._refusal(node, f"its input {node.input(0)!r} must be whole numbers of a layer")
        value = self._begun_sum(node, node.outputs[0], value)
        factors, addends = (self._whole_numbers(node, index, value) for index in (1, 2))
        divisor, levels, signed = self._divisor(node), self._levels(node), self._number(node, ("signed",))
        pairs = zip(value.scale, value.offset, factors, addends, strict=True)
        scaled = [(a * mul / divisor, (b * mul + add) / divisor) for a, b, mul, add in pairs]
        self._builder.note(f"{node.label} is the requantization of its layer, ties up")
        return replace(
            value,
            scale=tuple(scale for scale, _ in scaled),
            offset=tuple(offset for _, offset in scaled),
            rounding="half_up",
            lower=-(levels // 2) if signed else 0,
            upper=(levels // 2 if signed else levels) - 1,
        )

    def _whole_numbers(self, node: Node, index: int, value: Exact) -> list[Fraction]:
        numbers = self._floats(node, index)
        assert value.made is not None
        channels = value.made.channels
        if (numbers != np.rint(numbers)).any() or np.abs(numbers).max(initial=0) >= LARGEST:
            raise self._refusal(node, f"its input {node.input(index)!r} must hold whole numbers")
        if numbers.size == 1:
            return [Fraction(int(numbers.flat[0]))] * channels
        rank = len(value.view.shape)
        if numbers.shape == (channels,) and rank > 1:  # of the channels, which are the second dimension
            numbers = numbers.reshape(channels, *[1] * (rank - 2))
        view: View = value.view
        return [Fraction(int(number)) for number in self._per_channel(node, value.made, view, numbers)]

    def _number(self, node: Node, keys: tuple[str, ...]) -> int:
        given = next((node.attributes[key] for key in keys if key in node.attributes), None)
        values = np.asarray(given).ravel() if isinstance(given, int | float | np.ndarray | tuple) else np.zeros(0)
        if values.size != 1 or not np.isfinite(values).all() or float(values[0]) != int(values[0]):
            raise self._refusal(node, f"its attribute {keys[0]} must be one whole number")
        return int(values[0])

    def _divisor(self, node: Node) -> int:
        if node.input(3):
            numbers = self._floats(node, 3)
            divisor = int(numbers.flat[0]) if numbers.size == 1 and numbers.flat[0].is_integer() else 0
        else:
            divisor = self._number(node, ("div",))
        if divisor < 1 or divisor & (divisor - 1):
            raise self._refusal(node, f"div must be a power of two, not {divisor}; export with shifts")
        return divisor

    def _levels(self, node: Node) -> int:
        levels = self._number(node, ("n_levels", "n_levels_out"))
        if not 2 <= levels <= MOST_LEVELS or levels % 2:
            raise self._refusal(node, f"n_levels must be an even number of 2 to {MOST_LEVELS}, not {levels}")
        return levels
