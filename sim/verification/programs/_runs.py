"""Runs of memory in random programs: of any length and shape, and yet all of their bytes in one area."""

from __future__ import annotations

from dataclasses import dataclass

from nngen.arch import Core
from nngen.isa import BY_MNEMONIC, Instruction, InstructionFormat, Unit, register
from nngen.sim.verification.variants import limits

from ._corners import OperandMaker
from ._draw import Draw
from ._layout import AddressRegister, Area, Layout
from ._settings import Settings

_STRIDED = 0.35
_WIDE = 0.6
_BYTE_BITS = 8
_PROGRAMMING_BYTES = 4
_TRIES = 12
_LONGEST = 400  # bytes that the runs of one command have, at most, beside a single one


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A window, a position in it and an offset that lead to an address."""

    base: int
    size: int
    position: int
    offset: int


class RunMaker:
    """Makes LOAD, PROG, STORE and FILL."""

    def __init__(self, core: Core, draw: Draw, layout: Layout, settings: Settings, operands: OperandMaker) -> None:
        self._core = core
        self._draw = draw
        self._layout = layout
        self._settings = settings
        self._operands = operands

    def near(self, mnemonic: str, area: Area, used: AddressRegister, given: dict[str, int], most: int) -> Instruction:
        """Return a command with a run of at most so many bytes, where an address register leads."""
        format_ = BY_MNEMONIC[mnemonic]
        self._choose_shape(format_, given, step=used.step)
        longest = min(most, used.longest)
        if given.get("strided"):
            spread = self._settings.spread[_unit(format_)]
            if self._least(format_, given) > longest - spread:
                given["strided"] = 0
            else:
                longest -= spread
        if given.get("wide") and longest < 2:
            given["wide"] = 0
        often_longest = mnemonic == "LOAD" or area is Area.WHOLE
        given["length"] = self._length(format_, given, longest, often_longest=often_longest)
        given["offset"] = self.distance(used, format_)
        return self._operands.make(mnemonic, **given)

    def far(
        self, mnemonic: str, area: Area, used: AddressRegister, given: dict[str, int], most: int
    ) -> tuple[Instruction, ...]:
        """Return a run with a window, a position and an offset that are anything, but lead into the area."""
        draw, format_, layout = self._draw, BY_MNEMONIC[mnemonic], self._layout
        first, end = layout.areas[area]
        step = _PROGRAMMING_BYTES if mnemonic == "PROG" else 1
        self._choose_shape(format_, given, step=2 if end - first > 2 else 1)
        step = max(step, 1 + given.get("wide", 0))
        lowest = -(-first // step)
        room = end - lowest * step
        if given.get("strided") and self._least(format_, given) > room:
            given["strided"] = 0
        given["length"] = self._length(format_, given, min(most, room), often_longest=False)
        taken = given["length"] * format_.bytes_each
        address = step * draw.number(lowest, (end - taken) // step)
        place = self._place(format_, address)
        given["offset"] = place.offset
        values = {"BASE": place.base, "SIZE": place.size, "POSITION": place.position}
        before = tuple(layout.set(draw, used.number, name, values[name]) for name in draw.sample(sorted(values), 3))
        made = self._operands.make(mnemonic, **given)
        if given.get("strided"):
            return (*before, *self._with_runs(made, address, area), *layout.set_window(draw, used))
        return (*before, made, *layout.set_window(draw, used))

    def distance(self, used: AddressRegister, format_: InstructionFormat) -> int:
        """Return an offset, or a move, that keeps a register where it may be."""
        draw = self._draw
        highest = format_.field("value" if format_.mnemonic == "ADD" else "offset").highest
        reach = min(used.reach, highest) // used.step
        return used.step * (draw.amount(0, reach) if draw.chance(0.3) else draw.number(-reach, reach))

    # ------------------------------------------------------------------ shape

    def _choose_shape(self, format_: InstructionFormat, given: dict[str, int], *, step: int) -> None:
        """Decide on elements and runs; an address of this ``step`` must do."""
        names = {f.name for f in format_.fields}
        if "wide" in names:
            can = self._core.activation_bits > _BYTE_BITS and step % 2 == 0 and not given.get("vec")
            given["wide"] = int(can and self._draw.chance(_WIDE))
        if "strided" in names and "strided" not in given:
            given["strided"] = int(self._core.strided_access and self._draw.chance(_STRIDED))

    def _variant(self, given: dict[str, int]) -> dict[str, int]:
        return {name: given.get(name, 0) for name in ("vec", "wide", "strided")}

    def _least(self, format_: InstructionFormat, given: dict[str, int]) -> int:
        low, _ = limits(self._core, format_, format_.field("length"), self._variant(given))
        return low

    def _length(self, format_: InstructionFormat, given: dict[str, int], longest: int, *, often_longest: bool) -> int:
        """Return a length, in what the instruction counts, of at most so many bytes."""
        draw = self._draw
        low, high = limits(self._core, format_, format_.field("length"), self._variant(given))
        high = min(high, longest // format_.bytes_each)
        whole_words = format_.mnemonic == "STORE" and given.get("strided")
        step = self._core.word_bytes if whole_words else 2 if given.get("wide") else 1
        most, word = high // step, self._core.word_bytes
        if often_longest and draw.chance(0.5):
            return most * step
        kind = draw.random()
        if kind < 0.4:
            chosen = draw.amount(1, most)
        elif kind < 0.6:
            chosen = draw.randint(1, most)
        else:
            chosen = min(most, draw.choice((most, most, word - 1, word, word + 1)))
        return max(low, chosen * step)

    # ------------------------------------------------------------------ far

    def _place(self, format_: InstructionFormat, address: int) -> _Place:
        draw = self._draw
        field = format_.field("offset")
        largest = (1 << register(Unit.SEQUENCER, "SIZE").bits(self._core)) - 1
        size = draw.number(1, largest)
        inside = draw.number(0, min(size - 1, address))
        position = draw.number(0, largest)
        # Below the window or beyond it the sum comes back by one window's size.
        offset = draw.choice((inside, inside - size, inside + size)) - position
        if not field.lowest <= offset <= field.highest:
            position, offset = inside, 0
        return _Place(base=address - inside, size=size, position=position, offset=offset)

    def _with_runs(self, made: Instruction, address: int, area: Area) -> tuple[Instruction, ...]:
        """Return a strided command with any number of runs and any stride that leave the area's bytes alone."""
        unit, settings = _unit(made.format), self._settings
        for _ in range(_TRIES):
            runs, stride = self._any_runs(unit, made["length"])
            if self._stay(made, address, runs, stride, area):
                break
        else:
            runs, stride = 1, self._any_runs(unit, made["length"])[1]
        before = (settings.set(unit, "RUNS", value=runs), settings.set(unit, "STRIDE", value=stride))
        return (*before, made, settings.set(unit, "RUNS"), settings.set(unit, "STRIDE"))

    def _any_runs(self, unit: Unit, length: int) -> tuple[int, int]:
        draw = self._draw
        space = 1 << register(unit, "STRIDE").bits(self._core)
        runs = min(draw.choice((0, 2, 3, draw.number(1, 255), 255)), max(2, _LONGEST // length))
        near = draw.choice((0, 1, length, self._core.word_bytes, draw.randint(0, 2 * length + 8)))
        return runs, draw.choice((near, space - near, space // 2, draw.randrange(space))) % space

    def _stay(self, made: Instruction, address: int, runs: int, stride: int, area: Area) -> bool:
        """Whether all bytes of the runs are in an area or beyond memory."""
        first, end = self._layout.areas[area]
        memory = self._core.activation_bytes
        for k in range(runs):
            start = (address + k * (stride & ~made.operands.get("wide", 0))) % (1 << memory.bit_length())
            if start < memory and not (first <= start and min(start + made["length"], memory) <= end):
                return False
        return True


def _unit(format_: InstructionFormat) -> Unit:
    assert format_.unit is not None
    return format_.unit
