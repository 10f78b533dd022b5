"""Directed programs that stop: every illegal word, addresses and loops beyond their bounds, what never ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nngen.isa import BY_MNEMONIC, LOOP_DEPTH, UNIT_CODES, Cause, Instruction, Unit, instruction

from ._bench import OTHER, WRITE, Bench, DirectedProgram, Made
from ._faults import static_faults
from ._merge import BANKS
from ._program import HALT, NOP
from ._units import LOAD, POST, STORE, unit_codes

_LONGEST_PROGRAM = 4096  # instructions of program memory up to whose end one can wait
_LONGEST_LOOP = BY_MNEMONIC["LOOP"].field("length").highest
_BYTE_BITS = 8
_SIZE = 8  # bytes of a window


def fault_programs(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield all of them."""
    yield from _words(bench)
    yield from _addresses(bench)
    yield from _loops(bench)
    yield from _ends(bench)
    yield from _never(bench)
    yield from _patient(bench)


def _words(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield a program for each word that no core executes; a FILL before it is executed, one behind it is not."""
    window = bench.window(WRITE, bench.half, 8)
    for fault in static_faults(bench.core):
        ending = (fault.word, *bench.fill(offset=1), HALT)
        yield bench.stopping(fault.name, fault.cause, window, bench.fill(), ending=ending)


# ---------------------------------------------------------------------- addresses


def _addresses(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield distances from an address register around both ends of what its window allows, and the end of memory."""
    for mnemonic in ("LOAD", "STORE", "FILL", "ADD"):
        name = mnemonic.lower()
        yield _reached(bench, f"{name} within reach", mnemonic, [_Case(0, -_SIZE), _Case(_SIZE - 1, _SIZE),
                       _Case(_SIZE, 0), _Case(2 * _SIZE, -1)])  # fmt: skip
        yield _refused(bench, f"{name} too far below", mnemonic, _Case(0, -_SIZE - 1))
        yield _refused(bench, f"{name} too far above", mnemonic, _Case(_SIZE - 1, _SIZE + 1))
        yield _refused(bench, f"{name} from far behind the window", mnemonic, _Case(2 * _SIZE, 0))
        yield _refused(bench, f"{name} without a window", mnemonic, _Case(0, 0, size=0))
    memory = bench.core.activation_bytes
    for mnemonic in ("LOAD", "STORE", "FILL"):
        name, base = mnemonic.lower(), memory - 3
        up_to_end = [_Case(0, 0, base=base, length=3), _Case(2, 0, base=base)]
        yield _reached(bench, f"{name} up to the end of memory", mnemonic, up_to_end)
        yield _refused(bench, f"{name} past the end of memory", mnemonic, _Case(1, 0, base=base, length=3))
        yield _refused(bench, f"{name} behind the end of memory", mnemonic, _Case(3, 0, base=base))
    yield from _alignments(bench)


def _alignments(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield runs of elements of two bytes, and of programming words, where they may begin and where not."""
    core, memory = bench.core, bench.core.activation_bytes
    wide = {"register": OTHER, "length": 2, "wide": 1, "first": 1, "last": 1}
    prog = {"register": OTHER, "length": 1}
    kinds = [("LOAD", wide, 2)] if core.activation_bits > _BYTE_BITS else []
    kinds += [("PROG", prog, 4)] if core.reprogram else []
    for mnemonic, operands, step in kinds:
        tested = Instruction(mnemonic, operands)
        name = f"{mnemonic.lower()} at"
        for place in range(1, step):
            window = bench.window(OTHER, place, _SIZE)
            yield bench.stopping(f"{name} byte {place} of {step}", Cause.ADDRESS, window, ending=(tested, HALT))
        end = bench.window(OTHER, memory - step, _SIZE)
        behind = (*bench.mvm(), *bench.post()) if mnemonic == "LOAD" else ()
        store = bench.store() if behind else ()
        yield bench.halting(f"{name} the end of memory", end, bench.alone(tested), behind, bench.windows(), store)
        window = bench.window(OTHER, memory - step, 2 * step, step)
        yield bench.stopping(f"{name} behind the end of memory", Cause.ADDRESS, window, ending=(tested, HALT))
        long = Instruction(mnemonic, operands | {"length": operands["length"] * 2})
        window = bench.window(OTHER, memory - step, _SIZE)
        yield bench.stopping(f"{name} the end and too long", Cause.ADDRESS, window, ending=(long, HALT))


@dataclass(frozen=True)
class _Case:
    """A window with a position, and a run or a move from there."""

    position: int
    distance: int
    size: int = _SIZE
    base: int | None = None
    length: int = 1


def _refused(bench: Bench, name: str, mnemonic: str, case: _Case) -> DirectedProgram:
    window, tested = _at(bench, mnemonic, case)
    return bench.stopping(name, Cause.ADDRESS, window, ending=(tested, HALT))


def _reached(bench: Bench, name: str, mnemonic: str, cases: list[_Case]) -> DirectedProgram:
    made: list[Made] = []
    for case in cases:
        window, tested = _at(bench, mnemonic, case)
        made.append(window)
        if mnemonic == "LOAD":
            made += [bench.alone(tested), bench.mvm(), bench.post(), bench.windows(), bench.store()]
        elif mnemonic == "STORE":
            made += [bench.load(), bench.mvm(), bench.post(), (tested,)]
        else:
            made += [(tested,), bench.fill() if mnemonic == "ADD" else ()]
    return bench.halting(name, *made)


def _at(bench: Bench, mnemonic: str, case: _Case) -> tuple[Made, Instruction]:
    base = bench.half if case.base is None else case.base
    window = bench.window(WRITE, base, case.size, case.position)
    if mnemonic == "ADD":
        return window, instruction("ADD", register=WRITE, value=case.distance)
    make = {"LOAD": bench.load, "STORE": bench.store, "FILL": bench.fill}[mnemonic]
    return window, make(register=WRITE, offset=case.distance, length=case.length)[0]


# ---------------------------------------------------------------------- loops


def _loops(bench: Bench) -> Iterator[DirectedProgram]:
    fill, step = bench.fill(), (instruction("ADD", register=WRITE, value=1),)
    never = (instruction("LOOP", host=1, length=1), *fill, HALT)
    yield bench.stopping("loop as often as the host says: never", Cause.LOOP, loop_count=0, ending=never)
    body = (*fill, *step)
    for depth in range(1, LOOP_DEPTH + 1):
        yield bench.halting(f"loops {depth} deep", body)
        body = (*bench.loop(body, 2), *step)
    yield bench.stopping(f"loops {LOOP_DEPTH + 1} deep", Cause.LOOP, ending=_nested(LOOP_DEPTH + 1), at=LOOP_DEPTH)
    yield bench.stopping(f"halt inside {LOOP_DEPTH} loops", Cause.NONE, ending=_nested(LOOP_DEPTH))
    for name, inner in (("with", 2), ("behind", 3), ("far behind", _LONGEST_LOOP)):
        ending = (instruction("LOOP", count=2, length=3), instruction("LOOP", count=1, length=inner), NOP, NOP, HALT)
        yield bench.stopping(f"loop ends {name} the one around it", Cause.LOOP, ending=ending, at=1)
    yield bench.halting("loop ends just before the one around it", bench.loop((*bench.loop(fill, 3), *step), 2))
    yield bench.halting("loop with a body of 1", bench.loop(step, 3), fill)
    yield bench.halting("loop with a body of 100", bench.loop((*bench.nops(99), *fill), 2))
    yield bench.halting("loop as often as the host says: 5", bench.loop(body[-1:], 0, host=1), loop_count=5)
    yield bench.halting("loop of 300 rounds", bench.loop(step, 300), fill)


def _nested(depth: int) -> tuple[Instruction, ...]:
    loops = (instruction("LOOP", count=2, length=2 * (depth - i)) for i in range(depth))
    return (*loops, NOP, HALT, *[NOP] * depth)


def _ends(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield programs that run past the program memory."""
    room = bench.core.program_instructions
    if room > _LONGEST_PROGRAM:
        return
    yield bench.stopping("past the program memory", Cause.PROGRAM, ending=(NOP,) * room, at=room)
    loop = instruction("LOOP", count=2, length=_LONGEST_LOOP)
    ending = (loop, *(NOP,) * (room - 1))
    if room < _LONGEST_LOOP:
        yield bench.stopping("loop that ends past the program memory", Cause.PROGRAM, ending=ending, at=room)
    ending = (instruction("LOOP", count=2, length=room - 1), *(NOP,) * (room - 1))
    if room <= _LONGEST_LOOP:
        yield bench.stopping("loop up to the end of the program memory", Cause.PROGRAM, ending=ending, at=room)


# ---------------------------------------------------------------------- never


def _never(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield programs that the watchdog ends; the sequencer stands at HALT, or where a queue is full."""
    for code in unit_codes(bench.core):
        unit = tuple(UNIT_CODES)[code]
        yield _stuck(bench, f"{unit} waits for a signal", bench.wait(code, 3))
        full = bench.wait(code, 3) * (bench.core.queue_depth + 1)
        name = f"never: {unit} waits, and its queue is full"
        yield bench.stopping(name, Cause.WATCHDOG, ending=(*full, HALT), at=len(full) - 1)
    yield _stuck(bench, "load waits for a second signal", (*bench.signal(STORE, 3), *bench.wait(LOAD, 3, 2)))
    illegal: tuple[Instruction | int, ...] = (*bench.wait(POST, 3), 1 << 63, HALT)
    yield bench.stopping("never: post waits when an illegal word comes", Cause.ILLEGAL, ending=illegal, at=1)
    yield _stuck(bench, "mvm without row buffer", bench.mvm())
    yield _stuck(bench, "post without accumulators", bench.post())
    yield _stuck(bench, "store without outputs", bench.store())
    rows, sums = bench.load(), (*bench.load(), *bench.mvm())
    outputs = (*sums, *bench.post())
    if bench.core.vector is not None:
        yield from _stuck_vec(bench)
    yield _stuck(bench, "load acquires without release", rows * (BANKS + 1))
    yield _stuck(bench, "mvm acquires without release", sums * (BANKS + 1))
    yield _stuck(bench, "post acquires without release", outputs * (BANKS + 1))


def _stuck_vec(bench: Bench) -> Iterator[DirectedProgram]:
    yield _stuck(bench, "vec without vector buffer", bench.vec())
    yield _stuck(bench, "vec with a row buffer alone", (*bench.load(), *bench.vec()))
    yield _stuck(bench, "mvm with a vector buffer alone", (*bench.load_vector(), *bench.mvm()))
    yield _stuck(bench, "post without the accumulators of vec", (*bench.load(), *bench.mvm(), *bench.post_vec()))
    yield _stuck(bench, "load acquires vector buffers without release", bench.load_vector() * (BANKS + 1))
    sums = (*bench.load_vector(), *bench.vec())
    yield _stuck(bench, "vec acquires without release", sums * (BANKS + 1))
    yield _stuck(bench, "post of vec acquires without release", (*sums, *bench.post_vec()) * (BANKS + 1))


def _stuck(bench: Bench, name: str, made: Made) -> DirectedProgram:
    return bench.stopping(f"never: {name}", Cause.WATCHDOG, made, ending=(HALT,), opening=True)


def _patient(bench: Bench) -> Iterator[DirectedProgram]:
    """Yield programs in which a unit works for longer than the watchdog waits, or nobody watches."""
    rounds = -(-bench.patience // bench.core.macro.conversion_cycles) + 1
    planes, slices = min(31, rounds), min(31, -(-rounds // 31))
    sets = (*bench.set(Unit.MVM, "PLANES", planes), *bench.set(Unit.MVM, "SLICES", slices))
    yield bench.halting("watchdog while mvm works", sets, bench.load(), bench.mvm(steps=1), bench.post(), bench.store())
    length = min((bench.patience + 9) * bench.core.word_bytes, bench.core.activation_bytes - bench.half)
    yield bench.halting("watchdog while store works", bench.fill(length=length))
    yield bench.halting(
        "watchdog while post works", bench.load(), bench.mvm(), bench.post(count=len(bench.records)), bench.store()
    )
    yield bench.halting("no watchdog", bench.position(), watchdog=0)
