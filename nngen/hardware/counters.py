"""The counters that WAIT and SIGNAL order hazards with."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nngen.isa import COUNTER_BITS, COUNTERS, QUEUED_UNITS, Unit, index_bits

WAIT_BITS = 8


class Counters(wiring.Component):
    """``COUNTERS`` counters, one signal and one wait port a queued unit, in the order of ``units``.

    Parameters
    ----------
    units
        That the core has.
    bus
        Whether signals come over a bus, too.

    Ports
    -----
    signal_<unit>, index_<unit>
        In: add 1 to counter ``index`` at the end of the cycle.
    wait_<unit>, count_<unit>
        In: the unit wants to subtract ``count`` from counter ``index``.
    grant_<unit>
        Out: the counter holds at least ``count``, and no unit before this one takes it in this cycle.
    signal_bus, index_bus
        In, with ``bus``: as those of a unit.
    """

    def __init__(self, units: tuple[Unit, ...] = QUEUED_UNITS, *, bus: bool = False) -> None:
        self.units = units
        self.bus = bus
        ports: dict[str, object] = {"signal_bus": In(1), "index_bus": In(index_bits(COUNTERS))} if bus else {}
        for unit in units:
            ports |= {
                f"signal_{unit}": In(1),
                f"wait_{unit}": In(1),
                f"index_{unit}": In(index_bits(COUNTERS)),
                f"count_{unit}": In(WAIT_BITS),
                f"grant_{unit}": Out(1),
            }
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        counters = [Signal(COUNTER_BITS, name=f"counter{i}") for i in range(COUNTERS)]
        added = [Const(0, 1)] * COUNTERS
        taken = [Const(0, 1)] * COUNTERS
        subtracted = [Const(0, WAIT_BITS)] * COUNTERS
        for unit in self.units:
            index, count = getattr(self, f"index_{unit}"), getattr(self, f"count_{unit}")
            grants = []
            for i, counter in enumerate(counters):
                here = Signal(name=f"{unit}_at{i}")
                grant = Signal(name=f"{unit}_takes{i}")
                m.d.comb += [
                    here.eq(index == i),
                    grant.eq(getattr(self, f"wait_{unit}") & here & ~taken[i] & (counter >= count)),
                ]
                added[i] = added[i] + (getattr(self, f"signal_{unit}") & here)
                subtracted[i] = subtracted[i] | (count & grant.replicate(WAIT_BITS))
                taken[i] = taken[i] | grant
                grants.append(grant)
            m.d.comb += getattr(self, f"grant_{unit}").eq(_any(grants))
        for i, counter in enumerate(counters):
            if self.bus:
                added[i] = added[i] + (self.signal_bus & (self.index_bus == i))
            m.d.sync += counter.eq(counter + added[i] - subtracted[i])
        return m


def _any(bits: list[Signal]) -> Value:
    result = bits[0]
    for bit in bits[1:]:
        result = result | bit
    return result
