"""Components against their specification in Amaranth's simulator."""

import random
from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import Elaboratable
from amaranth.lib import data
from amaranth.sim import Simulator, SimulatorContext

from nngen.arch import Architecture, Vector
from nngen.hardware.adc import FlashController, RampController, SarController
from nngen.hardware.banks import Banks
from nngen.hardware.collector import Collector
from nngen.hardware.command import Queue
from nngen.hardware.requantizer import REQUANTIZER_STAGES, ROUNDING_CODES, Requantizer, RequantizerWidths
from nngen.hardware.vector_buffer import VectorBuffer
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


@pytest.mark.parametrize(("bits", "sample_cycles"), [(2, 1), (3, 2), (4, 1)])
def test_ramp_tries_every_code_in_turn(bits: int, sample_cycles: int) -> None:
    component = RampController(bits=bits, sample_cycles=sample_cycles)

    async def process(context: SimulatorContext) -> None:
        for _ in range(3):
            trace = []
            context.set(component.run, 1)
            for _ in range(sample_cycles + (1 << bits) - 1):
                trace.append((context.get(component.sample), context.get(component.trial), context.get(component.done)))
                await context.tick()
            samples = [(int(i == sample_cycles - 1), 0, 0) for i in range(sample_cycles)]
            last = (1 << bits) - 1
            assert trace == samples + [(0, code, int(code == last)) for code in range(1, last + 1)]
            context.set(component.run, 0)
            assert not context.get(component.sample)
            await context.tick()

    simulate(component, process)


@pytest.mark.parametrize("sample_cycles", [0, 1, 2, 3])
def test_flash_samples_and_is_done_in_the_next_cycle(sample_cycles: int) -> None:
    component = FlashController(bits=4, sample_cycles=sample_cycles)

    async def process(context: SimulatorContext) -> None:
        for _ in range(3):
            context.set(component.run, 1)
            for cycle in range(sample_cycles + 1):
                assert context.get(component.sample) == (cycle == sample_cycles - 1)
                assert context.get(component.done) == (cycle == sample_cycles)
                await context.tick()
            context.set(component.run, 0)
            assert not context.get(component.done)
            await context.tick()

    simulate(component, process)


@pytest.mark.parametrize("word_bytes", [4, 8, 16])
def test_collector_puts_elements_side_by_side(micro: Architecture, word_bytes: int) -> None:
    core = replace(micro.core, word_bytes=word_bytes, output_buffer_bytes=32)
    component = Collector(core)
    generator = random.Random(word_bytes)

    async def process(context: SimulatorContext) -> None:
        banks, bank, position = [bytearray(32), bytearray(32)], 0, 0
        expected = [bytearray(32), bytearray(32)]
        for _ in range(600):
            element, code, valid = generator.randrange(4), generator.randrange(1 << 32), generator.random() < 0.8
            restart, close = generator.random() < 0.02, generator.random() < 0.03
            for name, value in {
                "valid": valid, "element": element, "code": code, "restart": restart, "close": close,
            }.items():  # fmt: skip
                context.set(getattr(component, name), value)
            assert context.get(component.bank) == bank
            data = context.get(component.data).to_bytes(word_bytes, "little")
            for lane in range(word_bytes):
                if context.get(component.write) >> lane & 1:
                    banks[bank][context.get(component.address) * word_bytes + lane] = data[lane]
            size = (1, 2, 4, 4)[element]
            fits = valid and position + size <= 32
            if fits:
                start = position // size * size
                expected[bank][start : start + size] = (code % (1 << 8 * size)).to_bytes(size, "little")
            assert banks == expected
            position = 0 if restart else position + size * fits
            bank ^= close
            await context.tick()

    simulate(component, process)


@pytest.mark.parametrize(("word_bytes", "buffer_bytes"), [(4, 16), (8, 16), (4, 64)])
def test_vector_buffer_reads_and_writes_at_any_byte(micro: Architecture, word_bytes: int, buffer_bytes: int) -> None:
    vector = Vector(buffer_bytes=buffer_bytes, accumulators=16, coefficient_words=1)
    component = VectorBuffer(replace(micro.core, word_bytes=word_bytes), vector)
    generator = random.Random(buffer_bytes)
    banks = [[0] * buffer_bytes, [0] * buffer_bytes]

    def write(context: SimulatorContext) -> None:
        """Write some bytes of a word that begins anywhere."""
        bank, place, valid = (
            generator.randrange(2),
            generator.randrange(buffer_bytes),
            generator.randrange(1 << word_bytes),
        )
        low = high = data = 0
        for i in range(word_bytes):
            lane, byte = (place + i) % word_bytes, generator.randrange(256)
            data |= byte << 8 * lane
            if valid >> i & 1:
                banks[bank][(place + i) % buffer_bytes] = byte
                low, high = (low | 1 << lane, high) if lane >= place % word_bytes else (low, high | 1 << lane)
        values = {"write": 1, "write_bank": bank, "write_word": place // word_bytes}
        values |= {"write_low": low, "write_high": high, "write_data": data}
        for name, value in values.items():
            context.set(getattr(component, name), value)

    async def process(context: SimulatorContext) -> None:
        expected = None
        for _ in range(400):
            if expected is not None:
                assert context.get(component.read_data) == expected
            bank, place = generator.randrange(2), generator.randrange(buffer_bytes)
            for name, value in {"read": 1, "read_bank": bank, "read_place": place}.items():
                context.set(getattr(component, name), value)
            now = [banks[bank][(place + i) % buffer_bytes] for i in range(word_bytes)]
            expected = int.from_bytes(bytes(now), "little")
            write(context)
            await context.tick()

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
