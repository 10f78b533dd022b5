"""The host's side of a script, by the names of the register map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.host import chip_map, program_blocks
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
        The blocks of its cores.
    held
        What was loaded, by the address of each word.
    """

    def __init__(self, cores: Sequence[Core]) -> None:
        self.script = HostScript()
        self.map = chip_map(cores)
        self.held: dict[int, int] = {}
        self._cores = cores

    def load(self, program: CoreProgram, *, background: dict[int, int] | None = None) -> None:
        """Write a core's program; of what the chip holds already only what differs.

        Parameters
        ----------
        program
            What to load.
        background
            Words that shall be there where the program has none, by address.
        """
        words = dict(background or {})
        base = self.map.base(program.core)
        for block in program_blocks(program, self._cores[program.core]):
            first = base + block.address
            addresses = range(first, first + WORD_BYTES * len(block.words), WORD_BYTES)
            words.update(zip(addresses, block.words.tolist(), strict=True))
        for address, word in words.items():
            if self.held.get(address) != word:
                self.script.write(address, word)
                self.held[address] = word

    def address(self, name: str, core: int = 0) -> int:
        """Return the address of a register."""
        return self.map.base(core) + self.map.cores[core].register(name).address

    def write(self, name: str, value: int) -> None:
        """Write a register of the chip."""
        self.script.write(self.address(name), value)

    def write_memory(self, indices: npt.NDArray[np.integer], words: npt.NDArray[np.integer], core: int = 0) -> None:
        """Write words of a core's activation memory, by their indices."""
        base = self._memory(core)
        self.script.write_each((base + WORD_BYTES * indices).tolist(), words.tolist())

    def read_memory(self, indices: npt.NDArray[np.integer], core: int = 0) -> None:
        """Read words of a core's activation memory, by their indices."""
        base = self._memory(core)
        for index in indices.tolist():
            self.script.read(base + WORD_BYTES * index)

    def _memory(self, core: int) -> int:
        return self.map.base(core) + self.map.cores[core].window("ACTIVATIONS").address
