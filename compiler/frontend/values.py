"""What a tensor of the file stands for while a dialect is read: one class for each kind of value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .accumulation import Accumulation
from .graph import Array, GraphInput
from .layout import IntArray, View


@dataclass(frozen=True, kw_only=True)
class Quantizer:
    """Per-tensor quantization of an activation; ``lowest``..``highest`` after every Clip."""

    scale: np.float32
    zero_point: int
    lowest: int
    highest: int


@dataclass(frozen=True, kw_only=True)
class RawInput:
    """A network input as the host gets it; the view's positions are the file's."""

    input: GraphInput
    view: View


@dataclass(frozen=True, kw_only=True)
class Codes:
    """Integer codes between QuantizeLinear and DequantizeLinear, of an input or a layer.

    ``name`` is the tensor of the file that carries the final codes.
    """

    name: str
    source: RawInput | Accumulation
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
    """The result of Softmax, which the host computes."""

    source: Activation | Accumulation
    view: View


@dataclass(frozen=True, kw_only=True)
class Constant:
    """A float or integer constant without quantizer."""

    values: Array


Value = RawInput | Codes | Activation | Accumulation | Parameters | Tail | Constant
