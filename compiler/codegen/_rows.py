"""Loops of a matrix layer that exchanges its rows with other cores while it runs.

1. Rows of padding above the output, where they travel as rows, come first, those below it last.
2. Before a row LOAD waits for the rows of the input that it needs, and STORE for room; after it readers are told that
   the row is there, then writers of the input that they may write over what no later row needs.
3. Each row moves the address registers by a whole row, so that they come out where the last one ends.
"""

from __future__ import annotations

from collections.abc import Sequence

from nngen.isa import Instruction, Unit, instruction

from ._exchange import target_sets, tell, wait
from ._halo import padding_row
from ._place import MatrixPlace
from ._writer import RegisterFile, loop


def row_loops(place: MatrixPlace, body: Sequence[Instruction], registers: RegisterFile) -> list[Instruction]:
    """Return the loops around the body of one position."""
    above, below = place.exchange.rows_around
    return [
        *_padding(place, above, registers),
        *loop(place.scheduled.positions[0], _row(place, body, registers), layer=place.layer.name),
        *_padding(place, below, registers),
    ]


def _row(place: MatrixPlace, body: Sequence[Instruction], registers: RegisterFile) -> list[Instruction]:
    exchange, scheduled = place.exchange, place.scheduled
    (input_row, input_column), (output_row, output_column) = scheduled.input_step, scheduled.output_step
    columns, source, target = scheduled.positions[1], place.input_register, place.output_register
    inner = [*body, *place.moves((source, input_column), (target, output_column))]
    end = [
        *(place.gap_fills(place.output_register, 0) if scheduled.positions[0] > 1 else []),  # one row has no gap behind
        *tell(registers, exchange.row_tells, place.number),
        *tell(registers, exchange.row_frees, place.number),
        *target_sets(registers, exchange.targets, place.number),
        *place.moves((source, input_row - columns * input_column), (target, output_row - columns * output_column)),
    ]
    return [
        *wait(Unit.LOAD, exchange.row_takes),
        *wait(Unit.STORE, exchange.row_room),
        *(inner if columns == 1 else loop(columns, inner, layer=place.layer.name)),
        *(end or [instruction("NOP")]),  # two loops must not end on the same instruction
    ]


def _padding(place: MatrixPlace, rows: int, registers: RegisterFile) -> list[Instruction]:
    if not rows:
        return []
    exchange, register = place.exchange, place.output_register
    fill = padding_row(place.target, place.output_tensor, register, bus=place.bus) if exchange.fills_around else []
    row = [
        *wait(Unit.STORE, exchange.row_room),
        *fill,
        *tell(registers, exchange.row_tells, place.number),
        *target_sets(registers, exchange.targets, place.number),
        *place.moves((register, place.target.pitch)),
    ]
    return loop(rows, row, layer=place.layer.name)
