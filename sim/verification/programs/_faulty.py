"""Short random programs that end in an error, or never, so that the watchdog ends them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nngen.arch import Core
from nngen.isa import (
    ADDRESS_REGISTERS,
    BY_MNEMONIC,
    COUNTER_BITS,
    INSTRUCTIONS,
    LOOP_DEPTH,
    Instruction,
    InstructionFormat,
    Unit,
    instruction,
    register,
)

from ._commands import NOP
from ._compose import Composer
from ._constants import random_cells, random_coefficients, random_tables
from ._corners import OperandMaker
from ._draw import Draw
from ._faults import random_fault
from ._layout import Area
from ._merge import BANKS, Item
from ._opening import opening
from ._parts import Parts
from ._program import HALT, PATIENCE, TestProgram
from ._random import check_room, make_parts
from ._units import unit_codes

_LONGEST_BODY = 40
_LONGEST_TO_END = 512  # instructions up to the end of program memory that are worth executing
_BYTE_BITS = 8
Words = list[Instruction | int]


def random_faulty_program(core: Core, *, seed: int) -> TestProgram:
    """Return a short program that ends in an error of any kind, or would never end without the watchdog.

    What stands before the error is a whole program, or one that the error cuts off in the middle of a block: what the
    queues then hold is executed as far as it can.

    Raises
    ------
    ProgramError
        Where the program memory does not even hold what defines the core's state.
    """
    draw = Draw(f"faulty program {seed}")
    parts = make_parts(core, draw)
    loop_count = draw.choice((0, 1, 2))
    start = opening(parts, draw, loop_count=loop_count)
    check_room(core, len(start) + 1)
    room = core.program_instructions - len(start)
    ending = Ending(parts, draw, loop_count).words(room)
    left = min(room - len(ending), draw.randint(0, _LONGEST_BODY))
    body = Composer(parts, draw, max(1, loop_count)).body(left) if loop_count else []
    generator = np.random.default_rng(seed)
    return TestProgram(
        name=f"random faulty {seed}",
        opening=start,
        body=tuple(body),
        ending=tuple(ending),
        records=parts.commands.records,
        cells=random_cells(core, generator),
        coefficients=random_coefficients(core, generator),
        tables=random_tables(core, generator),
        loop_count=loop_count,
        watchdog=PATIENCE + core.macro.accumulation_cycles + draw.randint(0, 200),
        traffic=parts.commands.layout.traffic,
    )


class Ending:
    """Makes the ends of faulty programs."""

    def __init__(self, parts: Parts, draw: Draw, loop_count: int) -> None:
        self._parts = parts
        self._draw = draw
        self._core = parts.commands.core
        self._loop_count = loop_count
        self._units = unit_codes(self._core)

    def words(self, room: int) -> Words:
        """Return an end of at most ``room`` instructions."""
        kinds: tuple[Callable[[], Words], ...] = (self.fault, self.fault, self.address, self.loop, self.deadlock)
        made = self._draw.choice(kinds)()
        if self._draw.chance(0.5):
            made = [*self.cut_block(), *made]
        made.append(HALT)
        if room <= _LONGEST_TO_END and self._draw.chance(0.08):
            made = [*self.beyond(), *[NOP] * room][:room]
        return made if len(made) <= room else [*self.fault(), HALT]

    def cut_block(self) -> Words:
        """Return the beginning of a block, in which everything is decided but for the time."""
        draw = self._draw
        items = self._parts.positions() if draw.chance(0.5) else self._parts.costly_positions()
        for insert in (self._parts.configure, self._parts.handshake, self._parts.move):
            if draw.chance(0.3):
                insert(items)
        made = self._parts.merge(items)
        return list(made[: draw.randint(1, len(made))])

    def fault(self) -> Words:
        """Return a word that no core executes."""
        return [random_fault(self._core, self._draw)]

    # ------------------------------------------------------------------ address and loop

    def address(self) -> Words:
        """Return a command with a run, or an ADD, that its address register refuses."""
        draw, core, layout = self._draw, self._core, self._parts.commands.layout
        mnemonics = [i.mnemonic for i in INSTRUCTIONS if _moves(i) and i.in_core(core)]
        format_ = BY_MNEMONIC[draw.choice(mnemonics)]
        given, span, alignment = self._run_of(format_)
        largest = (1 << register(Unit.SEQUENCER, "SIZE").bits(core)) - 1
        moves = format_.field(_moves(format_))
        while True:
            size = draw.choice((0, 1, draw.randint(0, core.activation_bytes), largest))
            position, distance = draw.number(0, largest), draw.choice((0, 1, -1, size, -size, 2 * size, -2 * size))
            distance += draw.randint(-2, 2) - draw.choice((0, position))
            base = draw.choice((0, draw.number(0, largest), core.activation_bytes - span))
            address = _address(position + distance, base, size)
            refused = address is None or (
                span > 0 and (address % alignment > 0 or address + span > core.activation_bytes)
            )
            if refused and moves.lowest <= distance <= moves.highest:
                break
        values, number = {"BASE": base, "SIZE": size, "POSITION": position}, draw.randrange(ADDRESS_REGISTERS)
        sets = [layout.set(draw, number, name, values[name]) for name in draw.sample(sorted(values), 3)]
        given |= {"register": number, moves.name: distance}
        return [*sets, OperandMaker(core, draw).make(format_.mnemonic, **given)]

    def _run_of(self, format_: InstructionFormat) -> tuple[dict[str, int], int, int]:
        """Return operands of a short run, its bytes (0 of ADD) and of which number its address must be a multiple."""
        draw, core = self._draw, self._core
        names = {f.name for f in format_.fields}
        if "length" not in names:
            return {}, 0, 1
        length = min(draw.choice((1, 2, core.word_bytes)), core.macro.rows)
        given = {"length": length} | {name: 0 for name in ("vec", "wide", "strided") if name in names}
        if "wide" in names and core.activation_bits > _BYTE_BITS and draw.chance(0.5):
            return given | {"wide": 1, "length": 2}, 2, 2
        return given, length * format_.bytes_each, format_.bytes_each

    def loop(self) -> Words:
        """Return a LOOP that is refused: too many, none to do, or an end at or behind that of the loop around it."""
        draw = self._draw
        kind = draw.randrange(4)
        if kind == 0:
            return [instruction("LOOP", count=0, length=draw.number(1, 4095)), NOP]
        if kind == 1 and not self._loop_count:
            return [instruction("LOOP", host=1, count=draw.number(0, 65535), length=draw.number(1, 4095)), NOP]
        if kind == 2:
            depth = LOOP_DEPTH + 1
            return [
                *(instruction("LOOP", count=draw.number(1, 65535), length=2 * (depth - i)) for i in range(depth)),
                *[NOP] * (2 * depth),
            ]
        outer = draw.randint(2, 8)
        inner = draw.choice((outer - 1, outer, outer + 1, 4095))
        return [instruction("LOOP", count=2, length=outer), instruction("LOOP", count=1, length=inner), *[NOP] * outer]

    def beyond(self) -> Words:
        """Return what comes before NOPs up to the end of program memory: nothing, or a loop that ends behind it."""
        draw = self._draw
        if draw.chance(0.5):
            return []
        return [instruction("LOOP", count=draw.number(1, 65535), length=4095)]

    # ------------------------------------------------------------------ never

    def deadlock(self) -> Words:
        """Return commands that wait for what never comes, and at times more behind them or an error."""
        draw = self._draw
        self._parts.commands.wanders = False
        made: Words = [command for _, commands in self._stuck() for command in commands]
        self._parts.commands.wanders = True
        if draw.chance(0.3):
            made += self.fault()
        return made

    def _stuck(self) -> list[Item]:
        draw, commands = self._draw, self._parts.commands
        kind = draw.randrange(8)
        more = draw.randint(1, self._core.queue_depth + 2)
        vec = int(self._core.vector is not None and draw.chance(0.5))
        between = commands.vec if vec else commands.mvm
        all_flags = {"first": 1, "last": 1, "release": 1}
        if kind < 2:
            return [between(**all_flags) for _ in range(more)]
        if kind == 2:
            return [commands.post(**all_flags, vec=vec) for _ in range(more)]
        if kind == 3:
            return [commands.store(Area.WRITE, release=1) for _ in range(more)]
        if kind < 6:
            return self._unsignalled(more)
        made: list[Item] = []
        stages = draw.randint(1, 3)
        for _ in range(BANKS + more):
            made.append(commands.load(Area.READ, first=1, last=1, vec=vec))
            made += [between(**all_flags)] if stages > 1 else []
            made += [commands.post(**all_flags, vec=vec)] if stages > 2 else []
        return made

    def _unsignalled(self, more: int) -> list[Item]:
        """Return a WAIT for more signals than there are."""
        draw, commands, counter = self._draw, self._parts.commands, self._parts.counters.unused
        unit, count = draw.choice(self._units), draw.number(1, (1 << COUNTER_BITS) - 1)
        signals = min(draw.randrange(count), 3)
        made = [commands.signal(draw.choice(self._units), counter) for _ in range(signals)]
        made.append(commands.wait(unit, counter, count))
        return [*made, *(commands.wait(unit, counter, 1) for _ in range(more - 1))]


def _moves(format_: InstructionFormat) -> str:
    """Return the field that moves an address register, or adds to one; empty where there is none."""
    names = {f.name for f in format_.fields}
    if "register" not in names:
        return ""
    return "offset" if "offset" in names else "value"


def _address(target: int, base: int, size: int) -> int | None:
    """Return where an address register leads; None where it refuses to go to ``target`` of its window."""
    if target >= size:
        target -= size
    elif target < 0:
        target += size
    return base + target if 0 <= target < size else None
