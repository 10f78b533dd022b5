"""Counters of WAIT and SIGNAL: nobody takes what is not there, and nobody takes twice."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from amaranth.hdl import Assert, Const, Cover, Elaboratable, Module, Mux, Signal, Value

from nngen.hardware import counters
from nngen.hardware.counters import WAIT_BITS
from nngen.isa import COUNTER_BITS, COUNTERS, QUEUED_UNITS, Unit

from ..faults import SourcePatch
from ._harness import all_of, drive_freely, embed, implies
from ._proof import Proof, SeededBug


class CountersHarness(Elaboratable):
    """The counters, counted here once more (modulo their width, as they themselves do)."""

    def __init__(self, module: ModuleType) -> None:
        self.counters = module.Counters()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        dut = self.counters
        registers = embed(m, "counters", dut)
        drive_freely(m, dut)
        values = [Signal(COUNTER_BITS, name=f"value{i}") for i in range(COUNTERS)]
        single = []
        for i, value in enumerate(values):
            here = {unit: getattr(dut, f"index_{unit}") == i for unit in QUEUED_UNITS}
            grants = self._check_grants(m, i, value, here)
            taken: Value = Const(0, WAIT_BITS)
            for unit, granted in grants.items():
                taken = taken | (getattr(dut, f"count_{unit}") & granted.replicate(WAIT_BITS))
            signals = [getattr(dut, f"signal_{unit}") & here[unit] for unit in QUEUED_UNITS]
            m.d.sync += value.eq(value + sum(signals[1:], signals[0]) - taken)
            single.append(sum(list(grants.values())[1:], grants[QUEUED_UNITS[0]]) <= 1)
        waits = [implies(getattr(dut, f"grant_{unit}"), getattr(dut, f"wait_{unit}")) for unit in QUEUED_UNITS]
        alike = (registers[f"counter{i}"] == value for i, value in enumerate(values))
        m.d.comb += [
            Assert(all_of(waits), "only_who_waits_is_granted"),
            Assert(all_of(single), "at_most_one_takes_from_a_counter"),
            Assert(all_of(alike), "value_is_signals_less_taken"),
            Cover(getattr(dut, f"grant_{QUEUED_UNITS[-1]}") & (values[5] == 3), "the_last_unit_takes"),
        ]
        return m

    def _check_grants(self, m: Module, i: int, value: Signal, here: Mapping[Unit, Value]) -> dict[Unit, Value]:
        """Check who takes from counter i; return it."""
        dut = self.counters
        grants: dict[Unit, Value] = {}
        earlier: Value = Const(0, 1)
        for unit in QUEUED_UNITS:
            grants[unit] = getattr(dut, f"grant_{unit}") & here[unit]
            wants, enough = getattr(dut, f"wait_{unit}") & here[unit], getattr(dut, f"count_{unit}") <= value
            m.d.comb += [
                Assert(implies(grants[unit], enough), f"{unit}_takes_what_counter{i}_holds"),
                Assert(implies(wants & enough & ~earlier, grants[unit]), f"{unit}_need_not_wait_for_counter{i}"),
            ]
            earlier = earlier | grants[unit]
        return grants


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
            caught_by="at_most_one_takes_from_a_counter",
            depth=2,
        ),
        SeededBug(
            name="a counter loses a signal when it is taken from",
            patch=SourcePatch(
                module=counters, old='(getattr(self, f"signal_{unit}") & here)', new='(getattr(self, f"signal_{unit}") & here & ~grant)'
            ),
            caught_by="value_is_signals_less_taken",
            depth=3,
        ),
    ),
)
