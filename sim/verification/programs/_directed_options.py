"""Directed programs about what a core may have: runs at a stride, wide codes, tables, PROG, encodings, and so on."""

from __future__ import annotations

from collections.abc import Iterator

from nngen.isa import BY_MNEMONIC, Instruction, Unit, register, words_per_row

from ._bench import OTHER, READ, Bench, DirectedProgram, Made
from ._opening import FOUR_BYTES, WORD
from ._units import LOAD, MVM

_BYTE_BITS = 8
_ENABLED = 1 << 4  # in TABLE
_MOST_RUNS = 255
_ALL_PLANES = 16  # what a code of two bytes may have
_CODE_BITS = 16
_CONVERTED, _PROGRAMMED = 2, 3  # counters


def option_programs(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield all of them: those of a core's own options, and of registers that without an option do nothing."""
    yield from _kept(bench)
    yield from _loads(bench)
    yield from _stores(bench)
    yield from _outputs(bench)
    yield from _encodings(bench)
    if bench.core.reprogram:
        yield from _cells(bench)


def _result(bench: Bench) -> Made:
    return (*bench.mvm(), *bench.post(), *bench.store())


# ---------------------------------------------------------------------- LOAD


def _kept(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield codes of which some bits are inverted and some left out."""
    planes = bench.set(Unit.MVM, "PLANES", _ALL_PLANES)
    wide = (0, 1) if bench.core.activation_bits > _BYTE_BITS else (0,)
    for keep, invert in ((0, 0xFFFF), (0xFFFF, 0xFF00), (0x0F, 0xFF), (0xF0F0, 0x0FF0), (1, 1), (0x8000, 0x8000)):
        sets = (*bench.set(Unit.LOAD, "KEEP", keep), *bench.set(Unit.LOAD, "INVERT", invert))
        loads = [bench.load(length=min(4, 2 * bench.core.macro.rows), wide=width) for width in wide]
        made = [part for load in loads for part in (load, _result(bench))]
        yield bench.halting(f"codes keep {keep:#x} of what {invert:#x} inverts", planes, sets, *made)


def _strided_load(bench: Bench, *, runs: int, stride: int, **operands: int) -> Made:
    """Return a LOAD of runs from anywhere, while STORE does nothing."""
    sets = (*bench.set(Unit.LOAD, "RUNS", runs), *bench.set(Unit.LOAD, "STRIDE", stride))
    given = {"register": OTHER, "length": 3, "strided": 1, "first": 1, "last": 1} | operands
    return (*sets, *bench.alone(Instruction("LOAD", given)))


def _loads(bench: Bench) -> Iterator[DirectedProgram]:
    core = bench.core
    if not core.strided_access:
        return
    space = 1 << register(Unit.LOAD, "STRIDE").bits(core)
    planes = bench.set(Unit.MVM, "PLANES", _BYTE_BITS)
    memory = core.activation_bytes
    kinds: list[tuple[str, dict[str, int], Made]] = [("rows", {}, _result(bench))]
    if core.vector is not None:
        shown = (*bench.vec(), *bench.post_vec(), *bench.store())
        kinds.append(("vector", {"vec": 1, "row": core.vector.buffer_bytes - 4}, shown))
    if core.activation_bits > _BYTE_BITS:
        kinds.append(("wide", {"wide": 1, "length": 4}, _result(bench)))
    for name, operands, shown in kinds:
        for what, base, runs, stride in (
            ("forwards", 2, 4, 5),
            ("on the spot", 2, 3, 0),
            ("backwards", memory // 2, 3, space - 7),
            ("over the end of memory", memory - 4, 4, core.word_bytes + 2),
            ("around all addresses", memory - 4, 5, space // 2 + 1),
            ("as many as can be", 0, _MOST_RUNS, 2),
        ):
            window = bench.window(OTHER, base, 4)
            load = _strided_load(bench, runs=runs, stride=stride, **operands)
            yield bench.halting(f"load {name} in runs {what}", planes, window, load, bench.windows(), shown)
    last_row = {"row": core.macro.rows - 3}
    dropped = _strided_load(bench, runs=3, stride=4, **last_row)
    yield bench.halting("load runs beyond the rows", planes, bench.window(OTHER, 0, 4), dropped, bench.windows(),
                        _result(bench))  # fmt: skip


# ---------------------------------------------------------------------- STORE


def _stores(bench: Bench) -> Iterator[DirectedProgram]:
    core = bench.core
    if not core.strided_access:
        return
    space, word, memory = 1 << register(Unit.STORE, "STRIDE").bits(core), core.word_bytes, core.activation_bytes
    for what, base, runs, stride, length in (
        ("forwards", bench.half, 3, word + 3, word),
        ("over each other", bench.half + 1, 3, 1, word),
        ("on the spot", bench.half + 1, 4, 0, word),
        ("backwards", memory - word, 3, space - word - 1, word),
        ("over the end of memory", memory - word - 1, 4, word // 2 + 1, word),
        ("around all addresses", memory - word, 5, space // 2 + 1, word),
        ("all the output buffer again and again", bench.half, 5, 2, core.output_buffer_bytes),
        ("as many as can be", bench.half, _MOST_RUNS, 1, word),
    ):
        if base + length > memory:
            continue
        sets = (*bench.set(Unit.STORE, "RUNS", runs), *bench.set(Unit.STORE, "STRIDE", stride))
        tested = bench.store(register=OTHER, length=length, strided=1)[0]
        made = (bench.load(), bench.mvm(), bench.post(), bench.window(OTHER, base, 4), sets, bench.alone(tested))
        yield bench.halting(f"store in runs {what}", *made)


# ---------------------------------------------------------------------- POST


def _outputs(bench: Bench) -> Iterator[DirectedProgram]:
    core = bench.core
    values = (-129, -128, -2, -1, 0, 1, 2, 127, 128, 255, 256, 1000)
    least = min(core.constant_records, core.output_buffer_bytes // WORD)
    records = [bench.record(i, multiplier=0, offset=value) for i, value in enumerate(values)]
    records = (records + [bench.record(i) for i in range(len(records), least)])[: core.constant_records]
    count = min(len(values), core.output_buffer_bytes // WORD, len(records))
    shown = (*bench.load(), *bench.mvm(), *bench.post(count=count), *bench.store())
    for table in (0, _ENABLED, _ENABLED | 1, _ENABLED | 15):
        made = [part for element in range(FOUR_BYTES + 1) for part in (bench.set(Unit.POST, "ELEMENT", element), shown)]
        yield bench.halting(f"outputs in table {table}", bench.set(Unit.POST, "TABLE", table), *made, records=records)
    around = (-3, -2, -1, 0, 1, 2)
    if core.negative_slope:
        second = {"negative_multiplier": 0, "negative_offset": 7, "shift": 1}
        made_of = [bench.record(i, multiplier=0, offset=value, **second) for i, value in enumerate(around)]
    else:
        made_of = [bench.record(i, multiplier=0, offset=value, shift=1) for i, value in enumerate(around)]
    far = 1 << (core.offset_bits - 1)
    most = 1 << (core.multiplier_bits - 1)
    if core.negative_slope:
        made_of.append(
            bench.record(6, multiplier=most - 1, offset=-far, negative_multiplier=-most, negative_offset=far - 1)
        )
    made_of += [bench.record(i) for i in range(len(made_of), least)]
    for rounding in range(3):
        sets = (*bench.set(Unit.POST, "NEGATIVE", 1), *bench.set(Unit.POST, "ROUNDING", rounding))
        records = made_of[: core.constant_records]
        count = min(len(records), core.output_buffer_bytes // WORD)
        posts = (*bench.load(), *bench.mvm(), *bench.post(count=count), *bench.store())
        yield bench.halting(f"negative sums, rounding {rounding}", sets, posts, bench.position(), records=records)


# ---------------------------------------------------------------------- cells and encodings


def _encodings(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield signs of slices and offsets of weights together with signs of planes."""
    planes = -(-min(bench.core.activation_bits, _CODE_BITS) // bench.core.macro.dac_bits)
    for negate_slice, negate_top, slices in ((1, 0, 1), (1, 0, 2), (1, 1, 2), (0, 1, 2)):
        sets = (
            *bench.set(Unit.MVM, "PLANES", planes),
            *bench.set(Unit.MVM, "SLICES", slices),
            *bench.set(Unit.MVM, "NEGATE_SLICE", negate_slice),
            *bench.set(Unit.MVM, "NEGATE_TOP", negate_top),
        )
        name = f"{slices} slices, negate slice {negate_slice}, negate top {negate_top}"
        offsets = (0, 1, 15) if negate_slice != negate_top else (3,)
        for offset in offsets:
            offset_set = bench.set(Unit.MVM, "OFFSET", offset)
            yield bench.halting(f"{name}, offset {offset}", sets, offset_set, bench.position())


def _ordered(bench: Bench, progs: Made) -> Made:
    """Return PROGs behind what MVM converted before, and in front of what comes then."""
    before = (*bench.signal(MVM, _CONVERTED), *bench.wait(LOAD, _CONVERTED))
    return (*before, *progs, *bench.signal(LOAD, _PROGRAMMED), *bench.wait(MVM, _PROGRAMMED))


def _cells(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield PROGs of whole macros, of parts of rows, and of rows that do not exist; MVM shows what they wrote."""
    core = bench.core
    row = words_per_row(core)
    most = min(row * core.macro.rows, bench.half // 4, BY_MNEMONIC["PROG"].field("length").highest)
    window = bench.window(READ, 0, bench.half)
    planes = bench.set(Unit.MVM, "PLANES", _BYTE_BITS)

    def prog(**operands: int) -> Made:
        return (Instruction("PROG", {"register": READ, "length": most} | operands),)

    every = tuple(
        made
        for macro in range(core.macros)
        for made in prog(macro=macro, offset=4 * min(macro, most - 1), length=max(1, most - macro))
    )
    last = core.macro.rows - 1
    for name, progs in (
        ("of every macro", every),
        ("of a part of a row", prog(row=last, length=max(1, row - 1))),
        ("of a row and a part", prog(row=1 % core.macro.rows, length=min(most, row + 1))),
        ("of rows that do not exist", prog(row=last, length=min(most, 3 * row))),
        ("twice", (*prog(length=1), *prog(offset=4, length=1))),
    ):
        moved = (*bench.position(), *_ordered(bench, progs), *bench.position())
        yield bench.halting(f"prog {name}", planes, window, moved, bench.position())
    swapped = (*_ordered(bench, prog(length=1)), *bench.position())
    yield bench.halting("prog again and again", planes, window, bench.loop((*swapped, *bench.nops(1)), 3))
    if core.activation_bytes >= 4 * (most + 1):
        base = bench.half + 1 - (bench.half + 1) % 4
        other = bench.window(OTHER, base, 4)
        own = bench.alone(Instruction("PROG", {"register": OTHER, "length": 1}))
        yield bench.halting("prog of what was stored", bench.position(), other, own, _ordered(bench, ()),
                            bench.position())  # fmt: skip
