"""Sequencer: what is lawful issues once and reaches the one queue it names; what is not stops the core for a cause."""

from __future__ import annotations

import dataclasses
from types import ModuleType

from amaranth.hdl import Assert, Cat, Const, Cover, Elaboratable, Module, Mux, Signal, Value

from nngen.arch import Vector
from nngen.hardware import sequencer
from nngen.hardware.command import ADDRESS_FIELD_BITS, BODY_BITS, Kind
from nngen.isa import (
    INSTRUCTIONS,
    MACRO_LIMIT,
    OPCODE_OFFSET,
    QUEUED_UNITS,
    REGISTERS,
    UNIT_CODES,
    Cause,
)
from nngen.sim.verification.faults import SourcePatch

from ._harness import drive_freely, embed, implies, previous
from ._proof import Proof, SeededBug
from ._small_core import SMALL_CORE, assume_host, field, is_instruction

# Alone on its chip, with every other option; the end of its program is soon reached.
_CORE = dataclasses.replace(
    SMALL_CORE,
    program_instructions=2,
    activation_bits=12,
    vector=Vector(buffer_bytes=16, accumulators=12, coefficient_words=2),
    strided_access=True,
    reprogram=True,
)
_VECTOR_BYTES, _VECTOR_SUMS = 16, 12


_RUNS = ("LOAD", "STORE", "FILL", "PROG")
_OF_A_CORE_ALONE = tuple(instruction for instruction in INSTRUCTIONS if instruction.mnemonic != "TELL")


