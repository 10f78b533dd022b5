"""Functional execution: what a program does to activation memory, bit-exact, for a batch of samples at once.

Commands run in the order that buffers, WAIT and SIGNAL give them. A program in which units race for a byte of memory,
so that time decides what is computed, is out of scope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from ._order import Order
from ._post import PostUnit
from ._sequencer import Sequencer, Step
from ._state import ByteArray, Digest, State
from ._store import StoreUnit
from ._vec import VecUnit

Handler = Callable[[Operation, int], Digest]


def check_memory(memory: npt.NDArray[np.uint8], core: Core) -> None:
    """Refuse activation memories of another shape or type.

    Raises
    ------
    InputError
        What they must be, and what they are.
    """
    shape = (core.activation_bytes,)
    if memory.dtype != np.uint8 or memory.ndim != 2 or memory.shape[1:] != shape:
        raise InputError(
            f"memory must be uint8 of shape (samples, {shape[0]}), not {memory.dtype} of shape {memory.shape}"
        )


class Execution:
    """A program on its way through a core."""

    def __init__(self, state: State, order: Order, handlers: dict[str, Handler]) -> None:
        self.state = state
        self.order = order
        self._handlers = handlers
        self._written: dict[int, Digest] = {}

    def steps(self) -> Iterator[Operation | None]:
        """Execute command after command, and yield each; None where only a signal over the bus could let one go on."""
        writer, reader, handlers = self.state.writer, self.state.reader, self._handlers
        digesting = self.state.digesting
        for step in self.order.steps():
            if step is None:
                yield None
                continue
            number, operation, address = step
            digest: Digest = 0
            if operation.unit:
                handler = handlers.get(operation.mnemonic)
                digest = handler(operation, address) if handler else 0
                writer[operation.target] ^= operation.last
                reader[operation.source] ^= operation.release
            if digesting:
                self._written[number] = digest
            yield operation

    def digests(self) -> list[Digest]:
        """Return the digests of what was executed, in order of issue."""
        return [self._written[number] for number in sorted(self._written)]


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
        check_memory(memory, self.core)
        steps = Sequencer(self.core, self.operations, host_loop_count).steps() if steps is None else steps
        state = State(self.core, memory, digesting=digests is not None)
        run = self.begin(state, [state], Order(islice(steps, issued), executed), observe=observe)
        for _ in run.steps():
            pass
        if digests is not None:
            digests += run.digests()
        return np.ascontiguousarray(state.memory.T)

    def begin(self, state: State, chip: Sequence[State], order: Order, *, observe: Observer | None = None) -> Execution:
        """Return an execution that has not begun.

        Parameters
        ----------
        state
            Of this core.
        chip
            Of all cores of its chip.
        order
            Of the program's instructions.
        observe
            As in :meth:`execute`.
        """
        return Execution(state, order, self._handlers(state, chip, observe))

    def _handlers(self, state: State, chip: Sequence[State], observe: Observer | None) -> dict[str, Handler]:
        """Return what executes each command, and returns its digest where that is asked for."""
        crossbar = self._crossbar.fresh() if self._programs_cells else self._crossbar
        load, store = LoadUnit(state, crossbar), StoreUnit(state, chip)
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
