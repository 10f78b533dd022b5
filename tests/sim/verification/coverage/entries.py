"""Entries of the bench's log: written by hand, and made of what the instruction-set simulator tells of a run."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.isa import QUEUED_UNITS, Instruction, Unit, encode
from nngen.sim.cosim.scripted import ENTRY_DTYPE, Kind
from nngen.sim.iss import Retirement

Entries = npt.NDArray[np.void]
UNITS = tuple(Unit)


def state(*, depth: int = 0, empty: bool = False, full: bool = False, waited: bool = False) -> int:
    """Return the state bits of a retirement."""
    return depth | empty << 3 | full << 4 | waited << 5


def retired(command: Instruction | int, *, unit: Unit | None = None, **states: Any) -> tuple[Any, ...]:
    """Return the entry of one retirement."""
    word = encode(command) if isinstance(command, Instruction) else command
    by = unit or (command.unit if isinstance(command, Instruction) else Unit.SEQUENCER)
    return (Kind.RETIRE, 0, 0, UNITS.index(by), 0, state(**states), 0, word)


def other(kind: Kind) -> tuple[Any, ...]:
    """Return an entry that is no retirement, with columns that would look like one."""
    return (kind, 0, 0, 1, 0, 0xFF, 0, (1 << 64) - 1)


def log(*rows: tuple[Any, ...]) -> Entries:
    """Return entries as the log holds them."""
    return np.array(list(rows), dtype=ENTRY_DTYPE)


def of_trace(trace: Iterable[Retirement], core: Core, *, host_loop_count: int = 1) -> Entries:
    """Return what the retire ports of a core would show of a run without stalls by seed."""
    rows = _with_states(list(trace), core, host_loop_count)
    return log(*(row for _, row in sorted(rows, key=lambda item: (item[0], item[1][3]))))


def _with_states(trace: Sequence[Retirement], core: Core, host_loop_count: int) -> list[tuple[int, tuple[Any, ...]]]:
    """Return (cycle, entry) of each retirement; the trace is in order of issue."""
    held: dict[Unit, deque[int]] = {unit: deque() for unit in QUEUED_UNITS}  # last cycles of what a queue holds
    head = dict.fromkeys(QUEUED_UNITS, 0)
    loops: list[list[int]] = []
    ready, rows = 1, []  # the cycle in which the sequencer first looks at an instruction
    for entry in trace:
        assert isinstance(entry.instruction, Instruction)
        states: dict[str, Any] = {"depth": len(loops)}
        if entry.unit in held:
            queue = held[entry.unit]
            states["full"] = sum(end >= ready for end in queue) == core.queue_depth
            while queue and queue[0] < entry.issue:
                queue.popleft()
            states["empty"] = not queue
            queue.append(entry.end)
            states["waited"] = entry.start > max(entry.issue, head[entry.unit]) + 1
            head[entry.unit] = entry.end
        else:
            states["waited"] = entry.issue > ready
        rows.append((entry.retire, retired(entry.instruction, unit=entry.unit, **states)))
        ready = entry.issue + 1
        _follow_loops(loops, entry.instruction, entry.pc, host_loop_count)
    return rows


def _follow_loops(loops: list[list[int]], command: Instruction, pc: int, host_loop_count: int) -> None:
    """Keep (last address of the body, repetitions that remain) of the loops open, innermost last."""
    if loops and pc == loops[-1][0]:
        loops[-1][1] -= 1
        if not loops[-1][1]:
            loops.pop()
    elif command.mnemonic == "LOOP":
        loops.append([pc + command["length"], host_loop_count if command["host"] else command["count"]])
