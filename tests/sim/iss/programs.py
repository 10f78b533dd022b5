"""A very small core, and seeded random programs for it that hit every corner of its timing."""

import random
from dataclasses import replace

from nngen.arch import Core, Macro
from nngen.ir.program import ConstantRecord
from nngen.isa import QUEUED_UNITS, Instruction, Unit, encode, instruction

SEQUENCER = Unit.SEQUENCER

CORE = Core(
    macros=2,
    macro=Macro(
        rows=12,
        columns=16,
        dac_bits=1,
        cell_bits=2,
        encoding="differential",
        columns_per_adc=4,
        gains=(1, 2),
        controller="sar",
        adc_bits=3,
        sample_cycles=2,
    ),
    activation_bits=8,
    accumulator_bits=16,
    multiplier_bits=12,
    queue_depth=2,
    activation_bytes=128,
    word_bytes=4,
    output_buffer_bytes=16,
    program_instructions=128,
    constant_records=10,
    strided_access=False,
)
# Six ADCs of which four share a shift-adder, longer queues, wider words.
LARGER = replace(CORE, queue_depth=3, word_bytes=8, macro=replace(CORE.macro, columns=48))
RECORDS = tuple(
    ConstantRecord(
        macro=i % 2, adc=i // 2 % 2, entry=i % 4, last=i % 3 != 1, multiplier=37 - 9 * i, offset=50 * i, shift=3 + i % 4
    )
    for i in range(8)  # the last two of the constant memory stay unwritten
)

LIVELY, LOOSE = 0.9, 0.5  # how often a flag that keeps buffers moving is set


def random_program(seed):
    """Return a program, legal or not, with an end or without: (instructions or words, host loop count, watchdog)."""
    maker = Maker(random.Random(seed))
    rng = maker.rng
    body = maker.body(rng.choice((1, 3, 8, 20)))
    if rng.random() < 0.25:
        body.insert(rng.randrange(len(body) + 1), maker.wrong())
    opening = [*OPENING, *maker.macros(), *maker.macros(), *maker.configure(), *maker.configure()]
    program = (opening if rng.random() < 0.95 else []) + body[: CORE.program_instructions - len(opening) - 1]
    if rng.random() < 0.95:
        program = [*program, instruction("HALT")]
    watchdog = rng.choice((rng.randint(1, 12), 40, 300, 300, 300, 300))
    return program, rng.choice((0, 1, 2, 3, 3)), watchdog


OPENING = [
    instruction("SET", unit=SEQUENCER, index=0, value=5),
    instruction("SET", unit=SEQUENCER, index=16, value=60),
    instruction("SET", unit=SEQUENCER, index=1, value=64),
    instruction("SET", unit=SEQUENCER, index=17, value=50),
]


