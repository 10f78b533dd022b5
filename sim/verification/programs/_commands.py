"""Single commands of a random program: their operands are legal, often at a corner, and touch no byte they must not."""

from __future__ import annotations

from nngen.arch import Core
from nngen.ir.program import ConstantRecord
from nngen.isa import BY_MNEMONIC, UNIT_CODES, Instruction, Unit, core_units, find_register, instruction, register

from ._constants import MOST_COEFFICIENTS
from ._corners import OperandMaker
from ._draw import Draw
from ._layout import AddressRegister, Area, Layout
from ._merge import Item
from ._runs import RunMaker
from ._settings import Settings
from ._units import LOAD, MVM, POST, SEQUENCER, STORE, VEC

NOP = instruction("NOP")
_WEIGHTS = {Unit.LOAD: 3, Unit.MVM: 4, Unit.POST: 3, Unit.STORE: 1, Unit.VEC: 3}  # how often a unit is configured
ANY_LENGTH = 1 << 16
_LONGEST_FILL = 96  # bytes: longer ones are seldom
_LONGEST_PROG = 24  # programming words
_PROGRAMMING_BYTES = 4
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
        Whether a command may come with a window made for it alone: with up to eleven instructions more.
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
        self._runs = RunMaker(core, draw, layout, settings, self._operands)
        self._filled = min(core.vector.coefficient_words, MOST_COEFFICIENTS) if core.vector else 0

    # ------------------------------------------------------------------ data

    def load(self, area: Area, *, via: AddressRegister | None = None, first: int, last: int, vec: int = 0) -> Item:
        """Return a LOAD from an area, by a given address register or any of the area's; ``vec``: for VEC."""
        draw, highest = self._draw, BY_MNEMONIC["LOAD"].field("group").highest
        given = {"first": first, "last": last, "vec": vec}
        if not vec:
            given["group"] = draw.choice(self.settings.groups) if draw.chance(0.8) else draw.number(0, highest)
        return LOAD, self._run("LOAD", area, via, given)

    def fill_vector(self, via: AddressRegister, *, first: int = 1) -> list[Item]:
        """Return LOADs that write every byte of a vector buffer; the ``first`` acquires it."""
        assert self.core.vector is not None
        size, draw = self.core.vector.buffer_bytes, self._draw
        starts = list(range(0, size, min(via.longest, size)))
        draw.shuffle(starts)
        made: list[Item] = []
        for number, start in enumerate(starts):
            given = {"vec": 1, "wide": 0, "strided": 0, "row": start, "length": min(via.longest, size - start)}
            given |= {"first": first * int(number == 0), "last": int(number == len(starts) - 1)}
            given |= {"register": via.number, "offset": self._runs.distance(via, BY_MNEMONIC["LOAD"])}
            made.append((LOAD, (self._operands.make("LOAD", **given),)))
        return made

    def prog(self, area: Area = Area.READ, *, via: AddressRegister | None = None) -> Item | None:
        """Return a PROG from an area, by a given address register or any; None where none leads there."""
        most = (
            ANY_LENGTH if self._draw.chance(0.1 if area is Area.READ else 0.5) else _PROGRAMMING_BYTES * _LONGEST_PROG
        )
        registers = self.layout.registers[area] if via is None else [via]
        fit = [r for r in registers if r.step == _PROGRAMMING_BYTES <= r.longest]
        if fit:
            return LOAD, self._run("PROG", area, self._draw.choice(fit), {}, most=most)
        first, end = self.layout.areas[area]
        if not self.wanders or -(-first // _PROGRAMMING_BYTES) + 1 > end // _PROGRAMMING_BYTES:
            return None
        used = self._draw.choice(registers)
        return LOAD, self._runs.far("PROG", area, used, {"register": used.number}, most)

    def vec(self, **given: int) -> Item:
        """Return a VEC; coefficient words are mostly some that do not hold zeros."""
        draw = self._draw
        if "overwrite" not in given:
            given["overwrite"] = int(draw.chance(0.6 if given["first"] else 0.2))
        if draw.chance(0.5):
            given["coefficient"] = draw.number(0, self._filled - 1)
        if draw.chance(0.5):
            given["source"] = draw.choice((0, draw.amount(0, 63)))
        return VEC, (self._operands.make("VEC", **given),)

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
        """Return a POST; with ``vec`` of VEC's accumulators."""
        draw, most = self._draw, min(len(self.records), BY_MNEMONIC["POST"].field("count").highest)
        if given.setdefault("vec", 0) and self.core.vector is not None:
            given.setdefault("single", int(draw.chance(0.4)))
            most = min(self.core.vector.accumulators, most if not given["single"] else self.core.vector.accumulators)
        if "count" not in given:
            given["count"] = draw.number(1, most) if draw.chance(0.1) else draw.amount(1, min(_MANY_RECORDS, most))
        if "record" not in given:
            taken = 1 if given.get("single") else given["count"]
            given["record"] = draw.number(0, len(self.records) - taken)
        return POST, (self._operands.make("POST", **given),)

    def store(self, area: Area, *, via: AddressRegister | None = None, most: int = ANY_LENGTH, release: int) -> Item:
        """Return a STORE of at most so many bytes to an area; in several runs only where there is no such bound."""
        plain = {"strided": 0} if most < ANY_LENGTH else {}
        return STORE, self._run("STORE", area, via, {"release": release} | plain, most=most)

    def fill(self, area: Area, *, via: AddressRegister | None = None) -> Item:
        """Return a FILL of an area, by a given address register or any of the area's."""
        most = ANY_LENGTH if area is Area.WHOLE or self._draw.chance(0.03) else _LONGEST_FILL
        return STORE, self._run("FILL", area, via, {}, most=most)

    def _run(
        self, mnemonic: str, area: Area, via: AddressRegister | None, given: dict[str, int], *, most: int = ANY_LENGTH
    ) -> tuple[Instruction, ...]:
        """Return a command with a run, at times with a window made for it alone."""
        draw = self._draw
        used = via or draw.choice(self.layout.registers[area])
        given["register"] = used.number
        if self.wanders and draw.chance(_FAR):
            return self._runs.far(mnemonic, area, used, given, most)
        return (self._runs.near(mnemonic, area, used, given, most),)

    # ------------------------------------------------------------------ order

    def signal(self, unit: int, counter: int) -> Item:
        """Return a SIGNAL of a unit."""
        return unit, (self._operands.make("SIGNAL", unit=unit, counter=counter),)

    def wait(self, unit: int, counter: int, count: int) -> Item:
        """Return a WAIT of a unit."""
        return unit, (self._operands.make("WAIT", unit=unit, counter=counter, count=count),)

    # ------------------------------------------------------------------ configuration

    def setting(self, names: frozenset[tuple[Unit, str]] | None = None) -> Item:
        """Return a SET of a unit's register, of any or of one of these."""
        units = [unit for unit in core_units(self.core) if names is None or any(own is unit for own, _ in names)]
        return self.setting_of(self._draw.choices(units, [_WEIGHTS[unit] for unit in units])[0], names)

    def setting_of(self, unit: Unit, names: frozenset[tuple[Unit, str]] | None = None) -> Item:
        """Return a SET of a register of this unit, of any or of one of these."""
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
        return (instruction("ADD", register=used.number, value=self._runs.distance(used, BY_MNEMONIC["ADD"])),)

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
