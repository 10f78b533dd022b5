"""Directed programs: each configuration register with the corners of its value, and with more bits than it has."""

from __future__ import annotations

from collections.abc import Iterator

from nngen.isa import REGISTERS, Register, Unit, core_units

from ._bench import Bench, DirectedProgram, Made
from ._corners import register_corners
from ._faults import registers_present
from ._opening import WORD

_VALUE_BITS = 32
_ENABLED = 1 << 16
_LAST_OPERATION = 4


def register_programs(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield a program for each register; of an array, its first and its last."""
    for register in REGISTERS:
        if register.unit is not Unit.SEQUENCER and register.unit not in core_units(bench.core):
            continue
        present = registers_present(bench.core, register.unit)
        last = max(index for index in present if index < register.index + register.count) - register.index
        bits = register.bits(bench.core)
        values = _combined(bench, register) if register.fields else register_corners(bench.core, register)
        wide = ((1 << _VALUE_BITS) - (1 << bits) | 1 << (bits - 1),) if bits < _VALUE_BITS else ()
        name = f"set {register.unit}.{register.name}"
        yield bench.halting(name, *(_shown(bench, register, 0, value) for value in (*values, *wide)), bench.windows())
        if last:
            shown = (_shown(bench, register, last, value) for value in (1 << (bits - 1), *wide))
            yield bench.halting(f"{name}[{last}]", *shown, bench.windows())


def _combined(bench: Bench, register: Register) -> tuple[int, ...]:
    """Return values of a register that holds several numbers: one of them at a corner; gains can all be used."""
    values: list[int] = []
    for field in register.fields:
        numbers = {0, 1, field.highest}
        if field.name == "log2_gain":
            numbers = {gain.bit_length() - 1 for gain in bench.core.macro.usable_gains}
        rest = 0 if field.name == "enabled" else _ENABLED
        values += [rest | number << field.offset for number in sorted(numbers)]
    return tuple(dict.fromkeys(values))


def _shown(bench: Bench, register: Register, number: int, value: int) -> Made:
    """Return a SET and commands that show what it did."""
    tested = bench.set(register.unit, register.name, value, number)
    if register.unit is Unit.SEQUENCER:
        kept = value & ((1 << register.bits(bench.core)) - 1)
        return (*tested, *_address(bench, register, number, kept))
    if register.unit is Unit.VEC:
        return (*tested, *_shown_by_vec(bench))
    if register.name in {"RUNS", "STRIDE"}:
        return _shown_by_runs(bench, register, value)
    group = value & ((1 << register.width) - 1) if register.name == "GROUP" else 0
    length = min(3, bench.core.macro.rows)
    return (
        *tested,
        *bench.load(group=group, length=length),
        *bench.mvm(steps=1),
        *bench.post(),
        *bench.store(length=4),
    )


def _shown_by_vec(bench: Bench) -> Made:
    """Return VECs that use every register: factors, and tap pairs of which each is a byte or more from the next."""
    length = min(3, bench.vec()[0]["length"])
    operations = [
        bench.vec(length=length, operation=number, overwrite=int(not number), first=int(not number),
                  last=int(number == _LAST_OPERATION), release=int(number == _LAST_OPERATION))
        for number in range(_LAST_OPERATION + 1)
    ]  # fmt: skip
    return (*bench.load_vector(), *(made for made_of in operations for made in made_of), *bench.post_vec(count=length),
            *bench.store(length=WORD))  # fmt: skip


def _shown_by_runs(bench: Bench, register: Register, value: int) -> Made:
    """Return a strided command whose runs the register decides, alone with memory; of a core that has none, plain."""
    core, unit = bench.core, register.unit
    other = bench.set(unit, "STRIDE", 1) if register.name == "RUNS" else bench.set(unit, "RUNS", 3)
    sets = (*other, *bench.set(unit, register.name, value))
    strided = int(core.strided_access)
    if unit is Unit.LOAD:
        tested = bench.load(length=1, strided=strided)
        return (*sets, *bench.alone(tested[0]), *bench.mvm(steps=1), *bench.post(), *bench.store(length=4))
    tested = bench.store(length=core.word_bytes, strided=strided)
    return (*sets, *bench.load(), *bench.mvm(), *bench.post(), *bench.alone(tested[0]))


def _address(bench: Bench, register: Register, number: int, value: int) -> Made:
    """Return a FILL whose address is in memory only if the register holds the value; nothing where there is none."""
    base, size, position, offset = bench.half, 1, 0, 0
    if register.name == "BASE":
        base = value
    elif register.name == "SIZE":
        size, offset = value, -value
    else:
        size, position, offset = bench.widest(), value, -value
    if base >= bench.core.activation_bytes or not size:
        return ()
    others = {"BASE": base, "SIZE": size, "POSITION": position}
    del others[register.name]
    sets = tuple(made for name, other in others.items() for made in bench.set(Unit.SEQUENCER, name, other, number))
    return (*sets, *bench.alone(bench.fill(register=number, offset=offset)[0]))
