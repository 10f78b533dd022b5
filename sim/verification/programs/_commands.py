"""Single commands of a random program: their operands are legal, often at a corner, and touch no byte they must not."""

from __future__ import annotations

from nngen.arch import Core
from nngen.ir.program import ConstantRecord
from nngen.isa import BY_MNEMONIC, UNIT_CODES, Instruction, Unit, find_register, instruction, register

from ._corners import OperandMaker, limits
from ._draw import Draw
from ._layout import AddressRegister, Area, Layout
from ._merge import LOAD, MVM, POST, SEQUENCER, STORE, Item
from ._settings import Settings

NOP = instruction("NOP")
_CONFIGURED = (Unit.LOAD, Unit.MVM, Unit.POST)
_LONGEST_FILL = 96  # bytes: longer ones are seldom
_FAR = 0.03  # how often a run has a window of its own
_MANY_RECORDS = 16


class Commands:
    """Makes single commands.

    Parameters
    ----------
    records
        Constant memory: POST takes no others.

    Attributes
    ----------
    wanders
        Whether a command may come with a window made for it alone: with up to seven instructions more.
    """

    def __init__(
        self, core: Core, draw: Draw, layout: Layout, settings: Settings, records: tuple[ConstantRecord, ...]
    ) -> None:
        self.core = core
        self.layout = layout
        self.settings = settings
        self.records = records
        self.wanders = True
        self._draw = draw
        self._operands = OperandMaker(core, draw)
        self._most = {
            mnemonic: limits(core, format_, format_.field("length"))[1]
            for mnemonic in ("LOAD", "STORE", "FILL")
            for format_ in (BY_MNEMONIC[mnemonic],)
        }

    # ------------------------------------------------------------------ data

    def load(self, area: Area, *, via: AddressRegister | None = None, first: int, last: int) -> Item:
        """Return a LOAD from an area, by a given address register or any of the area's."""
        draw, highest = self._draw, BY_MNEMONIC["LOAD"].field("group").highest
        group = draw.choice(self.settings.groups) if draw.chance(0.8) else draw.number(0, highest)
        given = {"first": first, "last": last, "group": group}
        return LOAD, self._run("LOAD", area, via, given)

    def mvm(self, **given: int) -> Item:
        """Return an MVM."""
        draw, entries = self._draw, self.core.accumulator_entries
        if "steps" not in given:
            given["steps"] = draw.amount(1, entries)
        if "overwrite" not in given:
            given["overwrite"] = int(draw.chance(0.7 if given["first"] else 0.2))
        if "classes" not in given and draw.chance(0.9):
            one = 1 << draw.choice(self.settings.classes)
            given["classes"] = draw.choices((0xFFFF, one, 0), (60, 37, 3))[0]
        if "step" not in given and draw.chance(0.9):
            given["step"] = draw.randint(0, entries - 1) if draw.chance(0.2) else 0
        return MVM, (self._operands.make("MVM", **given),)

    def post(self, **given: int) -> Item:
        """Return a POST."""
        draw, most = self._draw, min(len(self.records), BY_MNEMONIC["POST"].field("count").highest)
        if "count" not in given:
            given["count"] = draw.number(1, most) if draw.chance(0.1) else draw.amount(1, min(_MANY_RECORDS, most))
        if "record" not in given:
            given["record"] = draw.number(0, len(self.records) - given["count"])
        return POST, (self._operands.make("POST", **given),)

    def store(self, area: Area, *, via: AddressRegister | None = None, most: int = 1 << 16, release: int) -> Item:
        """Return a STORE of at most so many bytes to an area."""
        return STORE, self._run("STORE", area, via, {"release": release}, most=most)

    def fill(self, area: Area, *, via: AddressRegister | None = None) -> Item:
        """Return a FILL of an area, by a given address register or any of the area's."""
        most = 1 << 16 if area is Area.WHOLE or self._draw.chance(0.03) else _LONGEST_FILL
        return STORE, self._run("FILL", area, via, {}, most=most)

    def _run(
        self, mnemonic: str, area: Area, via: AddressRegister | None, given: dict[str, int], *, most: int = 1 << 16
    ) -> tuple[Instruction, ...]:
        """Return a LOAD, STORE or FILL, at times with a window made for it alone."""
        draw = self._draw
        used = via or draw.choice(self.layout.registers[area])
        given["register"] = used.number
        if self.wanders and draw.chance(_FAR):
            return self._far(mnemonic, area, used, given, most)
        most = min(most, self._most[mnemonic], used.longest)
        often_longest = mnemonic == "LOAD" or area is Area.WHOLE
        given["length"] = most if often_longest and draw.chance(0.5) else self._length(most)
        given["offset"] = self._distance(used, BY_MNEMONIC[mnemonic].field("offset").highest)
        return (self._operands.make(mnemonic, **given),)

    def _length(self, most: int) -> int:
        draw, word = self._draw, self.core.word_bytes
        kind = draw.random()
        if kind < 0.4:
            return draw.amount(1, most)
        if kind < 0.6:
            return draw.randint(1, most)
        return min(most, draw.choice((most, most, word - 1, word, word + 1)))

    def _distance(self, used: AddressRegister, highest: int) -> int:
        reach = min(used.reach, highest)
        return self._draw.amount(0, reach) if self._draw.chance(0.3) else self._draw.number(-reach, reach)

    def _far(
        self, mnemonic: str, area: Area, used: AddressRegister, given: dict[str, int], most: int
    ) -> tuple[Instruction, ...]:
        """Return a run with a window, a position and an offset that are anything, but lead into the area."""
        draw = self._draw
        first, end = self.layout.areas[area]
        length = given["length"] = self._length(min(most, self._most[mnemonic], end - first))
        address = draw.number(first, end - length)
        field = BY_MNEMONIC[mnemonic].field("offset")
        largest = (1 << register(Unit.SEQUENCER, "SIZE").bits(self.core)) - 1
        size = draw.number(1, largest)
        inside = draw.number(0, min(size - 1, address))
        position = draw.number(0, largest)
        # Below the window or beyond it the sum comes back by one window's size.
        offset = draw.choice((inside, inside - size, inside + size)) - position
        if not field.lowest <= offset <= field.highest:
            position, offset = inside, 0
        given["offset"] = offset
        values = {"BASE": address - inside, "SIZE": size, "POSITION": position}
        before = tuple(
            self.layout.set(draw, used.number, name, values[name]) for name in draw.sample(sorted(values), 3)
        )
        return (*before, self._operands.make(mnemonic, **given), *self.layout.set_window(draw, used))

    # ------------------------------------------------------------------ order

    def signal(self, unit: int, counter: int) -> Item:
        """Return a SIGNAL of a unit."""
        return unit, (self._operands.make("SIGNAL", unit=unit, counter=counter),)

    def wait(self, unit: int, counter: int, count: int) -> Item:
        """Return a WAIT of a unit."""
        return unit, (self._operands.make("WAIT", unit=unit, counter=counter, count=count),)

    # ------------------------------------------------------------------ configuration

    def setting(self, names: frozenset[str] | None = None) -> Item:
        """Return a SET of a unit's register, of any or of one with these names."""
        weights = (2, 4, 3)
        return self.setting_of(self._draw.choices(_CONFIGURED, weights)[0], names)

    def setting_of(self, unit: Unit, names: frozenset[str] | None = None) -> Item:
        """Return a SET of a register of this unit, of any or of one with these names."""
        return UNIT_CODES[unit], (self.settings.random(unit, names=names),)

    def overwritten(self, item: Item) -> Item:
        """Return a SET of the same register, to any value at all: nobody uses it before ``item`` comes."""
        unit, (made,) = item
        return unit, (self.unused(made),)

    def unused(self, made: Instruction) -> Instruction:
        """Return a SET of the same register to a value that nobody may use: any of each class as often."""
        known = find_register(made.unit, made["index"])
        assert known is not None
        draw, full = self._draw, 1 << known.bits(self.core)
        value = draw.choice((0, 1, full - 1, draw.randrange(min(2, full - 1), full), draw.getrandbits(32)))
        return instruction("SET", unit=made.unit, index=made["index"], value=value)

    def step(self) -> Item:
        """Return an ADD, at times in a window made for it alone."""
        draw = self._draw
        used = draw.choice(self.layout.all)
        if self.wanders and draw.chance(_FAR):
            return SEQUENCER, self._far_step(used)
        return SEQUENCER, self._near_step(used)

    def near_step(self) -> tuple[Instruction]:
        """Return an ADD within the windows as they are."""
        return self._near_step(self._draw.choice(self.layout.all))

    def _near_step(self, used: AddressRegister) -> tuple[Instruction]:
        highest = BY_MNEMONIC["ADD"].field("value").highest
        return (instruction("ADD", register=used.number, value=self._distance(used, highest)),)

    def _far_step(self, used: AddressRegister) -> tuple[Instruction, ...]:
        draw = self._draw
        largest = (1 << register(Unit.SEQUENCER, "SIZE").bits(self.core)) - 1
        size, position = draw.number(1, largest), draw.number(0, largest)
        inside = draw.number(0, size - 1)
        value = draw.choice((inside, inside - size, inside + size)) - position
        before = [
            self.layout.set(draw, used.number, "SIZE", size),
            self.layout.set(draw, used.number, "POSITION", position),
        ]
        draw.shuffle(before)
        made = instruction("ADD", register=used.number, value=value)
        return (*before, made, *self.layout.set_window(draw, used))

    def move(self) -> Item:
        """Return what changes an address register, or nothing at all."""
        draw = self._draw
        used = draw.choice(self.layout.all)
        kind = draw.random()
        if kind < 0.6:
            return self.step()
        if kind < 0.75:
            return SEQUENCER, self.layout.set_position(draw, used)
        if kind < 0.85:
            return SEQUENCER, self.layout.set_window(draw, used)
        return SEQUENCER, (NOP,) * draw.randint(1, 3)
