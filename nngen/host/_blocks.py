"""A program as what goes over the bus: runs of words, each with the address of its first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.errors import ProgramError
from nngen.ir import CoreProgram, pack_cells, pack_record
from nngen.isa import INSTRUCTION_BITS, coefficient_lanes, encode, record_words, words_per_row

from ._register_map import TABLE_ENTRIES, RegisterMap, macro_word_index, register_map

WordArray = npt.NDArray[np.uint32]


@dataclass(frozen=True, kw_only=True)
class Block:
    """Consecutive words.

    Parameters
    ----------
    address
        Byte address of the first word.
    words
        uint32, one dimension.
    """

    address: int
    words: WordArray


def program_blocks(program: CoreProgram, core: Core) -> tuple[Block, ...]:
    """Return everything the host writes before a program can start: instructions, constants, tables, cells.

    Every cell of every macro is written, in use or not: after power-up a cell holds anything.

    Raises
    ------
    ProgramError
        The program does not fit the core; the message names what, how much it needs and what the core has.
    """
    _check_sizes(program, core)
    layout = register_map(core)
    images = (
        ("PROGRAM", [encode(instruction) for instruction in program.instructions], INSTRUCTION_BITS // 32),
        ("CONSTANTS", [pack_record(record, core) for record in program.records], record_words(core)),
    )
    blocks = [
        Block(address=layout.window(name).address, words=_split(numbers, words))
        for name, numbers, words in images
        if numbers
    ]
    return (
        *blocks,
        *_option_blocks(program, layout),
        *_memory_blocks(program, core, layout),
        *_macro_blocks(program, core, layout),
    )


def _check_sizes(program: CoreProgram, core: Core) -> None:
    sizes = (
        ("instructions", len(program.instructions), core.program_instructions),
        ("constant records", len(program.records), core.constant_records),
    )
    for what, needed, available in sizes:
        if needed > available:
            raise ProgramError(f"{what} of a program must be at most the core's {available}, not {needed}")
    _check_options(program, core)
    shape = (core.macros, core.macro.rows, core.macro.columns)
    if program.cells.shape != shape:
        raise ProgramError(f"cells of a program must have the core's shape {shape}, not {program.cells.shape}")


def _check_options(program: CoreProgram, core: Core) -> None:
    """Check coefficients and tables: how many, of what shape, and that each value fits."""
    words = 0 if core.vector is None else core.vector.coefficient_words
    parts = (
        ("coefficients", program.coefficients, words, coefficient_lanes(core), -(1 << 15), (1 << 15) - 1),
        ("tables", program.tables, core.tables, TABLE_ENTRIES, 0, 255),
    )
    for what, values, most, width, lowest, highest in parts:
        if not values.size:
            continue
        if values.ndim != 2 or len(values) > most or values.shape[1] != width:
            raise ProgramError(
                f"{what} of a program must have the shape (up to {most}, {width}), not {tuple(values.shape)}"
            )
        if values.min() < lowest or values.max() > highest:
            wrong = int(values.min()) if values.min() < lowest else int(values.max())
            raise ProgramError(f"{what} of a program must be {lowest} to {highest}, not {wrong}")


def _option_blocks(program: CoreProgram, layout: RegisterMap) -> list[Block]:
    """Coefficients and tables, lowest first in each word."""
    images = (("COEFFICIENTS", program.coefficients, "<i2"), ("TABLES", program.tables, "u1"))
    return [
        Block(address=layout.window(name).address, words=np.frombuffer(values.astype(kind).tobytes(), "<u4").copy())
        for name, values, kind in images
        if values.size
    ]


def _memory_blocks(program: CoreProgram, core: Core, layout: RegisterMap) -> list[Block]:
    """Weights in activation memory."""
    if program.memory is None:
        return []
    end = program.memory.address + 4 * len(program.memory.words)
    if end > core.activation_bytes:
        raise ProgramError(
            f"memory of a program must end within the core's {core.activation_bytes} bytes of activation memory, "
            f"not at {end}"
        )
    base = layout.window("ACTIVATIONS").address
    return [Block(address=base + program.memory.address, words=program.memory.words.astype(np.uint32))]


def _split(numbers: list[int], words: int) -> WordArray:
    """Cut each number into 32-bit words, lowest first."""
    image = b"".join(number.to_bytes(4 * words, "little") for number in numbers)
    return np.frombuffer(image, "<u4").astype(np.uint32)


def _macro_blocks(program: CoreProgram, core: Core, layout: RegisterMap) -> list[Block]:
    """One block where the rows follow each other without a gap, else one a row."""
    rows = pack_cells(program.cells, core).astype(np.uint32).reshape(-1, words_per_row(core))
    where = [(macro, row) for macro in range(core.macros) for row in range(core.macro.rows)]
    base = layout.window("MACROS").address
    addresses = [base + 4 * macro_word_index(core, macro=macro, row=row, word=0) for macro, row in where]
    blocks: list[Block] = []
    first = 0
    for last in range(len(rows)):
        end = addresses[last] + 4 * rows.shape[1]
        if last + 1 == len(rows) or addresses[last + 1] != end:
            blocks.append(Block(address=addresses[first], words=rows[first : last + 1].reshape(-1)))
            first = last + 1
    return blocks
