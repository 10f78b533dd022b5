"""Very small cores, and seeded random programs for them that hit every corner of their timing."""

import random
from dataclasses import replace

from nngen.arch import Core, Macro, Vector
from nngen.ir.program import ConstantRecord
from nngen.isa import MACRO_LIMIT, REGISTERS, Instruction, Unit, core_units, encode, instruction

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
# Everything that a core can have; one with the same units at other sizes.
FULL = replace(
    CORE,
    vector=Vector(buffer_bytes=32, accumulators=16, coefficient_words=8),
    strided_access=True,
    tables=2,
    negative_slope=True,
    reprogram=True,
)
WIDE = replace(
    FULL,
    activation_bits=16,
    accumulator_bits=24,
    word_bytes=8,
    output_buffer_bytes=24,
    vector=Vector(buffer_bytes=16, accumulators=24, coefficient_words=4),
    tables=0,
    negative_slope=False,
    macro=replace(CORE.macro, dac_bits=2, encoding="offset", columns_per_adc=8, controller="flash", sample_cycles=0),
)
RAMP = replace(
    FULL,
    activation_bits=11,
    accumulator_bits=12,
    reprogram=False,
    strided_access=False,
    macro=replace(CORE.macro, encoding="twos_complement", controller="ramp", adc_bits=4, columns=12, cell_bits=3),
)
RECORDS = tuple(
    ConstantRecord(
        macro=i % 2,
        adc=i // 2 % 2,
        entry=i % 4,
        last=i % 3 != 1,
        multiplier=37 - 9 * i,
        offset=50 * i,
        shift=3 + i % 4,
        negative_multiplier=7 * i - 20,
        negative_offset=90 - 33 * i,
    )
    for i in range(8)  # the last two of the constant memory stay unwritten
)

LIVELY, LOOSE = 0.9, 0.5  # how often a flag that keeps buffers moving is set


