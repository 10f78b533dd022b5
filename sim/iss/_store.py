"""STORE and FILL: what is written to activation memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ._digest import store_digest
from ._operation import OUTPUTS, Operation
from ._registers import Runs
from ._runs import ONE_RUN, run_starts, write_runs
from ._state import ByteArray, Digest, State


class StoreUnit:
    """Executes STORE and FILL; ``chip`` are the states of all its cores."""

    def __init__(self, state: State, chip: Sequence[State]) -> None:
        self._state = state
        self._chip = chip

    def store(self, operation: Operation, address: int) -> Digest:
        """Execute a STORE."""
        state = self._state
        runs = state.registers.store_runs() if operation.fields["strided"] else ONE_RUN
        buffer = state.outputs[state.reader[OUTPUTS]]
        total = runs.count * operation.length
        data = buffer[:total]
        if total > len(buffer):
            data = buffer[np.arange(total) % len(buffer)]
        return self._write(data, address, operation, runs)

    def fill(self, operation: Operation, address: int) -> Digest:
        """Execute a FILL."""
        data = np.full((operation.length, 1), operation.fields["value"], np.uint8)
        return self._write(data, address, operation, ONE_RUN)

    def _write(self, data: ByteArray, address: int, operation: Operation, runs: Runs) -> Digest:
        state, core = self._state, self._state.core
        targets = [self._chip[target] for target in state.registers.targets] if operation.bus else [state]
        for target in targets:
            write_runs(target.memory, address, operation.length, runs, data=data, reach_bytes=core.reach_bytes)
        if not state.digesting:
            return 0
        starts = tuple(run_starts(address, runs, core.reach_bytes))
        reached = core.reach_bytes if operation.bus else core.activation_bytes
        return store_digest(data, starts=starts, memory_bytes=reached, word_bytes=core.word_bytes)
