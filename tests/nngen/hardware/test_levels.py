"""The design in levels does what the design does, with fewer statements in smaller processes."""

import numpy as np
from amaranth.hdl import Cat, Elaboratable, Fragment, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.sim import Simulator, SimulatorContext

from nngen.arch import Architecture
from nngen.hardware import Core, by_levels


def watched(component: wiring.Component) -> tuple[Module, Signal]:
    """A module around a component, and a register that follows its outputs."""
    m = Module()
    m.submodules.component = component
    outputs = [value for _, member, value in component.signature.flatten(component) if member.flow is wiring.Out]
    seen = Signal(len(Cat(*outputs)))
    m.d.sync += seen.eq(Cat(*outputs))
    return m, seen


def trace(component: wiring.Component, *, levels: bool, cycles: int) -> list[int]:
    """Outputs of a component in each cycle while anything at all happens at its inputs."""
    module, seen = watched(component)
    inputs = Cat(*[value for _, member, value in component.signature.flatten(component) if member.flow is wiring.In])
    generator = np.random.default_rng(1)
    values: list[int] = []

    async def process(context: SimulatorContext) -> None:
        for _ in range(cycles):
            number = int.from_bytes(generator.bytes(-(-len(inputs) // 8)), "little")
            context.set(inputs, number & ((1 << len(inputs)) - 1))
            await context.tick()
            values.append(context.get(seen))

    simulator = Simulator(by_levels(module) if levels else module)
    simulator.add_clock(1e-6)
    simulator.add_testbench(process)
    simulator.run()
    return values


def test_outputs_are_those_of_the_design(micro: Architecture) -> None:
    plain = trace(Core(micro.core, retire=True), levels=False, cycles=150)
    assert trace(Core(micro.core, retire=True), levels=True, cycles=150) == plain
    assert len(set(plain)) > 20


class Example(Elaboratable):
    """Copies, and what only looks like one."""

    def __init__(self) -> None:
        self.given, self.chosen, self.seen = Signal(4), Signal(), Signal(32)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        names = ("copy", "copy_of_copy", "narrow", "doubled", "conditional", "partial")
        signals = {name: Signal({"narrow": 3}.get(name, 4), name=name) for name in names}
        wide, negative = Signal(6), Signal(signed(4))
        m.d.comb += [
            signals["copy"].eq(self.given),
            signals["copy_of_copy"].eq(signals["copy"]),
            signals["narrow"].eq(signals["copy"]),
            wide.eq(signals["copy"]),
            negative.eq(signals["copy"]),
            signals["doubled"].eq(self.given),
            signals["doubled"].eq(signals["copy_of_copy"] + 1),
            signals["partial"][:2].eq(self.given[:2]),
        ]
        with m.If(self.chosen):
            m.d.comb += signals["conditional"].eq(self.given)
        m.d.sync += self.seen.eq(Cat(*signals.values(), wide, negative + wide))
        return m


def statements(fragment: Fragment) -> list[tuple[str | None, int]]:
    """Name and number of combinational statements of every module that has some."""
    found = []
    for part, name, _ in fragment.subfragments:
        found += [(name, len(part.statements["comb"]))] if "comb" in part.statements else []
        found += statements(part)
    return found


def test_copies_are_bypassed_and_nothing_else() -> None:
    """What is wider, narrower, signed, driven twice, in part or on a condition is no copy."""
    values = []
    for levels in (False, True):
        example = Example()
        simulator = Simulator(by_levels(example) if levels else example)

        async def process(context: SimulatorContext, example: Example = example) -> None:
            for number in range(32):
                context.set(Cat(example.given, example.chosen), number)
                await context.tick()
                values.append(context.get(example.seen))

        simulator.add_clock(1e-6)
        simulator.add_testbench(process)
        simulator.run()
    assert values[:32] == values[32:]
    assert len(set(values)) == 31  # a condition on zero says nothing
    # Of ten statements two are copies, and without them nothing depends on another.
    assert statements(by_levels(Example())) == [("level1", 7)]


def test_a_level_is_one_above_its_inputs() -> None:
    m = Module()
    first, second, third, other, given = (
        Signal(4, name=name) for name in ("first", "second", "third", "other", "given")
    )
    m.submodules.inner = inner = Module()
    m.d.comb += [third.eq(second + first), first.eq(given + 1), other.eq(given + 3)]
    inner.d.comb += second.eq(first + 1)
    assert statements(by_levels(m)) == [("level2", 1), ("level1", 2), ("level3", 1)]


def test_bits_that_go_back_and_forth_are_no_circle() -> None:
    m = Module()
    there, back = Signal(2), Signal(2)
    m.d.comb += [there[0].eq(1), back[0].eq(there[0]), there[1].eq(back[0]), back[1].eq(there[1])]
    seen = Signal(2)
    m.d.sync += seen.eq(back)

    async def process(context: SimulatorContext) -> None:
        await context.tick()
        assert context.get(seen) == 0b11

    simulator = Simulator(by_levels(m))
    simulator.add_clock(1e-6)
    simulator.add_testbench(process)
    simulator.run()
