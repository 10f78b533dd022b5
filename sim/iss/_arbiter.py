"""Who may write: the ports of the memories and the bus of a chip with several cores (docs/chip.md).

Nothing here steps through cycles either: what is decided in a cycle changes only where somebody begins to ask, where
something that is held becomes free, or in the cycle after somebody started.
"""

from __future__ import annotations

from dataclasses import dataclass, field

NEVER = 1 << 62
FREE = -1  # the last cycle in which something is held that nobody ever held


@dataclass(kw_only=True)
class Ask:
    """What the command at the head of a core's STORE queue asks for.

    Parameters
    ----------
    since
        First cycle in which it asks.
    cycles
        For so long it holds what it claims.
    bus
        Whether that is the bus.
    ports
        The cores whose ports it claims with the bus.
    """

    since: int
    cycles: int
    bus: bool
    ports: tuple[int, ...] = ()


@dataclass
class Arbiter:
    """Ports and bus of a chip.

    Parameters
    ----------
    cores
        How many there are.

    Attributes
    ----------
    asks
        What each core asks for; None: nothing, as far as is known.
    """

    cores: int
    asks: list[Ask | None] = field(init=False)

    def __post_init__(self) -> None:
        self.asks = [None] * self.cores
        self._first = 0
        self._bus_until = FREE
        self._own_until = [FREE] * self.cores  # the port of each core is held by a command of its own
        self._bus_port_until = [FREE] * self.cores  # … by one on the bus
        self._owed = [False] * self.cores
        self._decided = -1  # the last cycle in which starts were decided
        self._changed = False  # whether somebody started in it

    def next_cycle(self) -> int:
        """Return the next cycle in which somebody may start; NEVER where nobody asks."""
        asking = [ask.since for ask in self.asks if ask is not None]
        if not asking:
            return NEVER
        last = self._decided
        changes = [since for since in asking if since > last]
        if min(asking) <= last:  # somebody waits: for what is held to become free
            held = (self._bus_until, *self._own_until, *self._bus_port_until)
            changes += [until + 1 for until in held if until >= last]
            if self._changed:
                changes.append(last + 1)
        return min(changes, default=NEVER)

    def decide(self, cycle: int) -> list[int]:
        """Return the cores whose commands start in a cycle, and forget what they asked for."""
        asking = [(core, ask) for core, ask in enumerate(self.asks) if ask is not None and ask.since <= cycle]
        chosen = self._chosen(asking, cycle)
        wanted = () if chosen is None else chosen[1].ports
        starting = [
            (core, ask)
            for core, ask in asking
            if not ask.bus and self._bus_port_until[core] < cycle and (self._owed[core] or core not in wanted)
        ]
        if chosen is not None and not any(self._own_until[p] >= cycle or self._owed[p] for p in wanted):
            self._first = (chosen[0] + 1) % self.cores
            for core, ask in asking:
                self._owed[core] |= not ask.bus and core in wanted
            starting.append(chosen)
        for core, ask in starting:
            self._start(core, ask, cycle)
        self._decided, self._changed = cycle, bool(starting)
        return [core for core, _ in starting]

    def _chosen(self, asking: list[tuple[int, Ask]], cycle: int) -> tuple[int, Ask] | None:
        """Return the core whose turn the bus is, among those that ask for it while it is free."""
        if self._bus_until >= cycle:
            return None
        with_bus = [one for one in asking if one[1].bus]
        return min(with_bus, key=lambda one: (one[0] - self._first) % self.cores, default=None)

    def _start(self, core: int, ask: Ask, cycle: int) -> None:
        until = cycle + ask.cycles - 1
        if ask.bus:
            self._bus_until = until
            for port in ask.ports:
                self._bus_port_until[port] = until
        else:
            self._own_until[core] = until
            self._owed[core] = False
        self.asks[core] = None
