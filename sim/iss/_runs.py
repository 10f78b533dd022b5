"""Runs of activation memory, one or several at a stride: which bytes they are, and which of them exist."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ._registers import Runs

IndexArray = npt.NDArray[np.intp]
ByteArray = npt.NDArray[np.uint8]

ONE_RUN = Runs(count=1, stride=0)
_CACHED = 1 << 12


@lru_cache(_CACHED)
def run_offsets(length: int, runs: Runs) -> IndexArray:
    """Return the distance of every byte from the first, where no address wraps."""
    offsets: IndexArray = (np.arange(runs.count)[:, None] * runs.stride + np.arange(length)).reshape(-1)
    return offsets


def run_starts(address: int, runs: Runs, reach_bytes: int) -> list[int]:
    """Return the address at which each run begins; ``reach_bytes`` are those that addresses reach."""
    addresses = 1 << reach_bytes.bit_length()
    return [(address + k * runs.stride) % addresses for k in range(runs.count)]


def read_runs(memory: ByteArray, address: int, length: int, runs: Runs, reach_bytes: int) -> ByteArray:
    """Return the bytes of runs, one run behind the other; what is beyond memory reads as 0.

    Parameters
    ----------
    memory
        Shape ``(bytes, samples)``.
    reach_bytes
        Bytes that addresses reach.
    """
    if runs.count == 1:
        return memory[address : address + length]
    if _inside(memory, address, length, runs):
        return memory[address:].take(run_offsets(length, runs), axis=0)
    places, inside = _places(memory, address, length, runs, reach_bytes)
    data = memory.take(np.where(inside, places, 0), axis=0)
    data[~inside] = 0
    return data


def write_runs(
    memory: ByteArray, address: int, length: int, runs: Runs, *, data: ByteArray, reach_bytes: int
) -> None:  # fmt: skip
    """Write the bytes of runs; of what is beyond memory nothing is written."""
    if runs.count == 1:
        memory[address : address + length] = data[: max(0, len(memory) - address)]
    elif _inside(memory, address, length, runs):
        memory[address:][run_offsets(length, runs)] = data
    else:
        places, inside = _places(memory, address, length, runs, reach_bytes)
        memory[places[inside]] = data[inside]


def _inside(memory: ByteArray, address: int, length: int, runs: Runs) -> bool:
    return address + (runs.count - 1) * runs.stride + length <= len(memory)


def _places(
    memory: ByteArray, address: int, length: int, runs: Runs, reach_bytes: int
) -> tuple[IndexArray, npt.NDArray[np.bool_]]:
    """Return the address of every byte, and whether memory has it."""
    starts = np.array(run_starts(address, runs, reach_bytes))
    places: IndexArray = (starts[:, None] + np.arange(length)).reshape(-1)
    return places, places < len(memory)
