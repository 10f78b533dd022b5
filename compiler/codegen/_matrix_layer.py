"""The instructions of a matrix layer.

1. SETs of what changed; those of LOAD and MVM run while the layer before drains.
2. FILLs above and below the output, where this core writes them; those between its rows are part of the loop over rows.
3. LOAD waits until the layer before has stored everything: so reads follow writes, and a region that is used again is
   written only after its last read. FILLs come after that where others may still read what they overwrite.
4. Loops over rows and columns around the body of one position; a layer of one position has none, and its SETs of MVM
   and POST come as late as they may.
"""

from __future__ import annotations

from collections.abc import Sequence

from nngen.ir import Pass
from nngen.isa import Instruction, Unit, instruction

from ._addresses import FIXED, INPUT, OUTPUT, point
from ._macro_settings import class_sets, group_sets
from ._place import MatrixPlace
from ._position import Addressing, position_body
from ._rows import row_loops
from ._writer import RegisterFile, loop

_MOST_REPETITIONS = 0xFFFF


def matrix_instructions(place: MatrixPlace, registers: RegisterFile, wait: Sequence[Instruction]) -> list[Instruction]:
    """Return a layer's instructions; ``wait`` comes before its first LOAD."""
    passes = [p for r in place.scheduled.rounds for p in r.passes]
    load = _load_sets(place, passes, registers)
    groups = group_sets(passes, registers, place.core)
    mvm = _mvm_sets(place, registers)
    classes = class_sets(passes, registers, place.core)
    post = place.post_sets(registers) + _sum_sets(place, registers)
    pointers, addressing = _addressing(place, registers)
    body = position_body(place.scheduled.rounds, groups, classes, addressing)
    fills = place.store_sets(registers) + place.outer_fills(registers)
    early, late = load + groups.before, mvm + classes.before
    if place.looped and place.exchange.fills_wait:
        return [*pointers, *early, *late, *post, *wait, *fills, *_loops(place, body, registers)]
    if place.looped:
        return [*pointers, *early, *late, *post, *fills, *wait, *_loops(place, body, registers)]
    if wait:
        return [*pointers, *early, *late, *wait, *_before(body, "POST", fills + post)]
    return [*pointers, *early, *_before(_before(body, "POST", fills + post), "MVM", late)]


def _before(body: Sequence[Instruction], mnemonic: str, extra: Sequence[Instruction]) -> list[Instruction]:
    """Return ``body`` with ``extra`` before its first instruction of a kind."""
    at = next(i for i, made in enumerate(body) if made.mnemonic == mnemonic)
    return [*body[:at], *extra, *body[at:]]


def _load_sets(place: MatrixPlace, passes: Sequence[Pass], registers: RegisterFile) -> list[Instruction]:
    code = registers.set(Unit.LOAD, "INVERT", place.scheduled.invert)
    code += registers.set(Unit.LOAD, "KEEP", place.scheduled.keep)
    strided = next((run for p in passes for run in p.runs if run.repeat > 1), None)
    if strided is not None:
        code += registers.set(Unit.LOAD, "RUNS", strided.repeat)
        code += registers.set(Unit.LOAD, "STRIDE", strided.stride)
    return code


def _mvm_sets(place: MatrixPlace, registers: RegisterFile) -> list[Instruction]:
    scheduled = place.scheduled
    return [
        *registers.set(Unit.MVM, "PLANES", scheduled.planes),
        *registers.set(Unit.MVM, "NEGATE_TOP", int(scheduled.top_plane_negative)),
        *registers.set(Unit.MVM, "SLICES", scheduled.slices),
        *registers.set(Unit.MVM, "NEGATE_SLICE", int(scheduled.last_slice_negative)),
        *registers.set(Unit.MVM, "OFFSET", scheduled.log2_offset),
    ]


def _sum_sets(place: MatrixPlace, registers: RegisterFile) -> list[Instruction]:
    """Return the SETs by which the macros of the layer go by their names, and no other macro by one of these."""
    names = {named.macro: named.name for named in place.scheduled.names}
    code = []
    for macro in range(place.core.macros):
        name = macro ^ registers.get(Unit.POST, "SUM", element=macro)
        if macro in names or name in names:
            code += registers.set(Unit.POST, "SUM", macro ^ names.get(macro, macro), element=macro)
    return code


def _addressing(place: MatrixPlace, registers: RegisterFile) -> tuple[list[Instruction], Addressing]:
    source, target = place.input_address, place.target.interior()
    if place.looped:
        sets, offsets = [], [source - place.source.address, _output_offset(place)]
        if place.exchange.input_register is None:
            sets += point(registers, place.core, INPUT, source, moves=True)
            offsets[0] = 0
        if place.exchange.output_register is None:
            sets += point(registers, place.core, OUTPUT, target, moves=True)
            offsets[1] = 0
        return sets, Addressing(
            input_register=place.input_register,
            input_offset=offsets[0],
            output_register=place.output_register,
            output_offset=offsets[1],
            wide=place.scheduled.wide,
            bus=place.bus,
        )
    sets = point(registers, place.core, FIXED, 0, moves=False)
    return sets, Addressing(
        input_register=FIXED,
        input_offset=source,
        output_register=FIXED,
        output_offset=target,
        wide=place.scheduled.wide,
        bus=place.bus,
    )


def _output_offset(place: MatrixPlace) -> int:
    """Return where output position (0, 0) is, from where an address register of the output's own begins."""
    if place.target.rows is None:
        return place.target.interior() - place.target.address
    return place.target.interior() - place.target.interior(0, -place.target.halo[1])


def _loops(place: MatrixPlace, body: Sequence[Instruction], registers: RegisterFile) -> list[Instruction]:
    """Return the loops over rows and columns; one loop where rows follow each other without a gap."""
    if place.exchange.by_rows:
        return row_loops(place, body, registers)
    rows, columns = place.scheduled.positions
    (input_row, input_column), (output_row, output_column) = place.scheduled.input_step, place.scheduled.output_step
    name = place.layer.name
    if columns == 1:
        end = [*place.gap_fills(OUTPUT, place.target.pixel_bytes), *_move(input_row, output_row)]
        return loop(rows, [*body, *end], layer=name)
    inner_body = [*body, *_move(input_column, output_column)]
    if rows == 1:
        return loop(columns, inner_body, layer=name)
    end = [
        *place.gap_fills(OUTPUT, 0),
        *_move(input_row - columns * input_column, output_row - columns * output_column),
    ]
    if not end and rows * columns <= _MOST_REPETITIONS:
        return loop(rows * columns, inner_body, layer=name)
    # Two loops must not end on the same instruction.
    return loop(rows, [*loop(columns, inner_body, layer=name), *(end or [instruction("NOP")])], layer=name)


def _move(source: int, target: int) -> list[Instruction]:
    return [
        instruction("ADD", register=register, value=value)
        for register, value in ((INPUT, source), (OUTPUT, target))
        if value
    ]
