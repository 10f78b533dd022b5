"""What directed programs are made of: an opening, commands with plain operands, and the outcome that is promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nngen.arch import Core
from nngen.ir.program import ConstantRecord
from nngen.isa import BY_MNEMONIC, UNIT_CODES, Cause, Instruction, Unit, instruction, register

from ._constants import random_cells, random_coefficients, random_tables
from ._opening import FOUR_BYTES, WORD
from ._program import HALT, NOP, PATIENCE, Block, TestProgram

Words = tuple[Instruction | int, ...]
Made = tuple[Instruction, ...]
READ, WRITE, OTHER = 0, 1, 2  # address registers: of what is read, of what is written, and one that is not set
_CELLS_SEED = 5  # with it, pairs lean to one side: sums are large
_SIGNED_LOWEST, _SIGNED_HIGHEST = 1 << 31, (1 << 31) - 1
_ENABLED = 1 << 16


@dataclass(frozen=True, kw_only=True)
class DirectedProgram:
    """A program with what its name promises: why and where it stops (0 and 0: HALT)."""

    program: TestProgram
    cause: Cause
    pc: int


class Bench:
    """Makes directed programs for a core.

    Attributes
    ----------
    patience
        Limit of the watchdog: more than a live machine pauses.
    half
        Where in activation memory the part that is written begins; the one below is read.
    records
        Constant memory unless a program brings its own: each accumulator by itself, over and over.
    """

    def __init__(self, core: Core) -> None:
        self.core = core
        self.patience = PATIENCE + core.macro.accumulation_cycles
        self.half = core.activation_bytes // 2 // core.word_bytes * core.word_bytes
        self.records = tuple(self.record(i) for i in range(core.constant_records))
        self._opening = self._make_opening()
        self._empty = TestProgram(
            name="",
            opening=self._opening,
            body=(),
            ending=(HALT,),
            records=self.records,
            cells=random_cells(core, np.random.default_rng(_CELLS_SEED)),
            loop_count=1,
            watchdog=self.patience,
            traffic=(0, 0),
            coefficients=random_coefficients(core, np.random.default_rng(_CELLS_SEED)),
            tables=random_tables(core, np.random.default_rng(_CELLS_SEED)),
        )

    # ------------------------------------------------------------------ programs

    def halting(
        self,
        name: str,
        *body: Made,
        records: Sequence[ConstantRecord] | None = None,
        loop_count: int = 1,
        watchdog: int | None = None,
    ) -> DirectedProgram:
        """Return a program that ends with HALT; the accumulators, the output buffer and two windows are defined."""
        program = replace(
            self._empty,
            name=f"directed {name}",
            body=_block(body),
            records=self.records if records is None else tuple(records),
            loop_count=loop_count,
            watchdog=self.patience if watchdog is None else watchdog,
        )
        return DirectedProgram(program=program, cause=Cause.NONE, pc=0)

    def stopping(
        self,
        name: str,
        cause: Cause,
        *body: Made,
        ending: Words,
        at: int = 0,
        loop_count: int = 1,
        opening: bool = False,
    ) -> DirectedProgram:
        """Return a program that an instruction of its ending stops: the one of number ``at``; without a cause, HALT."""
        start = self._opening if opening else ()
        program = replace(
            self._empty,
            name=f"directed {name}",
            opening=start,
            body=_block(body),
            ending=ending,
            loop_count=loop_count,
        )
        address = len(start) + sum(map(len, body)) + at
        return DirectedProgram(program=program, cause=cause, pc=address if cause else 0)

    # ------------------------------------------------------------------ configuration

    def set(self, unit: Unit, name: str, value: int, index: int = 0) -> Made:
        """Return a SET; negative values in two's complement."""
        return (instruction("SET", unit=unit, index=register(unit, name).index + index, value=value & 0xFFFFFFFF),)

    def window(self, number: int, base: int, size: int, position: int = 0) -> Made:
        """Return what gives an address register a window and a position."""
        values = (("BASE", base), ("SIZE", size), ("POSITION", position))
        return tuple(made for name, value in values for made in self.set(Unit.SEQUENCER, name, value, number))

    def windows(self) -> Made:
        """Return the SETs that give the first two address registers their windows again."""
        written = self.core.activation_bytes - self.half
        return (*self.window(READ, 0, self.half), *self.window(WRITE, self.half, written))

    def widest(self) -> int:
        """Return the largest value of an address register's registers."""
        return (1 << register(Unit.SEQUENCER, "SIZE").bits(self.core)) - 1

    def record(self, number: int, **changed: int) -> ConstantRecord:
        """Return a sum of one accumulator, m = 1 unless changed; the numbers count through all accumulators."""
        core = self.core
        plain = {"multiplier": 1, "offset": 0, "shift": 0, "last": 1}
        plain |= {"negative_multiplier": -1, "negative_offset": number} if core.negative_slope else {}
        entry, rest = number % core.accumulator_entries, number // core.accumulator_entries
        made = plain | changed
        return ConstantRecord(
            macro=rest // core.macro.adcs % core.macros,
            adc=rest % core.macro.adcs,
            entry=entry,
            last=bool(made["last"]),
            multiplier=made["multiplier"],
            offset=made["offset"],
            shift=made["shift"],
            negative_multiplier=made.get("negative_multiplier", 0),
            negative_offset=made.get("negative_offset", 0),
        )

    # ------------------------------------------------------------------ commands

    def load(self, **changed: int) -> Made:
        """Return a LOAD of a whole row buffer."""
        length = min(self.core.macro.rows, self.half, BY_MNEMONIC["LOAD"].field("length").highest)
        return (Instruction("LOAD", {"register": READ, "length": length, "first": 1, "last": 1} | changed),)

    def load_vector(self, **changed: int) -> Made:
        """Return LOADs of a whole vector buffer, as far as memory has so many bytes; one where operands are changed."""
        assert self.core.vector is not None
        size = self.core.vector.buffer_bytes
        plain = {"register": READ, "vec": 1, "first": 1, "last": 1}
        if changed:
            return (Instruction("LOAD", plain | {"length": min(size, self.half)} | changed),)
        starts = range(0, size, self.half)
        return tuple(
            Instruction(
                "LOAD",
                plain | {"row": start, "length": min(self.half, size - start), "first": int(not start),
                         "last": int(start + self.half >= size)},
            )
            for start in starts
        )  # fmt: skip

    def vec(self, **changed: int) -> Made:
        """Return a VEC of all accumulators that overwrites."""
        assert self.core.vector is not None
        length = min(self.core.vector.accumulators, BY_MNEMONIC["VEC"].field("length").highest)
        plain = {"length": length, "overwrite": 1, "first": 1, "last": 1, "release": 1}
        return (Instruction("VEC", plain | changed),)

    def post_vec(self, **changed: int) -> Made:
        """Return a POST of as many of VEC's accumulators as words fit the output buffer, with one record."""
        assert self.core.vector is not None
        count = min(self.core.vector.accumulators, self.core.output_buffer_bytes // WORD)
        plain = {"count": count, "first": 1, "last": 1, "release": 1, "vec": 1, "single": 1}
        return (Instruction("POST", plain | changed),)

    def vector_position(self) -> Made:
        """Return one position of a layer that VEC computes."""
        return (*self.load_vector(), *self.vec(), *self.post_vec(), *self.store())

    def mvm(self, **changed: int) -> Made:
        """Return an MVM of all entries that overwrites."""
        steps = min(self.core.accumulator_entries, BY_MNEMONIC["MVM"].field("steps").highest)
        plain = {"classes": 0xFFFF, "steps": steps, "overwrite": 1, "first": 1, "last": 1, "release": 1}
        return (Instruction("MVM", plain | changed),)

    def post(self, **changed: int) -> Made:
        """Return a POST of as many records as words fit the output buffer."""
        count = min(len(self.records), self.core.output_buffer_bytes // WORD)
        return (Instruction("POST", {"count": count, "first": 1, "last": 1, "release": 1} | changed),)

    def store(self, **changed: int) -> Made:
        """Return a STORE of the whole output buffer, as far as there is room in memory."""
        length = min(self.core.output_buffer_bytes, self.core.activation_bytes - self.half)
        return (Instruction("STORE", {"register": WRITE, "length": length, "release": 1} | changed),)

    def fill(self, **changed: int) -> Made:
        """Return a FILL of a byte."""
        return (Instruction("FILL", {"register": WRITE, "length": 1, "value": 0x5A} | changed),)

    def position(self) -> Made:
        """Return one position of a layer."""
        return (*self.load(), *self.mvm(), *self.post(), *self.store())

    def wait(self, unit: int, counter: int, count: int = 1) -> Made:
        """Return a WAIT."""
        return (Instruction("WAIT", {"unit": unit, "counter": counter, "count": count}),)

    def signal(self, unit: int, counter: int) -> Made:
        """Return a SIGNAL."""
        return (Instruction("SIGNAL", {"unit": unit, "counter": counter}),)

    def loop(self, body: Made, count: int, **changed: int) -> Made:
        """Return a LOOP around a body."""
        return (Instruction("LOOP", {"count": count, "length": len(body)} | changed), *body)

    def alone(self, tested: Instruction) -> Made:
        """Return a LOAD, PROG, STORE or FILL that uses memory while no command of the other unit does."""
        own, other = UNIT_CODES[Unit.STORE], UNIT_CODES[Unit.LOAD]
        if tested.unit is Unit.LOAD:
            own, other = other, own
        before = (*self.signal(other, 0), *self.wait(own, 0))
        return (*before, tested, *self.signal(own, 1), *self.wait(other, 1))

    def nops(self, count: int) -> Made:
        """Return NOPs."""
        return (NOP,) * count

    # ------------------------------------------------------------------ opening

    def _make_opening(self) -> Made:
        """Define windows, accumulators and output buffer; macros are enabled, of class 0, with gain 1."""
        core = self.core
        size = core.activation_bytes - self.half
        made = [*self.set(Unit.SEQUENCER, "SIZE", self.half, READ)]
        made += [*self.set(Unit.SEQUENCER, "BASE", self.half, WRITE), *self.set(Unit.SEQUENCER, "SIZE", size, WRITE)]
        for macro in range(core.macros):
            made += self.set(Unit.MVM, "MACRO", _ENABLED, macro)
        made += self.set(Unit.POST, "LOWEST", -_SIGNED_LOWEST)
        made += self.set(Unit.POST, "HIGHEST", _SIGNED_HIGHEST)
        made += self.set(Unit.POST, "ELEMENT", FOUR_BYTES)
        # One position for each bank; with few records one POST does not fill the output buffer.
        for _ in range(2):
            count = min(len(self.records), core.output_buffer_bytes // WORD)
            rounds = -(-(core.output_buffer_bytes // WORD) // count)
            made += [*self.load(length=1), *self.mvm()]
            made += self.post(last=0, release=0) if rounds > 1 else ()
            made += self.loop(self.post(first=0, last=0, release=0), rounds - 2) if rounds > 2 else ()
            made += [*self.post(first=int(rounds == 1)), *self.store(length=1)]
        for _ in range(2 if core.vector is not None else 0):
            made += [*self.load_vector(), *self.vec(), *self.post_vec(count=1), *self.store(length=1)]
        return tuple(made)


def _block(parts: tuple[Made, ...]) -> tuple[Block, ...]:
    """Return one block: what a directed program does belongs together."""
    instructions = tuple(made for part in parts for made in part)
    return (Block(instructions=instructions),) if instructions else ()
