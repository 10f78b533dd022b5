"""Directed programs: each instruction with each operand at each of its corners, the others plain.

What surrounds the instruction makes it one that keeps the protocol and shows what it did. An instruction that is not
known here stands alone; where the rules refuse its operands, that is what the program promises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nngen.isa import INSTRUCTIONS, QUEUED_UNITS, UNIT_CODES, Cause, Field, Instruction, InstructionFormat, Unit

from ._bench import OTHER, WRITE, Bench, DirectedProgram, Made
from ._corners import corners
from ._faults import least_instruction
from ._program import HALT

_LONG = 4  # instructions of a plain loop's body
_MANY = 99  # rounds that nobody wants to wait for
_LOAD, _STORE = UNIT_CODES[Unit.LOAD], UNIT_CODES[Unit.STORE]


def operand_programs(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield the programs of all instructions; those of SET are in ``_directed_registers``."""
    for format_ in INSTRUCTIONS:
        if any(f.name == "index" for f in format_.fields):
            continue
        if not format_.fields:
            yield from _without_operands(bench, format_)
        plain = _PLAIN[format_.mnemonic](bench) if format_.mnemonic in _PLAIN else least_instruction(format_)
        if format_.fields:
            yield _around(bench, f"{format_.mnemonic.lower()} plain", plain)
        for field in format_.fields:
            for value in _values(bench, format_, field):
                tested = Instruction(format_.mnemonic, _alongside(bench, plain, field.name, value))
                if tested != plain:
                    yield _around(bench, f"{format_.mnemonic.lower()}.{field.name}={value}", tested)


def _values(bench: Bench, format_: InstructionFormat, field: Field) -> tuple[int, ...]:
    """Return the corners of a field; every unit that it can name, as the others are among the faults."""
    if field.name == "unit":
        return tuple(UNIT_CODES[unit] for unit in QUEUED_UNITS)
    return corners(bench.core, format_, field)


def _without_operands(bench: Bench, format_: InstructionFormat) -> Iterator[DirectedProgram]:
    plain = (least_instruction(format_),)
    name = format_.mnemonic.lower()
    yield bench.stopping(f"{name} first of all", Cause.NONE, ending=(*plain, HALT))
    yield bench.halting(name, bench.position(), plain)


def _around(bench: Bench, name: str, tested: Instruction) -> DirectedProgram:
    """Return the program around an instruction; where the rules refuse it, or the state must, that is its promise."""
    format_ = tested.format
    if not all(rule.holds(bench.core, tested.operands) for rule in format_.rules):
        return bench.stopping(name, Cause.OPERAND, ending=(tested, HALT))
    surround = _SURROUND.get(format_.mnemonic)
    made = surround(bench, tested) if surround else (tested,)
    if made is None:  # the core's state refuses it, whatever surrounds it
        before = bench.window(tested["register"], bench.half, 1) if "register" in tested.operands else ()
        return bench.stopping(name, format_.state_refusals[0][0], before, ending=(tested, HALT))
    if HALT in made:
        return bench.stopping(name, Cause.NONE, ending=made)
    return bench.halting(name, made, bench.position())


def _alongside(bench: Bench, plain: Instruction, name: str, value: int) -> dict[str, int]:
    """Return the operands with one changed; others of its rules go down to their least where the sum is too large."""
    operands = plain.operands | {name: value}
    lowest = least_instruction(plain.format).operands
    for rule in plain.format.rules:
        if name in rule.fields and not rule.holds(bench.core, operands):
            operands |= {other: lowest[other] for other in rule.fields if other != name}
    return operands


# ---------------------------------------------------------------------- what surrounds an instruction


def _window(bench: Bench, tested: Instruction, name: str) -> Made | None:
    """Return the SETs by which an offset or a move leads into the part that is read or written; None: none do."""
    low, high = (0, bench.half) if tested.mnemonic == "LOAD" else (bench.half, bench.core.activation_bytes)
    length = tested.operands.get("length", 1)
    if length > high - low:  # a FILL, and nothing else is read meanwhile
        low, high = 0, bench.core.activation_bytes
    widest = bench.widest()
    for size, position in ((high - low, 0), (high - low, high - low - 1), (widest, 0), (widest, widest)):
        moved = position + tested[name]
        moved += size if moved < 0 else -size if moved >= size else 0
        base = max(0, low - moved)
        if 0 <= moved < size and base + moved + length <= high:
            return bench.window(tested["register"], base, size, position)
    return None


