"""Sequencer: the program counter stays in the program, and each loop repeats as often as it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType

from amaranth.hdl import Array, Assert, Cover, Elaboratable, Module, Mux, Signal, Value

from nngen.hardware import sequencer
from nngen.isa import LOOP_DEPTH, Cause
from nngen.sim.verification.faults import SourcePatch

from ._harness import Registers, all_of, drive_freely, embed, implies
from ._proof import Proof, SeededBug
from ._small_core import SMALL_CORE, assume_host, field, is_instruction

_COUNT_BITS = 16
_LAST_BITS = 17  # holds any program counter plus the length of a body


class LoopsHarness(Elaboratable):
    """A sequencer beside the program counter and the open loops that docs/core.md prescribes for what it issues.

    The model holds the loops outermost first and counts repetitions up; the sequencer holds them innermost first and
    counts down. The words of the program and the host's count are anything, in each cycle anew.
    """

    def __init__(self, module: ModuleType) -> None:
        self.sequencer = module.Sequencer(SMALL_CORE, retire=False)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        registers = embed(m, "sequencer", self.sequencer)
        drive_freely(m, self.sequencer)
        assume_host(m, self.sequencer)
        self._model(m)
        self._check_program_counter(m)
        self._check_loops(m, registers)
        return m

    def _model(self, m: Module) -> None:
        """Follow what issues."""
        dut, word = self.sequencer, self.sequencer.program_data
        self.pc = Signal(range(SMALL_CORE.program_instructions + 2))
        self.depth = Signal(range(LOOP_DEPTH + 2))
        self.first, self.last = _stack("first", len(self.pc)), _stack("last", _LAST_BITS)
        self.count, self.finished = _stack("count", _COUNT_BITS), _stack("finished", _COUNT_BITS)
        self.is_loop, again, at_last = Signal(), Signal(), Signal()
        top, count, last = Signal(range(LOOP_DEPTH)), Signal(_COUNT_BITS), Signal(_LAST_BITS)
        m.d.comb += [
            self.is_loop.eq(is_instruction(word, "LOOP")),
            top.eq(self.depth - 1),
            at_last.eq((self.depth != 0) & (self.pc == self.last[top])),
            again.eq(at_last & (self.finished[top] + 1 != self.count[top])),
            count.eq(Mux(field(word, "LOOP", "host"), dut.loop_count, field(word, "LOOP", "count"))),
            last.eq(self.pc + field(word, "LOOP", "length")),
        ]
        self.may_open = Signal()
        inside = (self.depth == 0) | (last < self.last[top])
        m.d.comb += self.may_open.eq((count != 0) & (self.depth < LOOP_DEPTH) & inside)
        with m.If(dut.issue):
            m.d.sync += self.pc.eq(Mux(again, self.first[top], self.pc + 1))
            with m.If(self.is_loop):
                stacks = (self.first, self.last, self.count, self.finished)
                opened = (self.pc + 1, last, count, 0)
                m.d.sync += [stack[self.depth].eq(value) for stack, value in zip(stacks, opened, strict=True)]
                m.d.sync += self.depth.eq(self.depth + 1)
            with m.Elif(at_last):
                m.d.sync += [self.finished[top].eq(self.finished[top] + 1), self.depth.eq(self.depth - ~again)]

    def _check_program_counter(self, m: Module) -> None:
        dut, end = self.sequencer, SMALL_CORE.program_instructions
        # What program memory was asked for; its output survives a reset.
        asked = Signal.like(dut.program_address, reset_less=True)
        m.d.sync += asked.eq(dut.program_address)
        m.d.comb += [
            Assert(self.pc <= end, "pc_stays_in_the_program"),
            Assert(dut.pc == self.pc, "pc_moves_by_what_issues"),
            Assert(implies(dut.issue, self.pc != end), "nothing_issues_past_the_program"),
            Assert(implies(dut.valid & (self.pc != end), asked == self.pc), "word_is_that_at_pc"),
        ]

    def _check_loops(self, m: Module, registers: Registers) -> None:
        dut = self.sequencer
        fullest = Signal.like(self.depth)
        with m.If(self.depth > fullest):
            m.d.sync += fullest.eq(self.depth)
        m.d.comb += [
            Assert(self.depth <= LOOP_DEPTH, "at_most_all_loops_are_open"),
            Assert(registers["depth"] == self.depth, "depth_is_opened_minus_closed"),
            Assert(implies(dut.issue & self.is_loop, self.may_open), "no_unlawful_loop_opens"),
            Assert(implies(dut.fault == Cause.LOOP, self.is_loop & ~self.may_open), "no_lawful_loop_is_refused"),
            Assert(self._at_each_depth(self._nested), "loops_are_nested_around_pc"),
            Assert(self._at_each_depth(lambda depth: self._alike(depth, registers)), "loops_are_those_opened"),
            Cover((fullest == LOOP_DEPTH) & (self.depth == LOOP_DEPTH - 1), "innermost_of_all_loops_closes"),
            Cover((fullest == 2) & (self.depth == 0) & dut.issue & dut.done, "program_halts_after_nested_loops"),
            Cover((self.depth == 1) & (self.finished[0] == 2), "a_loop_repeats"),
        ]

    def _at_each_depth(self, conditions: Callable[[int], Iterator[Value]]) -> Value:
        """Return whether all conditions hold that belong to as many loops as are open."""
        return all_of(implies(self.depth == depth, all_of(conditions(depth))) for depth in range(1, LOOP_DEPTH + 1))

    def _nested(self, depth: int) -> Iterator[Value]:
        """Each loop lies inside the one around it, and all around pc."""
        for level in range(depth):
            yield (self.first[level] <= self.pc) & (self.pc <= self.last[level])
            yield self.finished[level] < self.count[level]
            if level:
                yield (self.first[level - 1] < self.first[level]) & (self.last[level] < self.last[level - 1])

    def _alike(self, depth: int, registers: Registers) -> Iterator[Value]:
        """The sequencer's stack, innermost first, holds the loops of the model."""
        for level in range(depth):
            place = depth - 1 - level
            yield registers[f"loop_start{place}"] == self.first[level]
            yield registers[f"loop_end{place}"] == self.last[level]
            yield registers[f"loop_rest{place}"] == self.count[level] - self.finished[level]


