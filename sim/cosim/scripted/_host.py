"""The host's side of a script, by the names of the register map."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.host import program_blocks, register_map
from nngen.ir import CoreProgram

from ._script import HostScript

WORD_BYTES = 4


class Host:
    """Writes what the host of a chip does into a script.

    Attributes
    ----------
    script
        For the bench.
    map
        The chip's registers and windows.
    held
        What was loaded, by the address of each word.
    """

    def __init__(self, core: Core) -> None:
        self.script = HostScript()
        self.map = register_map(core)
        self.held: dict[int, int] = {}
        self._core = core

    def load(self, program: CoreProgram, *, background: dict[int, int] | None = None) -> None:
        """Write a program; of what the chip holds already only what differs.

        Parameters
        ----------
        program
            What to load.
        background
            Words that shall be there where the program has none, by address.
        """
        words = dict(background or {})
        for block in program_blocks(program, self._core):
            addresses = range(block.address, block.address + WORD_BYTES * len(block.words), WORD_BYTES)
            words.update(zip(addresses, block.words.tolist(), strict=True))
        for address, word in words.items():
            if self.held.get(address) != word:
                self.script.write(address, word)
                self.held[address] = word

    def address(self, name: str) -> int:
        """Return the address of a register."""
        return self.map.register(name).address

    def write(self, name: str, value: int) -> None:
        """Write a register."""
        self.script.write(self.address(name), value)

    def write_memory(self, indices: npt.NDArray[np.integer], words: npt.NDArray[np.integer]) -> None:
        """Write words of activation memory, by their indices."""
        base = self.map.window("ACTIVATIONS").address
        self.script.write_each((base + WORD_BYTES * indices).tolist(), words.tolist())

    def read_memory(self, indices: npt.NDArray[np.integer]) -> None:
        """Read words of activation memory, by their indices."""
        base = self.map.window("ACTIVATIONS").address
        for index in indices.tolist():
            self.script.read(base + WORD_BYTES * index)
