"""How a quantizer of the file rounds, as constants of requantization.

Rules
-----
1. ``half_even`` before the zero point is what ONNX does. Where the file adds the zero point first, an odd one moves the
   parity of ties: then ``b += z * 2^s`` and z = 0.
2. ``floor`` is a rounding of the machine; ``ceil(n / 2^s) = floor((n + 2^s - 1) / 2^s)`` moves b.
3. ``down`` (towards 0), ``half_up`` (ties away from 0) and ``half_down`` (ties towards 0) differ by sign: a second b
   serves negative values. Towards zero it is ``floor`` with ``ceil`` below 0; a tie is decided by moving b by one.
4. ``bipolar`` is the sign: code 1 from 0 on, code 0 below; code u stands for 2u - 1.
5. ``up`` (away from 0) decides on either side of 0 and has no such form: it is left to the host, or refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, Protocol, TypedDict

import numpy as np
import numpy.typing as npt

from nngen.errors import NngenError
from nngen.ir import HeadStep
from nngen.numerics import Requantization

Reals = npt.NDArray[np.float64]
Array = npt.NDArray[Any]
CodeRounding = Literal["half_even", "floor", "ceil", "down", "up", "half_up", "half_down", "bipolar"]


class QuantizerLike(Protocol):
    """What of a quantizer says how it rounds."""

    @property
    def scale(self) -> np.float32:
        """Real value of one step."""
        ...

    @property
    def zero_point(self) -> int:
        """What is added to the codes."""
        ...

    @property
    def rounding(self) -> CodeRounding:
        """How it rounds."""
        ...

    @property
    def after_zero_point(self) -> bool:
        """Whether it rounds after adding the zero point."""
        ...


class HostQuantization(TypedDict):
    """Fields of a ``HostInput``."""

    scale: float
    zero_point: int
    head: tuple[HeadStep, ...]


LARGEST_OPERAND = 1 << 62

ROUNDED: dict[CodeRounding, Callable[[Array], Array]] = {
    "half_even": np.rint,
    "floor": np.floor,
    "ceil": np.ceil,
    "down": np.trunc,
    "up": lambda values: np.copysign(np.ceil(np.abs(values)), values),
    "half_up": lambda values: np.copysign(np.floor(np.abs(values) + 0.5), values),
    "half_down": lambda values: np.copysign(np.ceil(np.abs(values) - 0.5), values),
    "bipolar": lambda values: np.where(values >= 0, 1.0, 0.0),
}
CHANGES_B_BY_SIGN = ("down", "half_up", "half_down")


def with_rounding(constants: Requantization, rounding: CodeRounding, *, after_zero_point: bool) -> Requantization:
    """Return constants that round half to even as ones that round as the file does.

    Parameters
    ----------
    constants
        With rounding ``half_even``.
    rounding
        The file's.
    after_zero_point
        Whether the file rounds after adding the zero point.

    Raises
    ------
    NngenError
        Where there is no exact form.
    """
    if rounding == "half_even" and not (after_zero_point and constants.zero_point % 2):
        return constants
    if constants.has_negative:
        raise NngenError(f"a slope for negative values must round half to even before the zero point, not {rounding}")
    if rounding == "bipolar":
        return replace(constants, rounding="floor", zero_point=1)
    if after_zero_point and constants.zero_point:
        constants = _zero_point_in_offset(constants)
    last = (np.int64(1) << np.minimum(constants.shift, 62)) - 1  # 2^s - 1: from floor to ceil
    b, m = constants.offset, constants.multiplier
    if rounding == "half_even":
        return constants
    if rounding == "floor":
        return replace(constants, rounding="floor")
    if rounding == "ceil":
        return replace(constants, rounding="floor", offset=b + last)
    if rounding == "down":
        return replace(constants, rounding="floor", negative_multiplier=m, negative_offset=b + last)
    tie = (constants.shift > 0).astype(np.int64)
    if rounding == "half_up":
        return replace(constants, rounding="half_up", negative_multiplier=m, negative_offset=b - tie)
    if rounding == "half_down":
        return replace(constants, rounding="half_up", offset=b - tie, negative_multiplier=m, negative_offset=b)
    raise NngenError("rounding away from 0 (UP) has no form in hardware; use ROUND, CEIL, FLOOR, DOWN or HALF_UP")


def _zero_point_in_offset(constants: Requantization) -> Requantization:
    moved = [
        int(z) << int(s) for z, s in zip([constants.zero_point] * len(constants.shift), constants.shift, strict=True)
    ]
    if max(map(abs, moved), default=0) >= LARGEST_OPERAND:
        raise NngenError("its scale is too small for a rounding after the zero point")
    return replace(constants, offset=constants.offset + np.array(moved, np.int64), zero_point=0)


def codes_of(values: npt.NDArray[np.float32], how: QuantizerLike) -> Reals:
    """Return the codes of real values before the clip, divided by the scale in float32 as the file does."""
    steps = values / np.float32(how.scale)
    if how.rounding == "bipolar" or not how.after_zero_point:
        shift = 0 if how.rounding == "bipolar" else how.zero_point
        return np.asarray(ROUNDED[how.rounding](steps).astype(np.float64) + shift)
    return np.asarray(ROUNDED[how.rounding](steps + np.float32(how.zero_point)).astype(np.float64))


def quantized_by_host(how: QuantizerLike, head: tuple[HeadStep, ...]) -> HostQuantization:
    """Return scale, zero point and head of a network input (rule 5: the host rounds in any way)."""
    scale = float(how.scale)
    if how.rounding == "half_even" and not (how.after_zero_point and how.zero_point % 2):
        return {"scale": scale, "zero_point": how.zero_point, "head": head}
    divided: HeadStep = ("divide", scale)
    if how.rounding == "bipolar":
        return {"scale": 1.0, "zero_point": 1, "head": (*head, divided, ("floor", 0.0))}
    steps: tuple[HeadStep, ...] = () if how.rounding == "half_even" else ((how.rounding, 0.0),)
    added: tuple[HeadStep, ...] = (("add", float(how.zero_point)),) if how.after_zero_point else ()
    zero_point = 0 if how.after_zero_point else how.zero_point
    return {"scale": 1.0, "zero_point": zero_point, "head": (*head, divided, *added, *steps)}
