"""What retire ports say of the state a command met, against what follows from the simulator's times."""

from pathlib import Path

import numpy as np

from nngen.arch import read_architecture
from nngen.isa import Instruction, Unit
from nngen.sim.cosim.scripted import open_simulation, parse_log
from nngen.sim.iss import Retirement, run
from nngen.sim.verification.lockstep import Case, Session, expect, split
from nngen.sim.verification.programs import memory_image, random_program

DEPTH, EMPTY, FULL, WAITED = 0b111, 1 << 3, 1 << 4, 1 << 5
UNITS = tuple(Unit)


def expected_states(trace: tuple[Retirement, ...], *, host_loop_count: int) -> list[int]:
    """Return the state of each entry of a trace without stalls, in order of issue."""
    states, before = [], 0
    ends: dict[Unit, int] = {}
    loops: list[list[int]] = []
    for entry in trace:
        assert isinstance(entry.instruction, Instruction)
        state = len(loops)
        late = entry.issue > before + 1
        if entry.unit is Unit.SEQUENCER:
            state |= WAITED if late else 0
        else:
            head = max(entry.issue + 1, ends.get(entry.unit, 0) + 1)
            state |= EMPTY if ends.get(entry.unit, -1) < entry.issue else 0
            state |= FULL if late else 0
            state |= WAITED if entry.start > head else 0
            ends[entry.unit] = entry.end
        states.append(state)
        before = entry.issue
        made = entry.instruction
        if made.mnemonic == "LOOP":
            loops.append([entry.pc + made["length"], host_loop_count if made["host"] else made["count"]])
        elif loops and loops[-1][0] == entry.pc:
            loops[-1][1] -= 1
            if not loops[-1][1]:
                loops.pop()
    return states


def test_states_are_those_of_the_simulators_times(repository: Path) -> None:
    architecture = read_architecture(repository / "flows" / "architectures" / "micro.toml")
    core, session = architecture.core, Session(architecture.core)
    cases = [
        Case(program=random_program(core, seed=seed), memory=memory_image(core, seed=seed, samples=1), stall_seeds=(0,))
        for seed in range(6)
    ]
    for case in cases:
        session.add(case, expect(core, case))
    log = parse_log(open_simulation(architecture, "icarus").run(session.script))
    seen = 0
    for ran, case in zip(split(log.entries, session.plans), cases, strict=True):
        program = case.program
        trace = run(
            core,
            program.core_program(),
            case.memory,
            host_loop_count=program.loop_count,
            watchdog=program.watchdog,
            trace=True,
        ).timing.trace
        states = expected_states(trace, host_loop_count=program.loop_count)
        order = np.lexsort(([UNITS.index(entry.unit) for entry in trace], [entry.retire for entry in trace]))
        assert ran.entries["state"].tolist() == [states[i] for i in order]
        seen |= int(np.bitwise_or.reduce(ran.entries["state"]))
    assert seen & (EMPTY | FULL | WAITED) == EMPTY | FULL | WAITED
    assert seen & DEPTH
