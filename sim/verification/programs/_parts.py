"""Parts of a block: commands in an order in which they can run one by one (rule 1 of ``_merge``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nngen.isa import COUNTER_BITS, Instruction, Unit

from ._commands import Commands
from ._counters import Counters
from ._draw import Draw
from ._layout import Area
from ._merge import Item, merge
from ._successions import Successions
from ._units import LOAD, MVM, STORE, VEC, unit_codes

_MANY_COMMANDS = 64
ANYWHERE = 28  # commands of an exchange anywhere, at most
_SENDERS = 4  # handshakes on one counter in a block, seldom more
_OVERWRITTEN = 0.2
_LARGEST_PRODUCT = 40  # of planes, slices and steps, of conversions as long as those of a small converter
_USUAL_CONVERSION = 8  # cycles
_MANY_TAPS = (8, 9, 25, 31, 255)
_ROOMY = 12  # commands among which there is room for a position beside PROGs
_VEC = 0.55  # how often data goes through VEC where the core has it


class Parts:
    """Makes the parts of one program's blocks.

    Attributes
    ----------
    commands
        What makes single commands.
    counters
        What each counter is for.
    nests
        Whether parts may hold loops of their own.
    """

    def __init__(self, commands: Commands, draw: Draw) -> None:
        self.commands = commands
        self.counters = Counters.draw(draw, commands.core)
        self.nests = True
        self.successions = Successions(commands, self.counters, draw)
        self._draw = draw
        self._units = unit_codes(commands.core)
        # No more signals under way than this keep the counters in range: see `handshake`.
        self._most_signals = ((1 << COUNTER_BITS) - 1) // (commands.core.queue_depth + _SENDERS)

    def merge(self, items: Sequence[Item]) -> tuple[Instruction, ...]:
        """Return the instructions of parts in a random order that cannot deadlock."""
        return merge(self.commands.core, self._draw, items, self.counters)

    # ------------------------------------------------------------------ data

    def positions(
        self, *, source: Area = Area.READ, target: Area = Area.WRITE, most: int = _MANY_COMMANDS, vec: int | None = None
    ) -> list[Item]:
        """Return data on its way from memory through units back to memory, in ``most`` commands, at least 4.

        It goes through MVM or, with ``vec``, through VEC; None: through either.

        Between two units, banks of their own group the commands of each: one row buffer for several MVMs, one
        accumulator bank for several row buffers, and so on.
        """
        vec = int(self._draw.chance(_VEC)) if vec is None else vec
        vec &= self.commands.core.vector is not None
        between = self.commands.vec if vec else self.commands.mvm
        groups, counts = self._shape(most)
        deal = self._draw.parts
        sources = [[0] * counts[0], *(deal(counts[i], groups[i - 1]) for i in (1, 2, 3))]
        targets = [*(deal(counts[i], groups[i]) for i in (0, 1, 2)), list(range(counts[3]))]
        makers: tuple[Callable[[int, int, int], Item], ...] = (
            lambda first, last, _: self.commands.load(source, first=first, last=last, vec=vec),
            lambda first, last, release: between(first=first, last=last, release=release),
            lambda first, last, release: self.commands.post(first=first, last=last, release=release, vec=vec),
            lambda _first, _last, release: self.commands.store(target, release=release),
        )
        made: list[Item] = []
        done = [0, 0, 0, 0]

        def produce(stage: int, group: int) -> None:
            """Make the commands of a stage up to those of a group of its banks, and first what they need."""
            source_of, target_of, end = sources[stage], targets[stage], counts[stage]
            while done[stage] < end and target_of[done[stage]] <= group:
                i = done[stage]
                if stage:
                    produce(stage - 1, source_of[i])
                first = i == 0 or target_of[i - 1] != target_of[i]
                last = i + 1 == end or target_of[i + 1] != target_of[i]
                release = i + 1 == end or source_of[i + 1] != source_of[i]
                made.append(makers[stage](int(first), int(last), int(release)))
                done[stage] += 1

        produce(3, counts[3])
        return made

    def _shape(self, most: int) -> tuple[list[int], list[int]]:
        """Return the groups of the three kinds of banks, and the commands of each unit."""
        draw = self._draw
        largest = 1 if draw.chance(0.4) else 3
        while True:
            groups = [draw.choice((1, 1, 1, largest, min(largest, 2))) for _ in range(3)]
            counts = [groups[0], max(groups[:2]), max(groups[1:]), groups[2]]
            if largest > 1:
                counts = [count + draw.choice((0, 0, 0, 1, 2)) for count in counts]
            if sum(counts) <= most:
                return groups, counts
            largest = 1

    def costly_positions(self) -> list[Item]:
        """Return positions with many planes or slices, and small numbers of both again behind them."""
        draw, settings = self._draw, self.commands.settings
        if self.commands.core.vector is not None and draw.chance(_VEC):
            return self._many_taps()
        largest = max(3, _LARGEST_PRODUCT * _USUAL_CONVERSION // self.commands.core.macro.conversion_cycles)
        largest = min(largest, _LARGEST_PRODUCT)
        product = draw.randint(3, largest)
        planes = min(31, draw.choice((8, 8, product, 31, 1 + product // 4, 1)))
        slices = min(31, max(1, product // planes)) if draw.chance(0.9) else max(1, 31 // planes)
        made = self.positions(most=4, vec=0)
        steps = max(1, largest // (planes * slices))
        for i, (unit, commands) in enumerate(made):
            if unit == MVM and commands[0]["steps"] > steps:
                made[i] = (unit, (Instruction("MVM", commands[0].operands | {"steps": steps}),))
        before = [settings.set(Unit.MVM, "PLANES", value=planes), settings.set(Unit.MVM, "SLICES", value=slices)]
        behind = [settings.set(Unit.MVM, "PLANES"), settings.set(Unit.MVM, "SLICES")]
        draw.shuffle(before)
        draw.shuffle(behind)
        return [*((MVM, (set_,)) for set_ in before), *made, *((MVM, (set_,)) for set_ in behind)]

    def _many_taps(self) -> list[Item]:
        """Return one position with many taps, and few again behind it."""
        draw, settings = self._draw, self.commands.settings
        made = self.positions(most=4, vec=1)
        taps = draw.choice(_MANY_TAPS)
        longest = self.commands.core.word_bytes * max(1, _MANY_TAPS[-1] // taps // 4)
        for i, (unit, commands) in enumerate(made):
            if unit == VEC and commands[0]["length"] > longest:
                made[i] = (unit, (Instruction("VEC", commands[0].operands | {"length": longest}),))
        before, behind = settings.set(Unit.VEC, "TAPS", value=taps), settings.set(Unit.VEC, "TAPS")
        return [(VEC, (before,)), *made, (VEC, (behind,))]

    def programming(self, *, most: int) -> list[Item]:
        """Return writes of cells, behind what MVM converted before and in front of what it converts then.

        They take about ``most`` commands, at least 5, and data may be on its way meanwhile.
        """
        assert self.counters.converted is not None
        written = [self.commands.prog() for _ in range(self._draw.choice((1, 1, 2, 3)) if most > _ROOMY else 1)]
        position = self.positions(most=4, vec=None) if most > _ROOMY and self._draw.chance(0.7) else []
        if len(position) > 4:
            position = []
        return self._around_cells([item for item in written if item is not None], position)

    def _around_cells(self, written: list[Item], position: list[Item]) -> list[Item]:
        """Return PROGs and, before, between or behind them, the LOAD of a position, ordered against MVM."""
        converted, programmed = self.counters.converted, self.counters.programmed
        assert converted is not None
        assert programmed is not None
        load, rest = position[:1], position[1:]
        place = self._draw.randint(0, len(written))
        inside = [*written[:place], *load, *written[place:]]
        if self._draw.chance(0.3):  # a SIGNAL directly in front of anything
            counter, waits = self._draw.choice(self.counters.free)
            inside.insert(self._draw.randint(0, len(inside)), self.commands.signal(LOAD, counter))
            rest = [*rest, self.commands.wait(waits, counter, 1)]
        return [*self._ordered(MVM, LOAD, converted), *inside, *self._ordered(LOAD, MVM, programmed), *rest]

    def exchange(self, *, most: int = _MANY_COMMANDS) -> list[Item]:
        """Return writes to the shared area and reads of it, ordered by counters in both directions.

        They take ``most`` commands, at least 14.
        """
        draw, counters = self._draw, self.counters
        write = [self.commands.fill(Area.SHARED) for _ in range(draw.randint(0, 2))]
        half = (most - 4 - len(write)) // 2
        if not write or draw.chance(0.6):
            write += self.positions(target=Area.SHARED, most=half)
        read = self.positions(source=Area.SHARED, most=half)
        signal, wait = self._ordered(LOAD, STORE, counters.loaded)
        behind = 1 + max(i for i, (unit, _) in enumerate(read) if unit == LOAD)
        read.insert(behind, signal)
        read.insert(behind + 1 if draw.chance(0.5) else len(read), wait)
        return [*write, *self._ordered(STORE, LOAD, counters.stored), *read]

    def exchange_anywhere(self) -> list[Item]:
        """Return writes to the whole memory and reads of it, in at most ANYWHERE commands.

        LOAD and STORE do nothing else meanwhile. Nothing may be inserted that touches memory.
        """
        draw, commands = self._draw, self.commands
        loaded, stored = self.counters.loaded, self.counters.stored
        load, *others, store = self.positions(target=Area.WHOLE, most=4)
        write: list[Item] = []
        for _ in range(draw.randint(1, 2)):
            write += [commands.setting_of(Unit.STORE)] if draw.chance(0.3) else []
            write.append(commands.fill(Area.WHOLE))
        write.insert(draw.randint(0, len(write)), store)
        again = self._read_anywhere()
        last = 1 + max(i for i, (unit, _) in enumerate(again) if unit == LOAD)
        behind = [*again[:last], *self._ordered(LOAD, STORE, loaded), *again[last:]]
        if draw.chance(0.6):
            counter, unit = draw.choice(self.counters.free)
            write.insert(draw.randint(0, len(write) - 1), commands.signal(STORE, counter))
            behind.append(commands.wait(unit, counter, 1))
        before = [load, *others, *self._ordered(LOAD, STORE, loaded)]
        return [*before, *write, *self._ordered(STORE, LOAD, stored), *behind]

    def _read_anywhere(self) -> list[Item]:
        """Return a position whose LOAD reads anywhere, and at times PROGs that do."""
        position = self.positions(source=Area.WHOLE, most=4)
        if self.counters.programmed is None or self._draw.chance(0.3):
            return position
        made: list[Item] = []
        for _ in range(self._draw.randint(1, 2)):
            written = self.commands.prog(Area.WHOLE)
            if written is not None and self._draw.chance(0.3):
                made.append(self.commands.setting_of(Unit.LOAD))
            made += [written] if written is not None else []
        return self._around_cells(made, position)

    # ------------------------------------------------------------------ order

    def _ordered(self, before: int, after: int, counter: int) -> list[Item]:
        """Return what lets a unit go on only behind what another one did."""
        return [self.commands.signal(before, counter), self.commands.wait(after, counter, 1)]

    def contest(self) -> list[Item]:
        """Return two units that wait on one counter at the same time; both get what they wait for."""
        counters, commands = self.counters, self.commands
        assert counters.contested is not None
        tells = self._draw.choice([unit for unit in self._units if unit not in counters.rivals])
        made = [commands.signal(tells, counters.contested) for _ in range(sum(counters.shares))]
        for unit, share in zip(counters.rivals, counters.shares, strict=True):
            made.append(commands.wait(unit, counters.contested, share))
        first, second = counters.rivals
        made += [commands.signal(second, counters.meeting[0]), commands.signal(first, counters.meeting[1])]
        return [*made, commands.wait(first, counters.meeting[0], 1), commands.wait(second, counters.meeting[1], 1)]

    def handshake(self, made: list[Item]) -> None:
        """Insert signals somewhere, and behind them who waits for them.

        Commands of earlier blocks that still wait for this counter stand in one queue, each for at most as many
        signals as this block sends: so the counter never holds more than its bits can.
        """
        draw = self._draw
        counter, unit = draw.choice(self.counters.free)
        total = min(draw.amount(1, 4), self._most_signals)
        places = sorted(draw.randint(0, len(made)) for _ in range(total))
        for i, place in enumerate(places):
            made.insert(place + i, self.commands.signal(draw.choice(self._units), counter))
        end = places[-1] + total
        place = draw.randint(end, len(made)) if draw.chance(0.5) else end
        waits = [total] if draw.chance(0.7) else [1] * min(total, 3)
        waits[-1] = total - sum(waits[:-1])
        for count in waits:
            made.insert(place, self.commands.wait(unit, counter, count))

    # ------------------------------------------------------------------ configuration

    def configure(self, made: list[Item]) -> None:
        """Insert SETs of units' registers, at times of one that is overwritten at once."""
        draw = self._draw
        for _ in range(draw.amount(1, 4)):
            item = self.commands.setting()
            place = draw.randint(0, len(made))
            made.insert(place, item)
            if draw.chance(_OVERWRITTEN):
                made.insert(place, self.commands.overwritten(item))

    def move(self, made: list[Item]) -> None:
        """Insert what changes address registers, and NOP."""
        for _ in range(self._draw.amount(1, 4)):
            made.insert(self._draw.randint(0, len(made)), self.commands.move())

    def fill(self, made: list[Item]) -> None:
        """Insert a FILL."""
        made.insert(self._draw.randint(0, len(made)), self.commands.fill(Area.WRITE))