def _stack(name: str, bits: int) -> Array:
    return Array(Signal(bits, name=f"{name}{level}") for level in range(LOOP_DEPTH))


PROOF = Proof(
    name="sequencer_loops",
    states="the program counter stays in the program and moves only by what issues, to the next instruction or, at a "
    f"body's end, back as often as its LOOP says; 0 to {LOOP_DEPTH} loops are open, and exactly the lawful ones open",
    module=sequencer,
    harness=LoopsHarness,
    depth=2,
    cover_depth=9,
    bugs=(
        SeededBug(
            name="one loop too many can be open",
            patch=SourcePatch(module=sequencer, old="(depth == LOOP_DEPTH)", new="(depth == LOOP_DEPTH + 1)"),
            caught_by="no_unlawful_loop_opens",
            depth=8,
        ),
        SeededBug(
            name="two loops may end at one instruction",
            patch=SourcePatch(module=sequencer, old="(end >= ends[0])", new="(end > ends[0])"),
            caught_by="no_unlawful_loop_opens",
            depth=5,
        ),
        SeededBug(
            name="a loop repeats once too often",
            patch=SourcePatch(
                module=sequencer, old="Mux(at_end & (rests[0] != 1), starts", new="Mux(at_end & (rests[0] != 0), starts"
            ),
            caught_by="pc_moves_by_what_issues",
            depth=5,
        ),
        SeededBug(
            name="closing a loop closes two",
            patch=SourcePatch(module=sequencer, old="depth.eq(depth - 1)", new="depth.eq(depth - 2)"),
            caught_by="depth_is_opened_minus_closed",
            depth=5,
        ),
        SeededBug(
            name="program memory is asked for the next word too early",
            patch=SourcePatch(module=sequencer, old="Mux(self.issue, self.next_pc, self.pc)", new="self.next_pc"),
            caught_by="word_is_that_at_pc",
            depth=3,
        ),
    ),
)
