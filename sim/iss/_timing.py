"""The timing engine: when every command starts and ends, exact to the cycle, without stepping through cycles.

The sequencer is walked in program order. A command is resolved as soon as all the times it depends on are known, which
is nearly always when it is issued. What must wait for a later instruction stays pending; WAITs are taken in the order
of time, and only where the sequencer can go no further: then everything still unknown happens after the earliest WAIT
that can start, so that one is certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nngen.arch import Core
from nngen.errors import ProgramError
from nngen.ir.program import ConstantRecord
from nngen.isa import FIRST_ISSUE, ISSUE_LATENCY, LONGEST_HOLD, Cause, Instruction, holds

from ._cut import Cut, cut, impatient_end
from ._operation import UNITS_BY_CODE, Operation, decode_program
from ._stream import Recording, Stream
from ._timing_result import Timing, collect_events
from ._units import Record, Unit, longest_latency, make_units, unexecuted

DEFAULT_WATCHDOG = 1 << 16


class Engine:
    """One timed run.

    Attributes
    ----------
    time
        Cycle of the last issue.
    issued
        Instructions issued, HALT included.
    stalled
        Cycles the sequencer stalled.
    end
        Last cycle in which the core runs.
    """

    def __init__(
        self, core: Core, operations: Sequence[Operation], stream: Stream | Recording, watchdog: int,
        *, trace: bool, stall_seed: int = 0,
    ) -> None:  # fmt: skip
        self.sequencer = stream
        self.operations = operations
        self.cause = Cause.NONE
        self.watchdog = watchdog
        self.trace: list[Record] | None = [] if trace else None
        self.first_issue = [-1] * len(operations)
        self.last_effect = [-1] * len(operations)
        self.units = make_units(core, self.last_effect, None if self.trace is None else self.trace.append)
        self.time = FIRST_ISSUE - 1
        self.issued = 0
        self.stalled = 0
        self.end = 0
        self._depth = core.queue_depth
        self._holds = [holds(stall_seed, code) for code in range(len(UNITS_BY_CODE))]

    def run(self) -> None:
        """Run the program to its end."""
        for _ in self.steps():
            if not self.take_earliest_wait():
                self.deadlock(self.idle_since)
                return

    def steps(self) -> Iterator[None]:
        """Run the program as far as it goes by itself, and yield where a WAIT, or another core, has to be decided."""
        yield from self._issue_all()
        time = self.time + 1  # HALT or the faulty instruction is looked at
        self._settle()
        while any(unit.pending for unit in self.units):
            yield
            self._settle()
        self.cause = self.sequencer.cause
        self.end = max(time, *(max(unit.end + 1, unit.drained) for unit in self.units))
        if self.cause is Cause.NONE:
            self.end = max(self.end, time + next(self._holds[0]))
            self.stalled += self.end - time
            self._issue(self.sequencer.pc, self.end)

    @property
    def idle_since(self) -> int:
        """The last cycle in which an instruction issued or a unit executed."""
        return max(self.time, *(unit.end for unit in self.units))

    def _issue_all(self) -> Iterator[None]:
        """Issue every instruction but HALT, and yield while the sequencer waits for room in a queue."""
        depth, units = self._depth, self.units
        first_issue, last_effect, trace = self.first_issue, self.last_effect, self.trace
        time, issued = self.time, 0
        own_holds, *unit_holds = self._holds
        begin = time
        for operation, pc, _, service, a, b in self.sequencer.steps():
            before = time
            time += 1 + next(own_holds)
            code = operation.unit
            if code:
                unit = units[code - 1]
                leaving = unit.pushed - depth  # the command that must have left the queue
                if leaving >= 0:
                    ends = unit.ends
                    if leaving >= len(ends):
                        self._settle()
                        while len(ends) <= leaving:
                            self.time, self.issued, self.stalled = before, issued, before - begin - issued
                            yield
                            self._settle()
                    if ends[leaving] >= time:
                        time = ends[leaving] + 1
                unit.pushed += 1
                hold = next(unit_holds[code - 1])
                command = (operation, pc, time + ISSUE_LATENCY, service, a, b, issued, hold)
                if unit.pending or not unit.resolve(command):
                    unit.pending.append(command)
            else:
                last_effect[pc] = time
                if trace is not None:
                    trace.append((issued, 0, pc, time, time, time, time, time, 0, 0))
            if first_issue[pc] < 0:
                first_issue[pc] = time
            issued += 1
        self.time, self.issued, self.stalled = time, issued, time - begin - issued

    def _issue(self, pc: int, time: int) -> None:
        """Note that HALT issues."""
        self.time = self.last_effect[pc] = time
        if self.first_issue[pc] < 0:
            self.first_issue[pc] = time
        if self.trace is not None:
            self.trace.append((self.issued, 0, pc, time, time, time, time, time, 0, 0))
        self.issued += 1

    def _settle(self) -> None:
        """Resolve all pending commands that can be, but WAITs."""
        progress = True
        while progress:
            progress = False
            for unit in self.units:
                pending = unit.pending
                while pending and unit.resolve(pending[0]):
                    pending.popleft()
                    progress = True

    def take_earliest_wait(self) -> bool:
        """Resolve the WAIT that starts first, ties to the lowest unit; False where none can start."""
        found = self.earliest_wait()
        if found is None:
            return False
        start, unit = found
        unit.take(start)
        return True

    def earliest_wait(self) -> tuple[int, Unit] | None:
        """Return the WAIT that starts first, ties to the lowest unit: when, and whose it is; None where none can."""
        chosen, earliest = None, 0
        for unit in self.units:
            if unit.pending and unit.pending[0][0].waits:
                start = unit.wait_start()
                if start >= 0 and (chosen is None or start < earliest):
                    chosen, earliest = unit, start
        return None if chosen is None else (earliest, chosen)

    def deadlock(self, idle_since: int) -> None:
        """Stop by the watchdog: nothing moves any more after the cycle ``idle_since``."""
        if not self.watchdog:
            raise ProgramError(
                f"program must come to an end where the watchdog is off; it stands at instruction {self.sequencer.pc}"
            )
        self.end = idle_since + self.watchdog
        self.cause = self.sequencer.cause or Cause.WATCHDOG
        if not self.sequencer.cause:
            self.stalled += self.end - self.time
        for unit in self.units:
            if unit.pending:
                unit.stalled += self.end - unit.head_time(unit.pending[0]) + 1


def time_program(
    core: Core,
    instructions: Sequence[Instruction | int],
    *,
    records: Sequence[ConstantRecord] = (),
    host_loop_count: int = 1,
    watchdog: int = DEFAULT_WATCHDOG,
    stall_seed: int = 0,
    trace: bool = False,
) -> Timing:
    """Return the cycles, events and cause of a program, exactly as the hardware counts them (docs/core.md).

    Parameters
    ----------
    instructions
        The program; 64-bit words may stand for instructions, legal or not. Program memory beyond it holds NOP (0).
    records
        Constant memory: tells how many outputs a POST makes. Beyond them it is taken to hold zeros.
    host_loop_count
        Host register LOOP_COUNT.
    watchdog
        Host register WATCHDOG; 0 is off.
    stall_seed
        Of the seeded stalls of a simulation build; 0: none.
    trace
        Also return every retirement.

    Raises
    ------
    ProgramError
        Where the program memory is too small, or the program never ends and the watchdog is off.
    """
    operations = decode_program(core, instructions)
    stream = Stream(core, operations, records, host_loop_count)
    return time_operations(core, operations, stream, watchdog, stall_seed=stall_seed, trace=trace)


def time_operations(
    core: Core, operations: Sequence[Operation], stream: Stream | Recording, watchdog: int,
    *, stall_seed: int = 0, trace: bool,
) -> Timing:  # fmt: skip
    """Time a decoded program; see :func:`time_program`."""
    # A machine that will go on is never idle for longer than a pipeline takes, or a command is held.
    longest_pause = longest_latency(core) + (LONGEST_HOLD + ISSUE_LATENCY if stall_seed else 0)
    impatient = 0 < watchdog <= longest_pause
    engine = Engine(core, operations, stream, watchdog, trace=trace or impatient, stall_seed=stall_seed)
    engine.run()
    if impatient:
        cut_run = _cut(core, engine)
        if cut_run is not None:
            return _cut_timing(engine, cut_run, trace=trace)
    return timing_of(engine, trace=trace)


def timing_of(engine: Engine, *, trace: bool) -> Timing:
    """Return what a run tells that has come to its end."""
    return Timing(
        events=collect_events(end=engine.end, issued=engine.issued, stalled=engine.stalled, units=engine.units),
        cause=engine.cause,
        pc=engine.sequencer.pc if engine.cause else 0,
        issued=engine.issued,
        executed={UNITS_BY_CODE[unit.code]: len(unit.ends) for unit in engine.units},
        first_issue=engine.first_issue,
        last_effect=engine.last_effect,
        records=sorted(engine.trace) if trace and engine.trace is not None else (),
        sources=[operation.text for operation in engine.operations] if trace else (),
    )


def _cut(core: Core, engine: Engine) -> Cut | None:
    """Return what is left of a run that an impatient watchdog ends early; None where it does not."""
    assert engine.trace is not None
    records = sorted([*engine.trace, *(record for unit in engine.units for record in unexecuted(unit))])
    end = impatient_end(records, engine.watchdog, engine.end)
    return None if end is None else cut(core, records, end, waits=engine.cause is Cause.WATCHDOG)


def _cut_timing(engine: Engine, cut_run: Cut, *, trace: bool) -> Timing:
    """Return the timing of a run that was cut."""
    cause, pc = engine.sequencer.cause, engine.sequencer.pc
    stopped_first = cause is not Cause.NONE and cut_run.next_record is None and engine.time < cut_run.end
    if not stopped_first:
        cause = Cause.WATCHDOG
        pc = pc if cut_run.next_record is None else cut_run.next_record[2]
    first_issue, last_effect = [-1] * len(engine.operations), [-1] * len(engine.operations)
    for _, _, address, issue, _, _, _, retire, _, _ in cut_run.executed:
        first_issue[address] = issue if first_issue[address] < 0 else first_issue[address]
        last_effect[address] = retire
    return Timing(
        events=collect_events(end=cut_run.end, issued=cut_run.issued, stalled=cut_run.stalled, units=cut_run.units),
        cause=cause,
        pc=pc,
        issued=cut_run.issued,
        executed={UNITS_BY_CODE[unit.code]: len(unit.ends) for unit in cut_run.units},
        first_issue=first_issue,
        last_effect=last_effect,
        records=sorted(cut_run.executed) if trace else (),
        sources=[operation.text for operation in engine.operations] if trace else (),
    )
