"""What a bench asks of a macro, and what the macro must answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.arch import Macro
from nngen.numerics import combine_cells

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Read:
    """One conversion of every converter.

    Parameters
    ----------
    planes
        What every row drives, ``rows`` numbers 0 … 2^dac_bits − 1.
    column
        Place of the selected column or pair within every converter's group.
    gain
        Of the readout, a power of two.
    """

    planes: tuple[int, ...]
    column: int = 0
    gain: int = 1


def dot_products(macro: Macro, levels: npt.NDArray[np.generic], reads: Sequence[Read]) -> FloatArray:
    """Return what every converter sees in every read, in unit cells, shape ``(reads, adcs)``.

    Parameters
    ----------
    macro
        The macro.
    levels
        Of its cells, shape ``(rows, columns)``; fractions are those of a conductance image.
    reads
        The reads.
    """
    wide = levels.astype(np.float64)
    weights = wide[:, 0::2] - wide[:, 1::2] if macro.lines == 2 else wide
    planes = np.array([read.planes for read in reads], np.float64)
    products = planes @ weights
    places = np.arange(macro.adcs)[None, :] * macro.columns_per_adc + np.array([read.column for read in reads])[:, None]
    found: FloatArray = np.take_along_axis(products, places, axis=1)
    return found


def expected_codes(macro: Macro, levels: npt.NDArray[np.integer], reads: Sequence[Read]) -> IntArray:
    """Return the codes of the numerics contract, unsigned as a converter gives them, shape ``(reads, adcs)``."""
    weights = combine_cells(levels, encoding=macro.encoding)
    codes = []
    for read in reads:
        converter = macro.converter(read.gain)
        dot = np.array(read.planes, np.int64) @ weights[:, read.column :: macro.columns_per_adc]
        codes.append(converter.convert(dot) - converter.lowest)
    return np.array(codes)


def exact_codes(macro: Macro, dots: FloatArray, reads: Sequence[Read]) -> FloatArray:
    """Return where each dot product lies on the unsigned scale of codes, with fractions, not clipped."""
    gains = np.array([read.gain for read in reads], np.float64)[:, None]
    found: FloatArray = dots * gains / macro.converter().step - macro.converter().lowest
    return found
