"""Random programs that end with HALT and whose result does not depend on time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nngen.arch import Core
from nngen.errors import ProgramError
from nngen.isa import ADDRESS_REGISTERS, BY_MNEMONIC, LOOP_DEPTH, Instruction, instruction

from ._commands import NOP, Commands
from ._compose import Composer
from ._constants import random_cells, random_coefficients, random_records, random_tables
from ._draw import Draw
from ._layout import Layout
from ._opening import opening, opening_records
from ._parts import Parts
from ._program import HALT, TestProgram, flatten
from ._settings import Settings

DEFAULT_LENGTH = 240
_SMALL_MEMORY = 64  # program memory below which there is no room for all windows
_LEAST_ROOM = 16  # instructions of a body that are worth loops behind it
_AROUND = 0.1  # how often loops that never end hold HALT
_WATCHDOGS = (0, 400, 1000, 4000)


def random_program(core: Core, *, seed: int, length: int = DEFAULT_LENGTH) -> TestProgram:
    """Return the program of a seed; it ends with HALT, and its result does not depend on time.

    Parameters
    ----------
    length
        Instructions, at most: fewer where the program memory holds fewer.

    Raises
    ------
    ProgramError
        Where the program memory does not even hold what defines the core's state.
    """
    draw = Draw(f"random program {seed}")
    parts = make_parts(core, draw)
    loop_count = draw.choice((1, 1, 2, 3, draw.amount(1, 16)))
    start = opening(parts, draw, loop_count=loop_count)
    around = draw.chance(_AROUND)
    if around:
        start = (_endless_loop(draw, least=max(length, len(start)) + 4 * LOOP_DEPTH), *start)
    check_room(core, len(start) + 1)
    room = min(length, core.program_instructions) - len(start) - 1
    left_open = draw.randint(1, LOOP_DEPTH - around) if room > _LEAST_ROOM and draw.chance(_AROUND) else 0
    body = tuple(Composer(parts, draw, loop_count).body(max(room, 0) - 3 * left_open, depth=int(around)))
    address = len(start) + len(flatten(body))
    end = start[0]["length"] if around else 1 << 16
    generator = np.random.default_rng(seed)
    return TestProgram(
        name=f"random {seed}",
        opening=start,
        body=body,
        ending=(*_open_loops(parts.commands, draw, left_open, address, end), HALT),
        records=parts.commands.records,
        cells=random_cells(core, generator),
        coefficients=random_coefficients(core, generator),
        tables=random_tables(core, generator),
        loop_count=loop_count,
        watchdog=draw.choice(_WATCHDOGS),
        traffic=parts.commands.layout.traffic,
    )


def _endless_loop(draw: Draw, *, least: int) -> Instruction:
    """Return a LOOP around all that can follow, HALT included, so that nobody comes to its end."""
    most = BY_MNEMONIC["LOOP"].field("length").highest
    host = draw.chance(0.3)
    return instruction("LOOP", count=_endless_count(draw), length=draw.number(min(least, most), most), host=int(host))


def _open_loops(commands: Commands, draw: Draw, count: int, address: int, end: int) -> list[Instruction]:
    """Return LOOPs that HALT leaves open, each of which ends before the one around it, behind two instructions at most.

    Parameters
    ----------
    address
        Of the first.
    end
        Last address of the loop around them.
    """
    most = BY_MNEMONIC["LOOP"].field("length").highest
    made: list[Instruction] = []
    before: tuple[Callable[[], tuple[Instruction, ...]], ...] = (
        lambda: (NOP,),
        commands.near_step,
        lambda: commands.layout.set_position(draw, draw.choice(commands.layout.all)),
        lambda: (instruction("LOOP", count=1, length=1), *commands.setting()[1]),
    )
    for left in range(count, 0, -1):
        first = draw.choice(before)() if draw.chance(0.6) else ()
        made += first
        address += len(first)
        longest = min(most, end - address - 1)
        length = draw.choice((longest, draw.randint(max(longest - 99, 4 * left), longest)))
        host = draw.chance(0.3)
        made.append(instruction("LOOP", count=_endless_count(draw), length=length, host=int(host)))
        end, address = address + length, address + 1
    return made


def _endless_count(draw: Draw) -> int:
    """Return the count of a loop that nobody comes to the end of."""
    most = BY_MNEMONIC["LOOP"].field("count").highest
    return most if draw.chance(0.4) else draw.number(1, most)


def make_parts(core: Core, draw: Draw) -> Parts:
    """Return what makes the parts of a program."""
    registers = ADDRESS_REGISTERS if core.program_instructions >= _SMALL_MEMORY else 3
    records = random_records(core, draw, plain=opening_records(core.output_buffer_bytes))
    layout = Layout(core, draw, registers=registers)
    return Parts(Commands(core, draw, layout, Settings(core, draw), records), draw)


def check_room(core: Core, needed: int) -> None:
    """Refuse a core whose program memory is too small."""
    if needed > core.program_instructions:
        raise ProgramError(
            f"program memory must hold at least {needed} instructions for a test program, "
            f"not {core.program_instructions}"
        )
