"""Who may write the activation memories: their ports and the bus of a chip with several cores (docs/chip.md)."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Arbiter(wiring.Component):
    """Decides within the cycle which of the commands that ask start.

    Parameters
    ----------
    cores
        How many there are.

    Ports
    -----
    ask, bus
        In, one bit a core: the command at the head of its STORE queue asks, and asks for the bus.
    ports_<core>
        In, one bit a core: the ports that the core's command claims with the bus.
    ends
        In, one bit a core: the command that holds what it claimed, or starts now, ends in this cycle.
    start
        Out, one bit a core: the command starts in this cycle.
    """

    def __init__(self, cores: int) -> None:
        self.cores = cores
        super().__init__(
            {
                "ask": In(cores),
                "bus": In(cores),
                "ends": In(cores),
                "start": Out(cores),
                **{f"ports_{core}": In(cores) for core in range(cores)},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        n = self.cores
        holder = Signal(n)  # who holds the bus
        bus_ports, own_ports = Signal(n), Signal(n)  # held by the command on the bus, by one of their own core
        owed = Signal(n)
        turn = Signal(n, init=(1 << n) - 1)  # the cores from the one whose turn it is on
        asking, chosen, wanted, granted = Signal(n), Signal(n), Signal(n), Signal()
        m.d.comb += [
            asking.eq(Mux(holder.any(), 0, self.ask & self.bus)),
            chosen.eq(Mux((asking & turn).any(), _lowest(asking & turn), _lowest(asking))),
            wanted.eq(_any([Mux(chosen[core], getattr(self, f"ports_{core}"), 0) for core in range(n)])),
            granted.eq(chosen.any() & ~(wanted & (own_ports | owed)).any()),
        ]
        own_start, bus_start, left = Signal(n), Signal(n), Signal(n)
        m.d.comb += [
            bus_start.eq(Mux(granted, chosen, 0)),
            own_start.eq(self.ask & ~self.bus & ~bus_ports & (owed | ~wanted)),
            self.start.eq(bus_start | own_start),
            left.eq((holder | bus_start) & ~self.ends),
        ]
        m.d.sync += [
            holder.eq(left),
            bus_ports.eq(Mux(left.any(), Mux(granted, wanted, bus_ports), 0)),
            own_ports.eq((own_ports | own_start) & ~self.ends),
            owed.eq((owed & ~own_start) | Mux(granted, wanted & self.ask & ~self.bus, 0)),
        ]
        with m.If(granted):
            above = Cat(*[bus_start[:core].any() for core in range(n)])
            m.d.sync += turn.eq(Mux(bus_start[n - 1], (1 << n) - 1, above))
        return m


def _lowest(value: Value) -> Value:
    """Return the lowest bit that is set, alone."""
    return Cat(*[value[i] & ~value[:i].any() if i else value[0] for i in range(len(value))])


def _any(values: list[Value]) -> Value:
    """Return the OR of values, in a tree."""
    while len(values) > 1:
        values = [values[i] | values[i + 1] if i + 1 < len(values) else values[i] for i in range(0, len(values), 2)]
    return values[0]
