"""What is drawn is what ran: shares of busy cycles, commands of the first positions, tiles."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nngen.arch import read_architecture
from nngen.bundle import BuildDirectory
from nngen.flows.compiling import compile_network
from nngen.flows.machine import Machine
from nngen.flows.report import Facts, facts_of, render
from nngen.flows.report._colours import layer_colours
from nngen.flows.report._commands import Commands
from nngen.flows.report._gantt import LEFT, MOST_COMMANDS, WIDTH, Lane, Window, overview, windows
from nngen.flows.report._macros import macro_map
from nngen.isa import Unit
from tests.compiler.builders import image_network


def commands_of(spans: list[tuple[int, int, int]]) -> Commands:
    start, end, layer = np.array(spans, np.int64).reshape(-1, 3).T
    work = np.ones(len(spans), np.bool_)
    return Commands(unit=Unit.MVM, start=start, end=end, pc=start, layer=layer, work=work, entries=())


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 6), st.integers(0, 2)), max_size=20),
    st.lists(st.integers(0, 200), min_size=1),
)
def test_busy_cycles_are_counted_as_one_by_one(gaps: list[tuple[int, int, int]], cycles: list[int]) -> None:
    spans, now = [], 0
    for gap, length, layer in gaps:
        spans.append((now + gap, now + gap + length - 1, layer))
        now += gap + length
    commands = commands_of(spans)
    for wanted in (None, 0, 1, 2):
        busy = {t for a, b, layer in spans if wanted in (None, layer) for t in range(a, b + 1)}
        expected = [len([t for t in busy if t < cycle]) for cycle in cycles]
        assert commands.busy_before(np.array(cycles), layer=wanted).tolist() == expected


def test_the_columns_of_the_overview_add_up_to_the_event_counters(program_facts: Facts) -> None:
    gantt = overview(program_facts)
    assert gantt.bins[0] == 0
    assert gantt.bins[-1] == program_facts.cycles
    for lane, busy in zip(gantt.lanes, gantt.busy, strict=True):
        assert sum(busy) == program_facts.events[f"{lane.unit}_busy"]
        assert all(0 <= part <= b - a for part, (a, b) in zip(busy, pairwise(gantt.bins), strict=True))


def test_the_strip_has_every_layer_once_from_left_to_right(program_facts: Facts) -> None:
    strip = overview(program_facts).strip
    assert [bar.layer for bar in strip] == list(range(len(program_facts.layers)))
    assert strip[0].x == LEFT
    assert strip[-1].x + strip[-1].width == pytest.approx(LEFT + WIDTH, abs=1)  # HALT comes one cycle later


def lane_of(window: Window, unit: Unit) -> Lane:
    return next(lane for lane in window.gantt.lanes if lane.unit == unit)


def test_a_window_shows_the_commands_of_the_first_positions(program_facts: Facts) -> None:
    shown = windows(program_facts)
    assert [window.name for window in shown] == [layer.layer for layer in program_facts.layers]
    assert [window.what for window in shown] == [
        *("the first 3 of 64 positions", "the first 3 of 64 positions", "the first 3 of 16 positions", "all of it")
    ]
    for window in shown:
        store = lane_of(window, Unit.STORE)
        assert window.gantt.end > window.gantt.first
        assert any(bar.layer == window.layer and "STORE" in bar.text for bar in store.bars)
        for bar in (bar for lane in window.gantt.lanes for bar in lane.bars):
            assert LEFT <= bar.x <= bar.x + bar.width <= LEFT + WIDTH + 0.51
    assert sum("STORE" in bar.text for bar in lane_of(shown[0], Unit.STORE).bars) == 3


def test_a_long_inference_stays_readable(program_build: BuildDirectory, repository: Path) -> None:
    architecture = read_architecture(repository / "flows" / "architectures" / "tiny.toml")
    core = replace(architecture.core, activation_bytes=1 << 16)
    architecture = replace(architecture, cores=(core,))
    compiled = compile_network(image_network(side=48), architecture)
    machine = replace(
        Machine.of(program_build),
        architecture=architecture,
        network=compiled.network,
        mapping=compiled.mapping,
        schedule=compiled.schedule,
        program=compiled.program,
    )
    facts = facts_of(machine)
    assert facts.cycles > 100_000
    page = render(facts)
    assert len(page) < 400_000
    assert all(sum(len(lane.bars) for lane in w.gantt.lanes) <= MOST_COMMANDS + 4 for w in windows(facts))


def test_tiles_lie_where_the_mapping_says(program_facts: Facts) -> None:
    drawn = macro_map(program_facts)
    core = program_facts.machine.core
    assert len(drawn.macros) == core.macros
    cells = 0
    for macro in drawn.macros:
        taken = np.zeros((core.macro.rows, core.macro.columns), np.int64)
        for tile in macro.tiles:
            taken[int(tile.y) : int(tile.y + tile.height), int(tile.x) : int(tile.x + tile.width)] += 1
        assert taken.max(initial=0) <= 1
        assert macro.share == taken.mean()
        cells += int(taken.sum())
    assert cells == program_facts.used.cells[0]


def test_colours_differ() -> None:
    colours = layer_colours(60)
    assert len(set(colours)) == 60
    assert all(len(colour) == 7 for colour in colours)