class IssueHarness(Elaboratable):
    """A sequencer beside the rules of docs/core.md, "Sequencer", written anew.

    The words of the program, the queues and the host's count are anything, in each cycle anew. Which LOOP is lawful,
    and which address an instruction has, is left to the proofs of loops and addresses.
    """

    def __init__(self, module: ModuleType) -> None:
        self.sequencer = module.Sequencer(_CORE, retire=False)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        embed(m, "sequencer", self.sequencer)
        drive_freely(m, self.sequencer)
        self.word = self.sequencer.program_data
        self.is_ = {i.mnemonic: Signal(name=f"word_is_{i.mnemonic.lower()}") for i in INSTRUCTIONS}
        m.d.comb += [signal.eq(is_instruction(self.word, mnemonic)) for mnemonic, signal in self.is_.items()]
        self.takes_run = Cat(*[self.is_[mnemonic] for mnemonic in _RUNS]).any()
        self._rules(m)
        self._check_pushes(m, self._check_issue(m, assume_host(m, self.sequencer)))
        return m

    def _field(self, mnemonic: str, name: str) -> Value:
        return field(self.word, mnemonic, name)

    def _out_of_memory(self) -> Value:
        """Rule 5, with the address as the sequencer resolves it."""
        dut = self.sequencer
        beyond = Const(0)
        for mnemonic in _RUNS:
            size = self._field(mnemonic, "length") * (4 if mnemonic == "PROG" else 1)
            beyond = beyond | (self.is_[mnemonic] & (dut.address + size > _CORE.activation_bytes))
        odd = self.is_["LOAD"] & self._field("LOAD", "wide") & dut.address[0]
        unaligned = odd | (self.is_["PROG"] & (dut.address[:2] != 0))
        return (self.is_["ADD"] & ~dut.inside) | (self.takes_run & (~dut.inside | beyond | unaligned))

    def _rules(self, m: Module) -> None:
        """Say which cause, if any, the rules 1 to 5 give."""
        self.cause = Signal(3)
        with m.If(self.sequencer.pc == _CORE.program_instructions):
            m.d.comb += self.cause.eq(Cause.PROGRAM)
        with m.Elif(self._illegal()):
            m.d.comb += self.cause.eq(Cause.ILLEGAL)
        with m.Elif(self._operand_out_of_range()):
            m.d.comb += self.cause.eq(Cause.OPERAND)
        with m.Elif(self.is_["LOOP"] & self.sequencer.loop_fault):
            m.d.comb += self.cause.eq(Cause.LOOP)
        with m.Elif(self._out_of_memory()):
            m.d.comb += self.cause.eq(Cause.ADDRESS)

    def _illegal(self) -> Value:
        """Rule 2: an opcode with nothing but its fields, units and registers that exist."""
        lawful = Const(0)
        for instruction in _OF_A_CORE_ALONE:
            unused = [self.word[bit] for bit in range(OPCODE_OFFSET) if not instruction.used_mask >> bit & 1]
            lawful = lawful | (self.is_[instruction.mnemonic] & ~Cat(*unused).any())
        no_register = self.is_["SET"] & ~self._register_exists()
        for_queue = self.is_["WAIT"] | self.is_["SIGNAL"]
        unit = self._field("WAIT", "unit")
        return ~lawful | no_register | (for_queue & ((unit == 0) | (unit > 5)))

    def _register_exists(self) -> Value:
        unit, index = self._field("SET", "unit"), self._field("SET", "index")
        exists = Const(0)
        for r in REGISTERS:
            count = _CORE.macros if r.count == MACRO_LIMIT else r.count
            exists = exists | ((unit == UNIT_CODES[r.unit]) & (index >= r.index) & (index < r.index + count))
        return exists

    def _operand_out_of_range(self) -> Value:
        """Rule 3."""
        f = self._field
        broken = {
            "LOOP": f("LOOP", "length") == 0,
            "WAIT": f("WAIT", "count") == 0,
            "LOAD": self._load_out_of_range(),
            "MVM": (f("MVM", "steps") == 0) | (f("MVM", "entry") + f("MVM", "steps") > _CORE.macro.columns_per_adc),
            "POST": self._post_out_of_range(),
            "STORE": (f("STORE", "length") == 0)
            | (f("STORE", "length") > _CORE.output_buffer_bytes)
            | (f("STORE", "strided") & (f("STORE", "length") % _CORE.word_bytes != 0))
            | f("STORE", "bus"),
            "VEC": (f("VEC", "length") == 0)
            | (f("VEC", "operation") > 4)
            | (f("VEC", "entry") % _CORE.word_bytes != 0)
            | (f("VEC", "entry") + f("VEC", "length") > _VECTOR_SUMS),
            "PROG": (f("PROG", "length") == 0)
            | (f("PROG", "row") >= _CORE.macro.rows)
            | (f("PROG", "macro") >= _CORE.macros),
            "FILL": (f("FILL", "length") == 0) | f("FILL", "bus"),
        }
        return Cat(*[self.is_[mnemonic] & wrong for mnemonic, wrong in broken.items()]).any()

    def _load_out_of_range(self) -> Value:
        length, row = self._field("LOAD", "length"), self._field("LOAD", "row")
        vec, wide = self._field("LOAD", "vec"), self._field("LOAD", "wide")
        elements = Mux(wide, length >> 1, length)
        beyond = Mux(vec, row + length > _VECTOR_BYTES, row + elements > _CORE.macro.rows)
        return (length == 0) | beyond | (wide & (vec | length[0]))

    def _post_out_of_range(self) -> Value:
        count, record, entry = (self._field("POST", name) for name in ("count", "record", "entry"))
        vec, single = self._field("POST", "vec"), self._field("POST", "single")
        last = record + Mux(single, 1, count)
        beyond = (last > _CORE.constant_records) | (vec & (entry + count > _VECTOR_SUMS))
        return (count == 0) | beyond | (single & ~vec)

    def _unit(self, m: Module) -> tuple[Signal, Signal]:
        """Return the unit that an instruction is for, and whether its queue takes one (rule 6)."""
        unit, ready = Signal(3), Signal()
        with m.If(self.is_["SET"] | self.is_["WAIT"] | self.is_["SIGNAL"]):
            m.d.comb += unit.eq(self._field("SET", "unit"))
        for name in QUEUED_UNITS:
            own = Cat(*[self.is_[i.mnemonic] for i in INSTRUCTIONS if i.unit is name]).any()
            with m.If(own):
                m.d.comb += unit.eq(UNIT_CODES[name])
        dut = self.sequencer
        queues = Cat(*[(unit == UNIT_CODES[name]) & getattr(dut, f"ready_{name}") for name in QUEUED_UNITS])
        m.d.comb += ready.eq(queues.any() | ((unit == 0) & (~self.is_["HALT"] | dut.quiescent)))
        return unit, ready

    def _check_issue(self, m: Module, ended: Signal) -> Signal:
        """Check which instructions issue, and why the program ends; return the unit they are for."""
        dut = self.sequencer
        unit, ready = self._unit(m)
        begun, stopped, working, refused = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [working.eq(dut.run & begun & ~stopped), refused.eq(working & (self.cause != Cause.NONE))]
        with m.If(dut.run):
            m.d.sync += begun.eq(1)
        cause, cause_pc = Signal.like(dut.cause), Signal.like(dut.cause_pc)
        with m.If(refused):
            m.d.sync += [stopped.eq(1), cause.eq(self.cause), cause_pc.eq(dut.pc)]
        with m.Elif(dut.watchdog & ~stopped):
            m.d.sync += [cause.eq(Cause.WATCHDOG), cause_pc.eq(dut.pc)]
        may_issue = working & ~refused
        halts = dut.issue & self.is_["HALT"]
        kept, kept_pc = previous(m, dut.cause, "kept_cause"), previous(m, dut.cause_pc, "kept_pc")
        m.d.comb += [
            Assert(
                (dut.issue == (may_issue & ready)) & (dut.stalled == (may_issue & ~ready)),
                "lawful_instruction_issues_when_it_can_and_waits_else",
            ),
            Assert(implies(stopped | (dut.cause != Cause.NONE), ~dut.issue), "nothing_issues_after_an_error"),
            Assert((dut.cause == cause) & (dut.cause_pc == cause_pc), "cause_is_that_of_the_rules"),
            Assert(implies(kept != Cause.NONE, (dut.cause == kept) & (dut.cause_pc == kept_pc)), "cause_is_kept"),
            Assert(dut.done == (halts | ((refused | stopped) & dut.quiescent) | dut.watchdog), "done_when_it_must_be"),
            Assert(
                (dut.stopping == stopped) & (dut.valid == (begun & ~ended)), "sequencer_is_in_the_state_of_the_model"
            ),
            Assert(implies(dut.cause != Cause.NONE, stopped | ended), "error_stops_the_sequencer"),
            Cover(dut.done & (dut.cause == Cause.ADDRESS), "address_out_of_memory"),
        ]
        return unit

    def _check_pushes(self, m: Module, unit: Signal) -> None:
        """Check that what issues for a unit enters its queue, and no other, as it is."""
        dut, entry = self.sequencer, self.sequencer.entry
        kind = Signal(3)
        for number in Kind:
            if number is not Kind.WORK:
                with m.If(self.is_[number.name]):
                    m.d.comb += kind.eq(number)
        low, high = entry.body[:ADDRESS_FIELD_BITS], entry.body[ADDRESS_FIELD_BITS:]
        expected_low = Mux(self.takes_run, dut.address, self.word[:ADDRESS_FIELD_BITS])
        pushed = Signal()
        m.d.comb += pushed.eq(Cat(*[getattr(dut, f"push_{name}") for name in QUEUED_UNITS]).any())
        for name in QUEUED_UNITS:
            push = getattr(dut, f"push_{name}")
            m.d.comb += [
                Assert(push == (dut.issue & (unit == UNIT_CODES[name])), f"{name}_takes_what_issues_for_it"),
                Assert(implies(push, getattr(dut, f"ready_{name}")), f"{name}_takes_only_when_ready"),
            ]
        m.d.comb += [
            Assert(implies(pushed, entry.kind == kind), "entry_has_its_kind"),
            Assert(implies(pushed, high == self.word[ADDRESS_FIELD_BITS:BODY_BITS]), "entry_keeps_the_operands"),
            Assert(implies(pushed, low == expected_low), "entry_has_its_address"),
            Cover(
                dut.push_store & previous(m, dut.stalled, "waited") & (low == 19) & self.takes_run,
                "last_byte_is_stored",
            ),
        ]


