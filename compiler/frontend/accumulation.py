"""A matrix layer on its way to its output quantizer: what the file computes between Conv and QuantizeLinear.

Rules
-----
1. The real value of an accumulator is ``(acc + integer) * scale + offset``, per channel; scale and offset in float64.
2. The zero point of the input enters as ``integer -= zero_point * sum(w)``: exact in accumulator units.
3. A bias whose scale is the float32 product of input and weight scale is integral in accumulator units and enters
   ``integer``; any other bias enters ``offset`` as the float32 number that the file dequantizes it to.
4. BatchNormalization multiplies scale by gamma / sqrt(variance + epsilon) and moves the offset: no rounding.
5. Relu and Clip bound the real value; nothing but a quantizer follows them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .layout import ImageShape, IntArray, View

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Accumulation:
    """One matrix layer and the affine function of its accumulators.

    Parameters
    ----------
    name
        Output tensor of the operator that multiplies.
    input
        Tensor of the network it reads.
    weights, strides, pads
        As in ``MatrixLayer``.
    shape
        (height, width, channels) of the result.
    view
        The result as the file sees it.
    unit
        Float32 product of input and weight scale, per channel: what an integral bias counts in.
    integer, scale, offset
        See rule 1, shape (channels,).
    lower, upper
        Bounds of the real value (rule 5).
    """

    name: str
    input: str
    weights: IntArray
    strides: tuple[int, int]
    pads: tuple[int, int, int, int]
    shape: ImageShape
    view: View
    unit: npt.NDArray[np.float32]
    integer: IntArray
    scale: Reals
    offset: Reals
    lower: float = -np.inf
    upper: float = np.inf

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

    def bounded_by(self, lower: float, upper: float) -> Accumulation:
        """Return the accumulation with its real value clipped (an earlier bound is clipped too)."""
        low, high = (float(np.clip(bound, lower, upper)) for bound in (self.lower, self.upper))
        return replace(self, lower=low, upper=high)
