"""Runs a program on a chip behind the scripted bench and returns all that can be seen of it."""

from dataclasses import dataclass

import numpy as np

from nngen.arch import Architecture
from nngen.host import program_blocks, register_map
from nngen.ir import CoreProgram
from nngen.isa import EVENT_NAMES, Unit
from nngen.sim.cosim.scripted import HostScript, Kind, Simulation, parse_log

LIMIT = 200_000  # cycles


@dataclass(frozen=True)
class Retired:
    """A retirement."""

    cycle: int
    unit: Unit
    pc: int
    digest: int


@dataclass(frozen=True)
class Seen:
    """What came of a program."""

    cause: int
    pc: int
    events: dict[str, int]
    memory: np.ndarray
    retired: list[Retired]


def run_on_chip(
    architecture: Architecture, simulation: Simulation, program: CoreProgram, memory: np.ndarray, *, stall_seed: int = 0
) -> Seen:
    """Load, run, read everything back; memory is uint8."""
    core, layout, script = architecture.core, register_map(architecture.core), HostScript()
    for block in program_blocks(program, core):
        script.write_all(block.address, block.words.tolist())
    activations = layout.window("ACTIVATIONS").address
    words = memory.view("<u4")
    script.write_all(activations, words.tolist())
    script.stall_seed(stall_seed)
    script.write(layout.register("INTERRUPT_ENABLE").address, 1)
    script.write(layout.register("START").address, 1)
    script.await_interrupt(limit=LIMIT)
    names = ["CAUSE", "CAUSE_PC", *(f"EVENT_{name.upper()}" for name in EVENT_NAMES)]
    for name in names:
        script.read(layout.register(name).address)
    for i in range(len(words)):
        script.read(activations + 4 * i)
    log = parse_log(simulation.run(script))
    assert log.problem == ""
    entries = log.entries
    assert not np.isin(entries["kind"], [Kind.REFUSED, Kind.TIMEOUT]).any()
    read = entries[entries["kind"] == Kind.READ]["digest"].astype(np.uint32)
    retirements = entries[entries["kind"] == Kind.RETIRE]
    return Seen(
        cause=int(read[0]),
        pc=int(read[1]),
        events=dict(zip(EVENT_NAMES, read[2 : len(names)].tolist(), strict=True)),
        memory=read[len(names) :].astype("<u4").view(np.uint8).copy(),
        retired=[Retired(int(r["cycle"]), list(Unit)[r["unit"]], int(r["pc"]), int(r["digest"])) for r in retirements],
    )
