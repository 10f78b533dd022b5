"""Directed programs: each instruction with each operand at each of its corners, the others plain.

What surrounds the instruction makes it one that keeps the protocol and shows what it did. An instruction that is not
known here stands alone; where the rules refuse its operands, that is what the program promises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nngen.isa import INSTRUCTIONS, Cause, Field, Instruction, InstructionFormat, Unit
from nngen.sim.verification.variants import Variant, conditions, least_instruction, variant_name, variants

from ._bench import OTHER, READ, WRITE, Bench, DirectedProgram, Made
from ._corners import variant_corners
from ._program import HALT
from ._units import LOAD, MVM, STORE, unit_codes

_LONG = 4  # instructions of a plain loop's body
_MANY = 99  # rounds that nobody wants to wait for
_ALL_PLANES = 16  # what a code of two bytes may have
_PROGRAMMED = 2  # counter of who waits for cells


def operand_programs(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield the programs of all instructions of the core; those of SET are in ``_directed_registers``."""
    for format_ in INSTRUCTIONS:
        if any(f.name == "index" for f in format_.fields) or not format_.in_core(bench.core):
            continue
        if not format_.fields:
            yield from _without_operands(bench, format_)
            continue
        for number, variant in enumerate(variants(bench.core, format_)):
            yield from _of_variant(bench, format_, variant, conditions_too=not number)


def _of_variant(
    bench: Bench, format_: InstructionFormat, variant: Variant, *, conditions_too: bool
) -> Iterator[DirectedProgram]:
    """Yield each operand at its corners, the others plain, in one variant of an instruction.

    ``conditions_too``: also the operands that make variants.
    """
    plain = _plain(bench, format_, variant)
    name = " ".join(filter(None, (format_.mnemonic.lower(), variant_name(variant))))
    yield _around(bench, f"{name} plain", plain)
    for field in format_.fields:
        if field.name in variant and not conditions_too:
            continue
        for value in _values(bench, format_, field, variant):
            tested = Instruction(format_.mnemonic, _alongside(bench, plain, field.name, value))
            if tested != plain:
                yield _around(bench, f"{name}.{field.name}={value}", tested)


def _plain(bench: Bench, format_: InstructionFormat, variant: Variant) -> Instruction:
    if format_.mnemonic in _PLAIN:
        return _PLAIN[format_.mnemonic](bench, variant)
    return least_instruction(bench.core, format_, variant)


def _values(bench: Bench, format_: InstructionFormat, field: Field, variant: Variant) -> tuple[int, ...]:
    """Return the corners of a field; every unit that it can name, as the others are among the faults."""
    if field.name == "unit":
        return unit_codes(bench.core)
    return variant_corners(bench.core, format_, field, variant)


def _without_operands(bench: Bench, format_: InstructionFormat) -> Iterator[DirectedProgram]:
    plain = (least_instruction(bench.core, format_),)
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
    variant = {condition: operands[condition] for condition in conditions(plain.format)}
    lowest = least_instruction(bench.core, plain.format, variant).operands
    for rule in plain.format.rules:
        if not rule.holds(bench.core, operands) and (name in rule.fields or any(name == n for n, _ in rule.when)):
            operands |= {other: lowest[other] for other in rule.fields if other != name}
    return operands


# ---------------------------------------------------------------------- what surrounds an instruction


