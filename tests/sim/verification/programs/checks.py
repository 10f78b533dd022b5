"""What holds for a program whatever the time its commands take, found without any model of time."""

from collections import Counter, defaultdict, deque
from dataclasses import dataclass

import numpy as np

from nngen.isa import QUEUED_UNITS, Unit, find_register
from nngen.sim.iss import time_program
from nngen.sim.iss._operation import decode_program
from nngen.sim.iss._sequencer import Sequencer
from tests.sim.iss.naive_machine import banks, order_of_effect

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
        unit = operation.text.unit
        left[unit] -= 1
        end = 0 if unit is Unit.SEQUENCER or left[unit] >= 0 else None
        commands.append(Command(instruction=operation.text, address=address, end=end))
    return order_of_effect([command for command in commands if command.instruction.unit is not Unit.SEQUENCER])


def time_of(core, program, *, stall_seed=0, trace=False):
    return time_program(
        core, program.instructions, records=program.records, host_loop_count=program.loop_count,
        watchdog=program.watchdog, stall_seed=stall_seed, trace=trace,
    )  # fmt: skip


class Runs:
    """Which bytes of memory each command touches: SETs must be shown in order."""

    def __init__(self, core):
        self.core = core
        self.registers = Counter()

    def of(self, command):
        """Return a mask of the bytes that a command reads or writes; None where it does neither."""
        made = command.instruction
        if made.mnemonic == "SET":
            known = find_register(made.unit, made["index"])
            self.registers[made.unit, known.name] = made["value"] % (1 << known.bits(self.core))
        if "offset" not in made.operands:
            return None
        memory = self.core.activation_bytes
        touched, length = np.zeros(2 * (1 << memory.bit_length()), bool), made["length"] * made.format.bytes_each
        runs = max(1, self.registers[made.unit, "RUNS"]) if made.operands.get("strided") else 1
        stride = self.registers[made.unit, "STRIDE"]
        stride -= stride % 2 if made.operands.get("wide") else 0
        for k in range(runs):
            start = (command.address + k * stride) % (1 << memory.bit_length())
            touched[start : start + length] = True
        return touched[:memory]


class Uses:
    """Who used bytes of memory and cells last, by the number of the command in its unit."""

    def __init__(self, core):
        self.runs = Runs(core)
        self.bytes = {unit: np.zeros(core.activation_bytes, np.int64) for unit in (Unit.LOAD, Unit.STORE)}
        self.cells = {"PROG": 0, "MVM": 0}

    def meet(self, command, known):
        """Note what a command uses; return whether it meets a use that its unit does not know to be over."""
        made, race = command.instruction, False
        own = known[NUMBER[made.unit]]
        run = self.runs.of(command)
        if run is not None:
            other = Unit.STORE if made.unit is Unit.LOAD else Unit.LOAD
            race = (self.bytes[other][run] > known[NUMBER[other]]).any()
            self.bytes[made.unit][run] = own
        if made.mnemonic in self.cells:
            other, unit = ("MVM", Unit.MVM) if made.mnemonic == "PROG" else ("PROG", Unit.LOAD)
            race = race or self.cells[other] > known[NUMBER[unit]]
            self.cells[made.mnemonic] = own
        return race


def find_race(core, program):
    """Return a read and a write of one byte, or a PROG and an MVM, that nothing orders, or None.

    Each unit counts its commands. What it knows of the others' counts it learns from the banks it takes over and from
    counters that only one unit signals and only one unit waits for.
    """
    commands = commands_of(core, program)
    known = {unit: np.zeros(len(QUEUED_UNITS), np.int64) for unit in QUEUED_UNITS}
    filled, freed, signals = defaultdict(deque), defaultdict(deque), defaultdict(deque)
    sole = sole_counters(commands)
    acquired, uses = Counter(), Uses(core)
    for command in commands:
        made = command.instruction
        unit, own = made.unit, known[made.unit]
        own[NUMBER[unit]] += 1
        source, target = banks(made)
        if source is not None:
            np.maximum(own, filled[source][0], out=own)
        if target is not None and made["first"]:
            acquired[target] += 1
            if acquired[target] > 2:
                np.maximum(own, freed[target].popleft(), out=own)
        if made.mnemonic == "WAIT" and made["counter"] in sole:
            for _ in range(made["count"]):
                np.maximum(own, signals[made["counter"]].popleft(), out=own)
        if uses.meet(command, own):
            return f"{made} at {command.address}"
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
    bytes_, runs = np.zeros(core.activation_bytes, bool), Runs(core)
    for command in commands_of(core, program):
        run = runs.of(command)
        if run is not None:
            bytes_ |= run
    return bytes_
