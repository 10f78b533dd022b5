"""Digests of the retire ports: a 32-bit signature of what each command wrote, in the order of its writes.

Each write rotates the digest to the left by one and XORs its fold, so the digest is the XOR of all folds, each rotated
by the number of writes after it; and a fold is the XOR of the 32-bit parts of what is written. All of that moves bits
and XORs them: each byte has one place in the digest, known from where it is written.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
ByteArray = npt.NDArray[np.uint8]
DigestArray = npt.NDArray[np.uint64]

_WORD = 32
_MASK = np.uint64(0xFFFFFFFF)
_CACHED = 1 << 16


def combine(values: DigestArray, amounts: DigestArray) -> DigestArray:
    """Rotate 32-bit numbers to the left, by amounts below 32, and XOR them over the first axis."""
    wide = np.bitwise_xor.reduce(values << amounts, axis=0)
    folded: DigestArray = (wide ^ (wide >> np.uint64(_WORD))) & _MASK
    return folded


def load_digest(data: ByteArray, *, address: int, row: int, word_bytes: int) -> DigestArray:
    """Return the digests of a LOAD: bytes in the lanes of their rows, marked with the row of each word's first byte.

    Parameters
    ----------
    data
        What goes to the rows, shape ``(length, samples)``.
    address
        Of the first byte in activation memory: tells how the run falls into words.
    """
    skip = address % word_bytes
    places = _byte_places(len(data), skip, row % word_bytes, word_bytes)
    return combine(data.astype(np.uint64), places) ^ _row_marks(len(data), skip, row, word_bytes)


def store_digest(data: ByteArray, *, address: int, word_bytes: int) -> DigestArray:
    """Return the digests of a STORE or FILL: bytes in the lanes of their addresses, marked with the word address."""
    skip = address % word_bytes
    places = _byte_places(len(data), skip, skip, word_bytes)
    return combine(data.astype(np.uint64), places) ^ _word_marks(len(data), skip, address // word_bytes, word_bytes)


def mvm_digest(history: IntArray, macros: tuple[int, ...], *, accumulator_bits: int) -> DigestArray:
    """Return the digests of an MVM.

    Parameters
    ----------
    history
        Accumulators after each conversion, shape ``(macros, adcs, conversions, samples)`` in order of the conversions.
    macros
        Which macros these are.
    """
    amounts = _accumulator_places(macros, history.shape[1], history.shape[2])
    unsigned = history & np.int64((1 << accumulator_bits) - 1)
    return combine(unsigned.reshape(-1, history.shape[3]).astype(np.uint64), amounts)


def post_digest(outputs: IntArray) -> DigestArray:
    """Return the digests of a POST's outputs, shape ``(outputs, samples)``."""
    return combine(outputs.astype(np.uint64) & _MASK, _turns(len(outputs)))


@lru_cache(_CACHED)
def _byte_places(length: int, skip: int, lane: int, word_bytes: int) -> DigestArray:
    """Return to which bit of the digest bit 0 of each byte goes; ``skip`` lanes lie before it in its first word."""
    index = np.arange(length)
    later = (skip + length - 1) // word_bytes - (skip + index) // word_bytes
    shifts: DigestArray = ((8 * ((lane + index) % word_bytes) + later) % _WORD).astype(np.uint64)[:, None]
    return shifts


@lru_cache(_CACHED)
def _row_marks(length: int, skip: int, row: int, word_bytes: int) -> np.uint64:
    words = np.arange((skip + length - 1) // word_bytes + 1)
    return _marks(row + np.maximum(words * word_bytes - skip, 0))


@lru_cache(_CACHED)
def _word_marks(length: int, skip: int, word: int, word_bytes: int) -> np.uint64:
    return _marks(word + np.arange((skip + length - 1) // word_bytes + 1))


def _marks(marks: IntArray) -> np.uint64:
    digest: np.uint64 = combine(marks.astype(np.uint64)[:, None], _turns(len(marks)))[0]
    return digest


@lru_cache(_CACHED)
def _turns(count: int) -> DigestArray:
    """Return by how much the fold of each write is rotated in the end."""
    turns: DigestArray = (np.arange(count - 1, -1, -1) % _WORD).astype(np.uint64)[:, None]
    return turns


@lru_cache(_CACHED)
def _accumulator_places(macros: tuple[int, ...], adcs: int, conversions: int) -> DigestArray:
    own = np.array(macros)[:, None, None] + np.arange(adcs)[:, None]
    places: DigestArray = ((own + np.arange(conversions - 1, -1, -1)) % _WORD).astype(np.uint64).reshape(-1, 1)
    return places
