"""Functional execution: what a program does to activation memory, bit-exact, for a batch of samples at once.

Commands run in the order that buffers, WAIT and SIGNAL give them. A program in which units race for a byte of memory,
so that time decides what is computed, is out of scope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.errors import InputError
from nngen.ir.program import CoreProgram
from nngen.isa import Unit

from ._constants import ConstantMemory, coefficient_memory, table_memory
from ._crossbar import Crossbar
from ._load import LoadUnit
from ._mvm import MvmUnit
from ._observation import Observer
from ._operation import Operation, decode_program
from ._order import order_of_effect
from ._post import PostUnit
from ._sequencer import Sequencer, Step
from ._state import ByteArray, Digest, State
from ._store import StoreUnit
from ._vec import VecUnit

Handler = Callable[[Operation, int], Digest]


class Machine:
    """A core with a program loaded.

    Raises
    ------
    ProgramError
        Where instructions, records, cells, coefficients or tables do not fit the core.
    """

    def __init__(self, core: Core, program: CoreProgram) -> None:
        self.core = core
        self.operations = decode_program(core, program.instructions)
        self._programs_cells = any(operation.mnemonic == "PROG" for operation in self.operations)
        self._crossbar = Crossbar(core, program.cells, programmed=self._programs_cells)
        self._constants = ConstantMemory(core, program.records)
        self._coefficients = coefficient_memory(core, program.coefficients)
        self._tables = table_memory(core, program.tables)

    def execute(
        self,
        memory: npt.NDArray[np.uint8],
        *,
        host_loop_count: int = 1,
        steps: Iterable[Step] | None = None,
        issued: int | None = None,
        executed: Mapping[Unit, int] | None = None,
        digests: list[Digest] | None = None,
        observe: Observer | None = None,
    ) -> ByteArray:
        """Return activation memory after the program has ended.

        Parameters
        ----------
        memory
            Activation memory before, uint8 of shape ``(samples, activation_bytes)``; it is not changed.
        host_loop_count
            Host register LOOP_COUNT.
        steps
            The stream of instructions, where it was walked before.
        issued, executed
            How many instructions issued and how many commands each unit executed, where the watchdog stopped the
            program (``Timing`` knows); else all.
        digests
            Receives the digests of each executed instruction, HALT left out, in order of issue: uint64 of shape
            ``(samples,)`` or ``(1,)``, or 0 where nothing was written.
        observe
            Is told of the conversions of every MVM at every macro.

        Raises
        ------
        InputError
            For a memory of another shape or type.
        """
        shape = (self.core.activation_bytes,)
        if memory.dtype != np.uint8 or memory.ndim != 2 or memory.shape[1:] != shape:
            raise InputError(
                f"memory must be uint8 of shape (samples, {shape[0]}), not {memory.dtype} of shape {memory.shape}"
            )
        steps = Sequencer(self.core, self.operations, host_loop_count).steps() if steps is None else steps
        steps = islice(steps, issued)
        state = State(self.core, memory, digesting=digests is not None)
        handlers = self._handlers(state, observe)
        writer, reader = state.writer, state.reader
        written: dict[int, Digest] = {}
        for number, operation, address in order_of_effect(steps, executed):
            digest: Digest = 0
            if operation.unit:
                handler = handlers.get(operation.mnemonic)
                digest = handler(operation, address) if handler else 0
                writer[operation.target] ^= operation.last
                reader[operation.source] ^= operation.release
            if digests is not None:
                written[number] = digest
        if digests is not None:
            digests += [written[number] for number in sorted(written)]
        return np.ascontiguousarray(state.memory.T)

    def _handlers(self, state: State, observe: Observer | None) -> dict[str, Handler]:
        """Return what executes each command, and returns its digest where that is asked for."""
        crossbar = self._crossbar.fresh() if self._programs_cells else self._crossbar
        load, store = LoadUnit(state, crossbar), StoreUnit(state)
        numbers = {} if observe is None else {id(operation): n for n, operation in enumerate(self.operations)}
        mvm = MvmUnit(state, crossbar, observe=observe, numbers=numbers)

        def set_register(operation: Operation, _address: int) -> Digest:
            state.registers.write(operation)
            return 0

        return {
            "SET": set_register,
            "LOAD": load.load,
            "PROG": load.prog,
            "MVM": mvm.mvm,
            "VEC": VecUnit(state, self._coefficients).vec,
            "POST": PostUnit(state, self._constants, self._tables).post,
            "STORE": store.store,
            "FILL": store.fill,
        }
