"""Chips of several cores: hardware and simulator agree on memories, cycles, events, causes and retirements."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest

from nngen.arch import Architecture
from nngen.hardware import emit_rtl
from nngen.host import chip_map
from nngen.ir import CoreProgram
from nngen.isa import Cause
from nngen.sim.cosim.scripted import HostScript, Kind, Simulation, open_simulation, parse_log
from tests.sim.chips import (
    HALT,
    LOAD,
    STORE,
    Seen,
    chip,
    expected,
    fill,
    opening,
    programs,
    random_programs,
    simulated,
    targets,
    tell,
    wait,
)
from tests.tools import needs

needs_icarus = needs("iverilog")
CHIP = chip(1024, 512, 1024)


@pytest.fixture(scope="module")
def icarus() -> Simulation:
    return open_simulation(CHIP, "icarus")


def memories(architecture: Architecture, seed: int = 1) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [random.integers(0, 256, core.activation_bytes).astype(np.uint8) for core in architecture.cores]


def both(
    simulation: Simulation, made: Sequence[CoreProgram], *, stall_seed: int = 0, watchdog: int = 1 << 16
) -> list[Seen]:
    """What both say, once it is seen that they say the same."""
    before = memories(CHIP)
    wanted = expected(CHIP, made, before, stall_seed=stall_seed, watchdog=watchdog)
    assert simulated(CHIP, simulation, made, before, stall_seed=stall_seed, watchdog=watchdog) == wanted
    return wanted


@needs_icarus
@pytest.mark.parametrize("seed", range(24))
def test_random_programs(icarus: Simulation, seed: int) -> None:
    seen = both(icarus, random_programs(CHIP, seed), stall_seed=0 if seed % 3 else 0x9E3779B9 + seed)
    assert {one.cause for one in seen} == {Cause.NONE}


def test_random_programs_before_they_become_verilog() -> None:
    both(open_simulation(CHIP, "amaranth"), random_programs(CHIP, 100, events=20), stall_seed=5)


@needs_icarus
def test_words_go_to_all_targets_and_nowhere_else(icarus: Simulation) -> None:
    begin = opening(CHIP)
    made = programs(CHIP, [*begin, targets(0, 2), fill(33, 20, 7, bus=1), HALT], [HALT], [HALT])
    seen, before = both(icarus, made), memories(CHIP)
    for core, one in enumerate(seen):
        wanted = before[core].tolist()
        if core != 1:
            wanted[33:53] = [7] * 20
        assert one.memory == wanted
    assert [one.events["bus_words"] for one in seen] == [6, 0, 0]
    assert [one.events["bus_writes"] for one in seen] == [6, 0, 6]
    assert [one.events["memory_writes"] for one in seen] == [0, 0, 0]


@needs_icarus
def test_words_beyond_a_memory_are_dropped_there(icarus: Simulation) -> None:
    made = programs(CHIP, [*opening(CHIP), targets(1, 2), fill(500, 40, 9, bus=1), HALT], [HALT], [HALT])
    seen, before = both(icarus, made), memories(CHIP)
    assert seen[1].memory == [*before[1][:500].tolist(), *[9] * 12]
    assert seen[2].memory[500:540] == [9] * 40
    assert seen[1].events["bus_writes"] == seen[2].events["bus_writes"] == 10


@needs_icarus
def test_a_run_beyond_the_largest_memory_stops_the_core(icarus: Simulation) -> None:
    made = programs(CHIP, [HALT], [*opening(CHIP), targets(0), fill(1000, 25, 9, bus=1), HALT], [HALT])
    seen = both(icarus, made)
    assert (seen[1].cause, seen[1].pc) == (Cause.ADDRESS, 2)


@needs_icarus
def test_who_asks_first_comes_first_and_ties_go_round(icarus: Simulation) -> None:
    body = [targets(0, 1, 2), *[fill(128, 4, 1, bus=1)] * 3, HALT]
    made = programs(CHIP, *([*opening(CHIP), *body] for _ in CHIP.cores))
    seen = both(icarus, made)
    starts = [[cycle for cycle, unit, _, _ in one.retired if unit == 4][1:] for one in seen]
    order = sorted((cycle, core) for core, cycles in enumerate(starts) for cycle in cycles)
    assert [core for _, core in order] == [0, 1, 2] * 3


@needs_icarus
def test_a_core_that_is_owed_its_port_lets_one_command_of_the_bus_pass(icarus: Simulation) -> None:
    begin = opening(CHIP)
    made = programs(
        CHIP,
        [*begin, targets(2), *[fill(0, 64, 1, bus=1)] * 4, HALT],
        [*begin, targets(2), *[fill(128, 64, 2, bus=1)] * 4, HALT],
        [*begin, *[fill(256, 8, 3)] * 4, HALT],
    )
    seen = both(icarus, made)
    assert max(cycle for cycle, unit, _, _ in seen[2].retired if unit == 4) < seen[0].events["cycles"]


@needs_icarus
def test_a_signal_follows_its_data(icarus: Simulation) -> None:
    begin = opening(CHIP)
    made = programs(
        CHIP,
        [*begin, targets(1), fill(8, 100, 5, bus=1), tell(3), HALT],
        [*begin, wait(LOAD, 3), HALT],
        [HALT],
    )
    seen = both(icarus, made)
    retired = {pc: cycle for cycle, unit, pc, _ in seen[0].retired if unit == 4}
    waited = next(cycle for cycle, unit, _, _ in seen[1].retired if unit == 1)
    assert (
        waited == retired[3] - 2 + 2 + 1
    )  # executed 2 before it retires, seen 2 later, WAIT retires 1 after it starts


@needs_icarus
def test_all_cores_of_a_deadlock_stop_in_one_cycle(icarus: Simulation) -> None:
    begin = opening(CHIP)
    made = programs(CHIP, [*begin, *[fill(0, 100, 1)] * 8, HALT], [wait(STORE, 1), HALT], [wait(LOAD, 2), HALT])
    seen = both(icarus, made, watchdog=200)
    assert [one.cause for one in seen] == [Cause.NONE, Cause.WATCHDOG, Cause.WATCHDOG]
    assert seen[1].events["cycles"] == seen[2].events["cycles"] == seen[0].events["cycles"] + 200


@needs_icarus
def test_the_host_reaches_every_core_and_no_other(icarus: Simulation) -> None:
    layout, script = chip_map(CHIP.cores), HostScript()
    for core, one in enumerate(layout.cores):
        script.write(layout.base(core) + one.window("ACTIVATIONS").address + 8, 0x1111 * core)
    for core, one in enumerate(layout.cores):
        script.read(layout.base(core) + one.window("ACTIVATIONS").address + 8)
        script.read(layout.base(core) + one.register("MAGIC").address)
    script.write(layout.base(2) + layout.cores[2].register("WATCHDOG").address, 77)
    script.read(layout.base(1) + layout.cores[1].register("WATCHDOG").address)
    script.read(layout.base(3) + layout.cores[0].register("MAGIC").address)  # no such core
    script.write(layout.base(3), 1)
    log = parse_log(icarus.run(script))
    reads = log.entries[log.entries["kind"] == Kind.READ]
    magic = 0x4E4E4731
    assert reads["digest"].tolist()[:-1] == [0, magic, 0x1111, magic, 0x2222, magic, 77]
    assert reads["unit"].tolist() == [0] * 7 + [2]
    refused = log.entries[log.entries["kind"] == Kind.REFUSED]
    assert refused["word"].tolist() == [layout.base(3)]


def test_each_kind_of_core_is_emitted_once() -> None:
    few, many = (emit_rtl(chip(*sizes)) for sizes in ((1024, 512), (1024, 512) * 8))
    assert sorted(few) == sorted(many)
    assert {name for name in many if "core" in name} == {"nngen_core.v", "nngen_core_1.v"}
    top = many["nngen_chip.v"]
    assert len(re.findall(r"^  nngen_node(?:_1)? ", top, re.MULTILINE)) == 16
    for name in few:
        if name not in ("nngen_chip.v", "nngen_node.v", "nngen_node_1.v", "nngen_core.v", "nngen_core_1.v"):
            assert few[name] == many[name], name
