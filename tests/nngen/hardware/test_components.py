"""Components against their specification in Amaranth's simulator."""

import random

import numpy as np
import pytest
from amaranth.hdl import Elaboratable
from amaranth.lib import data
from amaranth.sim import Simulator, SimulatorContext

from nngen.hardware.adc import SarController
from nngen.hardware.banks import Banks
from nngen.hardware.command import Queue
from nngen.hardware.requantizer import REQUANTIZER_STAGES, ROUNDING_CODES, Requantizer, RequantizerWidths
from nngen.numerics import ROUNDINGS, Rounding, requantize


def simulate(component: Elaboratable, process) -> None:
    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(process)
    simulator.run()


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize(
    "widths",
    [
        RequantizerWidths(accumulator=6, multiplier=4, offset=10, shift=3, zero_point=5, result=6),
        RequantizerWidths(accumulator=32, multiplier=25, offset=57, shift=6),
    ],
    ids=["narrow", "full"],
)
def test_requantizer_equals_numerics(widths: RequantizerWidths, rounding: Rounding) -> None:
    generator = random.Random(1)

    def signed(bits: int) -> int:
        corner = generator.choice([-(1 << (bits - 1)), (1 << (bits - 1)) - 1, -1, 0, 1, None, None, None])
        return generator.randrange(-(1 << (bits - 1)), 1 << (bits - 1)) if corner is None else corner

    cases = [
        (
            signed(widths.accumulator),
            signed(widths.multiplier),
            signed(widths.offset),
            generator.randrange(1 << widths.shift),
        )
        for _ in range(400)
    ]
    # Exact ties: an odd number of halves.
    cases += [(odd, 1, 0, 1) for odd in range(-15, 16, 2)]
    zero_point, lowest, highest = 3, -(1 << (widths.result - 2)), (1 << (widths.result - 2)) - 1
    results = []

    async def process(context: SimulatorContext) -> None:
        requantizer = component
        context.set(requantizer.rounding, ROUNDING_CODES[rounding])
        context.set(requantizer.zero_point, zero_point)
        context.set(requantizer.lowest, lowest)
        context.set(requantizer.highest, highest)
        for case in [*cases, *[(0, 0, 0, 0)] * REQUANTIZER_STAGES]:
            for port, value in zip(("accumulator", "multiplier", "offset", "shift"), case, strict=True):
                context.set(getattr(requantizer, port), value)
            results.append(context.get(requantizer.result))
            await context.tick()

    component = Requantizer(widths)
    simulate(component, process)
    columns = [np.array(column, dtype=np.int64) for column in zip(*cases, strict=True)]
    exact = [(int(a) * int(b) + int(c)) for a, b, c in zip(*columns[:3], strict=True)]
    assert max(abs(e) for e in exact) < 1 << 62
    expected = np.clip(requantize(*columns, rounding) + zero_point, lowest, highest)
    assert results[REQUANTIZER_STAGES:] == expected.tolist()


@pytest.mark.parametrize(("bits", "sample_cycles"), [(2, 1), (5, 1), (8, 3), (9, 1)])
def test_sar_tries_each_bit_once_and_is_done_in_time(bits: int, sample_cycles: int) -> None:
    component = SarController(bits=bits, sample_cycles=sample_cycles)

    async def process(context: SimulatorContext) -> None:
        context.set(component.run, 1)
        for _ in range(3):
            trace = []
            for _ in range(sample_cycles + bits):
                trace.append((context.get(component.sample), context.get(component.trial), context.get(component.done)))
                await context.tick()
            samples = [(int(i == sample_cycles - 1), 0, 0) for i in range(sample_cycles)]
            trials = [(0, 1 << bit, int(bit == 0)) for bit in reversed(range(bits))]
            assert trace == samples + trials

    simulate(component, process)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_queue_keeps_order_and_loses_nothing(depth: int) -> None:
    component = Queue(layout=data.StructLayout({"value": 16}), depth=depth)
    generator = random.Random(depth)

    async def process(context: SimulatorContext) -> None:
        held: list[int] = []
        for number in range(500):
            push = generator.random() < 0.6
            context.set(component.push, push)
            context.set(component.push_data, {"value": number})
            pop = bool(held) and generator.random() < 0.5
            context.set(component.pop, pop)
            assert context.get(component.ready) == (len(held) < depth)
            assert context.get(component.valid) == bool(held)
            if held:
                assert context.get(component.head.value) == held[0]
            if push and len(held) < depth:
                held.append(number)
            if pop:
                held.pop(0)
            await context.tick()

    simulate(component, process)


def test_banks_alternate_and_count() -> None:
    component = Banks()

    async def process(context: SimulatorContext) -> None:
        async def cycle(*names: str) -> None:
            for name in ("acquire", "written", "filled", "released", "freed"):
                context.set(getattr(component, name), name in names)
            await context.tick()

        state = lambda: tuple(context.get(getattr(component, n)) for n in ("free", "full", "write_bank", "read_bank"))  # noqa: E731
        assert state() == (1, 0, 0, 0)
        await cycle("acquire", "written")
        assert state() == (1, 0, 1, 0)
        await cycle("acquire", "filled")
        assert state() == (0, 1, 1, 0)
        await cycle("written", "filled")
        assert state() == (0, 1, 0, 0)
        await cycle("released", "freed")
        assert state() == (1, 1, 0, 1)
        await cycle("released")
        assert state() == (1, 0, 0, 0)
        await cycle("freed")
        assert state() == (1, 0, 0, 0)

    simulate(component, process)
