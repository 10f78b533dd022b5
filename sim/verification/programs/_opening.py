"""What every program does first: define the state that a start leaves as it is.

A start clears registers, queues, row buffers and counters. The opening gives every address register its window, enables
every macro, writes all accumulators of both banks, and with their sums every byte of both banks of the output buffer,
and VEC's buffers and accumulators. Each time it does so a little differently, so that each command comes
to be the first of its unit.
"""

from __future__ import annotations

from nngen.isa import BY_MNEMONIC, REGISTERS, Instruction, Unit, instruction
from nngen.sim.verification.variants import limits

from ._commands import ANY_LENGTH, NOP
from ._draw import Draw
from ._layout import Area
from ._merge import BANKS, Item
from ._parts import Parts
from ._units import LOAD, MVM, POST, SEQUENCER, STORE

WORD = 4  # bytes of an output where ELEMENT is FOUR_BYTES
FOUR_BYTES = 2
_SOMETIMES = 0.3
_OFTEN = 0.8
_SELDOM = 0.15
_ROOMY = 128  # instructions of a program memory that holds more than the shortest openings
_MOST_FIRST = 4  # units that begin with something of their own choice
# Registers that leave defined what the opening has to define.
_HARMLESS = frozenset(
    (register.unit, register.name)
    for register in REGISTERS
    if (register.unit, register.name) not in {(Unit.MVM, "MACRO"), (Unit.POST, "ELEMENT")}
    and register.unit is not Unit.SEQUENCER
)


