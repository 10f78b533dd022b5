"""The stream of issued instructions with all that timing needs to know of each; no time in sight.

It does not depend on time, so a program that is timed often, under ever other stalls, is walked once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from nngen.arch import Core
from nngen.ir.program import ConstantRecord
from nngen.isa import Cause

from ._operation import Operation
from ._sequencer import Sequencer, Step
from ._work import WorkEstimator

# operation, pc, memory address, S, two amounts of work
WorkStep = tuple[Operation, int, int, int, int, int]


class Stream:
    """Walks a program, instruction by instruction.

    Attributes
    ----------
    operations
        The program.
    pc
        Address of the instruction the sequencer looks at.
    cause
        Why the program ended, once the walk is over; NONE after HALT.
    """

    def __init__(
        self, core: Core, operations: Sequence[Operation], records: Sequence[ConstantRecord], host_loop_count: int
    ) -> None:
        self.operations = operations
        self._sequencer = Sequencer(core, operations, host_loop_count)
        self._estimator = WorkEstimator(core, records)

    @property
    def targets(self) -> deque[tuple[int, ...]]:
        """The cores that each command over the bus reaches, in order of issue, until somebody takes them out."""
        return self._estimator.targets

    @property
    def pc(self) -> int:
        """Address of the instruction the sequencer looks at."""
        return self._sequencer.pc

    @property
    def cause(self) -> Cause:
        """Why the program ended."""
        return self._sequencer.cause

    def steps(self) -> Iterator[WorkStep]:
        """Yield every instruction but HALT in order of issue."""
        work = self._estimator.of
        for operation, pc, address in self._sequencer.steps():
            if operation.unit:
                yield operation, pc, address, *work[operation.mnemonic](operation, address)
            else:
                yield operation, pc, address, 1, 0, 0


class Recording:
    """A stream walked to its end, to be walked again. Its program must come to an end.

    Attributes
    ----------
    pc, cause
        As of :class:`Stream`, for the last walk.
    """

    def __init__(self, stream: Stream) -> None:
        self.all_steps = list(stream.steps())
        self.cause = self._cause = stream.cause
        self.pc = self._end = stream.pc

    def steps(self) -> Iterator[WorkStep]:
        """Yield every instruction but HALT in order of issue."""
        self.cause = Cause.NONE
        for step in self.all_steps:
            self.pc = step[1]
            yield step
        self.cause, self.pc = self._cause, self._end

    def functional_steps(self) -> Iterator[Step]:
        """Yield (operation, pc, memory address) of each."""
        for operation, pc, address, *_ in self.all_steps:
            yield operation, pc, address