def _load(bench: Bench, tested: Instruction) -> Made | None:
    window = _window(bench, tested, "offset")
    if window is None:
        return None
    hears = bench.set(Unit.LOAD, "GROUP", tested["group"])
    before = () if tested["first"] else bench.load(register=OTHER, length=1, last=0)
    behind = () if tested["last"] else bench.load(register=OTHER, length=1, first=0)
    other = bench.window(OTHER, 0, 1)
    result = (*bench.mvm(), *bench.post(), *bench.store())
    return (*window, *other, *hears, *before, tested, *behind, *bench.windows(), *result)


def _mvm(bench: Bench, tested: Instruction) -> Made:
    before = () if tested["first"] else bench.mvm(steps=1, last=0, release=0)
    behind: Made = ()
    if not tested["last"]:
        behind = (*bench.load(), *bench.mvm(steps=1, overwrite=0, first=0))
    elif not tested["release"]:
        behind = (*bench.mvm(steps=1, overwrite=0), *bench.post(), *bench.store())
    return (*bench.load(), *before, tested, *behind, *bench.post(), *bench.store())


def _post(bench: Bench, tested: Instruction) -> Made:
    before = () if tested["first"] else bench.post(count=1, last=0, release=0)
    behind: Made = ()
    if not tested["last"]:
        behind = (*bench.load(), *bench.mvm(), *bench.post(count=1, first=0))
    elif not tested["release"]:
        behind = (*bench.store(), *bench.post(count=1))
    return (*bench.load(), *bench.mvm(), *before, tested, *behind, *bench.store())


def _store(bench: Bench, tested: Instruction) -> Made | None:
    window = _window(bench, tested, "offset")
    if window is None:
        return None
    behind = () if tested["release"] else bench.store()
    return (*bench.load(), *window, *bench.mvm(), *bench.post(), tested, *bench.windows(), *behind)


def _fill(bench: Bench, tested: Instruction) -> Made | None:
    window = _window(bench, tested, "offset")
    return None if window is None else (*window, *bench.alone(tested), *bench.windows())


def _add(bench: Bench, tested: Instruction) -> Made | None:
    window = _window(bench, tested, "value")
    if window is None:
        return None
    return (*window, tested, *bench.fill(register=tested["register"]), *bench.windows())


def _loop(bench: Bench, tested: Instruction) -> Made | None:
    if not tested["host"] and not tested["count"]:
        return None
    if tested["count"] > _MANY or tested["length"] > bench.core.program_instructions // 4:
        return (tested, *bench.nops(1), HALT)  # HALT ends the program from inside a loop, too
    return (tested, *bench.fill(), *bench.nops(tested["length"] - 1))


def _wait(bench: Bench, tested: Instruction) -> Made:
    signal = bench.signal(_another(tested["unit"]), tested["counter"])
    return (*bench.loop(signal, tested["count"]), tested)


def _signal(bench: Bench, tested: Instruction) -> Made:
    return (*bench.position(), tested, *bench.wait(_another(tested["unit"]), tested["counter"]))


def _another(unit: int) -> int:
    return _LOAD if unit == _STORE else _STORE


_PLAIN: dict[str, Callable[[Bench], Instruction]] = {
    "LOAD": lambda bench: bench.load()[0],
    "MVM": lambda bench: bench.mvm()[0],
    "POST": lambda bench: bench.post()[0],
    "STORE": lambda bench: bench.store()[0],
    "FILL": lambda bench: bench.fill()[0],
    "ADD": lambda bench: Instruction("ADD", {"register": WRITE}),
    "LOOP": lambda bench: Instruction("LOOP", {"count": 2, "length": _LONG}),
}
_SURROUND: dict[str, Callable[[Bench, Instruction], Made | None]] = {
    "LOAD": _load,
    "MVM": _mvm,
    "POST": _post,
    "STORE": _store,
    "FILL": _fill,
    "ADD": _add,
    "LOOP": _loop,
    "WAIT": _wait,
    "SIGNAL": _signal,
}
