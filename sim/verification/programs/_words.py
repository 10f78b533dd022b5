"""Very short programs around a single word, most of them illegal."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nngen.arch import Core
from nngen.isa import BY_OPCODE, INSTRUCTION_BITS, INSTRUCTIONS, OPCODE_OFFSET, Instruction, encode

from ._constants import random_cells, random_coefficients, random_tables
from ._corners import OperandMaker
from ._draw import Draw
from ._faults import as_written
from ._layout import Area
from ._opening import opening
from ._parts import Parts
from ._program import HALT, PATIENCE, TestProgram
from ._random import check_room, make_parts
from ._units import STORE, unit_codes


def illegal_word_programs(core: Core, *, seed: int, count: int) -> Iterator[TestProgram]:
    """Yield very short programs around one word each: random, or an instruction in which bits were changed.

    Many of the words are illegal; what the others do is defined, too: all units are idle when it issues, the first
    three have handed over a bank each, and HALT follows.

    Raises
    ------
    ProgramError
        Where the program memory does not even hold what defines the core's state.
    """
    draw = Draw(f"illegal words {seed}")
    parts = make_parts(core, draw)
    start = (*opening(parts, draw, loop_count=0), *_handed_over(parts, draw), *_all_idle(parts))
    check_room(core, len(start) + 2)
    generator = np.random.default_rng(seed)
    cells = random_cells(core, generator)
    coefficients, tables = random_coefficients(core, generator), random_tables(core, generator)
    operands = OperandMaker(core, draw)
    for number in range(count):
        yield TestProgram(
            name=f"illegal word {seed} {number}",
            opening=start,
            body=(),
            ending=(as_written(_random_word(operands, draw)), HALT),
            records=parts.commands.records,
            cells=cells,
            coefficients=coefficients,
            tables=tables,
            loop_count=draw.choice((0, 1, 65535)),
            watchdog=PATIENCE + core.macro.accumulation_cycles,
            traffic=(0, 0),  # the word may write anywhere
        )


def _handed_over(parts: Parts, draw: Draw) -> tuple[Instruction, ...]:
    """Return commands that leave a filled bank behind each unit."""
    commands = parts.commands
    commands.wanders = False
    vec = int(commands.core.vector is not None and draw.chance(0.5))
    between = commands.vec if vec else commands.mvm
    made = [
        commands.load(Area.READ, first=1, last=1, vec=vec),
        between(first=1, last=1, release=0),
        commands.post(first=1, last=1, release=0, vec=vec),
    ]
    commands.wanders = True
    return tuple(command for _, items in made[: draw.randint(0, 3)] for command in items)


def _all_idle(parts: Parts) -> tuple[Instruction, ...]:
    """Return commands behind which no unit does anything before all have done what came before."""
    others = [unit for unit in unit_codes(parts.commands.core) if unit != STORE]
    commands, (gather, *spread) = parts.commands, range(1 + len(others))
    made = [commands.signal(unit, gather) for unit in others]
    made.append(commands.wait(STORE, gather, len(others)))
    made += [commands.signal(STORE, counter) for counter in spread]
    made += [commands.wait(unit, counter, 1) for unit, counter in zip(others, spread, strict=True)]
    return tuple(command for _, items in made for command in items)


def _random_word(operands: OperandMaker, draw: Draw) -> int:
    """Return a word: any, any of a defined opcode, or an instruction with a few bits changed."""
    kind = draw.random()
    if kind < 0.15:
        return draw.getrandbits(INSTRUCTION_BITS)
    if kind < 0.3:
        return draw.choice(sorted(BY_OPCODE)) << OPCODE_OFFSET | draw.getrandbits(OPCODE_OFFSET)
    word = encode(operands.make(draw.choice(INSTRUCTIONS).mnemonic))
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        word ^= 1 << draw.randrange(INSTRUCTION_BITS)
    return word
