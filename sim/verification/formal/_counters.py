"""Counters of WAIT and SIGNAL: nobody takes what is not there, and nobody takes twice."""

from __future__ import annotations

from types import ModuleType

from amaranth.hdl import Assert, Cat, Const, Cover, Elaboratable, Module, Signal, Value

from nngen.hardware import counters
from nngen.hardware.counters import WAIT_BITS
from nngen.isa import COUNTER_BITS, COUNTERS, QUEUED_UNITS, Unit
from nngen.sim.verification.faults import SourcePatch

from ._harness import all_of, drive_freely, embed, total
from ._proof import Proof, SeededBug


class CountersHarness(Elaboratable):
    """The counters, beside who takes from each in this cycle and what each must hold in the next."""

    def __init__(self, module: ModuleType) -> None:
        self.counters = module.Counters()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        dut = self.counters
        registers = embed(m, "counters", dut)
        drive_freely(m, dut)
        values = [registers[f"counter{i}"] for i in range(COUNTERS)]
        takes = [self._takes(m, i, value) for i, value in enumerate(values)]
        counted = []
        for i, value in enumerate(values):
            expected = Signal(COUNTER_BITS, name=f"expected{i}")
            m.d.sync += expected.eq(value + self._signals(i) - self._taken(takes[i]))
            counted.append(value == expected)
        granted = [
            getattr(dut, f"grant_{unit}") == Cat(*[taker[unit] for taker in takes]).any() for unit in QUEUED_UNITS
        ]
        m.d.comb += [
            Assert(all_of(counted), "value_is_signals_less_taken"),
            Assert(all_of(granted), "units_take_when_they_may"),
            Assert(all_of(self._takers(i) <= 1 for i in range(COUNTERS)), "at_most_one_takes_from_a_counter"),
            Cover(getattr(dut, f"grant_{QUEUED_UNITS[-1]}") & (values[5] == 3), "the_last_unit_takes"),
        ]
        return m

    def _takes(self, m: Module, i: int, value: Value) -> dict[Unit, Signal]:
        """Return who takes from a counter: the first unit that waits for no more than it holds."""
        dut = self.counters
        takes: dict[Unit, Signal] = {}
        before: Value = Const(0, 1)
        for unit in QUEUED_UNITS:
            waits = getattr(dut, f"wait_{unit}") & (getattr(dut, f"index_{unit}") == i)
            enough = getattr(dut, f"count_{unit}") <= value
            takes[unit] = Signal(name=f"{unit}_takes{i}")
            m.d.comb += takes[unit].eq(waits & enough & ~before)
            before = before | takes[unit]
        return takes

    def _signals(self, i: int) -> Value:
        """Return how many units signal a counter."""
        return self._count("signal", i)

    def _takers(self, i: int) -> Value:
        """Return how many units are granted a counter."""
        return self._count("grant", i)

    def _count(self, port: str, i: int) -> Value:
        dut = self.counters
        return total(getattr(dut, f"{port}_{unit}") & (getattr(dut, f"index_{unit}") == i) for unit in QUEUED_UNITS)

    def _taken(self, takes: dict[Unit, Signal]) -> Value:
        taken: Value = Const(0, WAIT_BITS)
        for unit, takes_now in takes.items():
            taken = taken | (getattr(self.counters, f"count_{unit}") & takes_now.replicate(WAIT_BITS))
        return taken


PROOF = Proof(
    name="counters",
    states="each counter is its signals less what was taken, a WAIT takes only what is there, from each counter one "
    "unit a cycle, the lowest first, and none that could take is kept waiting",
    module=counters,
    harness=CountersHarness,
    depth=2,
    cover_depth=4,
    bugs=(
        SeededBug(
            name="two units take from a counter at once",
            patch=SourcePatch(module=counters, old="here & ~taken[i] & (counter", new="here & (counter"),
            caught_by="units_take_when_they_may",
            depth=2,
        ),
        SeededBug(
            name="a counter loses a signal when it is taken from",
            patch=SourcePatch(
                module=counters,
                old='(getattr(self, f"signal_{unit}") & here)',
                new='(getattr(self, f"signal_{unit}") & here & ~grant)',
            ),
            caught_by="value_is_signals_less_taken",
            depth=3,
        ),
    ),
)
