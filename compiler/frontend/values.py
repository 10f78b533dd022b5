"""What a tensor of the file stands for while a dialect is read: one class for each kind of value."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nngen.ir import HeadStep, TailStep
from nngen.numerics import signed_bits

from .accumulation import Accumulation
from .graph import Array, GraphInput
from .layout import ImageShape, IntArray, View
from .roundings import CodeRounding


@dataclass(frozen=True, kw_only=True)
class Quantizer:
    """Per-tensor quantization of an activation: code q stands for ``(parts * q - zero_point) * scale``.

    ``lowest``..``highest`` are the range after every Clip, ``type`` is that of the file. Codes are rounded as
    ``rounding`` says, ``after_zero_point`` was added or before. ``parts`` is 2 for codes 0 and 1 that stand for -1 and
    1 (rounding ``bipolar``, zero point 1); no code stands for 0 then.
    """

    scale: np.float32
    zero_point: int
    lowest: int
    highest: int
    type: str
    rounding: CodeRounding = "half_even"
    after_zero_point: bool = False

    @property
    def parts(self) -> int:
        """Steps of the scale from one code to the next."""
        return 2 if self.rounding == "bipolar" else 1

    @property
    def padding(self) -> int:
        """The code of the number 0; no such one is read of a bipolar tensor."""
        return self.zero_point if self.parts == 1 else 0

    @property
    def signed(self) -> bool:
        """Whether codes below 0 are stored; the zero point is stored too, as padding."""
        return min(self.lowest, self.padding) < 0

    @property
    def bits(self) -> int:
        """Bits of a stored code."""
        lowest, highest = min(self.lowest, self.padding), max(self.highest, self.padding)
        return signed_bits(lowest, highest) if lowest < 0 else max(1, highest.bit_length())


@dataclass(frozen=True, kw_only=True)
class RawInput:
    """A network input as the host gets it, and what the host does to it first; the view's positions are the file's."""

    input: GraphInput
    view: View
    head: tuple[HeadStep, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Pointwise:
    """A function of codes of at most 8 bits, known for each of them.

    ``name`` is the tensor that the function gives; ``values`` are float32, indexed by ``code & 0xFF``.
    """

    name: str
    codes: Codes
    values: npt.NDArray[np.float32]
    view: View


@dataclass(frozen=True, kw_only=True)
class Codes:
    """Integer codes between QuantizeLinear and DequantizeLinear, of an input or a layer.

    ``name`` is the tensor of the file that carries the final codes.
    """

    name: str
    source: RawInput | Accumulation | Pointwise
    quantizer: Quantizer
    view: View


@dataclass(frozen=True, kw_only=True)
class Activation:
    """Dequantized codes: what a layer reads."""

    codes: Codes
    view: View

    @property
    def quantizer(self) -> Quantizer:
        """The quantizer of the codes, its range with that of padding, which no Clip narrowed."""
        quantizer = self.codes.quantizer
        if not self.view.padded:
            return quantizer
        held = quantizer.lowest, quantizer.highest, quantizer.zero_point
        return replace(quantizer, lowest=min(held), highest=max(held))


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Dequantized constants: weights or a bias. Scale and zero point broadcast against the codes."""

    codes: IntArray
    scale: npt.NDArray[np.float32]
    zero_point: IntArray


@dataclass(frozen=True, kw_only=True)
class Tail:
    """The result of Softmax, which the host computes, and of quantizers behind it."""

    source: Activation | Accumulation
    view: View
    steps: tuple[TailStep, ...] = ("softmax",)
    quantizer: Quantizer | None = None


@dataclass(frozen=True, kw_only=True)
class Constant:
    """A float or integer constant without quantizer."""

    values: Array


@dataclass(frozen=True, kw_only=True)
class Image:
    """An activation as a window reads it.

    Parameters
    ----------
    name
        The tensor.
    shape
        (height, width, channels) as the file sees it: with its padding.
    pads
        (top, left, bottom, right) that the file padded it by: the window takes them along.
    order
        Which of the tensor's channels each of the file's is.
    """

    name: str
    shape: ImageShape
    pads: tuple[int, int, int, int]
    order: IntArray

    def padded(self, pads: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        """Return a window's pads with those of the file."""
        top, left, bottom, right = (own + before for own, before in zip(pads, self.pads, strict=True))
        return top, left, bottom, right

    def ordered(self, values: Array) -> Array:
        """Return values (channels, ...) of the file in the order of the tensor."""
        placed = np.empty_like(values)
        placed[self.order] = values
        return placed

    def view_of(self, shape: ImageShape) -> View:
        """Return the view of a tensor made channel by channel."""
        return View(View.of_image(shape).positions[:, self.order])


Value = RawInput | Codes | Activation | Accumulation | Pointwise | Parameters | Tail | Constant
