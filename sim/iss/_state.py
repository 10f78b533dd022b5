"""What a run changes: memories, buffers, accumulators, and which bank each unit is at.

Samples are the last axis everywhere: a byte, a row or an accumulator is one contiguous vector.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nngen.arch import Core

from ._crossbar import CodeArray, FloatArray
from ._digest import DigestArray
from ._operation import OUTPUTS
from ._registers import Registers

IntArray = npt.NDArray[np.int64]
ByteArray = npt.NDArray[np.uint8]
Digest = DigestArray | int  # of each sample; 0 where nothing is written, or nobody asks
_BYTE_BITS = 8


class State:
    """The state of one run.

    Attributes
    ----------
    memory
        Activation memory, shape ``(activation_bytes, samples)``.
    rows
        Row buffers of codes, shape ``(2, macros, rows, samples)``.
    written
        Of each row buffer, the (first, end) of rows that hold data.
    planes
        Planes of the row buffer that MVM reads, by what it asked for, until rows or bank change.
    accumulators
        Shape ``(2, macros, adcs, entries, samples)``.
    vectors, vec_accumulators
        VEC's buffers of bytes and its accumulators, by bank.
    outputs
        Output buffers of bytes, by bank.
    position
        Byte of the output buffer at which POST goes on.
    writer, reader
        Which of the two banks is next, by number of the resource.
    digesting
        Whether commands return digests.
    """

    def __init__(self, core: Core, memory: ByteArray, *, digesting: bool) -> None:
        samples = memory.shape[0]
        macro, vector = core.macro, core.vector
        self.core = core
        self.samples = samples
        self.digesting = digesting
        self.registers = Registers(core)
        self.memory: ByteArray = np.array(memory.T, order="C")
        code_type = np.uint8 if core.activation_bits <= _BYTE_BITS else np.uint16
        self.rows: CodeArray = np.zeros((2, core.macros, macro.rows, samples), code_type)
        self.written: list[list[tuple[int, int]]] = [[], []]
        self.planes: dict[tuple[int, ...], FloatArray] = {}
        self.accumulators: IntArray = np.zeros(
            (2, core.macros, macro.adcs, core.accumulator_entries, samples), np.int64
        )
        self.vectors: ByteArray = np.zeros((2, vector.buffer_bytes if vector else 0, samples), np.uint8)
        self.vec_accumulators: IntArray = np.zeros((2, vector.accumulators if vector else 0, samples), np.int64)
        self.outputs: ByteArray = np.zeros((2, core.output_buffer_bytes, samples), np.uint8)
        self.position = 0
        self.writer = [0] * (OUTPUTS + 1)
        self.reader = [0] * (OUTPUTS + 1)
