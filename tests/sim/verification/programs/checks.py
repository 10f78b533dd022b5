"""What holds for a program whatever the time its commands take, found without any model of time."""

from collections import Counter, defaultdict, deque
from dataclasses import dataclass

import numpy as np

from nngen.isa import QUEUED_UNITS, Unit
from nngen.sim.iss import time_program
from nngen.sim.iss._operation import decode_program
from nngen.sim.iss._sequencer import Sequencer
from tests.sim.iss.naive_machine import BANKS, order_of_effect

NUMBER = {unit: number for number, unit in enumerate(QUEUED_UNITS)}


@dataclass(eq=False, kw_only=True)
class Command:
    """An issued instruction; ``end`` is None where it is never executed."""

    instruction: object
    address: int
    end: int | None


def commands_of(core, program):
    """Return what is executed, in an order in which buffers and counters let it run."""
    timing = time_of(core, program)
    left = Counter({unit: timing.executed.get(unit, 0) for unit in QUEUED_UNITS})
    steps = Sequencer(core, decode_program(core, program.instructions), program.loop_count).steps()
    commands = []
    for _, (operation, _, address) in zip(range(timing.issued), steps, strict=False):
        unit = operation.source.unit
        left[unit] -= 1
        end = 0 if unit is Unit.SEQUENCER or left[unit] >= 0 else None
        commands.append(Command(instruction=operation.source, address=address, end=end))
    return order_of_effect([command for command in commands if command.instruction.unit is not Unit.SEQUENCER])


def time_of(core, program, *, stall_seed=0, trace=False):
    return time_program(
        core, program.instructions, records=program.records, host_loop_count=program.loop_count,
        watchdog=program.watchdog, stall_seed=stall_seed, trace=trace,
    )  # fmt: skip


def find_race(core, program):
    """Return a LOAD and a write of one byte that nothing orders, or None.

    Each unit counts its commands. What it knows of the others' counts it learns from the banks it takes over and from
    counters that only one unit signals and only one unit waits for.
    """
    commands = commands_of(core, program)
    known = {unit: np.zeros(len(QUEUED_UNITS), np.int64) for unit in QUEUED_UNITS}
    filled, freed, signals = defaultdict(deque), defaultdict(deque), defaultdict(deque)
    sole = sole_counters(commands)
    written = np.zeros(core.activation_bytes, np.int64)  # number of STORE's command that wrote a byte last
    read = np.zeros(core.activation_bytes, np.int64)  # number of LOAD's command that read it last
    acquired = Counter()
    for command in commands:
        made = command.instruction
        unit, own = made.unit, known[made.unit]
        own[NUMBER[unit]] += 1
        source, target = BANKS.get(made.mnemonic, (None, None))
        if source is not None:
            np.maximum(own, filled[source][0], out=own)
        if target is not None and made["first"]:
            acquired[target] += 1
            if acquired[target] > 2:
                np.maximum(own, freed[target].popleft(), out=own)
        if made.mnemonic == "WAIT" and made["counter"] in sole:
            for _ in range(made["count"]):
                np.maximum(own, signals[made["counter"]].popleft(), out=own)
        if "offset" in made.operands:
            run = slice(command.address, command.address + made["length"])
            seen, other = (written, Unit.STORE) if unit is Unit.LOAD else (read, Unit.LOAD)
            if (seen[run] > own[NUMBER[other]]).any():
                return f"{made} at {command.address}"
            (read if unit is Unit.LOAD else written)[run] = own[NUMBER[unit]]
        if made.mnemonic == "SIGNAL":
            signals[made["counter"]].append(own.copy())
        if target is not None and made["last"]:
            filled[target].append(own.copy())
        if source is not None and made["release"]:
            filled[source].popleft()
            freed[source].append(own.copy())
    return None


def sole_counters(commands):
    """Return the counters that one unit signals and one unit waits for."""
    users = defaultdict(set)
    for command in commands:
        made = command.instruction
        if made.mnemonic in {"WAIT", "SIGNAL"}:
            users[made["counter"], made.mnemonic].add(made.unit)
    counters = {counter for counter, _ in users}
    return {c for c in counters if len(users[c, "WAIT"]) == 1 and len(users[c, "SIGNAL"]) == 1}


def touched(core, program):
    """Return which bytes of memory commands read or write."""
    bytes_ = np.zeros(core.activation_bytes, bool)
    for command in commands_of(core, program):
        if "offset" in command.instruction.operands:
            bytes_[command.address : command.address + command.instruction["length"]] = True
    return bytes_