class Maker:
    """Makes instructions; ``flag`` is how often a command moves its buffers on."""

    def __init__(self, rng):
        self.rng = rng
        self.flag = rng.choice((1.0, 1.0, LIVELY, LOOSE))

    def often(self):
        return int(self.rng.random() < self.flag)

    def bits(self, *names):
        return {name: self.often() for name in names}

    def body(self, blocks):
        kinds = (self.positions, self.handshake, self.extra, self.configure, self.loop)
        weights = self.rng.choice(((9, 3, 3, 2, 2), (9, 0, 1, 1, 2), (2, 6, 2, 1, 2), (1, 1, 9, 2, 1)))
        return [i for _ in range(blocks) for i in self.rng.choices(kinds, weights)[0]()]

    def positions(self):
        """Return whole positions of a layer: the order within each unit is fixed, that between units is not."""
        rng = self.rng
        streams = {make: [] for make in (self.load, self.mvm, self.post, self.store)}
        for _ in range(rng.randint(1, 3)):
            for make, stream in streams.items():
                parts = rng.choice((1, 1, 2)) if self.flag < 1 else 1
                stream += [make() for _ in range(parts)]
        waiting = list(streams.values())
        result = []
        ordered = rng.random() ** 0.2  # 1: position by position
        while any(waiting):
            shortest = max(waiting, key=len)
            chosen = shortest if rng.random() < ordered else rng.choice([s for s in waiting if s])
            result.append(chosen.pop(0))
        return result

    def handshake(self):
        """Return a WAIT and the SIGNALs it needs, in any order and with other commands between."""
        rng, counter, count = self.rng, self.rng.randrange(2), self.rng.randint(1, 2)
        result = [instruction("WAIT", unit=rng.choice(QUEUED_UNITS), counter=counter, count=count)]
        for _ in range(count + rng.choice((0, 0, 0, 1)) - (rng.random() < 0.05)):
            result.append(instruction("SIGNAL", unit=rng.choice(QUEUED_UNITS), counter=counter))
        if rng.random() < 0.5:
            result += self.positions() if rng.random() < 0.5 else self.extra()
        if rng.random() < 0.6:
            rng.shuffle(result)
        return result

    def loop(self):
        rng = self.rng
        body = self.positions() if rng.random() < 0.7 else self.body(rng.randint(1, 2))
        length = max(1, len(body) + (rng.choice((-2, -1, 1)) if rng.random() < 0.15 else 0))
        return [instruction("LOOP", count=rng.randint(1, 4), length=length, host=int(rng.random() < 0.2)), *body]

    def extra(self):
        rng = self.rng
        kinds = (self.fill, self.fill, self.add, lambda: instruction("NOP"))
        return [rng.choice(kinds)() for _ in range(rng.randint(1, 4))]

    def load(self):
        length = self.rng.choice((1, 3, 4, 8, self.rng.randint(1, 12)))
        return instruction(
            "LOAD", register=0, offset=self.rng.randint(-3, 40), length=length, group=self.rng.randrange(2),
            row=self.rng.randint(0, CORE.macro.rows - length), **self.bits("first", "last"),
        )  # fmt: skip

    def mvm(self):
        return instruction(
            "MVM", classes=self.rng.randrange(4), step=self.rng.randrange(4), steps=self.rng.randint(1, 2),
            entry=self.rng.randrange(3), overwrite=self.rng.randrange(2), **self.bits("first", "last", "release"),
        )  # fmt: skip

    def post(self):
        record = self.rng.randrange(CORE.constant_records)
        count = self.rng.choice((1, 1, self.rng.randint(1, CORE.constant_records - record)))
        return instruction("POST", record=record, count=count, **self.bits("first", "last", "release"))

    def store(self):
        offset, length = self.rng.randint(-3, 40), self.rng.randint(1, CORE.output_buffer_bytes)
        return instruction("STORE", register=1, offset=offset, length=length, **self.bits("release"))

    def fill(self):
        offset, length = self.rng.randint(-3, 40), self.rng.randint(1, 20)
        return instruction("FILL", register=1, offset=offset, length=length, value=self.rng.randrange(256))

    def add(self):
        return instruction("ADD", register=self.rng.randrange(2), value=self.rng.randint(-9, 9))

    def macros(self):
        """Return a SET of a macro: two classes, column steps within and beyond an ADC's own, two gains, seldom off."""
        rng = self.rng
        value = rng.randrange(2) | rng.choice((0, 0, 1, 2, 17)) << 4 | rng.choice((0, 0, 1)) << 12
        value |= 1 << 16 if rng.random() < 0.9 else 0
        return [instruction("SET", unit=Unit.MVM, index=64 + rng.randrange(CORE.macros), value=value)]

    def configure(self):
        rng = self.rng
        if rng.random() < 0.3:
            return self.macros()
        unit, index, value = rng.choice(
            (
                (Unit.MVM, 0, rng.choice((0, 1, 2, 8, 9, 12))),
                (Unit.MVM, 1, rng.randrange(2)),
                (Unit.MVM, 2, rng.randrange(4)),
                (Unit.LOAD, 0, rng.randrange(1 << 16)),
                (Unit.LOAD, 64 + rng.randrange(2), rng.randrange(2)),
                (Unit.POST, 0, rng.choice((0, 0xFFFFFF80))),
                (Unit.POST, 1, rng.choice((127, 255, 1 << 30))),
                (Unit.POST, 2, rng.randrange(1 << 17)),
                (Unit.POST, 3, rng.randrange(4)),
                (Unit.POST, 4, rng.randrange(4)),
                (SEQUENCER, 32 + rng.randrange(2), rng.choice((3, 1 << 24, 1 << 24 | 40, 59, 59, 1 << 20))),
                (SEQUENCER, 32 + rng.randrange(2), rng.randrange(50)),
            )
        )
        return [instruction("SET", unit=unit, index=index, value=value)]

    def wrong(self):
        """Return what may well be an error."""
        rng = self.rng
        return rng.choice(
            (
                1 << 57 | encode(instruction("NOP")),
                63 << 58,
                encode(instruction("HALT")) | 1,
                instruction("SET", unit=rng.choice(QUEUED_UNITS), index=rng.randrange(81), value=1),
                instruction("WAIT", unit=SEQUENCER, count=1),
                instruction("SIGNAL", unit=SEQUENCER),
                Instruction("SIGNAL", {"unit": rng.randint(5, 7)}),
                instruction("WAIT", unit=rng.choice(QUEUED_UNITS)),
                instruction("WAIT", unit=rng.choice(QUEUED_UNITS), counter=7, count=1),
                instruction("LOOP", count=rng.randrange(2), length=rng.choice((0, 1, 40))),
                instruction("LOAD", length=rng.randrange(14), row=rng.randrange(13)),
                instruction("MVM", steps=rng.randrange(6), entry=rng.randrange(5)),
                instruction("POST", record=rng.randrange(11), count=rng.randrange(12)),
                instruction("STORE", length=rng.randrange(21), offset=rng.randrange(65)),
                instruction("FILL", length=rng.randrange(131), offset=rng.randint(-60, 130)),
                instruction("ADD", register=rng.randrange(3), value=rng.randint(-200, 200)),
                instruction("HALT"),
            )
        )


def shrink(program, fails):
    """Return a program that still fails, with instructions taken out: many at once, then single ones."""
    size = len(program) // 2
    while size:
        i = len(program)
        while i > 0:
            shorter = program[: max(0, i - size)] + program[i:]
            program = shorter if fails(shorter) else program
            i -= size
        size //= 2
    return program
