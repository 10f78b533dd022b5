"""Directed programs about what is computed: roundings, clipping, signs, banks that are not aligned, aliasing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nngen.ir.program import ConstantRecord
from nngen.isa import BY_MNEMONIC, Unit

from ._bench import WRITE, Bench, DirectedProgram, Made
from ._opening import FOUR_BYTES, WORD
from ._units import LOAD, MVM, POST, STORE

_WRAPPING = 48  # times that a dot product is added: enough for the accumulators of a small chip
_LARGEST = (1 << 31) - 1


def data_programs(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield all of them."""
    yield from _roundings(bench)
    yield from _clipping(bench)
    yield from _sums(bench)
    yield from _conversions(bench)
    yield from _overflow(bench)
    yield from _banks(bench)
    yield from _aliases(bench)
    yield from _ties(bench)


def _roundings(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield each rounding with sums between two codes, whatever the accumulators hold: m is 0."""
    halves = (1, -1, 3, -3, 5, -5, 7, -7)
    records = [bench.record(i, multiplier=0, offset=value, shift=1) for i, value in enumerate(halves)]
    records += [
        bench.record(i, multiplier=0, offset=value, shift=2) for i, value in enumerate((1, -1, 2, -2, 3, -3, 6))
    ]
    most = 1 << (bench.core.multiplier_bits - 1)
    far = 1 << (bench.core.offset_bits - 1)
    extreme = [
        (most - 1, 0, 0),
        (-most, 0, 3),
        (1, far - 1, 63),
        (-1, -far, 63),
        (most - 1, far - 1, 7),
        (-most, -far, 1),
    ]
    records += [bench.record(i, multiplier=m, offset=b, shift=s) for i, (m, b, s) in enumerate(extreme)]
    records = _filled(bench, records)
    for code in range(4):
        sets = bench.set(Unit.POST, "ROUNDING", code)
        made = [bench.post(record=start, count=count) for start, count in _runs(bench, len(records))]
        positions = [(*bench.load(), *bench.mvm(), *post, *bench.store()) for post in made]
        yield bench.halting(f"rounding {code} of ties and extremes", sets, *positions, records=records)


def _filled(bench: Bench, records: list[ConstantRecord]) -> list[ConstantRecord]:
    """Return at most as many records as the core has, and enough for the opening."""
    least = min(bench.core.constant_records, bench.core.output_buffer_bytes // WORD)
    records += [bench.record(i) for i in range(len(records), least)]
    return records[: bench.core.constant_records]


def _runs(bench: Bench, records: int) -> list[tuple[int, int]]:
    """Cut records into runs whose words fit the output buffer."""
    most = bench.core.output_buffer_bytes // WORD
    return [(start, min(most, records - start)) for start in range(0, records, most)]


def _clipping(bench: Bench) -> Iterator[DirectedProgram]:
    bounds = {
        "to bytes": (-128, 127),
        "to unsigned bytes": (0, 255),
        "to one value": (7, 7),
        "from below": (5, _LARGEST),
        "from above": (-_LARGEST - 1, -5),
        "with bounds that cross": (5, -5),
    }
    around = (-100, -6, -5, -4, 0, 4, 5, 6, 100)
    records = _filled(bench, [bench.record(i, multiplier=0, offset=value) for i, value in enumerate(around)])
    for name, (lowest, highest) in bounds.items():
        sets = (*bench.set(Unit.POST, "LOWEST", lowest), *bench.set(Unit.POST, "HIGHEST", highest))
        known = (*bench.load(), *bench.mvm(), *bench.post(count=min(len(around), len(records))), *bench.store())
        both = (bench.set(Unit.MVM, "PLANES", 8), bench.position(), known)
        yield bench.halting(f"clipping {name}", sets, *both, records=records)
    for zero_point in (-(1 << 16), -1, 1, (1 << 16) - 1):
        sets = bench.set(Unit.POST, "ZERO_POINT", zero_point)
        yield bench.halting(f"zero point {zero_point}", sets, bench.set(Unit.POST, "ELEMENT", 0), bench.position())
    for highest in (1 << 15, _LARGEST):
        sets = (*bench.set(Unit.POST, "HIGHEST", highest), *bench.set(Unit.POST, "ZERO_POINT", (1 << 16) - 1))
        large = min(_LARGEST, (1 << (bench.core.offset_bits - 1)) - 1)
        records = _filled(bench, [bench.record(i, multiplier=0, offset=large - i) for i in range(8)])
        yield bench.halting(f"zero point beyond {highest}", sets, bench.position(), records=records)


def _overflow(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield one program that adds to accumulators until they wrap: their top bits come into use."""
    planes = -(-bench.core.activation_bits // bench.core.macro.dac_bits)
    more = {"overwrite": 0, "first": 0}
    yield bench.halting(
        "accumulators over their top",
        bench.set(Unit.MVM, "PLANES", planes),
        bench.load(),
        bench.mvm(last=0, release=0),
        bench.loop(bench.mvm(last=0, release=0, **more), _WRAPPING),
        bench.mvm(**more),
        bench.post(),
        bench.store(),
    )


def _sums(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield sums of several accumulators, sums that no record ends, and outputs that do not fit."""
    count = min(8, bench.core.constant_records)
    several = [replace(bench.record(i, last=int(i % 3 == 2)), multiplier=1 if i % 3 == 2 else 0) for i in range(count)]
    open_ended = [bench.record(i, last=int(i == 1)) for i in range(count)]
    for name, first in (("several accumulators", several), ("the last of which no record ends", open_ended)):
        # The opening fills the output buffer from the first records: these come behind.
        plain = min(bench.core.output_buffer_bytes // WORD, bench.core.constant_records)
        if plain + count <= bench.core.constant_records:
            records = [*(bench.record(i) for i in range(plain)), *first]
            made = (*bench.load(), *bench.mvm(), *bench.post(record=plain, count=count), *bench.store())
            yield bench.halting(f"sums of {name}", made, bench.position(), records=records)
    for element in range(FOUR_BYTES + 1):
        sets = bench.set(Unit.POST, "ELEMENT", element)
        posts = (bench.post(last=0, release=0), bench.post(first=0, last=0, release=0), bench.post(first=0))
        yield bench.halting(
            f"outputs that do not fit, element {element}", sets, bench.load(), bench.mvm(), *posts, bench.store()
        )
    mixes = {
        "bytes behind four": (2, 0),
        "four bytes behind one": (0, 2),
        "two bytes behind one": (0, 1),
        "four bytes behind two": (1, 2),
        "bytes behind two": (1, 0),
    }
    for name, widths in mixes.items():
        before, then = (bench.set(Unit.POST, "ELEMENT", width) for width in widths)
        mixed = (before, bench.post(count=1, last=0, release=0), then, bench.post(count=3, first=0))
        yield bench.halting(name, bench.load(), bench.mvm(), *mixed, bench.store())


def _conversions(bench: Bench) -> Iterator[DirectedProgram]:
    core = bench.core
    for planes, negate in ((2, 1), (8, 0), (8, 1), (9, 1), (31, 0), (31, 1)):
        sets = (*bench.set(Unit.MVM, "PLANES", planes), *bench.set(Unit.MVM, "NEGATE_TOP", negate))
        made = (*bench.load(), *bench.mvm(steps=1), *bench.post(), *bench.store())
        yield bench.halting(f"{planes} planes, negate top {negate}", sets, made)
    for slices in sorted({2, core.macro.columns_per_adc, 31}):
        sets = bench.set(Unit.MVM, "SLICES", slices)
        yield bench.halting(f"{slices} slices", sets, bench.load(), bench.mvm(steps=1), bench.post(), bench.store())
    for step in (core.macro.columns_per_adc - 1, core.macro.columns_per_adc, 255):
        made = (*bench.load(), *bench.mvm(step=step), *bench.post(), *bench.store())
        yield bench.halting(f"column step {step} of {core.macro.columns_per_adc}", made)
    first_step = bench.set(Unit.MVM, "MACRO", 1 << 16 | 255 << 4)
    yield bench.halting(
        "column steps whose sum is 510", first_step, bench.load(), bench.mvm(step=255), bench.post(), bench.store()
    )
    none = tuple(made for m in range(core.macros) for made in bench.set(Unit.MVM, "MACRO", 0, m))
    yield bench.halting("no macro is enabled", none, bench.position())
    yield bench.halting("no macro has the class", bench.load(), bench.mvm(classes=0xFFFE), bench.post(), bench.store())
    nobody = bench.load(group=BY_MNEMONIC["LOAD"].field("group").highest)
    yield bench.halting("no macro is in the group", nobody, bench.mvm(), bench.post(), bench.store())
    again = bench.mvm(overwrite=0, first=0)
    yield bench.halting(
        "accumulators are added to", bench.load(), bench.mvm(last=0, release=0), again, bench.post(), bench.store()
    )
    yield bench.halting(
        "codes are inverted", bench.set(Unit.LOAD, "INVERT", 0xFF), bench.set(Unit.MVM, "PLANES", 8), bench.position()
    )


def _banks(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield banks of neighbouring units that do not begin and end together."""
    two_rows = (*bench.load(), *bench.load(), *bench.mvm(last=0), *bench.mvm(overwrite=0, first=0))
    yield bench.halting("two row buffers in one accumulator bank", two_rows, bench.post(), bench.store())
    two_sums = (*bench.load(), *bench.mvm(release=0), *bench.mvm(overwrite=0))
    both = (*bench.post(count=1), *bench.store(), *bench.post(count=1), *bench.store())
    yield bench.halting("one row buffer for two accumulator banks", two_sums, both)
    yield bench.halting("two accumulator banks in one output buffer", two_sums, bench.post(count=1, last=0),
                        bench.post(count=1, first=0), bench.store())  # fmt: skip
    one_sum = (*bench.load(), *bench.mvm(), *bench.post(count=1, release=0), *bench.post(count=1))
    yield bench.halting("one accumulator bank for two output buffers", one_sum, bench.store(), bench.store())
    twice = (*bench.load(), *bench.mvm(), *bench.post(), *bench.store(release=0, length=1), *bench.store())
    yield bench.halting("one output buffer stored twice", twice)
    ahead = (*(bench.load() * 2), *(bench.mvm() * 2), *(bench.post() * 2), *(bench.store() * 2))
    yield bench.halting("both banks of all buffers", ahead)
    behind = (*bench.store(), *bench.post(), *bench.mvm(), *bench.load())
    yield bench.halting("units wait for those in front of them", behind * 2)


def _aliases(bench: Bench) -> Iterator[DirectedProgram]:
    rows = min(bench.core.macro.rows, bench.half)
    part = max(1, rows // 2)
    loads = (
        bench.load(last=0),
        bench.load(offset=1, length=part, row=rows - part, first=0, last=0),
        bench.load(offset=2, length=part, first=0),
    )
    yield bench.halting("rows are loaded twice", *loads, bench.mvm(), bench.post(), bench.store())
    fills = (bench.fill(length=9), bench.fill(offset=3, length=9, value=0xA5), bench.fill(offset=5, length=1, value=0))
    yield bench.halting("bytes are filled twice", *fills)
    yield bench.halting(
        "bytes are stored over bytes that were filled",
        bench.fill(length=bench.core.word_bytes * 2 + 1),
        bench.position(),
    )
    entries = bench.core.accumulator_entries
    mvms = (bench.mvm(last=0, release=0), bench.mvm(steps=1, entry=entries - 1, overwrite=0, first=0))
    yield bench.halting("accumulators are written twice", bench.load(), *mvms, bench.post(), bench.store())
    ordered = _ordered(bench, bench.load(register=WRITE, length=part))
    yield bench.halting("what is stored is loaded", bench.position(), ordered, bench.mvm(), bench.post(), bench.store())


def _ordered(bench: Bench, load: Made) -> Made:
    before = (*bench.signal(STORE, 0), *bench.wait(LOAD, 0))
    return (*before, *load, *bench.signal(LOAD, 1), *bench.wait(STORE, 1))


def _ties(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield units that wait on one counter at the same time, for as much as there is and for less."""
    for first, second, names in (
        (LOAD, STORE, "load and store"),
        (STORE, MVM, "store and mvm"),
        (POST, MVM, "post and mvm"),
    ):
        for count in (1, 2):
            waits = (*bench.wait(first, 0, count), *bench.wait(second, 0, 1))
            signals = bench.signal(LOAD if LOAD not in (first, second) else POST, 0) * (count + 1)
            yield bench.halting(f"{names} wait on one counter, for {count} and 1", waits, signals)
