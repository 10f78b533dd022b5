"""LOAD and PROG: runs of activation memory become codes in row buffers, bytes in VEC's buffer, cells of a macro."""

from __future__ import annotations

import numpy as np

from ._crossbar import CodeArray, Crossbar
from ._digest import element_digest, programming_digest
from ._operation import ROWS, VECTORS, Operation
from ._runs import ONE_RUN, read_runs, run_starts
from ._state import ByteArray, Digest, State

_BYTE, _TWO_BYTES = 0xFF, 0xFFFF
_PROGRAMMING_BYTES = 4


class LoadUnit:
    """Executes LOAD and PROG."""

    def __init__(self, state: State, crossbar: Crossbar) -> None:
        self._state = state
        self._crossbar = crossbar
        self._code_mask = (1 << state.core.activation_bits) - 1

    def load(self, operation: Operation, address: int) -> Digest:
        """Execute a LOAD."""
        state, fields = self._state, operation.fields
        wide = fields["wide"]
        runs = state.registers.load_runs(wide=wide) if fields["strided"] else ONE_RUN
        data = read_runs(state.memory, address, operation.length, runs, state.core.reach_bytes)
        row = fields["row"]
        if fields["vec"]:
            self._fill_vector(data, row)
            placed = data
        else:
            placed = self._codes(data, wide=wide)
            self._fill_rows(placed, row, fields["group"])
        if not state.digesting:
            return 0
        starts = run_starts(address, runs, state.core.reach_bytes)
        return element_digest(
            placed,
            skips=tuple(start % state.core.word_bytes for start in starts),
            place=row,
            places=state.vectors.shape[1] if fields["vec"] else 0,
            element_bytes=1 + wide,
            word_bytes=state.core.word_bytes,
        )

    def _codes(self, data: ByteArray, *, wide: int) -> CodeArray:
        """Return what bytes of memory, shape (bytes, samples), become on the word lines, one code an element."""
        registers = self._state.registers
        kept = registers.keep & self._code_mask
        inverted = registers.invert & kept
        codes: CodeArray = data
        present = _BYTE
        if wide:
            halves = data.reshape(-1, 2, data.shape[1])
            codes = halves[:, 0] | halves[:, 1].astype(np.uint16) << np.uint16(8)
            present = _TWO_BYTES
        elif self._code_mask > _BYTE:
            codes = data.astype(np.uint16)
        if kept & present != present:
            codes = codes & codes.dtype.type(kept)
        return codes ^ codes.dtype.type(inverted) if inverted else codes

    def _fill_rows(self, codes: CodeArray, row: int, group: int) -> None:
        state = self._state
        number = state.writer[ROWS]
        bank = state.rows[number]
        end = min(row + len(codes), bank.shape[1])  # of the runs after the first some rows may not exist
        codes = codes[: end - row]
        macros = state.registers.macros_of_group(group)
        if len(macros) == len(bank):
            bank[:, row:end] = codes
        else:
            for macro in macros:
                bank[macro, row:end] = codes
        state.written[number].append((row, end))
        state.planes.clear()

    def _fill_vector(self, data: ByteArray, place: int) -> None:
        buffer = self._state.vectors[self._state.writer[VECTORS]]
        size = len(buffer)
        if place + len(data) <= size:
            buffer[place : place + len(data)] = data
            return
        skipped = max(0, len(data) - size)  # bytes that later ones overwrite
        data = data[skipped:]
        buffer[(place + skipped + np.arange(len(data))) % size] = data

    def prog(self, operation: Operation, address: int) -> Digest:
        """Execute a PROG."""
        state, fields = self._state, operation.fields
        data = state.memory[address : address + operation.span]
        if (data == data[:, :1]).all():
            data = data[:, :1]  # all samples get the same cells
        words = np.ascontiguousarray(data.T).view("<u4").T.astype(np.int64)
        self._crossbar.program(fields["macro"], fields["row"], words)
        return programming_digest(words, fields["row"], self._crossbar.words_per_row) if state.digesting else 0