def _window(bench: Bench, tested: Instruction, name: str) -> Made | None:
    """Return the SETs by which an offset or a move leads into the part that is read or written; None: none do."""
    low, high = (0, bench.half) if tested.unit is Unit.LOAD else (bench.half, bench.core.activation_bytes)
    each = tested.format.bytes_each
    length = tested.operands.get("length", 1) * each
    if length > high - low:  # a FILL or PROG, and nothing else uses memory meanwhile
        low, high = 0, bench.core.activation_bytes
    step = 2 if tested.operands.get("wide") else each
    low = -(-low // step) * step
    widest = bench.widest()
    for size, position in ((high - low, 0), (high - low, high - low - 1), (widest, 0), (widest, widest)):
        moved = position + tested[name]
        moved += size if moved < 0 else -size if moved >= size else 0
        base = max(0, low - moved)
        base += -(base + moved) % step
        if 0 <= moved < size and base + moved + length <= high:
            return bench.window(tested["register"], base, size, position)
    return None


def _load(bench: Bench, tested: Instruction) -> Made | None:
    window = _window(bench, tested, "offset")
    if window is None:
        return None
    other = {"register": OTHER, "length": 1}
    if tested["vec"]:
        before = () if tested["first"] else bench.load_vector(**other, last=0)
        behind = () if tested["last"] else bench.load_vector(**other, first=0)
        result = (*bench.vec(), *bench.post_vec(), *bench.store())
        # What the run leaves of the buffer was written by the opening.
    else:
        before = () if tested["first"] else bench.load(**other, last=0)
        behind = () if tested["last"] else bench.load(**other, first=0)
        result = (*bench.mvm(), *bench.post(), *bench.store())
    hears = bench.set(Unit.LOAD, "GROUP", tested["group"])
    others = bench.window(OTHER, 0, 1)
    runs = _runs(bench, Unit.LOAD) if tested["strided"] else ()
    alone = bench.alone(tested) if tested["strided"] else (tested,)
    planes = bench.set(Unit.MVM, "PLANES", _ALL_PLANES) if tested["wide"] else ()
    return (*planes, *window, *others, *hears, *runs, *before, *alone, *behind, *bench.windows(), *result)


def _runs(bench: Bench, unit: Unit) -> Made:
    return (*bench.set(unit, "RUNS", 3), *bench.set(unit, "STRIDE", bench.core.word_bytes + 2))


def _prog(bench: Bench, tested: Instruction) -> Made | None:
    window = _window(bench, tested, "offset")
    if window is None:
        return None
    written = bench.alone(tested)
    # MVM is idle, and goes on once the cells are written.
    order = (*bench.signal(LOAD, _PROGRAMMED), *bench.wait(MVM, _PROGRAMMED))
    return (*window, *written, *order, *bench.windows(), *bench.position())


def _mvm(bench: Bench, tested: Instruction) -> Made:
    before = () if tested["first"] else bench.mvm(steps=1, last=0, release=0)
    behind: Made = ()
    if not tested["last"]:
        behind = (*bench.load(), *bench.mvm(steps=1, overwrite=0, first=0))
    elif not tested["release"]:
        behind = (*bench.mvm(steps=1, overwrite=0), *bench.post(), *bench.store())
    return (*bench.load(), *before, tested, *behind, *bench.post(), *bench.store())


def _vec(bench: Bench, tested: Instruction) -> Made:
    before = () if tested["first"] else bench.vec(length=1, last=0, release=0)
    behind: Made = ()
    if not tested["last"]:
        behind = (*(bench.load_vector() if tested["release"] else ()), *bench.vec(length=1, overwrite=0, first=0))
    elif not tested["release"]:
        behind = (*bench.vec(length=1, overwrite=0), *bench.post_vec(), *bench.store())
    sets = (*bench.set(Unit.VEC, "TAPS", 3), *bench.set(Unit.VEC, "STRIDE", 5), *bench.set(Unit.VEC, "ZERO", 77),
            *bench.set(Unit.VEC, "COEFFICIENT", -1234, 1), *bench.set(Unit.VEC, "COEFFICIENT", 99999))  # fmt: skip
    return (*sets, *bench.load_vector(), *before, tested, *behind, *bench.post_vec(), *bench.store())


def _post(bench: Bench, tested: Instruction) -> Made:
    vec = tested["vec"]
    post = bench.post_vec if vec else bench.post
    sums = (*bench.load_vector(), *bench.vec()) if vec else (*bench.load(), *bench.mvm())
    before = () if tested["first"] else post(count=1, last=0, release=0)
    behind: Made = ()
    if not tested["last"]:
        behind = (*sums, *post(count=1, first=0)) if tested["release"] else post(count=1, first=0)
    elif not tested["release"]:
        behind = (*bench.store(), *post(count=1))
    return (*sums, *before, tested, *behind, *bench.store())


def _store(bench: Bench, tested: Instruction) -> Made | None:
    window = _window(bench, tested, "offset")
    if window is None:
        return None
    behind = () if tested["release"] else bench.store()
    if not tested["strided"]:
        return (*bench.load(), *window, *bench.mvm(), *bench.post(), tested, *bench.windows(), *behind)
    runs = _runs(bench, Unit.STORE)
    alone = bench.alone(tested)
    return (*bench.load(), *window, *runs, *bench.mvm(), *bench.post(), *alone, *bench.windows(), *behind)


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
    return LOAD if unit == STORE else STORE


def _plain_load(bench: Bench, variant: Variant) -> Instruction:
    if variant.get("vec"):
        return bench.load_vector(row=0)[0]
    if variant.get("wide"):
        plain = bench.load()[0]
        length = min(2 * bench.core.macro.rows, bench.half // 2 * 2, plain.format.field("length").highest - 1)
        return Instruction("LOAD", plain.operands | {"wide": 1, "length": length})
    return bench.load()[0]


def _plain_post(bench: Bench, variant: Variant) -> Instruction:
    if not variant.get("vec"):
        return bench.post()[0]
    count = min(bench.post_vec()[0]["count"], bench.core.constant_records)
    return bench.post_vec(single=variant.get("single", 0), count=count)[0]


def _plain_store(bench: Bench, variant: Variant) -> Instruction:
    strided = variant.get("strided", 0)
    return bench.store(**({"strided": 1, "length": bench.core.word_bytes} if strided else {}))[0]


_PLAIN: dict[str, Callable[[Bench, Variant], Instruction]] = {
    "LOAD": _plain_load,
    "PROG": lambda bench, _: Instruction("PROG", {"register": READ, "length": 1}),
    "MVM": lambda bench, _: bench.mvm()[0],
    "VEC": lambda bench, _: bench.vec()[0],
    "POST": _plain_post,
    "STORE": _plain_store,
    "FILL": lambda bench, _: bench.fill()[0],
    "ADD": lambda bench, _: Instruction("ADD", {"register": WRITE}),
    "LOOP": lambda bench, _: Instruction("LOOP", {"count": 2, "length": _LONG}),
}
_SURROUND: dict[str, Callable[[Bench, Instruction], Made | None]] = {
    "LOAD": _load,
    "PROG": _prog,
    "MVM": _mvm,
    "VEC": _vec,
    "POST": _post,
    "STORE": _store,
    "FILL": _fill,
    "ADD": _add,
    "LOOP": _loop,
    "WAIT": _wait,
    "SIGNAL": _signal,
}
