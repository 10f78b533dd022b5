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


def element_digest(
    data: npt.NDArray[np.unsignedinteger], *, skips: tuple[int, ...], place: int, places: int, element_bytes: int,
    word_bytes: int,
) -> DigestArray:  # fmt: skip
    """Return the digests of a LOAD: each element in its lane, each word marked with the place of its first element.

    Parameters
    ----------
    data
        What goes to consecutive places, shape ``(elements, samples)``; of bytes' codes the low eight bits count.
    skips
        Of each run, how many bytes of its first word lie before it.
    place
        Of the first element: its row, or its byte of the vector buffer.
    places
        Their number, where they wrap; 0: they do not.
    """
    bits = _element_places(len(data) // len(skips), skips, place % word_bytes, element_bytes, word_bytes)
    kept = np.uint64((1 << 8 * element_bytes) - 1)
    marks = _place_marks(
        length=len(data) // len(skips), skips=skips, place=place, places=places, element_bytes=element_bytes,
        word_bytes=word_bytes,
    )  # fmt: skip
    return combine(data.astype(np.uint64) & kept, bits) ^ marks


def programming_digest(words: IntArray, row: int, words_per_row: int) -> DigestArray:
    """Return the digests of a PROG: each word, shape ``(words, samples)``, marked with its row."""
    rows = row + np.arange(len(words))[:, None] // words_per_row
    return combine((words ^ rows).astype(np.uint64), _turns(len(words)))


def store_digest(data: ByteArray, *, starts: tuple[int, ...], memory_bytes: int, word_bytes: int) -> DigestArray:
    """Return the digests of a STORE or FILL: bytes in the lanes of their addresses, marked with the word address.

    Parameters
    ----------
    data
        Of all runs, one behind the other, shape ``(bytes, samples)``.
    starts
        Address of each run; words beyond memory are writes, too, of zeros.
    """
    length = len(data) // len(starts)
    skips = tuple(start % word_bytes for start in starts)
    places = _byte_places(length, skips, word_bytes)
    if len(starts) == 1:
        marks = _word_marks(length, skips[0], starts[0] // word_bytes, word_bytes)
    else:
        words = [start // word_bytes + np.arange(_words(length, start % word_bytes, word_bytes)) for start in starts]
        marks = _marks(np.concatenate(words))
        if max(starts) + length > memory_bytes:
            inside = np.array(starts)[:, None] + np.arange(length) < memory_bytes
            data = data * inside.reshape(-1, 1)
    return combine(data.astype(np.uint64), places) ^ marks


def vec_digest(accumulators: IntArray, *, lanes: int, accumulator_bits: int) -> DigestArray:
    """Return the digests of a VEC: a write for each group of ``lanes`` accumulators, shape ``(length, samples)``."""
    unsigned = accumulators & np.int64((1 << accumulator_bits) - 1)
    return combine(unsigned.astype(np.uint64), _lane_places(len(accumulators), lanes))


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
def _element_places(length: int, skips: tuple[int, ...], lane: int, element_bytes: int, word_bytes: int) -> DigestArray:
    """Return to which bit of the digest bit 0 of each element goes, of runs of ``length`` elements in turn."""
    words = [_words(length * element_bytes, skip, word_bytes) for skip in skips]
    left, places = sum(words), []
    lanes = word_bytes // element_bytes
    for number, (skip, count) in enumerate(zip(skips, words, strict=True)):
        index = np.arange(length)
        later = left - 1 - (skip + index * element_bytes) // word_bytes
        places.append(8 * element_bytes * ((lane + number * length + index) % lanes) + later)
        left -= count
    bits: DigestArray = (np.concatenate(places) % _WORD).astype(np.uint64)[:, None]
    return bits


@lru_cache(_CACHED)
def _place_marks(
    *, length: int, skips: tuple[int, ...], place: int, places: int, element_bytes: int, word_bytes: int
) -> np.uint64:
    found = []
    for number, skip in enumerate(skips):
        words = np.arange(_words(length * element_bytes, skip, word_bytes))
        found.append(place + number * length + np.maximum(words * word_bytes - skip, 0) // element_bytes)
    marks = np.concatenate(found)
    return _marks(marks % places if places else marks)


@lru_cache(_CACHED)
def _word_marks(length: int, skip: int, word: int, word_bytes: int) -> np.uint64:
    return _marks(word + np.arange(_words(length, skip, word_bytes)))


@lru_cache(_CACHED)
def _byte_places(length: int, skips: tuple[int, ...], word_bytes: int) -> DigestArray:
    """Return to which bit of the digest bit 0 of each byte goes, of runs of ``length`` bytes in turn."""
    words = [_words(length, skip, word_bytes) for skip in skips]
    left, places = sum(words), []
    for skip, count in zip(skips, words, strict=True):
        index = skip + np.arange(length)
        places.append(8 * (index % word_bytes) + left - 1 - index // word_bytes)
        left -= count
    bits: DigestArray = (np.concatenate(places) % _WORD).astype(np.uint64)[:, None]
    return bits


def _words(length: int, skip: int, word_bytes: int) -> int:
    """Return how many words a run of ``length`` bytes touches."""
    return (skip + length - 1) // word_bytes + 1


@lru_cache(_CACHED)
def _lane_places(length: int, lanes: int) -> DigestArray:
    index = np.arange(length)
    places: DigestArray = ((index % lanes + (length - 1) // lanes - index // lanes) % _WORD).astype(np.uint64)[:, None]
    return places


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
