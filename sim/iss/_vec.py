"""VEC: taps of the vector buffer, combined into accumulators."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ._arithmetic import wrap
from ._digest import vec_digest
from ._operation import VEC_ACCUMULATORS, VECTORS, Operation
from ._state import ByteArray, Digest, IntArray, State

Elements = npt.NDArray[np.signedinteger] | npt.NDArray[np.unsignedinteger]
_CACHED = 1 << 12
_MAX = 1
_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32}
_SIGNED = {1: np.int8, 2: np.int16, 4: np.int32}
_FACTOR_BYTES = 2  # of an element that is multiplied


class VecUnit:
    """Executes VEC.

    Parameters
    ----------
    coefficients
        Coefficient memory, int64 of shape ``(coefficient_words, word_bytes)``.
    """

    def __init__(self, state: State, coefficients: IntArray) -> None:
        self._state = state
        self._coefficients = coefficients
        self._chosen: dict[tuple[int, int, int, int], IntArray] = {}
        self._operations: tuple[Callable[[Operation, ByteArray], IntArray], ...] = (
            self._sum, self._max, self._scale, self._weight, self._multiply,
        )  # fmt: skip

    def vec(self, operation: Operation, _address: int) -> Digest:
        """Execute a VEC."""
        state, fields = self._state, operation.fields
        bits, entry = state.core.accumulator_bits, fields["entry"]
        combined = self._operations[fields["operation"]](operation, self._taps(operation))
        window = state.vec_accumulators[state.writer[VEC_ACCUMULATORS], entry : entry + operation.length]
        if fields["overwrite"]:
            window[:] = wrap(combined, bits)
        elif fields["operation"] == _MAX:
            np.maximum(window, combined, out=window)
        else:
            window[:] = wrap(window + combined, bits)
        if not state.digesting:
            return 0
        lanes = state.core.word_bytes // state.registers.vec_element_bytes
        return vec_digest(window, lanes=lanes, accumulator_bits=bits)

    def _taps(self, operation: Operation) -> ByteArray:
        """Return the bytes of all elements, shape ``(bytes of an element, taps, length, samples)``."""
        state, registers = self._state, self._state.registers
        buffer = state.vectors[state.reader[VECTORS]]
        places = _tap_places(
            source=operation.fields["source"], taps=registers.taps, stride=registers.vec_stride,
            length=operation.length, element_bytes=registers.vec_element_bytes, buffer_bytes=len(buffer),
        )  # fmt: skip
        elements: ByteArray = buffer.take(places, axis=0)
        return elements

    def _numbers(self, elements: ByteArray, *, factors: bool = False) -> Elements:
        """Return elements as numbers, shape ``(taps, length, samples)``; as ``factors`` they have two bytes at most."""
        signed = self._state.registers.vec_signed
        size = len(elements)
        if factors and size > _FACTOR_BYTES:
            elements, size = elements[:_FACTOR_BYTES], _FACTOR_BYTES
        kind = _SIGNED if signed or size > _FACTOR_BYTES else _UNSIGNED
        total: npt.NDArray[np.unsignedinteger] = elements[0]
        if size > 1:
            wide = elements.astype(_UNSIGNED[size])
            total = wide[0]
            for i in range(1, size):
                total = total | wide[i] << _UNSIGNED[size](8 * i)
        numbers: Elements = total.view(kind[size])
        return numbers

    def _sum(self, _operation: Operation, elements: ByteArray) -> IntArray:
        total: IntArray = self._numbers(elements).sum(axis=0, dtype=np.int64)
        return total

    def _max(self, _operation: Operation, elements: ByteArray) -> IntArray:
        numbers, bits = self._numbers(elements), self._state.core.accumulator_bits
        if 8 * numbers.dtype.itemsize + (numbers.dtype.kind == "u") > bits:
            numbers = wrap(numbers.astype(np.int64), bits)
        largest: IntArray = numbers.max(axis=0).astype(np.int64)
        return largest

    def _scale(self, operation: Operation, elements: ByteArray) -> IntArray:
        own, first = self._state.registers.coefficients, operation.fields["coefficient"]
        taps = elements.shape[1]
        factors = np.array([own[(first + t) % len(own)] for t in range(taps)], np.int64)
        total: IntArray = (self._numbers(elements, factors=True) * factors[:, None, None]).sum(axis=0)
        return total

    def _weight(self, operation: Operation, elements: ByteArray) -> IntArray:
        numbers = self._numbers(elements, factors=True)
        # 255 taps of a byte times 16 bits stay below 2^31.
        kind = np.int32 if numbers.dtype.itemsize == 1 else np.int64
        factors = self._factors(operation, *elements.shape[:2])
        total: IntArray = np.multiply(numbers, factors.astype(kind)[:, :, None], dtype=kind).sum(axis=0, dtype=np.int64)
        return total

    def _factors(self, operation: Operation, element_bytes: int, taps: int) -> IntArray:
        """Return the coefficient of every element, shape ``(taps, length)``."""
        key = operation.fields["coefficient"], taps, operation.length, element_bytes
        known = self._chosen.get(key)
        if known is None:
            lanes = self._state.core.word_bytes // element_bytes
            element = np.arange(operation.length)
            groups = -(-operation.length // lanes)
            words = operation.fields["coefficient"] + np.arange(taps)[:, None] * groups + element // lanes
            known = self._coefficients[words % len(self._coefficients), element % lanes]
            self._chosen[key] = known
        return known

    def _multiply(self, _operation: Operation, elements: ByteArray) -> IntArray:
        even, odd = self._state.registers.zeros
        numbers = self._numbers(elements, factors=True).astype(np.int64)
        pairs = len(numbers) // 2
        products = (numbers[0 : 2 * pairs : 2] - even) * (numbers[1 : 2 * pairs : 2] - odd)
        total: IntArray = products.sum(axis=0)
        return total


@lru_cache(_CACHED)
def _tap_places(
    *, source: int, taps: int, stride: int, length: int, element_bytes: int, buffer_bytes: int
) -> npt.NDArray[np.intp]:
    """Return in which byte of the buffer each byte of each element of each tap lies."""
    places = (
        source
        + np.arange(element_bytes)[:, None, None]
        + np.arange(taps)[:, None] * stride
        + np.arange(length) * element_bytes
    )
    return places % buffer_bytes
