"""Digests of the retire ports: a 32-bit signature of what each command wrote, in the order of its writes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
ByteArray = npt.NDArray[np.uint8]
FoldArray = npt.NDArray[np.uint32]

_WORD = 32


def rotate_left(values: FoldArray, amounts: npt.NDArray[np.integer]) -> FoldArray:
    """Rotate 32-bit numbers to the left."""
    left = (amounts % _WORD).astype(np.uint64)
    wide = values.astype(np.uint64) << left
    return ((wide | (wide >> np.uint64(_WORD))) & np.uint64(0xFFFFFFFF)).astype(np.uint32)


def digest(folds: FoldArray) -> int:
    """Return the digest of a command's writes: each rotates the digest by one and XORs its fold."""
    if not folds.size:
        return 0
    return int(np.bitwise_xor.reduce(rotate_left(folds, np.arange(folds.size - 1, -1, -1))))


def bytes_digest(data: ByteArray, *, address: int, lane: int, marks_from: int, mark_bytes: int, word_bytes: int) -> int:
    """Return the digest of a run that is written word by word.

    Parameters
    ----------
    data
        The run, shape ``(length,)``.
    address
        Of its first byte in activation memory: tells how the run falls into words.
    lane
        Of its first byte in a word; the next byte takes the next lane, cyclically.
    marks_from, mark_bytes
        What is XORed onto the first fold, and onto each later one: ``mark_bytes`` 0 counts words, 1 counts bytes.
    """
    skip = address % word_bytes
    count = -(-(skip + data.size) // word_bytes)
    words: ByteArray = np.zeros((count, word_bytes), np.uint8)
    words.reshape(-1)[skip : skip + data.size] = data
    turn = (lane - skip) % word_bytes
    if turn:
        words = np.roll(words, turn, axis=1)
    folds = np.bitwise_xor.reduce(np.ascontiguousarray(words).view("<u4"), axis=1)
    marks = np.arange(count, dtype=np.uint32)
    if mark_bytes:
        marks = np.maximum(marks.astype(np.int64) * word_bytes - skip, 0).astype(np.uint32)
    return digest(folds ^ (marks + np.uint32(marks_from)))


def load_digest(data: ByteArray, *, address: int, row: int, word_bytes: int) -> int:
    """Return the digest of a LOAD: bytes in the lanes of their rows, marked with the row of each word's first byte."""
    return bytes_digest(
        data, address=address, lane=row % word_bytes, marks_from=row, mark_bytes=1, word_bytes=word_bytes
    )


def store_digest(data: ByteArray, *, address: int, word_bytes: int) -> int:
    """Return the digest of a STORE or FILL: bytes in the lanes of their addresses, marked with the word address."""
    return bytes_digest(
        data, address=address, lane=address % word_bytes, marks_from=address // word_bytes, mark_bytes=0,
        word_bytes=word_bytes,
    )  # fmt: skip


def mvm_digest(history: IntArray, macros: IntArray, *, accumulator_bits: int) -> int:
    """Return the digest of an MVM.

    Parameters
    ----------
    history
        Accumulators after each conversion, shape ``(macros, adcs, conversions)`` in order of the conversions.
    macros
        Which macros these are.
    """
    unsigned = (history & np.int64((1 << accumulator_bits) - 1)).astype(np.uint32)
    amounts = macros[:, None] + np.arange(history.shape[1])
    rotated = rotate_left(unsigned, amounts[:, :, None])
    return digest(np.bitwise_xor.reduce(rotated, axis=(0, 1)))


def post_digest(outputs: IntArray) -> int:
    """Return the digest of a POST's outputs, shape ``(outputs,)``."""
    return digest((outputs & 0xFFFFFFFF).astype(np.uint32))
