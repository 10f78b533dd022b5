"""Two-bank buffers: both counts stay in bounds, and the reader never meets the writer."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

from amaranth.asserts import AnySeq
from amaranth.hdl import Assert, Assume, Cover, Elaboratable, Module, Signal, Value

from nngen.hardware import banks
from nngen.sim.verification.faults import SourcePatch

from ._harness import Registers, drive_freely, embed, implies, total
from ._proof import Proof, SeededBug

_COUNT_BITS = 4  # wide enough to see an overflow of the two banks


class BanksHarness(Elaboratable):
    """The bookkeeping between a writer and a reader who keep to their side of it, but choose their time freely.

    Each bank is acquired, written, filled, released and freed, in this order and each step at the earliest in the cycle
    of the one before, except that a bank is released only in a cycle in which ``full`` says so. Assumed: the writer
    acquires only when ``free`` says so; no step is done more often than the step before.
    """

    def __init__(self, module: ModuleType) -> None:
        self.banks = module.Banks()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        banks = self.banks
        registers = embed(m, "banks", banks)
        drive_freely(m, banks)
        # Banks between two steps: the model of what the buffer holds.
        counts = [Signal(_COUNT_BITS, name=name) for name in ("writing", "settling", "waiting", "leaving")]
        writing, settling, waiting = counts[:3]
        steps = [banks.acquire, banks.written, banks.filled, banks.released, banks.freed]
        m.d.comb += [Assume(implies(banks.acquire, banks.free)), Assume(implies(banks.released, banks.full))]
        for count, enters, leaves in zip(counts, steps[:-1], steps[1:], strict=True):
            m.d.comb += Assume(count + enters >= leaves)
            m.d.sync += count.eq(count + enters - leaves)
        self._check_counts(m, registers, counts)
        self._check_pointers(m, writing, settling + waiting)
        self._follow(m, settling + waiting, writing)
        m.d.comb += [
            Cover((writing == 1) & (waiting == 1) & banks.read_bank, "writer_and_reader_at_once"),
            Cover((waiting == 2) & banks.read_bank, "both_banks_full"),
        ]
        return m

    def _check_counts(self, m: Module, registers: Registers, counts: Sequence[Signal]) -> None:
        banks = self.banks
        used, waiting = Signal(_COUNT_BITS + 2), counts[2]
        m.d.comb += [
            used.eq(total(counts)),
            Assert(used <= 2, "at_most_two_banks_are_used"),
            Assert(registers["used"] == used, "used_is_acquired_minus_freed"),
            Assert(registers["ready"] == waiting, "ready_is_filled_minus_released"),
            Assert(registers["ready"] <= registers["used"], "ready_is_at_most_used"),
            Assert(banks.free == (used < 2), "free_while_a_bank_is_unused"),
            Assert(banks.full == (waiting != 0), "full_while_a_bank_waits"),
        ]

    def _check_pointers(self, m: Module, writing: Signal, written: Value) -> None:
        """Banks alternate: between the pointers lie the banks that were written and not released."""
        banks = self.banks
        same = banks.write_bank == banks.read_bank
        m.d.comb += [
            Assert(same == ~written[0], "pointers_alternate_in_order"),
            Assert(~((writing != 0) & banks.full & same), "reader_never_meets_writer"),
        ]

    def _follow(self, m: Module, written: Value, writing: Signal) -> None:
        """Follow one bank, any: it is read when those written before it have been, and not written until then."""
        banks = self.banks
        inside, ahead, bank = Signal(), Signal(_COUNT_BITS), Signal()
        with m.If(~inside & banks.written & AnySeq(1)):
            m.d.sync += [inside.eq(1), ahead.eq(written - banks.released), bank.eq(banks.write_bank)]
        with m.Elif(inside & banks.released):
            m.d.sync += [inside.eq(ahead != 0), ahead.eq(ahead - 1)]
        m.d.comb += [
            Assert(implies(inside, ahead < written), "bank_is_not_lost"),
            Assert(implies(inside, bank == banks.read_bank ^ ahead[0]), "reader_comes_to_the_bank"),
            Assert(implies(inside & (ahead == 0), banks.read_bank == bank), "banks_are_read_in_the_order_written"),
            Assert(implies(inside & (writing != 0), banks.write_bank != bank), "bank_is_not_written_before_it_is_read"),
        ]


PROOF = Proof(
    name="banks",
    states="of a buffer's two banks 0 to 2 are used and 0 to used are ready, each written bank is read once and in "
    "order, and none is written while it is read or waits for it",
    module=banks,
    harness=BanksHarness,
    depth=2,
    cover_depth=9,
    bugs=(
        SeededBug(
            name="a third bank can be acquired",
            patch=SourcePatch(module=banks, old="self.free.eq(~used[1])", new="self.free.eq(used != 3)"),
            caught_by="free_while_a_bank_is_unused",
            depth=5,
        ),
        SeededBug(
            name="reader's pointer stands still",
            patch=SourcePatch(
                module=banks, old="self.read_bank ^ self.released", new="self.read_bank ^ (self.released & self.freed)"
            ),
            caught_by="pointers_alternate_in_order",
            depth=8,
        ),
    ),
)
