"""SAR controller: samples as long as it must, then tries each bit once, most significant first."""

from __future__ import annotations

from types import ModuleType

from amaranth.hdl import Assert, Assume, Cat, Cover, Elaboratable, Module, Mux, Signal, Value

from nngen.hardware.adc import _sar
from nngen.sim.verification.faults import SourcePatch

from ._harness import drive_freely, embed, implies
from ._proof import Proof, SeededBug

CONFIGURATIONS = ((2, 1), (3, 2), (5, 1), (4, 3))  # (bits, sample cycles)


class SarHarness(Elaboratable):
    """A controller beside a count of the cycles of its conversion.

    Assumed: a conversion that began runs until ``done``. Conversions begin at any time, also right after another.
    """

    def __init__(self, module: ModuleType, bits: int, sample_cycles: int) -> None:
        self.bits, self.sample_cycles = bits, sample_cycles
        self.sar = module.SarController(bits=bits, sample_cycles=sample_cycles)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sar, bits, sample_cycles = self.sar, self.bits, self.sample_cycles
        name = f"bits{bits}_samples{sample_cycles}"
        registers = embed(m, "sar", sar)
        drive_freely(m, sar)
        cycle, conversions = Signal(range(sample_cycles + bits)), Signal(2)
        last = cycle == sample_cycles + bits - 1
        self.trying, self.tried = Signal(), Signal(bits)
        m.d.comb += [Assume(implies(cycle != 0, sar.run)), self.trying.eq(cycle >= sample_cycles)]
        with m.If(sar.run):
            m.d.sync += [cycle.eq(Mux(last, 0, cycle + 1)), self.tried.eq(Mux(last, 0, self.tried | sar.trial))]
            m.d.sync += conversions.eq(Mux(last & (conversions != 3), conversions + 1, conversions))
        if sample_cycles > 1:  # else there is nothing to count
            counted = registers["waiting"] == Mux(self.trying, 0, cycle)
            m.d.comb += Assert(counted, f"{name}_counts_sampling_cycles")
        m.d.comb += [
            Assert(sar.sample == (sar.run & (cycle == sample_cycles - 1)), f"{name}_sample_is_the_last_sampling_cycle"),
            Assert(sar.done == last, f"{name}_done_after_its_cycles"),
            Cover((conversions == 2) & (cycle == 0) & ~sar.run, f"{name}_two_conversions"),
        ]
        self._check_trials(m, name, sample_cycles + bits - cycle)
        return m

    def _check_trials(self, m: Module, name: str, remaining: Value) -> None:
        """Check which bits are tried, given the cycles that remain of the conversion, this one included."""
        trial, tried = self.sar.trial, self.tried
        m.d.comb += [
            Assert((trial != 0) == self.trying, f"{name}_tries_after_sampling"),
            Assert((trial & (trial - 1)) == 0, f"{name}_trial_is_one_hot"),
            Assert((trial & tried) == 0, f"{name}_no_bit_is_tried_twice"),
            Assert(tried == Cat(remaining <= bit for bit in range(self.bits)), f"{name}_most_significant_bit_first"),
            Assert(implies(self.sar.done, (tried | trial).all()), f"{name}_every_bit_is_tried"),
        ]


class SarsHarness(Elaboratable):
    """A controller of each configuration."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for bits, sample_cycles in CONFIGURATIONS:
            m.submodules[f"bits{bits}"] = SarHarness(self.module, bits, sample_cycles)
        return m


PROOF = Proof(
    name="sar",
    states="a conversion samples for its sample cycles, tries every bit once, most significant first, one a cycle, and "
    "is done in the last of these cycles, conversion after conversion",
    module=_sar,
    harness=SarsHarness,
    depth=2,
    cover_depth=16,
    bugs=(
        SeededBug(
            name="the least significant bit is not tried",
            patch=SourcePatch(module=_sar, old="self.done.eq(trial[0])", new="self.done.eq(trial[1])"),
            caught_by="bits2_samples1_done_after_its_cycles",
            depth=4,
        ),
        SeededBug(
            name="the next conversion samples a cycle less",
            patch=SourcePatch(module=_sar, old="m.d.sync += [waiting.eq(0), trial", new="m.d.sync += [trial"),
            caught_by="bits3_samples2_counts_sampling_cycles",
            depth=8,
        ),
    ),
)