def random_program(seed, core=CORE):
    """Return a program, legal or not, with an end or without: (instructions or words, host loop count, watchdog)."""
    maker = Maker(random.Random(seed), core)
    rng = maker.rng
    body = maker.body(rng.choice((1, 3, 8, 20)))
    if rng.random() < 0.25:
        body.insert(rng.randrange(len(body) + 1), maker.wrong())
    opening = [*OPENING, *maker.macros(), *maker.macros(), *maker.configure(), *maker.configure()]
    program = (opening if rng.random() < 0.95 else []) + body[: core.program_instructions - len(opening) - 1]
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

    def __init__(self, rng, core):
        self.rng = rng
        self.core = core
        self.units = core_units(core)
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
        streams = {unit: [] for unit in self.units}
        for _ in range(rng.randint(1, 3)):
            vec = int(self.core.vector is not None and rng.random() < 0.5)
            makers = {
                Unit.LOAD: lambda: self.load(vec=vec),  # noqa: B023 - called at once
                (Unit.VEC if vec else Unit.MVM): self.vec if vec else self.mvm,
                Unit.POST: lambda: self.post(vec=vec),  # noqa: B023
                Unit.STORE: self.store,
            }
            for unit, make in makers.items():
                parts = rng.choice((1, 1, 2)) if self.flag < 1 else 1
                streams[unit] += [make() for _ in range(parts)]
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
        result = [instruction("WAIT", unit=rng.choice(self.units), counter=counter, count=count)]
        for _ in range(count + rng.choice((0, 0, 0, 1)) - (rng.random() < 0.05)):
            result.append(instruction("SIGNAL", unit=rng.choice(self.units), counter=counter))
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
        kinds = [self.fill, self.fill, self.add, lambda: instruction("NOP")]
        kinds += [self.prog] if self.core.reprogram else []
        return [rng.choice(kinds)() for _ in range(rng.randint(1, 4))]

    def load(self, *, vec=0):
        rng, core = self.rng, self.core
        strided = int(core.strided_access and rng.random() < 0.4)
        wide = int(core.activation_bits > 8 and not vec and rng.random() < 0.5)
        rows = core.vector.buffer_bytes if vec else core.macro.rows
        elements = rng.choice((1, 3, 4, 8, rng.randint(1, rows)))
        offset = rng.randint(-3, 40)
        return instruction(
            "LOAD", register=0, offset=offset - (1 - offset % 2) * wide, length=elements << wide,
            group=rng.randrange(2), row=rng.randint(0, rows - elements), vec=vec, wide=wide, strided=strided,
            **self.bits("first", "last"),
        )  # fmt: skip

    def vec(self):
        rng, core = self.rng, self.core
        entry = rng.randrange(core.vector.accumulators // core.word_bytes) * core.word_bytes
        length = rng.randint(1, min(9, core.vector.accumulators - entry))
        return instruction(
            "VEC", operation=rng.randrange(5), source=rng.choice((0, 0, rng.randrange(2048))), entry=entry,
            length=length, coefficient=rng.choice((0, rng.randrange(1 << 14))), overwrite=rng.randrange(2),
            **self.bits("first", "last", "release"),
        )  # fmt: skip

    def prog(self):
        rng, core = self.rng, self.core
        offset = rng.randint(-3, 40)  # an odd number plus the window's base of 5 is even
        return instruction(
            "PROG", register=0, offset=offset // 4 * 4 + 3, length=rng.randint(1, 6), macro=rng.randrange(core.macros),
            row=rng.randrange(core.macro.rows),
        )  # fmt: skip

    def mvm(self):
        return instruction(
            "MVM", classes=self.rng.randrange(4), step=self.rng.randrange(4), steps=self.rng.randint(1, 2),
            entry=self.rng.randrange(self.core.accumulator_entries - 1), overwrite=self.rng.randrange(2),
            **self.bits("first", "last", "release"),
        )  # fmt: skip

    def post(self, *, vec=0):
        rng, core = self.rng, self.core
        record = rng.randrange(core.constant_records)
        if not vec:
            count = rng.choice((1, 1, rng.randint(1, core.constant_records - record)))
            return instruction("POST", record=record, count=count, **self.bits("first", "last", "release"))
        single = rng.randrange(2)
        most = core.vector.accumulators if single else min(core.vector.accumulators, core.constant_records - record)
        count = rng.randint(1, most)
        entry = rng.randint(0, core.vector.accumulators - count)
        return instruction(
            "POST", record=record, count=count, vec=1, single=single, entry=entry,
            **self.bits("first", "last", "release"),
        )  # fmt: skip

    def store(self):
        rng, core = self.rng, self.core
        offset, length = rng.randint(-3, 40), rng.randint(1, core.output_buffer_bytes)
        strided = int(core.strided_access and rng.random() < 0.4)
        if strided:
            length = -(-length // core.word_bytes) * core.word_bytes
        return instruction("STORE", register=1, offset=offset, length=length, strided=strided, **self.bits("release"))

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
        if rng.random() < 0.4:
            return self.any_register()
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

    def any_register(self):
        """Return a SET of any register of a unit, small enough that commands stay short."""
        rng = self.rng
        known = rng.choice([r for r in REGISTERS if r.unit in self.units and r.name != "MACRO"])
        count = self.core.macros if known.count == MACRO_LIMIT else known.count
        index = known.index + rng.randrange(count)
        value = rng.choice((0, 1, 2, 3, rng.getrandbits(known.width)))
        if known.name in {"PLANES", "SLICES", "RUNS", "TAPS"}:
            value = rng.choice((0, 1, 2, 3, 5, 8))
        elif known.name in {"STRIDE", "ZERO", "COEFFICIENT"}:
            value = rng.choice((rng.randrange(12), rng.getrandbits(32)))
        return [instruction("SET", unit=known.unit, index=index, value=value)]

    def wrong(self):
        """Return what may well be an error."""
        rng = self.rng
        return rng.choice(
            (
                1 << 57 | encode(instruction("NOP")),
                63 << 58,
                encode(instruction("HALT")) | 1,
                instruction("SET", unit=rng.choice(self.units), index=rng.randrange(81), value=1),
                instruction("WAIT", unit=SEQUENCER, count=1),
                instruction("SIGNAL", unit=SEQUENCER),
                Instruction("SIGNAL", {"unit": rng.randint(5, 7)}),
                instruction("WAIT", unit=rng.choice(self.units)),
                instruction("WAIT", unit=rng.choice(self.units), counter=7, count=1),
                instruction("LOOP", count=rng.randrange(2), length=rng.choice((0, 1, 40))),
                instruction("LOAD", length=rng.randrange(14), row=rng.randrange(13), strided=rng.randrange(2)),
                instruction("LOAD", length=1, vec=rng.randrange(2), wide=rng.randrange(2), row=rng.randrange(40)),
                instruction("VEC", operation=rng.randrange(8), length=rng.randrange(3), entry=rng.randrange(26)),
                instruction("PROG", length=rng.randrange(31), row=rng.randrange(13), macro=rng.randrange(3)),
                instruction("POST", record=rng.randrange(11), count=rng.randrange(12), vec=1, single=1),
                instruction("POST", count=1, single=rng.randrange(2), vec=rng.randrange(2), entry=rng.randrange(26)),
                instruction("STORE", length=rng.randrange(21), strided=1),
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
