"""PROGs that write macros anew, and the words that they find in activation memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nngen.arch import Core
from nngen.ir import Mapping, MemoryImage, Network, Reload, pack_cells
from nngen.isa import Instruction, instruction, words_per_row

from ._addresses import FIXED, point
from ._cell_images import phase_cells
from ._writer import RegisterFile


def reload_instructions(
    reloads: Sequence[Reload], layer: str, registers: RegisterFile, core: Core
) -> tuple[list[Instruction], list[Instruction]]:
    """Return SETs for the beginning of a layer, and PROGs for before its first LOAD.

    LOAD follows the PROGs, so its MVM finds the cells written. The SETs are of the address register that they use, on
    which whatever comes first in the layer may rely, too.
    """
    code = [
        instruction(
            "PROG",
            register=FIXED,
            offset=one.address,
            length=one.rows * words_per_row(core),
            row=0,
            macro=one.macro,
        )
        for one in reloads
        if one.layer == layer
    ]
    return point(registers, core, FIXED, 0, moves=False) if code else [], code


def memory_image(network: Network, mapping: Mapping, reloads: Sequence[Reload], core: Core) -> MemoryImage | None:
    """Return the programming words of all reloads; None where there are none."""
    if not reloads:
        return None
    words = [
        pack_cells(phase_cells(network, mapping, core, phase=one.phase)[one.macro, : one.rows], core).reshape(-1)
        for one in reloads
    ]
    return MemoryImage(address=reloads[0].address, words=np.concatenate(words))
