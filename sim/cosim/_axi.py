"""The driver's transport inside the simulator: cocotbext-axi's AXI4-Lite master, which somebody else wrote."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

import numpy as np
from cocotb.triggers import SimTimeoutError, with_timeout
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

PREFIX = "s_axi"


class AxiTransport:
    """Implements :class:`nngen.host.Transport`.

    Parameters
    ----------
    chip
        Handle of the top module.
    limit_ns
        Time within which the chip must answer every transfer.
    """

    def __init__(self, chip: Any, *, limit_ns: int):
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(chip, PREFIX), chip.clk, chip.rst)
        self.limit_ns = limit_ns

    async def read_word(self, address: int) -> int:
        """Return one word."""
        return (await self.read_words(address, 1))[0]

    async def read_words(self, address: int, count: int) -> list[int]:
        """Return ``count`` consecutive words."""
        response = await self._answer(self.master.read(address, 4 * count), f"read of {address:#x}")
        words: list[int] = np.frombuffer(response.data, "<u4").tolist()
        return words

    async def write_words(self, address: int, words: Sequence[int]) -> None:
        """Write consecutive words."""
        contents = np.asarray(words, "<u4").tobytes()
        await self._answer(self.master.write(address, contents), f"write to {address:#x}")

    async def _answer(self, transfer: Awaitable[Any], what: str) -> Any:
        try:
            response = await with_timeout(transfer, self.limit_ns, "ns")
        except SimTimeoutError as error:
            raise AssertionError(f"host port must answer a {what}, but has not for {self.limit_ns} ns") from error
        if response.resp != AxiResp.OKAY:
            raise AssertionError(f"host port must answer a {what} with OKAY, not {response.resp.name}")
        return response
