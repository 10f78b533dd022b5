"""What a unit seldom executes directly behind something else: successions that chance alone would leave out for long.

Each unit's commands stay in their order (rule 2 of ``_merge``), so what stands behind a command of the same unit in the
list is executed directly behind it, whatever is issued between them.
"""

from __future__ import annotations

from nngen.isa import COUNTER_BITS, INSTRUCTIONS, QUEUED_UNITS, UNIT_CODES, Unit, core_units, instruction

from ._commands import NOP, Commands
from ._counters import Counters
from ._draw import Draw
from ._merge import Item
from ._units import SEQUENCER, unit_codes

_UNITS_BY_CODE = {UNIT_CODES[unit]: unit for unit in QUEUED_UNITS}
_SHARED = ("SET", "WAIT", "SIGNAL")  # what units execute beside their own
_FEW = 16  # signals so few that others may come beside them
_MOST = (1 << COUNTER_BITS) - 1  # signals that a counter can hold


class Successions:
    """Inserts rare successions into the parts of a block.

    Parameters
    ----------
    commands, counters
        Of the program.
    """

    def __init__(self, commands: Commands, counters: Counters, draw: Draw) -> None:
        self._commands = commands
        self._counters = counters
        self._draw = draw
        self._units = core_units(commands.core)
        self._codes = unit_codes(commands.core)

    def first(self, units: int) -> list[Item]:
        """Return what so many units begin with where nothing was executed yet: SETs of any value, SIGNALs and WAITs."""
        made: list[Item] = []
        for unit in self._draw.sample(self._units, units):
            kind = self._draw.random()
            if kind < 0.6:
                item = self._commands.setting_of(unit)
                made += [self._commands.overwritten(item), item]
            elif kind < 0.8:
                made += self._first_signal(UNIT_CODES[unit])
            else:
                made += self._first_wait(UNIT_CODES[unit])
        return made

    def _first_signal(self, unit: int) -> list[Item]:
        """Return a SIGNAL and the WAIT for it: of any counter, as all the signals before were waited for."""
        waiters, senders = self._counters.waiters, self._counters.senders
        usable = [c for c in waiters if c != self._counters.full[0] and senders.get(c, unit) == unit]
        counter = self._draw.choice(usable)
        return [self._commands.signal(unit, counter), self._commands.wait(waiters[counter], counter, 1)]

    def _first_wait(self, unit: int) -> list[Item]:
        """Return a WAIT, and before it the signals of another unit; nothing where the unit waits on no counter."""
        draw, (full, _) = self._draw, self._counters.full
        own = [counter for counter, waits in self._counters.waiters.items() if waits == unit]
        if not own:
            return []
        counter = full if full in own and draw.chance(0.7) else draw.choice(own)
        count = draw.choice((_MOST, draw.number(2, _MOST))) if counter == full else draw.amount(1, _FEW)
        others = [other for other in self._codes if other != unit]
        sends = self._counters.senders.get(counter, draw.choice(others))
        _, (signal,) = self._commands.signal(sends, counter)
        signals = (signal,) if count == 1 else (instruction("LOOP", count=count, length=1), signal)
        return [(sends, signals), self._commands.wait(unit, counter, count)]

    def setting(self, made: list[Item]) -> None:
        """Insert a SET of any value, directly behind anything its unit executes, and one that overwrites it."""
        unit = self._draw.choice(self._units)
        item = self._commands.setting_of(unit)
        place = self._behind(made, UNIT_CODES[unit])
        made[place:place] = [self._commands.overwritten(item), item]

    def many_signals(self, made: list[Item]) -> None:
        """Insert as many signals as the counter can count, or fewer, and the WAIT of the same unit for all of them.

        The unit cannot signal again before, so the counter never holds more. The WAIT comes directly behind anything
        the unit executes, and the signals anywhere before.
        """
        draw = self._draw
        counter, unit = self._counters.full
        count = _MOST if draw.chance(0.6) else draw.number(2, _MOST)
        _, (signal,) = self._commands.signal(unit, counter)
        place = self._behind(made, unit)
        made.insert(place, self._commands.wait(unit, counter, count))
        # As the WAIT comes behind it, this loop never ends where one around the block does.
        made.insert(draw.randint(0, max(0, place - 1)), (unit, (instruction("LOOP", count=count, length=1), signal)))

    def window(self, made: list[Item], *, nests: bool) -> None:
        """Insert a SET of an address register to any value behind anything but SET, and SETs of its whole window."""
        draw, commands = self._draw, self._commands
        kind = draw.randrange(3 if nests else 2)
        if kind == 0:
            before = (NOP,)
        elif kind == 1:
            before = commands.near_step()
        else:
            before = (instruction("LOOP", count=1, length=1),)
        window = commands.layout.set_window(draw, draw.choice(commands.layout.all))
        changed = (*before, commands.unused(draw.choice(window)), *window)
        made.insert(draw.randint(0, len(made)), (SEQUENCER, changed))

    def _behind(self, made: list[Item], unit: int) -> int:
        """Return the place behind a command of a unit: one of a random mnemonic, which is inserted if need be."""
        draw, known = self._draw, _UNITS_BY_CODE[unit]
        own = [f.mnemonic for f in INSTRUCTIONS if f.unit is known and f.in_core(self._commands.core)]
        rare = [mnemonic for mnemonic in own[1:] if any(_executes(item, known, mnemonic) for item in made)]
        mnemonic = draw.choice([*own, *rare, *rare, *_SHARED])
        places = [i + 1 for i, item in enumerate(made) if _executes(item, known, mnemonic)]
        if places and draw.chance(0.8):
            return draw.choice(places)
        place = draw.randint(0, len(made))
        counter, waits = draw.choice(self._counters.free)
        added: list[Item] = []
        if mnemonic == "SET":
            added = [self._commands.setting_of(known)]
        elif mnemonic == "WAIT" and unit == waits:
            sends = draw.choice(self._codes)
            added = [self._commands.signal(sends, counter), self._commands.wait(unit, counter, 1)]
        elif mnemonic == "SIGNAL":
            made.insert(draw.randint(place, len(made)), self._commands.wait(waits, counter, 1))
            added = [self._commands.signal(unit, counter)]
        elif places:
            return draw.choice(places)
        made[place:place] = added
        return place + len(added)


def _executes(item: Item, unit: Unit, mnemonic: str) -> bool:
    """Whether the command of an item is this one of this unit; beside it the item may hold SETs of the sequencer."""
    return any(made.unit is unit and made.mnemonic == mnemonic for made in item[1])
