"""The body of a random program: parts put together to blocks, and loops around blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nngen.isa import LOOP_DEPTH, Instruction

from ._commands import NOP
from ._draw import Draw
from ._layout import Area
from ._merge import Item
from ._parts import ANYWHERE, Parts
from ._program import Block, Repeat, flatten
from ._units import SEQUENCER

_ISSUES = 1.7  # instructions issued for each one of the body
_LONGEST_BODY = 60
_SMALLEST_PART = 4

# Kinds of parts and how often they come, before each program mixes them anew.
_KINDS = {
    "positions": 10.0,
    "costly": 1.0,
    "exchange": 1.5,
    "exchange anywhere": 1.0,
    "contest": 0.7,
    "programming": 3.0,
    "fill": 1.5,
    "handshake": 1.0,
    "configure": 1.0,
    "move": 1.5,
    "idle": 0.3,
}


class Composer:
    """Makes the body of a program: blocks of all kinds, mixed anew for each program, and loops around them.

    Parameters
    ----------
    loop_count
        Repetitions of loops that ask the host.
    """

    def __init__(self, parts: Parts, draw: Draw, loop_count: int) -> None:
        self._parts = parts
        self._draw = draw
        self._loop_count = loop_count
        self._loops = draw.choice((0.1, 0.25, 0.5))
        needed = {"exchange": Area.SHARED, "exchange anywhere": Area.WHOLE}
        areas = parts.commands.layout.areas
        kinds = [kind for kind in _KINDS if kind not in needed or needed[kind] in areas]
        without = "programming" if parts.counters.programmed is None else "contest"
        self._kinds = [kind for kind in kinds if kind != without]
        self._weights = [_KINDS[kind] * draw.choice((0.3, 1.0, 1.0, 3.0)) for kind in self._kinds]
        # By name: how often it is inserted into other parts, the instructions it takes at most, and what does it.
        self._inserts: dict[str, tuple[float, int, Callable[[list[Item]], None]]] = {
            "handshake": (0.2, 8, parts.handshake),
            "configure": (0.3, 4, parts.configure),
            "move": (0.4, 16, parts.move),
            "fill": (0.15, 1, parts.fill),
            "succession": (0.5, 5, parts.successions.setting),
            "window": (0.12, 6, self._window),
            "signals": (0.045, 6, parts.successions.many_signals),
        }

    def body(self, room: int, *, depth: int = 0) -> list[Block | Repeat]:
        """Return about ``room`` instructions, not more, inside ``depth`` loops."""
        made, left, issues = [], room, _ISSUES * room
        while left > 0:
            element, size, cost = self._element(left, issues, depth=depth)
            made.append(element)
            left -= size
            issues = max(issues - cost, left)
        return made

    def _element(self, room: int, issues: float, *, depth: int) -> tuple[Block | Repeat, int, int]:
        """Return a block or loop with the instructions it takes and issues; neither is more than allowed."""
        if depth < LOOP_DEPTH and room > 2 and self._draw.chance(self._loops):
            made = self._repeat(room, issues, depth=depth)
            if made is not None:
                return made
        self._parts.nests = depth < LOOP_DEPTH
        block = self.block(room)
        return block, len(block.instructions), issued(block.instructions)

    def _repeat(self, room: int, issues: float, *, depth: int) -> tuple[Repeat, int, int] | None:
        draw = self._draw
        host = draw.chance(0.2)
        count = self._loop_count if host else draw.choice((1, 2, 2, 3, draw.amount(1, 24)))
        most = min(room - 2, int(issues / count) - 1, _LONGEST_BODY)  # a NOP may come behind an inner loop
        if most < 1:
            return None
        left = draw.number(1, most) if draw.chance(0.3) else draw.randint(1, most)
        budget = issues / count - 1
        body: list[Block | Repeat] = []
        cost = 0
        while left > 0 and budget - cost >= 1:
            element, size, spent = self._element(min(left, int(budget - cost)), budget - cost, depth=depth + 1)
            body.append(element)
            left -= size
            cost += spent
        repeat = Repeat(count=0 if host else count, host=host, body=tuple(body))
        return repeat, len(flatten((repeat,))), 1 + count * (cost + 1)

    def block(self, room: int) -> Block:
        """Return a block of at most ``room`` instructions."""
        commands = self._parts.commands
        if room < _SMALLEST_PART:
            return Block(instructions=self._single_commands(self._draw.randint(1, room)))
        items = self._items(room)
        if _size(items) > room:
            commands.wanders = False
            items = self._items(room)
            commands.wanders = True
        return Block(instructions=self._parts.merge(items))

    def _items(self, room: int) -> list[Item]:
        draw, parts = self._draw, self._parts
        made: list[Item] = []
        left = room
        while left >= _SMALLEST_PART and (not made or draw.chance(0.3)):
            kind = draw.choices(self._kinds, self._weights)[0]
            if kind == "exchange anywhere" and not made and left >= ANYWHERE:
                return parts.exchange_anywhere()  # nothing that touches memory may come between
            made += self._part(kind, left)
            left = room - _size(made)
        for name, (probability, most, insert) in self._inserts.items():
            if left >= most and draw.chance(probability) and (name != "signals" or parts.nests):
                insert(made)
                left = room - _size(made)
        return made

    def _part(self, kind: str, room: int) -> list[Item]:
        """Return a part of a kind, or of a shorter one where there is no room for it."""
        draw, parts = self._draw, self._parts
        if kind == "exchange" and room >= 16:
            return parts.exchange(most=room)
        if kind == "costly" and room >= 8:
            return parts.costly_positions()
        if kind == "contest" and room >= 12:
            return parts.contest()
        if kind == "programming" and room >= 8:
            return parts.programming(most=room)
        if kind == "idle":
            return [(SEQUENCER, (NOP,) * draw.randint(1, min(room, 8)))]
        made: list[Item] = []
        if kind in self._inserts and room >= self._inserts[kind][1]:
            self._inserts[kind][2](made)
            return made
        return parts.positions(most=room)

    def _window(self, made: list[Item]) -> None:
        self._parts.successions.window(made, nests=self._parts.nests)

    def _single_commands(self, count: int) -> tuple[Instruction, ...]:
        """Return commands that keep the protocol each on its own."""
        commands = self._parts.commands
        makers: tuple[Callable[[], Item], ...] = (
            lambda: (SEQUENCER, (NOP,)),
            lambda: commands.fill(Area.WRITE),
            commands.setting,
            commands.step,
        )
        commands.wanders = False
        items = [draw_one() for draw_one in self._draw.choices(makers, k=count)]
        commands.wanders = True
        return tuple(made for _, instructions in items for made in instructions)


def _size(items: Sequence[Item]) -> int:
    return sum(len(instructions) for _, instructions in items)


def issued(instructions: Sequence[Instruction | int]) -> int:
    """Return how many instructions a block issues: the loops it may hold have bodies of one."""
    repeated = (made["count"] - 1 for made in instructions if isinstance(made, Instruction) and made.mnemonic == "LOOP")
    return len(instructions) + sum(repeated)
