"""What the host does, one transfer after the other: a text file, one line of hexadecimal numbers an operation."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Op(IntEnum):
    """An operation: its number, and what ``address`` and ``data`` of the line mean."""

    END = 0
    WRITE = 1  # one word over AXI4-Lite; an answer other than OKAY is logged
    READ = 2  # one word over AXI4-Lite, logged with its answer
    AWAIT = 3  # until the interrupt line is high, at most ``data`` cycles
    RESET = 4  # hold the reset for ``data`` cycles; transfers begin again
    STALL_SEED = 5  # drive ``data`` on the input stall_seed from now on
    RECORD = 6  # log retirements from now on where ``data`` is 1, as at the beginning; not where it is 0


class HostScript:
    """A script under construction.

    A line is ``op pause style address data``: the operation begins ``pause`` cycles after the one before ended. A
    transfer's ``style`` skews its handshakes: bits 1..0 are the cycles by which the address comes late, 3..2 those of
    the write data, 5..4 those of the readiness for the answer.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []

    def __len__(self) -> int:
        return len(self._lines)

    def write(self, address: int, data: int, *, pause: int = 0, style: int = 0) -> None:
        """Write one word."""
        self._add(Op.WRITE, address, data, pause=pause, style=style)

    def write_all(self, address: int, words: Iterable[int]) -> None:
        """Write consecutive words as fast as the port takes them."""
        words = list(words)
        self.write_each(range(address, address + 4 * len(words), 4), words)

    def write_each(self, addresses: Iterable[int], words: Iterable[int]) -> None:
        """Write a word to each address as fast as the port takes them."""
        self._lines += [f"1 0 0 {a:x} {word:x}" for a, word in zip(addresses, words, strict=True)]

    def read(self, address: int, *, pause: int = 0, style: int = 0) -> None:
        """Read one word."""
        self._add(Op.READ, address, 0, pause=pause, style=style)

    def await_interrupt(self, *, limit: int) -> None:
        """Wait until the program has ended."""
        self._add(Op.AWAIT, 0, limit)

    def reset(self, *, pause: int = 0, cycles: int = 2) -> None:
        """Reset the chip for at least 1 cycle."""
        if cycles < 1:
            raise ValueError(f"cycles of a reset must be at least 1, not {cycles}")
        self._add(Op.RESET, 0, cycles, pause=pause)

    def stall_seed(self, seed: int) -> None:
        """Choose the stalls of the runs that start from now on; 0: none."""
        self._add(Op.STALL_SEED, 0, seed)

    def record(self, wanted: bool) -> None:
        """Log retirements from now on, or no longer."""
        self._add(Op.RECORD, 0, int(wanted))

    def text(self) -> str:
        """Return the file's text, closed by END."""
        return "\n".join([*self._lines, "0 0 0 0 0"]) + "\n"

    def _add(self, op: Op, address: int, data: int, *, pause: int = 0, style: int = 0) -> None:
        self._lines.append(f"{op:x} {pause:x} {style:x} {address:x} {data:x}")
