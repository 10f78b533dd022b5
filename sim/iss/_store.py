"""STORE and FILL: what is written to activation memory."""

from __future__ import annotations

import numpy as np

from ._digest import store_digest
from ._operation import OUTPUTS, Operation
from ._registers import Runs
from ._runs import ONE_RUN, run_starts, write_runs
from ._state import ByteArray, Digest, State


class StoreUnit:
    """Executes STORE and FILL."""

    def __init__(self, state: State) -> None:
        self._state = state

    def store(self, operation: Operation, address: int) -> Digest:
        """Execute a STORE."""
        state = self._state
        runs = state.registers.store_runs() if operation.fields["strided"] else ONE_RUN
        buffer = state.outputs[state.reader[OUTPUTS]]
        total = runs.count * operation.length
        data = buffer[:total]
        if total > len(buffer):
            data = buffer[np.arange(total) % len(buffer)]
        return self._write(data, address, operation.length, runs)

    def fill(self, operation: Operation, address: int) -> Digest:
        """Execute a FILL."""
        data = np.full((operation.length, 1), operation.fields["value"], np.uint8)
        return self._write(data, address, operation.length, ONE_RUN)

    def _write(self, data: ByteArray, address: int, length: int, runs: Runs) -> Digest:
        state = self._state
        write_runs(state.memory, address, length, runs, data)
        if not state.digesting:
            return 0
        starts = tuple(run_starts(address, runs, state.core.activation_bytes))
        return store_digest(
            data, starts=starts, memory_bytes=state.core.activation_bytes, word_bytes=state.core.word_bytes
        )
