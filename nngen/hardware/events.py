"""Performance counters: one 32-bit register an event."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nngen.isa import EVENT_NAMES

EVENT_BITS = 32


class EventCounters(wiring.Component):
    """Adds up what the units report.

    Ports
    -----
    add_<event>
        In: occurrences in this cycle.
    value_<event>
        Out: since the start; 0 where nothing is reported.

    Parameters
    ----------
    widths
        Bits of what is reported in a cycle, by event. Cores report what they can do.
    """

    def __init__(self, widths: dict[str, int]):
        self.widths = widths
        ports: dict[str, object] = {}
        for name in EVENT_NAMES:
            ports[f"value_{name}"] = Out(EVENT_BITS)
            if name in widths:
                ports[f"add_{name}"] = In(widths[name])
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for name, width in self.widths.items():
            # One register stage keeps wide increments off the units' paths.
            late = Signal(width, name=f"late_{name}")
            value = getattr(self, f"value_{name}")
            m.d.sync += [late.eq(getattr(self, f"add_{name}")), value.eq(value + late)]
        return m
