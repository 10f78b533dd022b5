"""The instructions of a vector layer: LOAD, VEC, POST and STORE of every chunk, in loops over rows and columns.

SETs that hold for the whole layer come first and run while the layer before drains; FILLs of halos above and below the
output follow, then LOAD waits until the layer before has stored everything. FILLs come after that where others may
still read what they overwrite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nngen.ir import Band, Chunk, Combination, Copy, Fill, Outputs, Segment
from nngen.isa import COEFFICIENTS, Instruction, Unit, instruction

from ._addresses import point
from ._place import VectorPlace
from ._tree import Command, Node, Register, Repeat, plain, write_tree
from ._writer import RegisterFile

_OPERATIONS = {"sum": 0, "max": 1, "scale": 2, "weight": 3, "multiply": 4}


def vector_instructions(place: VectorPlace, registers: RegisterFile, wait: Sequence[Instruction]) -> list[Instruction]:
    """Return a layer's instructions; ``wait`` come before its first LOAD and after all SETs and FILLs."""
    nodes = [node for band in place.scheduled.bands for node in _band(place, band)]
    code = _pointers(place, registers)
    code += place.post_sets(registers)
    code += place.store_sets(registers)
    fills = place.outer_fills(registers)
    tree = write_tree(nodes, registers, layer=place.layer.name)
    sets = _leading_sets(tree)
    between = [*wait, *fills] if place.exchange.fills_wait else [*fills, *wait]
    return [*code, *tree[:sets], *between, *tree[sets:]]


def _leading_sets(code: Sequence[Instruction]) -> int:
    return next(i for i, made in enumerate(code) if made.mnemonic != "SET")


def _pointers(place: VectorPlace, registers: RegisterFile) -> list[Instruction]:
    return [
        made
        for register, pointer in zip(place.registers, place.scheduled.pointers, strict=True)
        if pointer.address_register is None
        for made in point(registers, place.core, register, pointer.address, moves=True)
    ]


def _band(place: VectorPlace, band: Band) -> list[Node]:
    """Return the loop over the rows of a band; a single segment without anything between its rows is one loop."""
    nodes: list[Node] = [_segment(place, segment) for segment in band.segments]
    moved = [sum(segment.repetitions * segment.steps[i] for segment in band.segments) for i in range(_count(place))]
    end = [
        *_gap(place),
        *_moves(place, [p.row_step - m for p, m in zip(place.scheduled.pointers, moved, strict=True)]),
    ]
    if not end and len(band.segments) == 1 and band.rows * band.segments[0].repetitions < 1 << 16:
        only = nodes[0]
        assert isinstance(only, Repeat)
        return [Repeat(count=band.rows * only.count, nodes=only.nodes)]
    return [Repeat(count=band.rows, nodes=(*nodes, *map(plain, end)))]


def _gap(place: VectorPlace) -> list[Instruction]:
    height, _, _ = place.output_tensor.shape
    if height == 1:
        return []
    row_bytes = place.output_tensor.shape[1] * place.target.pixel_bytes
    rows = place.scheduled.rows_at_once
    behind = place.scheduled.output_offset - (rows - 1) * row_bytes  # the first row that was written
    return [fill for row in range(rows) for fill in place.gap_fills(_output(place), behind + row * place.target.pitch)]


def _count(place: VectorPlace) -> int:
    return len(place.scheduled.pointers)


def _output(place: VectorPlace) -> int:
    return place.registers[place.scheduled.output_pointer]


def _moves(place: VectorPlace, steps: Sequence[int]) -> list[Instruction]:
    return place.moves(*zip(place.registers, steps, strict=True))


def _segment(place: VectorPlace, segment: Segment) -> Repeat:
    commands = [command for chunk in segment.chunks for command in _chunk(place, chunk)]
    return Repeat(count=segment.repetitions, nodes=(*commands, *map(plain, _moves(place, segment.steps))))


def _chunk(place: VectorPlace, chunk: Chunk) -> Iterator[Command]:
    for i, fill in enumerate(chunk.fills):
        yield from _loads(place, fill)
        yield from _combinations(fill, first=i == 0, last=i == len(chunk.fills) - 1)
    yield from (plain(made) for made in _posts(chunk.outputs))
    yield plain(
        instruction(
            "STORE",
            register=_output(place),
            offset=chunk.offset,
            length=chunk.length,
            release=1,
            bus=int(place.bus),
        )
    )


def _loads(place: VectorPlace, fill: Fill) -> Iterator[Command]:
    for i, copy in enumerate(fill.copies):
        yield Command(
            made=instruction(
                "LOAD",
                register=place.registers[copy.pointer],
                offset=copy.offset,
                length=copy.length,
                row=copy.place,
                first=int(i == 0),
                last=int(i == len(fill.copies) - 1),
                vec=1,
                strided=int(copy.runs > 1),
            ),
            needs=_runs(copy),
        )


def _runs(copy: Copy) -> dict[Register, int]:
    if copy.runs == 1:
        return {}
    return {(Unit.LOAD, "RUNS", 0): copy.runs, (Unit.LOAD, "STRIDE", 0): copy.stride}


def _combinations(fill: Fill, *, first: bool, last: bool) -> Iterator[Command]:
    for i, one in enumerate(fill.combinations):
        final = i == len(fill.combinations) - 1
        yield Command(
            made=instruction(
                "VEC",
                operation=_OPERATIONS[one.operation],
                source=one.source,
                entry=one.entry,
                length=one.length,
                coefficient=one.coefficient,
                overwrite=int(one.overwrite),
                first=int(first and i == 0),
                last=int(last and final),
                release=int(final),
            ),
            needs=_look(one),
        )


def _look(one: Combination) -> dict[Register, int]:
    """Return what a VEC takes from registers; the distance of taps means nothing where there is one."""
    needs: dict[Register, int] = {
        (Unit.VEC, "TAPS", 0): one.taps,
        (Unit.VEC, "ELEMENT", 0): one.element_bytes.bit_length() - 1,
        (Unit.VEC, "SIGNED", 0): int(one.signed),
    }
    if one.taps > 1:
        needs[Unit.VEC, "STRIDE", 0] = one.stride
    for number, factor in enumerate(one.factors, start=one.coefficient):
        needs[Unit.VEC, "COEFFICIENT", number % COEFFICIENTS] = factor
    for number, zero in enumerate(one.zero_points):
        needs[Unit.VEC, "ZERO", number] = zero
    return needs


def _posts(outputs: Sequence[Outputs]) -> Iterator[Instruction]:
    for i, one in enumerate(outputs):
        final = i == len(outputs) - 1
        yield instruction(
            "POST",
            record=one.record,
            count=one.count,
            entry=one.entry,
            vec=1,
            single=int(one.single),
            first=int(i == 0),
            last=int(final),
            release=int(final),
        )
