"""The schedule as drawings: who is busy when, over the whole inference, and command by command where a layer begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nngen.isa import Instruction, instruction_text
from nngen.sim.iss import Retirement

from ._commands import Commands
from ._facts import Facts
from ._shapes import Bar

IntArray = npt.NDArray[np.int64]

LEFT, WIDTH = 64, 1080  # pixels: where the time axis begins, and how long it is
LANE, GAP = 34, 8  # pixels of a unit's lane in the overview, and between two of them
THIN_LANE, THIN_GAP = 18, 5  # the same where single commands are drawn
STRIP = 18  # pixels of the strip that says which layer runs
AXIS = 24  # pixels below the lanes
BINS = 540
POSITIONS = 3  # of a layer that are drawn command by command
MOST_COMMANDS = 400  # in one such drawing
_TICKS = 9


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A mark of the time axis."""

    x: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Area:
    """The busy share of one unit with one layer over time, as the path of an SVG."""

    layer: int
    path: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One unit: where its lane is, and what stands in it."""

    unit: str
    y: int
    areas: tuple[Area, ...] = ()
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Gantt:
    """A drawing of some cycles.

    Parameters
    ----------
    first, end
        Cycles drawn: [first, end).
    height
        Pixels.
    strip
        When each layer ran; empty in a window.
    lanes
        One a unit.
    ticks
        Of the time axis.
    bins
        First cycle of each column of the overview, and the end of the last.
    busy
        Busy cycles of each unit in each column.
    """

    first: int
    end: int
    height: int
    strip: tuple[Bar, ...]
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    bins: tuple[int, ...] = ()
    busy: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Window:
    """A layer's beginning, command by command.

    Parameters
    ----------
    layer
        Its number.
    name
        Its name.
    what
        How much of it is drawn.
    gantt
        The drawing.
    """

    layer: int
    name: str
    what: str
    gantt: Gantt


def overview(facts: Facts) -> Gantt:
    """Return the whole inference: in each column of time, the share of its cycles that each unit is busy, by layer."""
    cycles = facts.cycles
    count = min(BINS, cycles)
    edges: IntArray = np.arange(count + 1, dtype=np.int64) * cycles // count
    lanes = tuple(
        Lane(unit=unit.label, y=_lane_y(i), areas=tuple(_areas(one, edges, facts, _lane_y(i))))
        for i, (one, unit) in enumerate(zip(facts.commands, facts.units, strict=True))
    )
    return Gantt(
        first=0,
        end=cycles,
        height=_lane_y(len(lanes)) + AXIS,
        strip=tuple(_strip(facts)),
        lanes=lanes,
        ticks=_ticks(0, cycles),
        bins=tuple(edges.tolist()),
        busy=tuple(tuple(np.diff(one.busy_before(edges)).tolist()) for one in facts.commands),
    )


def windows(facts: Facts) -> tuple[Window, ...]:
    """Return the first positions of each layer that has work of its own."""
    return tuple(
        _window(facts, number)
        for number in range(len(facts.layers))
        if any((one.work & (one.layer == number)).any() for one in facts.commands)
    )


def _lane_y(number: int) -> int:
    return STRIP + GAP + number * (LANE + GAP)


def _x(cycle: float, first: int, end: int) -> float:
    return LEFT + WIDTH * (cycle - first) / (end - first)


def _strip(facts: Facts) -> Iterator[Bar]:
    """Yield the span of each layer, from the end of the one before to its own; in a pipeline all run at once."""
    if facts.pipeline:
        return
    begin = 0
    for number, layer in enumerate(facts.layers):
        end = begin + layer.cycles
        x = _x(begin, 0, facts.cycles)
        width = _x(end, 0, facts.cycles) - x
        text = f"{layer.layer}\ncycles {begin:,}–{end - 1:,}: {layer.cycles:,}"
        label = str(number + 1) if width > 9 * len(str(number + 1)) else ""
        yield Bar(x=x, y=0, width=width, height=STRIP, layer=number, text=text, label=label)
        begin = end


def _areas(commands: Commands, edges: IntArray, facts: Facts, y: int) -> Iterator[Area]:
    """Yield the areas of a unit, those of later layers above those of earlier ones."""
    length = np.diff(edges)
    below = np.zeros(len(length))
    for number, layer in enumerate(facts.layers):
        busy = np.diff(commands.busy_before(edges, layer=number))
        if not busy.any():
            continue
        share = busy / length
        text = f"{commands.unit}: busy {int(busy.sum()):,} cycles with\n{layer.layer}"
        yield Area(layer=number, path=_path(below, share, y), text=text)
        below = below + share


def _path(below: npt.NDArray[np.float64], share: npt.NDArray[np.float64], y: int) -> str:
    """Return rectangles for runs of columns of the same height."""
    top = np.round(y + LANE * (1 - below - share), 1)
    bottom = np.round(y + LANE * (1 - below), 1)
    shown = share > 0
    changes = np.flatnonzero((np.diff(top) != 0) | (np.diff(bottom) != 0) | (np.diff(shown) != 0)) + 1
    bounds = [0, *changes.tolist(), len(share)]
    pitch = WIDTH / len(share)
    return "".join(
        f"M{LEFT + a * pitch:.1f} {bottom[a]:.1f}V{top[a]:.1f}H{LEFT + b * pitch:.1f}V{bottom[a]:.1f}Z"
        for a, b in pairwise(bounds)
        if shown[a]
    )


def _window(facts: Facts, number: int) -> Window:
    layer = facts.layers[number]
    core = next(one.core for one in facts.commands if (one.work & (one.layer == number)).any())
    shown = [pair for pair in zip(facts.commands, facts.units, strict=True) if pair[0].core == core]
    first, end, positions = _first_positions([one for one, _ in shown], number, layer.positions, facts.machine.places)
    starts = np.sort(np.concatenate([one.start[one.within(first, end)] for one, _ in shown]))
    complete = len(starts) <= MOST_COMMANDS
    end = end if complete else int(starts[MOST_COMMANDS])
    pitch = THIN_LANE + THIN_GAP
    lanes = tuple(
        Lane(unit=unit.label, y=i * pitch, bars=tuple(_command_bars(one, first, end, i * pitch)))
        for i, (one, unit) in enumerate(shown)
    )
    what = "all of it" if positions == layer.positions else f"the first {positions} of {layer.positions:,} positions"
    return Window(
        layer=number,
        name=layer.layer,
        what=what if complete else f"its first {MOST_COMMANDS} commands",
        gantt=Gantt(
            first=first,
            end=end,
            height=len(lanes) * pitch + AXIS,
            strip=(),
            lanes=lanes,
            ticks=_ticks(first, end),
        ),
    )


def _first_positions(
    commands: Sequence[Commands], number: int, positions: int, inferences: int
) -> tuple[int, int, int]:
    """Return first cycle and end of a layer's first positions in a core, and how many these are.

    A position ends with the last instruction of the loops' body: the highest address that runs once a position of each
    inference.
    """
    chosen = [(one, one.work & (one.layer == number)) for one in commands]
    start = np.concatenate([one.start[mask] for one, mask in chosen])
    end = np.concatenate([one.end[mask] for one, mask in chosen]) + 1
    pc = np.concatenate([one.pc[mask] for one, mask in chosen])
    shown = min(POSITIONS, positions)
    addresses, runs = np.unique(pc, return_counts=True)
    once = addresses[runs == positions * inferences]
    last = np.sort(end[pc == once[-1]])[shown - 1] if len(once) else end.max()
    return int(start.min()), int(last), shown


def _command_bars(commands: Commands, first: int, end: int, y: int) -> Iterator[Bar]:
    for i in np.flatnonzero(commands.within(first, end)).tolist():
        entry = commands.entries[i]
        left, right = max(entry.start, first), min(entry.end + 1, end)
        x = _x(left, first, end)
        yield Bar(
            x=x,
            y=y,
            width=max(_x(right, first, end) - x, 0.5),
            height=THIN_LANE,
            layer=int(commands.layer[i]),
            text=_words(entry),
            work=bool(commands.work[i]),
        )


def _words(entry: Retirement) -> str:
    instruction = entry.instruction
    text = instruction_text(instruction) if isinstance(instruction, Instruction) else f"{instruction:016x}"
    when = f"issued in {entry.issue:,}, busy {entry.start:,}–{entry.end:,}, retired in {entry.retire:,}"
    return f"{entry.pc}: {text}\n{when}"


def _ticks(first: int, end: int) -> tuple[Tick, ...]:
    """Return marks at round cycles, about as many as fit."""
    rough = max((end - first) / _TICKS, 1)
    unit = 10 ** (len(str(int(rough))) - 1)
    step = next(factor * unit for factor in (1, 2, 5, 10) if factor * unit >= rough)
    marks = range(-(-first // step) * step, end + 1, step)
    return tuple(Tick(x=_x(mark, first, end), text=f"{mark:,}") for mark in marks)
