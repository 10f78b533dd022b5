"""What the driver needs of a bus: words to and from addresses. A simulator, a board or a test provides it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Transport(Protocol):
    """32-bit words over the chip's AXI4-Lite port.

    Addresses are in bytes and multiples of 4; word i of a sequence goes to or comes from ``address + 4 * i``. A word is
    0..2^32-1. Every method returns once all its transfers are answered, so that calls take effect in their order.
    """

    async def read_word(self, address: int) -> int:
        """Return one word."""
        ...

    async def read_words(self, address: int, count: int) -> Sequence[int]:
        """Return ``count`` consecutive words."""
        ...

    async def write_words(self, address: int, words: Sequence[int]) -> None:
        """Write consecutive words."""
        ...
