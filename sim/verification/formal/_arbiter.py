"""Arbiter: one command on the bus, one writer at a memory, and nobody is passed over for ever.

That every command that asks starts follows from what is asserted, where commands end: the bus goes around, so that each
grant brings all others that ask for it nearer to their turn (``every_grant_brings_the_others_nearer``); the chosen core
waits only for ports that are held or owed, and nobody takes one of them anew but who is owed it
(``ports_of_the_chosen_go_to_nobody_who_is_not_owed``); who is owed starts as soon as the bus leaves his port alone
(``who_is_owed_starts``), and one command of the bus passes a core that asks for its own port, never two
(``the_bus_passes_nobody_twice``).
"""

from __future__ import annotations

from types import ModuleType

from amaranth.hdl import Array, Assert, Assume, Const, Cover, Elaboratable, Module, Mux, Signal, Value

from nngen.hardware import arbiter
from nngen.sim.verification.faults import SourcePatch

from ._harness import all_of, drive_freely, embed, implies, previous, total
from ._proof import Proof, SeededBug

_CORES = 3


class ArbiterHarness(Elaboratable):
    """The arbiter beside the rules of docs/chip.md, "Ports and arbitration", written anew.

    A core that asks goes on with the same wish until it starts, and asks for nothing while its command holds something.
    """

    def __init__(self, module: ModuleType) -> None:
        self.arbiter = module.Arbiter(_CORES)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        dut = self.arbiter
        registers = embed(m, "arbiter", dut)
        drive_freely(m, dut)
        self.ports = [getattr(dut, f"ports_{core}") for core in range(_CORES)]
        self.on_bus, self.at_own = Signal(_CORES), Signal(_CORES)  # commands that hold the bus, or their own port
        self.claimed = Signal(_CORES)  # ports of the command on the bus
        self.owed = Signal(_CORES)
        self.turn = Signal(range(_CORES))  # p of the page
        self._choose(m)
        self._start(m)
        self._surroundings(m)
        self._check_rules(m)
        self._check_progress(m)
        states = {
            "holder": self.on_bus,
            "own_ports": self.at_own,
            "bus_ports": self.claimed,
            "owed": self.owed,
            "turn": Array([Const(-(1 << p) & (1 << _CORES) - 1, _CORES) for p in range(_CORES)])[self.turn],
        }
        m.d.comb += [Assert(registers[name] == value, f"{name}_is_that_of_the_model") for name, value in states.items()]
        return m

    def _distance(self, core: int, turn: Value) -> Value:
        """Return how many cores come before one, from the one whose turn it is on."""
        return Mux(turn <= core, core - turn, core + _CORES - turn)[:2]

    def _choose(self, m: Module) -> None:
        """Rule 1."""
        dut = self.arbiter
        self.chosen, self.anybody = Signal(range(_CORES)), Signal()
        m.d.comb += self.anybody.eq(~self.on_bus.any() & (dut.ask & dut.bus).any())
        asks = Array([dut.ask[core] & dut.bus[core] for core in range(_CORES)])
        for distance in reversed(range(_CORES)):
            core = Signal(range(_CORES), name=f"at_distance{distance}")
            m.d.comb += core.eq(Mux(self.turn + distance < _CORES, self.turn + distance, self.turn + distance - _CORES))
            with m.If(asks[core]):
                m.d.comb += self.chosen.eq(core)
        self.wanted = Signal(_CORES)
        m.d.comb += self.wanted.eq(Mux(self.anybody, Array(self.ports)[self.chosen], 0))

    def _start(self, m: Module) -> None:
        """Rules 2 to 4."""
        dut = self.arbiter
        self.granted, self.own = Signal(), Signal(_CORES)
        self.bus_start = Signal(_CORES)
        m.d.comb += [
            self.granted.eq(self.anybody & ~(self.wanted & (self.at_own | self.owed)).any()),
            self.bus_start.eq(Mux(self.granted, 1 << self.chosen, 0)),
            self.own.eq(dut.ask & ~dut.bus & ~self.claimed & (self.owed | ~self.wanted)),
        ]
        left = Signal(_CORES)
        m.d.comb += left.eq((self.on_bus | self.bus_start) & ~dut.ends)
        m.d.sync += [
            self.on_bus.eq(left),
            self.at_own.eq((self.at_own | self.own) & ~dut.ends),
            self.claimed.eq(Mux(left.any(), Mux(self.granted, self.wanted, self.claimed), 0)),
            self.owed.eq(self.owed & ~self.own),
        ]
        with m.If(self.granted):
            m.d.sync += [
                self.turn.eq(Mux(self.chosen == _CORES - 1, 0, self.chosen + 1)),
                self.owed.eq((self.owed & ~self.own) | (self.wanted & dut.ask & ~dut.bus)),
            ]

    def _surroundings(self, m: Module) -> None:
        dut = self.arbiter
        waited = previous(m, dut.ask & ~dut.start, "waited")
        was_bus = previous(m, dut.bus, "was_bus")
        m.d.comb += Assume(all_of((~waited[core] | dut.ask[core]) for core in range(_CORES)))
        m.d.comb += Assume(all_of((~waited[core] | (dut.bus[core] == was_bus[core])) for core in range(_CORES)))
        m.d.comb += Assume(~(dut.ask & (self.on_bus | self.at_own)).any())
        for core, ports in enumerate(self.ports):
            before = previous(m, ports, f"ports_before{core}")
            m.d.comb += Assume(~waited[core] | (ports == before))
        self.waited, self.was_bus = waited, was_bus

    def _check_rules(self, m: Module) -> None:
        dut = self.arbiter
        busy = self.on_bus | self.bus_start
        on_port = Mux(self.granted, self.wanted, self.claimed)
        m.d.comb += [
            Assert(dut.start == (self.bus_start | self.own), "who_starts_is_who_the_rules_say"),
            Assert(total(busy) <= 1, "one_command_is_on_the_bus"),
            Assert(~(on_port & (self.at_own | self.own)).any(), "one_command_writes_a_memory"),
            Assert(~(self.at_own & self.on_bus).any() & (total(self.on_bus) <= 1), "a_core_holds_one_thing"),
            Assert(implies(self.claimed.any(), self.on_bus.any()), "ports_are_claimed_with_the_bus"),
            Assert(~(self.claimed & self.at_own).any(), "nobody_holds_a_port_twice"),
            Assert(self.turn < _CORES, "it_is_the_turn_of_a_core"),
            Cover(self.owed.any() & self.granted, "a_grant_while_another_is_owed"),
        ]

    def _check_progress(self, m: Module) -> None:
        dut = self.arbiter
        nearer = []
        for core in range(_CORES):
            others = self.granted & (self.chosen != core)
            asks = dut.ask[core] & dut.bus[core]
            then = Mux(self.chosen == _CORES - 1, 0, self.chosen + 1)
            nearer.append(implies(others & asks, self._distance(core, then) < self._distance(core, self.turn)))
        passed = Signal(_CORES)  # commands of the bus that took the port of a core while it asked for it
        passes = self.wanted & dut.ask & ~dut.bus & self.granted.replicate(_CORES)
        m.d.sync += passed.eq((passed | passes) & ~dut.start)
        m.d.comb += [
            Assert(all_of(nearer), "every_grant_brings_the_others_nearer"),
            Assert(~(self.own & self.wanted & ~self.owed).any(), "ports_of_the_chosen_go_to_nobody_who_is_not_owed"),
            Assert(~(self.owed & ~self.claimed & ~dut.start).any(), "who_is_owed_starts"),
            Assert(~(passed & passes).any(), "the_bus_passes_nobody_twice"),
            Assert(passed == self.owed, "who_was_passed_is_owed"),
            Assert(~(self.owed & ~(self.waited & ~self.was_bus)).any(), "who_is_owed_has_waited_for_a_port"),
            Assert(
                implies(self.anybody & ~self.granted, (self.wanted & (self.at_own | self.owed)).any()), "chosen_waits"
            ),
            Cover(passed.any() & (dut.start & passed).any(), "a_core_starts_that_was_passed"),
        ]


