"""Cuts the outputs of a window layer into rows and columns that see a window of the same shape.

1. Windows that are clipped at the border: which elements of the kernel lie in the input.
2. Pools that count what a window covers: how many elements those are; the window itself reaches into the halo.
3. All other layers are one piece.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from nngen.compiler.mapper import VectorLayer
from nngen.errors import CapacityError
from nngen.ir import Network, PoolLayer, WindowLayer


@dataclass(frozen=True, kw_only=True)
class Span:
    """Neighbouring outputs along one axis.

    Parameters
    ----------
    first, count
        Which they are.
    kernel
        Elements [a, b) of the kernel that are read.
    covered
        How many of the kernel's elements lie in the input, where that matters.
    """

    first: int
    count: int
    kernel: tuple[int, int]
    covered: int | None = None


def spans_of(network: Network, layer: VectorLayer, *, axis: int, outputs: int, clipped: bool) -> tuple[Span, ...]:
    """Return the spans of all outputs along axis 0 (rows) or 1 (columns).

    Raises
    ------
    CapacityError
        For a window of padding alone.
    """
    whole = (0, layer.kernel[axis])
    counted = isinstance(layer, PoolLayer) and bool(layer.by_count)
    if not isinstance(layer, WindowLayer) or not (clipped or counted):
        return (Span(first=0, count=outputs, kernel=whole),)
    size = network.tensors[layer.input].shape[axis]
    spans, first = [], 0
    for inside, group in groupby(_inside(layer, axis, output, size) for output in range(outputs)):
        count = len(list(group))
        if clipped:
            spans.append(Span(first=first, count=count, kernel=inside))
        else:
            spans.append(Span(first=first, count=count, kernel=whole, covered=inside[1] - inside[0]))
        first += count
    return tuple(spans)


def _inside(layer: WindowLayer, axis: int, output: int, size: int) -> tuple[int, int]:
    """Return the elements [a, b) of the kernel that lie in an input of this size."""
    begin, step = output * layer.strides[axis] - layer.pads[axis], layer.dilations[axis]
    inside = [k for k in range(layer.kernel[axis]) if 0 <= begin + k * step < size]
    if not inside:
        raise CapacityError(f"layer '{layer.name}': every window must cover an element of the input, not padding alone")
    return inside[0], inside[-1] + 1
