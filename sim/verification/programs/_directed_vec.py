"""Directed programs about VEC: every operation on every kind of element, taps, places that wrap, banks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from nngen.isa import BY_MNEMONIC, Unit, register

from ._bench import Bench, DirectedProgram, Made

_OPERATIONS = ("sum", "max", "scale", "weight", "multiply")
_MAX, _SCALE, _WEIGHT, _MULTIPLY = range(1, 5)
_ELEMENTS = range(3)
_FAR = 2047
_MOST_TAPS = 255


def vec_programs(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield all of them; none of a core without VEC."""
    if bench.core.vector is None:
        return
    yield from _elements(bench)
    yield from _taps(bench)
    yield from _extremes(bench)
    yield from _coefficients(bench)
    yield from _lengths(bench)
    yield from _banks(bench)


def _shown(bench: Bench) -> Made:
    """Return what brings all accumulators to memory, as far as the output buffer holds them."""
    return (*bench.post_vec(), *bench.store())


def _set(bench: Bench, **registers: int) -> Made:
    """Return SETs of VEC's registers, by names in small letters; a number behind the name is that of the register."""
    made: list[Made] = []
    for name, value in registers.items():
        known, number = name.rstrip("0123456789"), name.lstrip("abcdefghijklmnopqrstuvwxyz_")
        made.append(bench.set(Unit.VEC, known.upper(), value, int(number or 0)))
    return tuple(instruction for sets in made for instruction in sets)


