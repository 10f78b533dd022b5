"""What a tensor of the file stands for while a dialect is read: one class for each kind of value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.ir import TailStep
from nngen.numerics import signed_bits

from .accumulation import Accumulation
from .graph import Array, GraphInput
from .layout import IntArray, View


@dataclass(frozen=True, kw_only=True)
class Quantizer:
    """Per-tensor quantization of an activation; ``lowest``..``highest`` after every Clip, ``type`` as in the file."""

    scale: np.float32
    zero_point: int
    lowest: int
    highest: int
    type: str

    @property
    def signed(self) -> bool:
        """Whether codes below 0 are stored; the zero point is stored too, as padding."""
        return min(self.lowest, self.zero_point) < 0

    @property
    def bits(self) -> int:
        """Bits of a stored code."""
        lowest, highest = min(self.lowest, self.zero_point), max(self.highest, self.zero_point)
        return signed_bits(lowest, highest) if lowest < 0 else max(1, highest.bit_length())


@dataclass(frozen=True, kw_only=True)
class RawInput:
    """A network input as the host gets it; the view's positions are the file's."""

    input: GraphInput
    view: View


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


Value = RawInput | Codes | Activation | Accumulation | Pointwise | Parameters | Tail | Constant
