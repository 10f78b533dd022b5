"""Chips of several small cores, programs for them, and what hardware and simulator make of these."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nngen.arch import Architecture, Bus, read_architecture
from nngen.ir import CoreProgram
from nngen.isa import EVENT_NAMES, Instruction, Unit, instruction
from nngen.sim.cosim.scripted import Kind, Simulation, parse_log
from nngen.sim.cosim.scripted._host import Host
from nngen.sim.iss import ChipRun, run_chip

MICRO = Path(__file__).parents[2] / "flows" / "architectures" / "micro.toml"
LIMIT = 200_000  # cycles
STORE, LOAD, SEQUENCER = Unit.STORE, Unit.LOAD, Unit.SEQUENCER
COUNTERS = 8
STRIPE = 128  # bytes of every memory that one core alone writes

Program = Sequence[Instruction]


def chip(*memories: int) -> Architecture:
    """A chip of cores like `micro` with activation memories of these sizes."""
    micro = read_architecture(MICRO)
    bus = Bus(cores=len(memories), memory_bytes=max(memories))
    return replace(micro, cores=tuple(replace(micro.core, activation_bytes=size, bus=bus) for size in memories))


def programs(architecture: Architecture, *instructions: Program) -> list[CoreProgram]:
    """Programs of these instructions; their cells hold nothing."""
    made = []
    for number, (core, own) in enumerate(zip(architecture.cores, instructions, strict=True)):
        shape = (core.macros, core.macro.rows, core.macro.columns)
        made.append(
            CoreProgram(
                core=number, instructions=tuple(own), layer_starts=(), records=(), cells=np.zeros(shape, np.int64)
            )
        )
    return made


def opening(architecture: Architecture) -> list[Instruction]:
    """Address register 0 over all that addresses reach."""
    return [instruction("SET", unit=SEQUENCER, index=16, value=architecture.core.reach_bytes)]


def targets(*cores: int) -> Instruction:
    """What the bus reaches from now on."""
    return instruction("SET", unit=STORE, index=2, value=sum(1 << core for core in cores))


def fill(address: int, length: int, value: int, *, bus: int = 0) -> Instruction:
    """A run of bytes."""
    return instruction("FILL", register=0, offset=address, length=length, value=value, bus=bus)


def tell(counter: int) -> Instruction:
    """A TELL."""
    return instruction("TELL", counter=counter)


def wait(unit: Unit, counter: int, count: int = 1) -> Instruction:
    """A WAIT."""
    return instruction("WAIT", unit=unit, counter=counter, count=count)


HALT = instruction("HALT")


def random_programs(architecture: Architecture, seed: int, *, events: int = 40) -> list[CoreProgram]:
    """Programs that write, signal and wait, in one order of events that all of them keep: none waits for ever.

    Every core writes into stripes of its own, so that only arbitration decides when, and nothing what.
    """
    draw = random.Random(seed)
    cores = range(len(architecture.cores))
    made = [opening(architecture) for _ in cores]
    for _ in range(events):
        core = draw.choice(cores)
        own = made[core]
        match draw.randrange(6):
            case 0:
                own.append(targets(*draw.sample(cores, draw.randint(0, len(cores)))))
            case 1 | 2:
                own.append(_random_fill(architecture, draw, core, bus=0))
            case 3 | 4:
                own.append(_random_fill(architecture, draw, core, bus=1))
            case _:
                _message(draw, made, core)
    return programs(architecture, *([*own, HALT] for own in made))


def _random_fill(architecture: Architecture, draw: random.Random, core: int, *, bus: int) -> Instruction:
    first = draw.randrange(STRIPE)
    length = draw.randint(1, STRIPE - first)
    while not bus and STRIPE * core + first + length > architecture.cores[core].activation_bytes:
        first, length = 0, 1
    return fill(STRIPE * core + first, length, draw.randrange(256), bus=bus)


def _message(draw: random.Random, made: list[list[Instruction]], core: int) -> None:
    """A signal to some cores, which each of them waits for, in STORE or in LOAD; each core has a counter of its own."""
    others = draw.sample(range(len(made)), draw.randint(1, len(made)))
    made[core] += [targets(*others), tell(core)]
    for other in others:
        made[other].append(wait(draw.choice((STORE, LOAD)), core))


@dataclass(frozen=True)
class Seen:
    """What came of a core's program; retirements as (cycle, unit, address, digest), sorted."""

    cause: int
    pc: int
    events: dict[str, int]
    memory: list[int]
    retired: list[tuple[int, int, int, int]]


def expected(
    architecture: Architecture,
    made: Sequence[CoreProgram],
    memories: Sequence[np.ndarray],
    *,
    stall_seed: int = 0,
    watchdog: int = 1 << 16,
) -> list[Seen]:
    """What the simulator says."""
    ran: ChipRun = run_chip(
        architecture.cores, made, [memory[None] for memory in memories], digests=True, stall_seed=stall_seed,
        watchdog=watchdog,
    )  # fmt: skip
    codes = {unit: code for code, unit in enumerate(Unit)}
    return [
        Seen(
            cause=int(timing.cause),
            pc=timing.pc,
            events=timing.events,
            memory=memory[0].tolist(),
            retired=sorted((entry.retire, codes[entry.unit], entry.pc, entry.digest or 0) for entry in timing.trace),
        )
        for timing, memory in zip(ran.timings, ran.memories, strict=True)
    ]


def simulated(
    architecture: Architecture,
    simulation: Simulation,
    made: Sequence[CoreProgram],
    memories: Sequence[np.ndarray],
    *,
    stall_seed: int = 0,
    watchdog: int = 1 << 16,
) -> list[Seen]:
    """What the hardware does: loaded, run and read back through its host port."""
    host = Host(architecture.cores)
    script = host.script
    script.record(False)
    script.stall_seed(stall_seed)
    for program in made:
        host.load(program)
    for core, memory in enumerate(memories):
        host.write_memory(np.arange(memory.size // 4), memory.view("<u4"), core)
    host.write("WATCHDOG", watchdog)
    host.write("INTERRUPT_ENABLE", 1)
    script.record(True)
    host.write("START", 1)
    script.await_interrupt(limit=LIMIT)
    names = ["CAUSE", "CAUSE_PC", *(f"EVENT_{name.upper()}" for name in EVENT_NAMES)]
    for core, memory in enumerate(memories):
        for name in names:
            script.read(host.address(name, core))
        host.read_memory(np.arange(memory.size // 4), core)
    log = parse_log(simulation.run(script))
    assert log.problem == ""
    assert not np.isin(log.entries["kind"], [Kind.REFUSED, Kind.TIMEOUT]).any()
    return list(_seen(log.entries, memories, len(names)))


def _seen(entries: np.ndarray, memories: Sequence[np.ndarray], registers: int):
    read = entries[entries["kind"] == Kind.READ]["digest"].astype(np.uint32)
    first = 0
    for core, memory in enumerate(memories):
        end = first + registers + memory.size // 4
        cause, pc, *events = read[first : first + registers].tolist()
        retired = entries[(entries["kind"] == Kind.RETIRE) & (entries["core"] == core)]
        yield Seen(
            cause=cause,
            pc=pc,
            events=dict(zip(EVENT_NAMES, events, strict=True)),
            memory=read[first + registers : end].astype("<u4").view(np.uint8).tolist(),
            retired=sorted((int(r["cycle"]), int(r["unit"]), int(r["pc"]), int(r["digest"])) for r in retired),
        )
        first = end