PROOF = Proof(
    name="arbiter",
    states="commands start as the rules say; one is on the bus, one writes a memory; grants go around, what the chosen "
    "core waits for is held or owed, and no core is passed over twice",
    module=arbiter,
    harness=ArbiterHarness,
    depth=2,
    cover_depth=8,
    bugs=(
        SeededBug(
            name="the bus goes to a second command",
            patch=SourcePatch(
                module=arbiter,
                old="asking.eq(Mux(holder.any(), 0, self.ask & self.bus))",
                new="asking.eq(self.ask & self.bus)",
            ),
            caught_by="who_starts_is_who_the_rules_say",
            depth=4,
        ),
        SeededBug(
            name="the lowest core always comes first",
            patch=SourcePatch(
                module=arbiter,
                old="chosen.eq(Mux((asking & turn).any(), _lowest(asking & turn), _lowest(asking)))",
                new="chosen.eq(_lowest(asking))",
            ),
            caught_by="who_starts_is_who_the_rules_say",
            depth=5,
        ),
        SeededBug(
            name="the bus takes a port that is held",
            patch=SourcePatch(module=arbiter, old="~(wanted & (own_ports | owed)).any()", new="~(wanted & owed).any()"),
            caught_by="who_starts_is_who_the_rules_say",
            depth=4,
        ),
        SeededBug(
            name="nobody is owed anything",
            patch=SourcePatch(
                module=arbiter,
                old="owed.eq((owed & ~own_start) | Mux(granted, wanted & self.ask & ~self.bus, 0))",
                new="owed.eq(0)",
            ),
            caught_by="owed_is_that_of_the_model",
            depth=4,
        ),
    ),
)
