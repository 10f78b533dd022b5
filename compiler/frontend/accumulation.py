"""A layer on its way to its output quantizer: what the file computes between, say, Conv and QuantizeLinear.

Rules
-----
1. The real value of an accumulator is ``(parts * acc + integer) * scale + offset``, per channel; scale and offset in
   float64. ``parts`` is 2 where the codes 0 and 1 of the input stand for -1 and 1, else 1.
2. Zero points of inputs enter as ``integer -= zero_point * sum(w)``: exact in accumulator units.
3. A bias whose scale is the float32 product of input and weight scale is integral in accumulator units and enters
   ``integer``; any other bias enters ``offset`` as the float32 number that the file dequantizes it to.
4. BatchNormalization multiplies scale by gamma / sqrt(variance + epsilon) and moves the offset: no rounding.
5. LeakyRelu and PRelu give negative real values another slope; after them only bounds may follow.
6. Relu and Clip bound the real value; nothing but a quantizer follows them.
7. A dialect that knows the constants exactly settles them: they are taken as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nngen.ir import Layer
from nngen.numerics import Requantization

from .layout import ImageShape, IntArray, View

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Accumulation:
    """One layer and the affine function of its accumulators.

    Parameters
    ----------
    name
        Output tensor of the operator that makes the accumulators.
    layer
        The layer, with constants and output yet to come.
    shape
        (height, width, channels) of the result.
    view
        The result as the file sees it.
    unit
        Float32 product of input and weight scale, per channel: what an integral bias counts in.
    integer, scale, offset
        See rule 1, shape (channels,).
    slope
        Factor of negative real values (rule 5), shape (channels,); None for 1.
    lower, upper
        Bounds of the real value (rule 6).
    parts
        See rule 1.
    settled
        Constants of rule 7; None where they follow from the real value.
    """

    name: str
    layer: Layer
    shape: ImageShape
    view: View
    unit: npt.NDArray[np.float32]
    integer: IntArray
    scale: Reals
    offset: Reals
    slope: Reals | None = None
    lower: float = -np.inf
    upper: float = np.inf
    parts: int = 1
    settled: Requantization | None = None

    @property
    def channels(self) -> int:
        """Number of output channels."""
        return self.shape[2]

    @property
    def affine(self) -> bool:
        """True while the real value is still affine in the accumulator."""
        return self.slope is None and not self.bounded

    @property
    def bounded(self) -> bool:
        """True once Relu or Clip was applied."""
        return self.lower > -np.inf or self.upper < np.inf

    def scaled(self, factor: Reals, shift: Reals) -> Accumulation:
        """Return the accumulation after multiplying the real value by ``factor`` and adding ``shift``."""
        return replace(self, scale=self.scale * factor, offset=self.offset * factor + shift)

    def biased(self, codes: IntArray, scale: npt.NDArray[np.float32]) -> Accumulation:
        """Return the accumulation with a quantized bias added (rule 3); both arguments per channel."""
        untouched = np.array_equal(self.scale.astype(np.float32), self.unit)
        if untouched and np.array_equal(scale, self.unit):
            return replace(self, integer=self.integer + codes)
        return replace(self, offset=self.offset + codes.astype(np.float32) * scale)

    def sloped(self, slope: Reals) -> Accumulation:
        """Return the accumulation with negative real values times ``slope``."""
        return replace(self, slope=slope)

    def bounded_by(self, lower: float, upper: float) -> Accumulation:
        """Return the accumulation with its real value clipped (an earlier bound is clipped too)."""
        low, high = (float(np.clip(bound, lower, upper)) for bound in (self.lower, self.upper))
        return replace(self, lower=low, upper=high)


def yet_to_come(channels: int) -> Requantization:
    """Return constants that stand for those of a layer whose output quantizer is not known yet."""
    zeros = np.zeros(channels, np.int64)
    return Requantization(multiplier=zeros, offset=zeros, shift=zeros, zero_point=0, lowest=0, highest=0)