def opening_records(output_buffer_bytes: int) -> int:
    """Return how many records, each a sum of its own, the opening takes from the beginning of constant memory."""
    return min(output_buffer_bytes // WORD, 32)


def opening(parts: Parts, draw: Draw, *, loop_count: int = 1) -> tuple[Instruction, ...]:
    """Return a random opening.

    Parameters
    ----------
    loop_count
        Repetitions of loops that ask the host; 0: there are none.
    """
    maker = _Opening(parts, draw)
    start = list(maker.windows)
    if loop_count and draw.chance(_SOMETIMES):
        size = draw.randint(1, len(start)) if draw.chance(0.5) else 1
        host = draw.chance(0.5)
        count = draw.number(0, 65535) if host else draw.amount(1, 24)
        # The SETs of windows may be repeated; a single NOP stands for those who want a short body.
        body = start[:size] if size > 1 else [NOP]
        start = [
            instruction("LOOP", count=count, length=len(body), host=int(host)),
            *body,
            *start[len(body) * (size > 1) :],
        ]
    elif draw.chance(_SOMETIMES):
        start.insert(0, NOP)
    elif draw.chance(_OFTEN):
        start.insert(0, parts.commands.unused(draw.choice(start)))
    return (*start, *parts.merge(maker.items()))


class _Opening:
    """Makes the parts of an opening.

    Attributes
    ----------
    windows
        SETs of the address registers that are used at once.
    """

    def __init__(self, parts: Parts, draw: Draw) -> None:
        self._parts = parts
        self._draw = draw
        self._commands = parts.commands
        layout = parts.commands.layout
        self._used = {area: draw.choice(registers) for area, registers in layout.registers.items() if registers}
        if parts.commands.core.vector is not None:  # fewer LOADs fill a vector buffer
            self._used[Area.READ] = max(layout.registers[Area.READ], key=lambda register: register.longest)
        self.windows = [made for r in self._used.values() for made in layout.set_window(draw, r, fresh=True)]
        self._others = [r for r in layout.all if r not in self._used.values()]
        draw.shuffle(self._others)
        self._early = True  # nobody uses a bank of VEC yet

    def items(self) -> list[Item]:
        """Return everything but the first windows, as the rules of ``_merge`` ask for it."""
        draw, commands, parts = self._draw, self._commands, self._parts
        made: list[Item] = [
            (SEQUENCER, commands.layout.set_window(draw, register, fresh=True)) for register in self._others
        ]
        commands.wanders = False
        if commands.core.reprogram and draw.chance(_SELDOM):
            made += self._first_cells()
        kind = draw.random()
        if kind < _SOMETIMES:
            made += self._without_macros()
        elif Area.WHOLE in self._used and kind < 0.6:
            made += self._erased()
        else:
            roomy = commands.core.program_instructions >= _ROOMY
            made += parts.successions.first(draw.randint(2, _MOST_FIRST) if roomy else 1)
        made += self._settings()
        if draw.chance(_SOMETIMES):
            made.append(commands.setting(_HARMLESS))
        ways = [self._through_mvm] * BANKS
        ways += [self._through_vec] * BANKS if commands.core.vector is not None else []
        draw.shuffle(ways)
        for way in ways:
            made += way()
        if draw.chance(_SOMETIMES):
            parts.handshake(made)
        commands.wanders = True
        return made

    def _through_mvm(self) -> list[Item]:
        """Return what writes a bank of MVM's accumulators and one of the output buffer."""
        return [*self._loads(), *self._accumulated(), *self._outputs(vec=0), *self._stores()]

    def _through_vec(self) -> list[Item]:
        """Return what writes a vector buffer, a bank of VEC's accumulators and one of the output buffer."""
        made = [*self._vector_loads(), *self._combined(), *self._outputs(vec=1), *self._stores()]
        self._early = False
        return made

    def _vector_loads(self) -> list[Item]:
        """Return LOADs that write every byte of a vector buffer, at times behind one of any bytes."""
        commands, via = self._commands, self._used[Area.READ]
        if self._draw.chance(_OFTEN):
            before = commands.load(Area.READ, via=via, first=1, last=0, vec=1)
            return [before, *commands.fill_vector(via, first=0)]
        return commands.fill_vector(via)

    def _combined(self) -> list[Item]:
        """Return VECs that overwrite every accumulator of a bank, at times behind one that overwrites any.

        The first of all finds a bank that nobody uses, and may go without acquiring it.
        """
        draw, core = self._draw, self._commands.core
        assert core.vector is not None
        groups = core.vector.accumulators // core.word_bytes
        cut = draw.randint(1, groups - 1) if groups > 1 and draw.chance(_OFTEN) else groups
        spans = [(0, cut), (cut, groups)] if cut < groups else [(0, groups)]
        draw.shuffle(spans)
        made: list[Item] = []
        acquired = 0
        if draw.chance(_OFTEN):
            acquired = int(not (self._early and draw.chance(_SOMETIMES)))
            made.append(self._commands.vec(overwrite=1, first=acquired, last=0, release=0))
        for number, (start, end) in enumerate(spans):
            last = int(number == len(spans) - 1)
            flags = {"first": int(not acquired and not number), "last": last, "release": last}
            entry, length = start * core.word_bytes, (end - start) * core.word_bytes
            made.append(self._commands.vec(entry=entry, length=length, overwrite=1, **flags))
        return made

    def _first_cells(self) -> list[Item]:
        """Return a PROG as LOAD's first command: whatever MVM converts was loaded behind it."""
        loaded = self._parts.counters.loaded
        anywhere = Area.WHOLE in self._used and self._draw.chance(0.5)
        area = Area.WHOLE if anywhere else Area.READ
        made = self._commands.prog(area, via=self._used[area])
        if made is None:
            return []
        ordered = [self._commands.signal(LOAD, loaded), self._commands.wait(STORE, loaded, 1)] if anywhere else []
        return [made, *ordered]

    def _without_macros(self) -> list[Item]:
        """Return commands of all units, the first of all, while no macro is enabled and all bounds of outputs are 0.

        MVM then writes nothing, and whatever the accumulators hold, outputs are 0; STORE takes no more of them. Or they
        go through VEC, which overwrites some accumulators.
        """
        commands, draw = self._commands, self._draw
        vec = int(commands.core.vector is not None and draw.chance(0.5))
        farthest = BY_MNEMONIC["MVM"].field("step").highest
        of_mvm = self._seldom(classes=0) | self._seldom(step=farthest)
        flags = [self._flags(early=True) for _ in range(2)]
        if vec:
            load = self._vector_loads()
            between = [commands.vec(overwrite=1, first=f, last=last, release=last) for f, last in flags[0]]
            self._early = False
        else:
            load = self._loads(early=True)
            between = [commands.mvm(first=first, last=last, release=last, **of_mvm) for first, last in flags[0]]
        format_ = BY_MNEMONIC["POST"]
        if vec:
            _, most = limits(commands.core, format_, format_.field("count"), {"vec": 1, "single": 1})
            of_post = self._seldom(single=1, count=most)
        else:
            of_post = self._seldom(count=min(len(commands.records), format_.field("count").highest))
        post = [commands.post(first=first, last=last, release=last, vec=vec, **of_post) for first, last in flags[1]]
        record, count = post[-1][1][0]["record"], post[-1][1][0]["count"]
        outputs = count if vec else sum(made.last for made in commands.records[record : record + count])
        if not outputs:
            return []
        return [*load, *between, *post, *self._stores(most=min(outputs, commands.core.output_buffer_bytes))]

    def _erased(self) -> list[Item]:
        """Return a FILL of anything in memory; LOAD waits for it."""
        commands, stored = self._commands, self._parts.counters.stored
        fill = commands.fill(Area.WHOLE, via=self._used[Area.WHOLE])
        return [fill, commands.signal(STORE, stored), commands.wait(LOAD, stored, 1)]

    def _seldom(self, **operands: int) -> dict[str, int]:
        """Return these operands, or mostly none."""
        return operands if self._draw.chance(_SELDOM) else {}

    def _flags(self, *, early: bool = False) -> tuple[tuple[int, int], ...]:
        """Return ``first`` and ``last`` of the commands that fill a bank.

        Who is the first of all, ``early``, finds a bank that nobody uses, and may go without acquiring it.
        """
        later = ((0, 0), (1, 1)) if early else ((1, 1),)
        return self._draw.choice((((1, 1),), ((1, 0), (0, 1)), later))

    def _loads(self, *, early: bool = False) -> list[Item]:
        """Return LOADs of a row buffer."""
        load, via = self._commands.load, self._used[Area.READ]
        made = [load(Area.READ, via=via, first=first, last=last) for first, last in self._flags(early=early)]
        if early and self._draw.chance(_SELDOM):
            made[0] = LOAD, (self._into_last_row(made[0][1][0]),)
        return made

    def _into_last_row(self, load: Instruction) -> Instruction:
        """Return a LOAD of a single element from the same place: into the last row."""
        last = {"row": self._commands.core.macro.rows - 1, "length": 1 + load["wide"], "strided": 0}
        return Instruction("LOAD", load.operands | last)

    def _stores(self, *, most: int = ANY_LENGTH) -> list[Item]:
        draw, commands, via = self._draw, self._commands, self._used[Area.WRITE]
        made = [commands.store(Area.WRITE, via=via, most=most, release=1)]
        if draw.chance(_SOMETIMES):
            made.insert(0, commands.store(Area.WRITE, via=via, most=most, release=0))
        if draw.chance(_SOMETIMES):
            made.insert(0, commands.fill(Area.WRITE, via=via))
        return made

    def _settings(self) -> list[Item]:
        settings, draw = self._commands.settings, self._draw
        macros = range(self._commands.core.macros)
        mvm = [settings.set(Unit.MVM, "MACRO", m, value=settings.macro(enabled=True)) for m in macros]
        post = [settings.set(Unit.POST, name) for name in ("LOWEST", "HIGHEST")]
        post.append(settings.set(Unit.POST, "ELEMENT", value=FOUR_BYTES + draw.randint(0, 1)))
        draw.shuffle(mvm)
        draw.shuffle(post)
        return [*((MVM, (made,)) for made in mvm), *((POST, (made,)) for made in post)]

    def _accumulated(self) -> list[Item]:
        """Return MVMs that overwrite every entry of an accumulator bank."""
        draw, entries = self._draw, self._commands.core.accumulator_entries
        most = BY_MNEMONIC["MVM"].field("steps").highest
        cut = draw.randint(1, entries - 1) if entries > 1 and (entries > most or draw.chance(_SOMETIMES)) else entries
        spans = [(0, cut), (cut, entries)] if cut < entries else [(0, entries)]
        return [
            self._commands.mvm(
                classes=0xFFFF, entry=start, steps=end - start, overwrite=1, first=int(start == 0),
                last=int(end == entries), release=int(end == entries),
            )
            for start, end in spans
        ]  # fmt: skip

    def _outputs(self, *, vec: int) -> list[Item]:
        """Return POSTs that write every byte of a bank of the output buffer, at times behind one of any outputs."""
        core, draw = self._commands.core, self._draw
        size, records = core.output_buffer_bytes // WORD, self._commands.records
        count = min(opening_records(core.output_buffer_bytes), len(records))
        plain = {"record": 0, "count": count}
        if vec and core.vector is not None:
            plain["count"] = count = min(count, core.vector.accumulators)
            plain |= {"vec": 1, "single": int(draw.chance(0.5))}
            plain["entry"] = draw.number(0, core.vector.accumulators - count)
        made: list[Item] = []
        if draw.chance(_OFTEN) and (vec or draw.chance(_SOMETIMES)):
            made.append(self._commands.post(first=1, last=0, release=0, vec=vec))
        first = int(not made)
        rounds = -(-size // count)
        middle = Instruction("POST", plain)
        if rounds == 1:
            return [*made, (POST, (Instruction("POST", plain | {"first": first, "last": 1, "release": 1}),))]
        made.append((POST, (Instruction("POST", plain | {"first": first}),)))
        if rounds > 3:
            made.append((POST, (instruction("LOOP", count=rounds - 2, length=1), middle)))
        elif rounds == 3:
            made.append((POST, (middle,)))
        return [*made, (POST, (Instruction("POST", plain | {"last": 1, "release": 1}),))]
