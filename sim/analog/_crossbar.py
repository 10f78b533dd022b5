"""A crossbar macro whose cells were programmed with an error and are read with noise.

Read noise is drawn once a conversion, not once a cell: the sum of independent normal deviations of the driven cells is
normal, with the sum of their variances, so that the distribution is the same and the work one more matrix product.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nngen.arch import Macro
from nngen.errors import InputError
from nngen.numerics import PlaneFormat

from ._deviation import Deviation

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]


class NoisyCrossbar:
    """One programmed macro.

    Parameters
    ----------
    macro
        Its sizes, encoding and converters.
    levels
        Cell levels as programmed, integers of shape ``(rows, columns)``: 0 … 2^cell_bits − 1.
    generator
        Source of all randomness: the same one in the same state gives the same codes.
    gain
        Of the column readout.
    programming
        Strays once, here; a conductance never falls below 0.
    read
        Strays anew at every conversion.

    Raises
    ------
    InputError
        Levels that the macro cannot hold.
    """

    def __init__(
        self,
        macro: Macro,
        levels: npt.NDArray[np.integer],
        *,
        generator: np.random.Generator,
        gain: int = 1,
        programming: Deviation | None = None,
        read: Deviation | None = None,
    ) -> None:
        if levels.shape != (macro.rows, macro.columns):
            raise InputError(f"levels must have the macro's shape {(macro.rows, macro.columns)}, not {levels.shape}")
        highest = (1 << macro.cell_bits) - 1
        if levels.min(initial=0) < 0 or levels.max(initial=0) > highest:
            raise InputError(f"levels must lie in 0..{highest}, not {levels.min()}..{levels.max()}")
        self.macro = macro
        self._generator = generator
        self._converter = macro.converter(gain)
        self._scale = np.float32(gain / self._converter.step)
        conductance = levels.astype(np.float32)
        if programming is not None and not programming.is_none:
            spread = np.sqrt(programming.variance(conductance, highest))
            conductance += spread * generator.standard_normal(conductance.shape, np.float32)
            np.maximum(conductance, 0, out=conductance)
        self._weights = _of_conversions(conductance, macro, subtracted=True)
        # Read variance is a constant part, the same for every cell, and one that has a product of its own.
        self._constant = np.float32(0)
        self._variances: FloatArray | None = None
        if read is not None and read.constant:
            self._constant = np.float32(macro.lines * (read.constant * highest) ** 2)
        if read is not None and read.proportional:
            own = Deviation(proportional=read.proportional).variance(conductance, highest)
            self._variances = _of_conversions(own, macro, subtracted=False)

    def currents(self, planes: npt.NDArray[np.integer]) -> FloatArray:
        """Return what the converters see, in unit cells, for planes of shape ``(reads, rows)``.

        Their shape is ``(reads, conversions)``.
        """
        driven = planes.astype(np.float32)
        sums: FloatArray = driven @ self._weights
        if self._constant or self._variances is not None:
            squares = driven if self.macro.dac_bits == 1 else driven * driven
            variance = self._constant * squares.sum(axis=1, keepdims=True)
            if self._variances is not None:
                variance = variance + squares @ self._variances
            noise = self._generator.standard_normal(sums.shape, np.float32)
            noise *= np.sqrt(variance)
            sums += noise
        return sums

    def convert(self, planes: npt.NDArray[np.integer]) -> FloatArray:
        """Return the converters' codes (whole numbers) for planes of shape ``(reads, rows)``."""
        codes = self.currents(planes)
        codes *= self._scale
        codes += np.float32(0.5)
        np.floor(codes, out=codes)
        np.clip(codes, self._converter.lowest, self._converter.highest, out=codes)
        return codes

    def multiply(self, codes: npt.NDArray[np.integer], planes: PlaneFormat) -> IntArray:
        """Return the shifted sums of all planes for activations of shape ``(vectors, rows)``.

        One sum a conversion, shape ``(vectors, conversions)``; slices of a weight are not added here.
        """
        split = planes.split(codes).reshape(-1, self.macro.rows)
        converted = self.convert(split).reshape(planes.planes, len(codes), -1)
        weights = np.array(planes.weights, np.float64) * (1 << self._converter.shift)
        sums: IntArray = np.tensordot(weights, converted, axes=1).astype(np.int64)
        return sums


def _of_conversions(cells: FloatArray, macro: Macro, *, subtracted: bool) -> FloatArray:
    """Return one column a conversion: of pairs the difference, or the sum."""
    if macro.lines == 1:
        return np.ascontiguousarray(cells)
    positive, negative = cells[:, 0::2], cells[:, 1::2]
    return np.ascontiguousarray(positive - negative if subtracted else positive + negative)
