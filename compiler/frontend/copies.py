"""Gives nodes the tensors that they read: as they are, or copies of what they see of them.

Rules
-----
1. A window takes padding and another order of channels along; what reads any order takes that along. What shows less
   than a tensor, some of it twice, or other padding is copied, once for all nodes that see the same.
2. A copy picks rows, columns and channels, each on their own (see ``selection``). Padded channels before or behind the
   others are joined to it by a concatenation, whose constants leave nothing but the code of the padding of them.
3. Padding holds the code of the real zero, or the one that is asked for.
4. The codes of a product have one size and signedness: those of a tensor that has another are converted.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from nngen.errors import ModelError
from nngen.ir import ConcatLayer, CopyLayer, ElementwiseLayer, Layer, Tensor
from nngen.numerics import Requantization

from .graph import Graph, Node
from .layout import ImageShape, IntArray, View, default_layout, permutation_to
from .selection import Selection, layouts
from .values import Activation, Codes, Image, Quantizer, RawInput

UNEVEN = "what it reads must be rows, columns and channels of a layer's result, each picked on their own"


class TensorBuilder:
    """Holds the tensors and layers that are there so far; ``graph`` is for names and messages."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._tensors: dict[str, Tensor] = {}
        self._layers: list[Layer] = []
        self._waiting: dict[str, Codes] = {}
        self._layouts: dict[str, IntArray] = {}
        self._copies: dict[tuple[object, ...], Activation] = {}
        self._notes: list[str] = []

    def note(self, sentence: str) -> None:
        """Record what was folded, or a warning."""
        self._notes.append(sentence)

    def _settle(self, node: Node | None, name: str, layout: IntArray | None = None) -> None:
        """Give a network input that waits its layout."""
        raise NotImplementedError

    def _view(self, activation: Activation) -> View:
        layout = self._layouts.get(activation.codes.name)
        return activation.view if layout is None else activation.view.relative_to(layout)

    def image(self, node: Node, activation: Activation, *, pads: bool = True) -> Image:
        """Return the tensor that a Conv or pool reads; one that cannot take padding along reads a copy."""
        name = activation.codes.name
        if name in self._waiting:
            self._settle(node, name, self._wanted_layout(activation))
        shape = self._tensors[name].shape
        picked = Selection.of(self._view(activation).channel_last(), shape)
        if picked is None and not _channels_there(activation.view).all():
            return self.image(node, self._copied(node, activation, image=True))
        if picked is None:
            raise self.graph.refusal(
                node, f"its input must keep the height, width and channels {list(shape)} it was made with"
            )
        if picked.order is None or picked.pads is None or (picked.padded and not pads):
            return self.image(node, self._copied(node, activation, image=True))
        if picked.padded:
            self.note(f"{node.label} takes the padding of its input {list(picked.pads)} along")
        if not np.array_equal(picked.order, np.arange(shape[2])):
            self.note(f"{node.label} takes the order of its input's channels along")
        seen = len(picked.rows), len(picked.columns), shape[2]
        return Image(name=name, shape=seen, pads=picked.pads, order=picked.order)

    def _wanted_layout(self, activation: Activation) -> IntArray:
        """Return the layout of a network input that a window reads: its own, or the file's where it reads less."""
        source, layout = activation.codes.source, activation.view.channel_last()
        assert isinstance(source, RawInput)
        file_shape = tuple(int(size) for size in source.input.shape[1:])
        plain = permutation_to(file_shape, layout) is not None or activation.view.positions.shape[1:] != file_shape
        if plain and activation.view.shows_all(math.prod(file_shape)):
            return layout
        image = len(file_shape) in {2, 3}
        return View.in_file_order((1, *file_shape)).channel_last() if image else default_layout(file_shape)

    def operand(self, node: Node, activation: Activation) -> tuple[str, ImageShape, View]:
        """Return name and shape of the tensor that a node reads in any order, and how the node sees it."""
        activation = self.whole(node, activation)
        name = activation.codes.name
        return name, self._tensors[name].shape, self._view(activation)

    def whole(self, node: Node | None, activation: Activation, *, fill: int | None = None) -> Activation:
        """Return an activation that shows each element of its tensor once: itself, or a copy.

        Padding holds the code ``fill``, or that of the real zero.
        """
        name = activation.codes.name
        if name in self._waiting:
            self._settle(node, name)
        if activation.view.shows_all(self._tensors[name].elements):
            return activation
        return self._copied(node, activation, fill=fill)

    def reordered(self, node: Node | None, activation: Activation) -> Activation:
        """Return a copy of an activation in the file's own order."""
        return self._copied(node, activation)

    def _copied(
        self, node: Node | None, activation: Activation, *, image: bool = False, fill: int | None = None
    ) -> Activation:
        """Return a copy of what an activation shows, of an ``image`` in its own layout."""
        source, view = self._tensors[activation.codes.name], self._view(activation)
        key = (source.name, view.shape, view.positions.tobytes(), image, fill)
        if key not in self._copies:
            found = self._way_to_copy(view, source.shape, image=image)
            if found is None and len(view.shape) > 1 and not _channels_there(view).all():
                self._copies[key] = self._channels_joined(node, activation, fill)
            elif found is None:
                raise self._refusal(node, UNEVEN)
            else:
                self._copies[key] = self._copy_of(node, activation, *found, fill)
        return self._copies[key]

    @staticmethod
    def _way_to_copy(view: View, shape: ImageShape, *, image: bool = False) -> tuple[Selection, View] | None:
        """Return what a view picks, and the view of its copy; None where that is not rows, columns and channels."""
        ways = itertools.islice(layouts(view), 1 if image else None)
        return next(((made, back) for positions, back in ways if (made := Selection.of(positions, shape))), None)

    def _copy_of(
        self, node: Node | None, activation: Activation, picked: Selection, view: View, fill: int | None
    ) -> Activation:
        source, quantizer = self._tensors[activation.codes.name], activation.codes.quantizer
        name = self._new_name(node, activation)
        fill = quantizer.zero_point if fill is None else fill
        held = [source.lowest, source.highest, *([fill] if picked.padded else [])]
        quantizer = replace(quantizer, lowest=min(held), highest=max(held))
        shape = len(picked.rows), len(picked.columns), len(picked.channels)
        self._tensors[name] = tensor_of(name, shape, quantizer)
        constants = unchanged(self._tensors[name])
        self._layers.append(
            CopyLayer(
                name=name,
                inputs=(source.name,),
                output=name,
                rows_read=tuple(picked.rows.tolist()),
                columns_read=tuple(picked.columns.tolist()),
                channels_read=tuple(picked.channels.tolist()),
                fill=fill,
                requantization=constants,
            )
        )
        self.note(f"{name!r} is copied from {source.name!r}")
        codes = replace(activation.codes, name=name, quantizer=quantizer, view=view)
        return Activation(codes=codes, view=view)

    def _new_name(self, node: Node | None, activation: Activation) -> str:
        base = activation.view.origin or f"{activation.codes.name} for {node.outputs[0] if node else 'the host'}"
        return next(name for name in (base, *(f"{base} {i}" for i in range(2, 1000))) if name not in self._tensors)

    def _channels_joined(self, node: Node | None, activation: Activation, fill: int | None) -> Activation:
        """Return an activation whose view has channels of padding before or behind all others (rule 2)."""
        there = _channels_there(activation.view)
        inside = np.flatnonzero(there)
        if not inside.size or not there[inside[0] : inside[-1]].all():
            raise self._refusal(node, UNEVEN)
        known = View(activation.view.positions[:, inside[0] : inside[-1] + 1])
        part = self.whole(node, replace(activation, view=known), fill=fill)
        source, seen = self._tensors[part.codes.name], self._view(part)
        shape = (*source.shape[:2], len(there))
        whole = View.of_image(shape).reshape(activation.view.shape)
        if not np.array_equal(seen.positions, View.of_image(source.shape).reshape(seen.shape).positions):
            part = self._copied(node, part)
            source = self._tensors[part.codes.name]
        quantizer = part.codes.quantizer
        fill = quantizer.zero_point if fill is None else fill
        quantizer = replace(quantizer, lowest=min(source.lowest, fill), highest=max(source.highest, fill))
        ends = (int(inside[0]), len(there) - int(inside[-1]) - 1)
        padding = [self._channels_of(node, part, count) if count else "" for count in ends]
        inputs = tuple(name for name in (padding[0], source.name, padding[1]) if name)
        name = self._new_name(node, activation)
        self._tensors[name] = tensor_of(name, shape, quantizer)
        constants = unchanged(self._tensors[name])
        constants = replace(constants, multiplier=there.astype(np.int64), offset=np.where(there, 0, fill))
        self._layers.append(ConcatLayer(name=name, inputs=inputs, output=name, requantization=constants))
        self.note(f"{sum(ends)} channels of {name!r} are padding: a concatenation")
        return Activation(codes=replace(part.codes, name=name, quantizer=quantizer, view=whole), view=whole)

    def _channels_of(self, node: Node | None, part: Activation, count: int) -> str:
        """Return a tensor of so many channels of a part; which ones does not matter."""
        source = self._tensors[part.codes.name]
        if count == source.shape[2]:
            return source.name
        height, width, channels = source.shape
        picked = Selection(
            shape=source.shape,
            rows=np.arange(height),
            columns=np.arange(width),
            channels=np.arange(count) % channels,
        )
        view = View.of_image((height, width, count))
        return self._copy_of(node, replace(part, view=replace(part.view, origin="")), picked, view, None).codes.name

    def alike(self, names: tuple[str, str]) -> tuple[str, str]:
        """Return tensors whose codes have one size and signedness, as VEC multiplies them: the same, or converted."""
        tensors = [self._tensors[name] for name in names]
        size, signed = max(t.element_bytes for t in tensors), any(t.signed for t in tensors)
        first, second = (self._converted(tensor, size, signed=signed) for tensor in tensors)
        return first, second

    def zero_point(self, name: str) -> int:
        """Return the code of the real zero of a tensor."""
        return self._tensors[name].zero_point

    def _converted(self, tensor: Tensor, size: int, *, signed: bool) -> str:
        if (tensor.element_bytes, tensor.signed) == (size, signed):
            return tensor.name
        name = f"{tensor.name} as {'int' if signed else 'uint'}{8 * size}"
        if name not in self._tensors:
            moved = -(1 << (8 * size - 1)) if signed and not tensor.signed and tensor.element_bytes == size else 0
            made = replace(
                tensor,
                name=name,
                bits=8 * size,
                signed=signed,
                zero_point=tensor.zero_point + moved,
                lowest=tensor.lowest + moved,
                highest=tensor.highest + moved,
            )
            self._tensors[name] = made
            constants = replace(unchanged(made), zero_point=moved)
            self._layers.append(
                ElementwiseLayer(
                    name=name, inputs=(tensor.name,), output=name, coefficients=(1,), requantization=constants
                )
            )
            self.note(f"{tensor.name!r} is converted, as the codes of a product have one size and signedness")
        return name

    def _refusal(self, node: Node | None, reason: str) -> ModelError:
        return self.graph.refusal(node, reason) if node else ModelError(f"{self.graph.file}: at an output {reason}")


def _channels_there(view: View) -> npt.NDArray[np.bool_]:
    """Return of each channel of a (1, channels, ...) view whether it is more than padding."""
    there: npt.NDArray[np.bool_] = np.any(view.positions >= 0, axis=(0, *range(2, view.positions.ndim)))
    return there


def tensor_of(name: str, shape: ImageShape, quantizer: Quantizer) -> Tensor:
    """Return the tensor that holds the codes of a quantizer."""
    return Tensor(
        name=name,
        shape=shape,
        bits=quantizer.bits,
        signed=quantizer.signed,
        zero_point=quantizer.padding,
        lowest=quantizer.lowest,
        highest=quantizer.highest,
        scale=float(quantizer.scale),
    )


def unchanged(tensor: Tensor) -> Requantization:
    """Return constants that leave the codes of a tensor as they are."""
    ones = np.ones(tensor.shape[2], np.int64)
    return Requantization(
        multiplier=ones,
        offset=0 * ones,
        shift=0 * ones,
        zero_point=0,
        lowest=tensor.lowest,
        highest=tensor.highest,
    )
