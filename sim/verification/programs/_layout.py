"""Who may touch which bytes of activation memory, and the address registers that lead there.

LOAD only reads the area READ, STORE and FILL only write the area WRITE; both use SHARED, and some programs the WHOLE
memory, one after the other (see ``_parts``). No command touches the traffic area, so that a program with WHOLE has
none. The windows of an address register lie in one area, and whatever its position, a run of at most ``longest`` bytes
from an ``offset`` of at most ``reach`` stays in it. Some registers stand at multiples of their ``step`` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from nngen.arch import Core
from nngen.isa import ADDRESS_REGISTERS, Instruction, Unit, instruction, register

from ._draw import Draw

_MORE_WINDOWS = 0.3
_WIDE_VALUE = 0.2
_OVERWRITTEN = 0.1
_WHOLE, _WHOLE_REGISTERS = 0.15, 4  # how often the whole memory is used at once; with fewer registers not at all
_BYTE_BITS = 8
_PROGRAMMING_BYTES = 4
_READS = 8  # LOADs, at most, that fill a vector buffer
_SMALLEST_SHARED = 64  # bytes of activation memory below which the shared area is left out


class Area(Enum):
    """A part of activation memory."""

    READ = "read"
    WRITE = "write"
    SHARED = "shared"
    WHOLE = "whole"
    TRAFFIC = "traffic"


@dataclass(frozen=True, kw_only=True)
class AddressRegister:
    """An address register and what it is used for.

    Parameters
    ----------
    windows
        The (BASE, SIZE) it may have.
    reach
        Distance, to either side, by which offsets and moves go at most.
    longest
        Bytes of the longest run.
    step
        Of which number windows, positions, offsets and moves are multiples.
    """

    number: int
    area: Area
    windows: tuple[tuple[int, int], ...]
    reach: int
    longest: int
    step: int = 1


class Layout:
    """A random division of activation memory.

    Attributes
    ----------
    areas
        First byte of each area, and the one behind its last.
    registers
        Address registers by area.
    """

    def __init__(self, core: Core, draw: Draw, *, registers: int = ADDRESS_REGISTERS) -> None:
        self.core = core
        self.areas = divide(core, draw, whole=registers >= _WHOLE_REGISTERS and draw.chance(_WHOLE))
        self.registers: dict[Area, list[AddressRegister]] = {area: [] for area in Area if area is not Area.TRAFFIC}
        usable = [area for area in self.registers if area in self.areas]
        chosen = (usable + draw.choices(usable, k=ADDRESS_REGISTERS))[:registers]
        draw.shuffle(chosen)
        for number, area in enumerate(chosen):
            self.registers[area].append(_address_register(core, draw, number, area, self.areas[area]))

    @property
    def all(self) -> list[AddressRegister]:
        """All registers in use."""
        return [register for registers in self.registers.values() for register in registers]

    @property
    def traffic(self) -> tuple[int, int]:
        """The area that no command touches."""
        return self.areas.get(Area.TRAFFIC, (0, 0))

    def set_window(self, draw: Draw, target: AddressRegister, *, fresh: bool = False) -> tuple[Instruction, ...]:
        """Return the SETs that give a register one of its windows; ``fresh``: while all its registers are still 0."""
        base, size = draw.choice(target.windows)
        values = {"BASE": base, "SIZE": size, "POSITION": self._position(draw, target, size)}
        names = draw.sample(sorted(values), 3)
        if draw.chance(_OVERWRITTEN):  # a value that nobody uses: it may be anything
            name = draw.choice(names)
            largest = (1 << register(Unit.SEQUENCER, name).bits(self.core)) - 1
            return tuple(self.set(draw, target.number, n, v) for n, v in ((name, draw.number(0, largest)),
                         *((name, values[name]) for name in names)))  # fmt: skip
        kept = [name for name in names if not fresh or (values[name] and (name != "POSITION" or draw.chance(0.2)))]
        return tuple(self.set(draw, target.number, name, values[name]) for name in kept)

    def set_position(self, draw: Draw, target: AddressRegister) -> tuple[Instruction, ...]:
        """Return a SET of a position that lies in every window of the register."""
        return (self.set(draw, target.number, "POSITION", self._position(draw, target, target.reach)),)

    def _position(self, draw: Draw, target: AddressRegister, size: int) -> int:
        return draw.number(0, size // target.step - 1) * target.step

    def set(self, draw: Draw, number: int, name: str, value: int) -> Instruction:
        """Return a SET of an address register, at times with bits that the register has not."""
        known = register(Unit.SEQUENCER, name)
        if draw.chance(_WIDE_VALUE):
            bits = known.bits(self.core)
            value |= draw.number(0, (1 << (32 - bits)) - 1) << bits
        return instruction("SET", unit=Unit.SEQUENCER, index=known.index + number, value=value)


def divide(core: Core, draw: Draw, *, whole: bool = False) -> dict[Area, tuple[int, int]]:
    """Return a random division of activation memory; the order of the areas is random, too.

    With ``whole``, all of it is an area as well.
    """
    total, word = core.activation_bytes, max(core.word_bytes, 4)
    order = [Area.READ, Area.WRITE]
    if total >= _SMALLEST_SHARED:
        order.append(Area.SHARED)
    draw.shuffle(order)
    traffic = 0 if whole else min(draw.randint(1, 8), total // word // 8) * word
    free = total - traffic
    shares = [draw.choice((1, 1, 2, 4)) for _ in order]
    ends = [free * sum(shares[: i + 1]) // sum(shares) for i in range(len(order))]
    ends = [min(max(end + draw.randint(-3, 3), i + 1), free) for i, end in enumerate(ends[:-1])] + [free]
    if traffic:
        place = draw.randint(0, len(order))
        if 0 < place < len(order):
            ends[place - 1] = max(word, ends[place - 1] // word * word)  # traffic comes in whole words
        order.insert(place, Area.TRAFFIC)
        before = ends[place - 1] if place else 0
        ends = [*ends[:place], before + traffic, *(end + traffic for end in ends[place:])]
    areas = dict(zip(order, zip([0, *ends[:-1]], ends, strict=True), strict=True))
    return areas | {Area.WHOLE: (0, total)} if whole else areas


def _address_register(core: Core, draw: Draw, number: int, area: Area, span: tuple[int, int]) -> AddressRegister:
    step = _step(core, draw, area)
    first, end = -(-span[0] // step) * step, span[1]
    if end - first < 2 * step:
        step, first = 1, span[0]
    longest = _longest_run(core, draw, area, end - first)
    room = (end - first - longest) // step + 1  # places where a run may begin
    count = draw.randint(2, 3) if draw.chance(_MORE_WINDOWS) else 1
    windows = []
    for _ in range(count):
        size = room if draw.chance(0.3) else draw.number(1, room) if draw.chance(0.3) else draw.amount(1, room)
        windows.append((first + step * draw.number(0, room - size), step * size))
    reach = min(size for _, size in windows)
    return AddressRegister(number=number, area=area, windows=tuple(windows), reach=reach, longest=longest, step=step)


def _step(core: Core, draw: Draw, area: Area) -> int:
    """Return at multiples of what a register stands: of elements of two bytes, of programming words, or any."""
    if area is Area.WRITE:
        return 1
    steps = [1] if area is Area.WHOLE else [1, 1]
    steps += [2, 2] if core.activation_bits > _BYTE_BITS else []
    steps += [_PROGRAMMING_BYTES] * 2 if core.reprogram else []
    return draw.choice(steps)


def _longest_run(core: Core, draw: Draw, area: Area, span: int) -> int:
    """Return the longest run that a register allows: what a command can have at most, less, or the whole area."""
    buffer = core.vector.buffer_bytes if core.vector else 0
    usual = {Area.READ: max(core.macro.rows, buffer), Area.WRITE: core.output_buffer_bytes}
    most = usual.get(area, core.word_bytes + 1)
    kind = draw.random()
    if kind < 0.2 or area is Area.WHOLE:
        return span
    if kind < 0.7:
        return min(most, span)
    least = -(-buffer // _READS) if area is Area.READ else 1
    return draw.number(min(span, max(1, least)), min(span, 2 * most))
