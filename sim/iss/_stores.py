"""When each byte of activation memory was written, and by which instruction."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.ir.program import CoreProgram
from nngen.isa import UNIT_CODES, Unit

from ._operation import decode_program
from ._stream import Stream
from ._timing_result import Timing


class StoreTimes:
    """The writes of one timed run.

    Parameters
    ----------
    core, program
        What ran.
    timing
        Of the run, with its retirements.
    host_loop_count
        Host register LOOP_COUNT in the run.
    """

    def __init__(self, core: Core, program: CoreProgram, timing: Timing, *, host_loop_count: int = 1) -> None:
        self._word_bytes = core.word_bytes
        operations = decode_program(core, program.instructions)
        steps = list(Stream(core, operations, program.records, host_loop_count).steps())
        unit = UNIT_CODES[Unit.STORE]
        rows = [
            (start, pc, steps[number][2], steps[number][0].length)
            for number, code, pc, _, _, start, *_ in timing.records
            if code == unit and steps[number][0].works
        ]
        stores: npt.NDArray[np.int64] = np.array(rows, np.int64).reshape(-1, 4)
        self._stores = stores[np.argsort(stores[:, 0], kind="stable")]

    def cycle(self, address: int, instructions: range) -> int | None:
        """Return the last cycle in which one of some instructions wrote a byte; None where none did.

        Parameters
        ----------
        address
            Of the byte.
        instructions
            Their addresses.
        """
        start, pc, first, length = self._stores.T
        wrote = (pc >= instructions.start) & (pc < instructions.stop) & (first <= address) & (address < first + length)
        places = np.flatnonzero(wrote)
        if not places.size:
            return None
        place = places[-1]
        return int(start[place] + address // self._word_bytes - first[place] // self._word_bytes + 1)
