"""The public calls for a chip: the programs of all its cores on their memories, with their time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.errors import InputError, ProgramError
from nngen.ir.program import CoreProgram
from nngen.isa import Unit

from ._chip_timing import time_streams
from ._machine import Execution, Machine, check_memory
from ._operation import Operation, decode_program
from ._order import Order
from ._run import execute, run
from ._sequencer import Sequencer
from ._state import ByteArray, Digest, State
from ._stream import Stream
from ._timing import DEFAULT_WATCHDOG, time_program
from ._timing_result import Timing

Memories = Sequence[npt.NDArray[np.uint8]]


@dataclass(frozen=True, kw_only=True)
class ChipRun:
    """Programs that ran.

    Parameters
    ----------
    memories
        Activation memory of every core afterwards, uint8 of shape ``(samples, activation_bytes)`` each.
    timings
        Cycles, events, cause and, where asked for, retirements of every core; the same for every sample.
    """

    memories: tuple[npt.NDArray[np.uint8], ...]
    timings: tuple[Timing, ...]


def run_chip(
    cores: Sequence[Core],
    programs: Sequence[CoreProgram],
    memories: Memories,
    *,
    host_loop_count: int = 1,
    watchdog: int = DEFAULT_WATCHDOG,
    stall_seed: int = 0,
    trace: bool = False,
    digests: bool = False,
) -> ChipRun:
    """Run the programs of a chip on a batch of samples, bit-exact and with exact time.

    Parameters
    ----------
    cores, programs
        Of the chip, in the order of their numbers.
    memories
        Activation memory of every core before, uint8 of shape ``(samples, activation_bytes)``; unchanged.
    host_loop_count, watchdog, stall_seed, trace, digests
        As in :func:`run`.

    Raises
    ------
    ProgramError
        Where a program does not fit its core, or the programs never end and the watchdog is off.
    InputError
        For memories of another number, shape or type, or digests of several samples.
    """
    _check(cores, programs, memories)
    if len(cores) == 1:
        ran = run(
            cores[0], programs[0], memories[0], host_loop_count=host_loop_count, watchdog=watchdog,
            stall_seed=stall_seed, trace=trace, digests=digests,
        )  # fmt: skip
        return ChipRun(memories=(ran.memory,), timings=(ran.timing,))
    if digests and len(memories[0]) != 1:
        raise InputError(f"digests must be asked for with 1 sample, not {len(memories[0])}")
    machines = [Machine(core, program) for core, program in zip(cores, programs, strict=True)]
    timings = time_streams(
        cores, _streams(machines, programs, host_loop_count), watchdog=watchdog, stall_seed=stall_seed,
        trace=trace or digests,
    )  # fmt: skip
    executions = _executions(machines, memories, host_loop_count, timings=timings, digesting=digests)
    after = _execute(executions)
    if digests:
        timings = tuple(
            replace(timing, digests=_padded(execution.digests(), len(timing.records)))
            for execution, timing in zip(executions, timings, strict=True)
        )
    return ChipRun(memories=after, timings=timings)


def execute_chip(
    cores: Sequence[Core], programs: Sequence[CoreProgram], memories: Memories, *, host_loop_count: int = 1
) -> tuple[npt.NDArray[np.uint8], ...]:
    """Return the activation memories after programs that come to an end, in whatever time; see :func:`run_chip`.

    Raises
    ------
    ProgramError
        Where a program does not fit its core, or cores wait for signals that never come.
    InputError
        For memories of another number, shape or type.
    """
    _check(cores, programs, memories)
    if len(cores) == 1:
        return (execute(cores[0], programs[0], memories[0], host_loop_count=host_loop_count),)
    machines = [Machine(core, program) for core, program in zip(cores, programs, strict=True)]
    executions = _executions(machines, memories, host_loop_count)
    return _execute(executions, complete=True)


def time_chip(
    cores: Sequence[Core],
    programs: Sequence[CoreProgram],
    *,
    host_loop_count: int = 1,
    watchdog: int = DEFAULT_WATCHDOG,
    stall_seed: int = 0,
    trace: bool = False,
) -> tuple[Timing, ...]:
    """Return cycles, events and cause of every core of a chip; see :func:`time_program`.

    Raises
    ------
    ProgramError
        Where a program memory is too small, or the programs never end and the watchdog is off.
    """
    if len(cores) == 1:
        return (
            time_program(
                cores[0], programs[0].instructions, records=programs[0].records, host_loop_count=host_loop_count,
                watchdog=watchdog, stall_seed=stall_seed, trace=trace,
            ),
        )  # fmt: skip
    streams = [
        Stream(core, decode_program(core, program.instructions), program.records, host_loop_count)
        for core, program in zip(cores, programs, strict=True)
    ]
    return time_streams(cores, streams, watchdog=watchdog, stall_seed=stall_seed, trace=trace)


def _check(cores: Sequence[Core], programs: Sequence[CoreProgram], memories: Memories) -> None:
    if not len(cores) == len(programs) == len(memories):
        raise InputError(
            f"programs and memories must be one for each of {len(cores)} cores, not {len(programs)} and {len(memories)}"
        )
    for core, memory in zip(cores, memories, strict=True):
        check_memory(memory, core)
    if len({len(memory) for memory in memories}) > 1:
        raise InputError(
            f"memories must have one number of samples, not {', '.join(str(len(memory)) for memory in memories)}"
        )


def _streams(machines: Sequence[Machine], programs: Sequence[CoreProgram], host_loop_count: int) -> list[Stream]:
    return [
        Stream(machine.core, machine.operations, program.records, host_loop_count)
        for machine, program in zip(machines, programs, strict=True)
    ]


def _executions(
    machines: Sequence[Machine],
    memories: Memories,
    host_loop_count: int,
    *,
    timings: Sequence[Timing] = (),
    digesting: bool = False,
) -> list[Execution]:
    """Return executions of all cores; ``timings`` say how far a watchdog lets them come."""
    states = [
        State(machine.core, memory, digesting=digesting) for machine, memory in zip(machines, memories, strict=True)
    ]
    executions = []
    for number, (machine, state) in enumerate(zip(machines, states, strict=True)):
        steps = Sequencer(machine.core, machine.operations, host_loop_count).steps()
        issued: int | None = timings[number].issued if timings else None
        executed: Mapping[Unit, int] | None = timings[number].executed if timings else None
        order = Order(islice(steps, issued), executed, depth=machine.core.queue_depth)
        executions.append(machine.begin(state, states, order))
    return executions


def _execute(executions: Sequence[Execution], *, complete: bool = False) -> tuple[ByteArray, ...]:
    """Execute all programs, each as far as it goes until the others have to, and return the memories.

    Programs that wait for ever stay where they are; where they must be ``complete``, that is an error.
    """
    walks: dict[int, Iterator[Operation | None]] = {n: one.steps() for n, one in enumerate(executions)}
    moved = True
    while walks and moved:
        moved = False
        for number, walk in list(walks.items()):
            for operation in walk:
                if operation is None:
                    break
                moved = True
                if operation.bus and operation.signals:
                    for target in executions[number].state.registers.targets:
                        executions[target].order.signal(operation.counter)
            else:
                del walks[number]
                moved = True
    if complete and walks:
        stuck = ", ".join(map(str, walks))
        raise ProgramError(f"programs must come to an end, but cores {stuck} wait for signals that never come")
    return tuple(np.ascontiguousarray(one.state.memory.T) for one in executions)


def _padded(digests: Sequence[Digest], count: int) -> list[int]:
    """Return one digest a record; HALT, the last, writes nothing."""
    values = [int(np.max(value)) for value in digests]
    return values + [0] * (count - len(values))