def _elements(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield every operation with elements of every size and sign, from nothing and from what it left."""
    for operation, name in enumerate(_OPERATIONS):
        start = _set(bench, taps=3, stride=3, zero0=-77, zero1=130, coefficient0=1234, coefficient1=-999999,
                     coefficient2=8)  # fmt: skip
        for signed in range(2):
            made: list[Made] = [start, _set(bench, signed=signed)]
            for element in _ELEMENTS:
                first = bench.vec(operation=operation, last=0, release=0)
                again = bench.vec(operation=operation, source=5, overwrite=0, first=0)
                made += [_set(bench, element=element), bench.load_vector(), first, again, _shown(bench)]
            yield bench.halting(f"vec {name}, signed {signed}", *made)


def _taps(bench: Bench) -> Iterator[DirectedProgram]:
    assert bench.core.vector is not None
    size, length = bench.core.vector.buffer_bytes, bench.vec()[0]["length"]
    for taps, stride in ((0, 0), (1, _FAR), (2, 0), (2, size - 1), (4, size // 2), (_MOST_TAPS, _FAR), (_MOST_TAPS, 1)):
        made: list[Made] = [_set(bench, taps=taps, stride=stride, coefficient0=3, coefficient7=-5)]
        short = min(length, bench.core.word_bytes)
        for operation in range(len(_OPERATIONS)):
            made += [bench.load_vector(), bench.vec(operation=operation, length=short if taps > 9 else length)]
            made.append(_shown(bench))
        yield bench.halting(f"vec with {taps} taps, {stride} bytes apart", *made)
    for element in _ELEMENTS:
        places = (size - 1, size - 2, size - 3, _FAR)
        made = [_set(bench, element=element)]
        for source in places:
            made += [bench.load_vector(), bench.vec(source=source), _shown(bench)]
        yield bench.halting(f"vec elements {element} around the end of the buffer", *made)


def _extremes(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield factors at their ends; sums of many taps that wrap; the largest of what wraps."""
    largest = (1 << (register(Unit.VEC, "COEFFICIENT").width - 1)) - 1
    zero = (1 << (register(Unit.VEC, "ZERO").width - 1)) - 1
    many = {"taps": 31, "stride": 2, "element": 1}
    for signed, (low, high) in product(range(2), ((-largest - 1, largest), (largest, largest))):
        factors = {f"coefficient{i}": (low, high)[i % 2] for i in range(8)}
        sets = _set(bench, signed=signed, **many, **factors)
        vec = bench.vec(operation=_SCALE, length=min(bench.core.word_bytes, bench.vec()[0]["length"]))
        name = f"vec coefficients {low} and {high}, signed {signed}"
        yield bench.halting(name, sets, bench.load_vector(), vec, _shown(bench))
    for even, odd in ((-zero - 1, zero), (zero, zero), (-zero - 1, -zero - 1)):
        sets = _set(bench, signed=1, zero0=even, zero1=odd, **many)
        made: list[Made] = [sets, bench.load_vector(), bench.vec(operation=_MULTIPLY, release=0, last=0)]
        made += [_set(bench, element=2), bench.vec(operation=_MULTIPLY, overwrite=0, first=0), _shown(bench)]
        yield bench.halting(f"vec zeros {even} and {odd}", *made)
    more = bench.loop(bench.vec(overwrite=0, first=0, last=0, release=0), 60)
    sums = (bench.vec(last=0, release=0), more, bench.vec(operation=_MAX, overwrite=0, first=0))
    yield bench.halting("vec accumulators over their top", _set(bench, element=2), bench.load_vector(), *sums,
                        _shown(bench))  # fmt: skip
    smallest = bench.vec(operation=_MAX)
    wide = (_set(bench, element=2), _set(bench, signed=1, element=1), _set(bench, signed=0, element=1))
    made = [part for sets in wide for part in (sets, bench.load_vector(), smallest, _shown(bench))]
    yield bench.halting("vec largest of what wraps", *made)


def _coefficients(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield coefficient words that wrap, and registers taken in turn."""
    assert bench.core.vector is not None
    words = bench.core.vector.coefficient_words
    highest = BY_MNEMONIC["VEC"].field("coefficient").highest
    for element in _ELEMENTS:
        made: list[Made] = [_set(bench, taps=3, stride=1, element=element, signed=1)]
        for first in (0, 1, words - 1, highest):
            made += [bench.load_vector(), bench.vec(operation=_WEIGHT, coefficient=first), _shown(bench)]
        yield bench.halting(f"vec coefficient words in turn, elements {element}", *made)
    factors = {f"coefficient{i}": 1 << (2 * i) for i in range(8)}
    made = [_set(bench, taps=9, stride=1, **factors)]
    for first in (1, 7, 8, highest):
        made += [bench.load_vector(), bench.vec(operation=_SCALE, coefficient=first), _shown(bench)]
    yield bench.halting("vec coefficients in turn", *made)


def _lengths(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield groups that are not whole, one behind the other."""
    word, most = bench.core.word_bytes, bench.vec()[0]["length"]
    for element in _ELEMENTS:
        lanes = max(1, word >> element)
        lengths = sorted({1, max(1, lanes - 1), lanes, lanes + 1, 2 * lanes + 1})
        made: list[Made] = [_set(bench, element=element, taps=2, stride=1)]
        for length in lengths:
            last = (most - length) // word * word
            for entry in sorted({0, max(0, last)}) if length <= most else ():
                made += [bench.load_vector(), bench.vec(length=length, entry=entry), _shown(bench)]
        yield bench.halting(f"vec groups that are not whole, elements {element}", *made)


def _banks(bench: Bench) -> Iterator[DirectedProgram]:
    more = {"overwrite": 0, "first": 0}
    two = (*bench.load_vector(), *bench.load_vector())
    yield bench.halting(
        "two vector buffers in one bank of accumulators", two, bench.vec(last=0), bench.vec(**more), _shown(bench)
    )
    both = (*bench.load_vector(), *bench.vec(release=0), *bench.vec(overwrite=0))
    yield bench.halting("one vector buffer for two banks of accumulators", both, _shown(bench), _shown(bench))
    joined = (*bench.post_vec(count=1, last=0), *bench.post_vec(count=1, first=0))
    yield bench.halting("two banks of vec in one output buffer", both, joined, bench.store())
    sums = (*bench.load(), *bench.mvm(), *bench.load_vector(), *bench.vec())
    for name, posts in (
        ("mvm and vec", (*bench.post(count=2, last=0), *bench.post_vec(count=2, first=0))),
        ("vec and mvm", (*bench.post_vec(count=2, last=0), *bench.post(count=2, first=0))),
    ):
        yield bench.halting(f"{name} in one output buffer", sums, posts, bench.store())
    ahead = (*two, *(bench.vec() * 2), *(bench.post_vec() * 2), *(bench.store() * 2))
    yield bench.halting("both banks of all buffers of vec", ahead)
    behind = (*bench.store(), *bench.post_vec(), *bench.vec(), *bench.load_vector())
    yield bench.halting("units wait for those in front of vec", behind * 2)
    side = (*bench.load_vector(), *bench.load(), *bench.vec(), *bench.mvm())
    outputs = (*bench.post(), *bench.store(), *bench.post_vec(), *bench.store())
    yield bench.halting("vec and mvm at the same time", side, side, outputs, outputs)
    kept = (*bench.load_vector(row=0, length=1), *bench.vec(), *_shown(bench))
    yield bench.halting("vector buffers keep what is not written", *[bench.load_vector(), bench.vec(), _shown(bench)],
                        kept, kept, kept)  # fmt: skip