PROOF = Proof(
    name="sequencer_issue",
    states="an instruction that keeps the rules issues once its queue is ready, entering that queue alone, with its "
    "operands and address; one that breaks them never issues, and stops the core for good with the first rule's cause",
    module=sequencer,
    harness=IssueHarness,
    depth=2,
    cover_depth=8,
    bugs=(
        SeededBug(
            name="a command is pushed onto a full queue",
            patch=SourcePatch(module=sequencer, old='ready.eq(getattr(self, f"ready_{name}"))', new="ready.eq(1)"),
            caught_by="lawful_instruction_issues_when_it_can_and_waits_else",
            depth=4,
        ),
        SeededBug(
            name="the sequencer goes on after an error",
            patch=SourcePatch(
                module=sequencer,
                old="active.eq(self.run & self.valid & ~self.stopping)",
                new="active.eq(self.run & self.valid)",
            ),
            caught_by="lawful_instruction_issues_when_it_can_and_waits_else",
            depth=4,
        ),
        SeededBug(
            name="the watchdog replaces an earlier cause",
            patch=SourcePatch(module=sequencer, old="(self.watchdog & ~self.stopping)", new="(self.watchdog)"),
            caught_by="cause_is_kept",
            depth=5,
        ),
        SeededBug(
            name="the program counter leaves the program",
            patch=SourcePatch(
                module=sequencer, old="self.pc == core.program_instructions", new="self.pc > core.program_instructions"
            ),
            caught_by="lawful_instruction_issues_when_it_can_and_waits_else",
            depth=6,
        ),
    ),
)
