"""Texts of many numbers at once, several times faster than Python writes one after the other.

17 significant digits identify every number of double precision. They are computed as one integer, the number times a
power of ten: the product in two parts (Dekker, "A floating-point technique for extending the available precision",
1971), because its rounding error decides on the last digits. The characters come from tables.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_DIGITS = 17
_FEW = 64  # below it NumPy's calls cost more than they save
_SMALLEST, _LARGEST = 1e-30, 1e30  # of what is written here: tables and products stay far from the ends of the range
_LARGEST_POWER = 60
_SPLITTER = float((1 << 27) + 1)  # halves a number of 53 bits


def number_texts(numbers: FloatArray) -> list[str]:
    """Return a text for each of a row of finite numbers; read as a number, it is the same number.

    Few numbers are written as short as they may be, and so are levels of cells, each of them once.
    """
    if len(numbers) < _FEW:
        return [str(number) for number in numbers.tolist()]
    levels, inverse = np.unique(numbers, return_inverse=True)
    if len(levels) * 4 > len(numbers):
        return _scientific(numbers)
    texts: list[str] = np.array([str(level) for level in levels.tolist()], dtype=object)[inverse].tolist()
    return texts


def _scientific(numbers: FloatArray) -> list[str]:
    """Return texts like ``6.5511360295538158e+04``."""
    size = np.abs(numbers)
    if ((size != 0) & ((size < _SMALLEST) | (size > _LARGEST))).any():
        return [str(number) for number in numbers.tolist()]
    digits, exponent = _digits(size)
    first, rest = np.divmod(digits, 10 ** (_DIGITS - 1))
    quads, exponents = _tables()
    # A text has six words of four characters: space, sign, digit, point; 16 digits; the exponent.
    words = np.empty((len(numbers), 6), np.uint32)
    characters = words.view(np.uint8)
    characters[:, 0] = ord(" ")
    characters[:, 1] = np.where(numbers < 0, ord("-"), ord(" "))
    characters[:, 2] = first + ord("0")
    characters[:, 3] = ord(".")
    for word in (4, 3, 2, 1):
        rest, quad = np.divmod(rest, 10_000)
        words[:, word] = quads[quad]
    words[:, 5] = exponents[exponent + _LARGEST_POWER]
    return words.tobytes().decode("ascii").split()


def _digits(size: FloatArray) -> tuple[IntArray, IntArray]:
    """Return the digits of numbers as integers of 17 digits, and the exponents of their first digits.

    The product with the power of ten is an integer, as it is above 2^53; its error is added.
    """
    positive = np.where(size == 0, 1.0, size)
    exponent = np.floor(np.log10(positive)).astype(np.int64)
    high, low = _powers()
    product = positive * high[_DIGITS - 1 - exponent + _LARGEST_POWER]
    exponent += product >= 10.0**_DIGITS  # log10 may be rounded down below a power of ten
    exponent -= product < 10.0 ** (_DIGITS - 1)  # or up to one
    index = _DIGITS - 1 - exponent + _LARGEST_POWER
    power = high[index]
    product = positive * power
    error = _product_error(positive, power, product) + positive * low[index]
    digits = product.astype(np.int64) + np.rint(error).astype(np.int64)
    # The error may carry over a power of ten; one digit less below it, where the spacing is the same, harms nothing.
    over = digits >= 10**_DIGITS
    return np.where(size == 0, 0, np.where(over, digits // 10, digits)), exponent + over


def _product_error(a: FloatArray, b: FloatArray, product: FloatArray) -> FloatArray:
    """Return a·b - product, exactly (Dekker)."""
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    error: FloatArray = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return error


def _halves(a: FloatArray) -> tuple[FloatArray, FloatArray]:
    scaled = _SPLITTER * a
    high = scaled - (scaled - a)
    return high, a - high


@cache
def _powers() -> tuple[FloatArray, FloatArray]:
    """Powers of ten from 1e-60 to 1e60, each as the nearest number and what it lacks."""
    powers = [Fraction(10) ** power for power in range(-_LARGEST_POWER, _LARGEST_POWER + 1)]
    high = [float(power) for power in powers]
    low = [float(power - Fraction(near)) for power, near in zip(powers, high, strict=True)]
    return np.array(high), np.array(low)


@cache
def _tables() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Four characters each: 0000 to 9999, and exponents from e-60 to e+60."""
    quads = "".join(f"{number:04d}" for number in range(10_000))
    exponents = "".join(f"e{power:+03d}" for power in range(-_LARGEST_POWER, _LARGEST_POWER + 1))
    return np.frombuffer(quads.encode(), np.uint32), np.frombuffer(exponents.encode(), np.uint32)
