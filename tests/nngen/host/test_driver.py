"""The driver against a chip in a dictionary: addresses, words, and what it refuses."""

import asyncio
import functools
import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nngen.arch import Architecture, read_architecture
from nngen.errors import InputError, ProgramError
from nngen.host import Driver, Outcome, macro_word_index, program_blocks, register_map, tensor_addresses, words_per_row
from nngen.ir import ConstantRecord, CoreProgram, Region, Tensor, pack_cells, pack_record
from nngen.isa import EVENT_NAMES, Cause, encode, instruction


class MemoryChip:
    """Words by address; registers answer as the register map says. ``program`` runs at once when START is written."""

    def __init__(self, architecture: Architecture, *, program: Callable[["MemoryChip"], None] | None = None):
        self.map = register_map(architecture.core)
        self.words: dict[int, int] = {register.address: register.reset for register in self.map.registers}
        self.words[self.address("ARCHITECTURE")] = int(architecture.sha256[:8], 16)
        self.program = program
        self.polls_until_done = 0
        self.writes: list[tuple[int, int]] = []  # address of the first word, words
        self.reads: list[tuple[int, int]] = []

    def address(self, name: str) -> int:
        return self.map.register(name).address

    def set(self, name: str, value: int) -> None:
        self.words[self.address(name)] = value

    async def read_word(self, address: int) -> int:
        return (await self.read_words(address, 1))[0]

    async def read_words(self, address: int, count: int) -> Sequence[int]:
        assert address % 4 == 0
        self.reads.append((address, count))
        if address == self.address("STATUS"):
            self._advance()
        return [self.words[address + 4 * i] for i in range(count)]  # KeyError: nobody wrote it, hardware would say X

    async def write_words(self, address: int, words: Sequence[int]) -> None:
        assert address % 4 == 0
        assert all(0 <= word < 1 << 32 for word in words)
        self.writes.append((address, len(words)))
        for i, word in enumerate(words):
            self.words[address + 4 * i] = word
        if address == self.address("START"):
            self.set("STATUS", 1)

    def _advance(self) -> None:
        if self.words[self.address("STATUS")] == 1:
            if self.polls_until_done:
                self.polls_until_done -= 1
                return
            if self.program is not None:
                self.program(self)
            for i, name in enumerate(EVENT_NAMES):
                self.set(f"EVENT_{name.upper()}", 100 + i)
            self.set("STATUS", 2)

    def bytes_at(self, window: str, offset: int, size: int) -> list[int]:
        base = self.map.window(window).address
        return [self.words[base + at // 4 * 4] >> 8 * (at % 4) & 0xFF for at in range(offset, offset + size)]


ARCHITECTURES = ("micro", "odd", "tiny", "digits", "lossless", "edge")


@functools.cache
def read(name: str) -> Architecture:
    return read_architecture(Path(__file__).parents[3] / "flows" / "architectures" / f"{name}.toml")


MICRO = read("micro")


def do(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def some_program(architecture: Architecture) -> CoreProgram:
    core = architecture.core
    random = np.random.default_rng(2)
    shape = (core.macros, core.macro.rows, core.macro.columns)
    return CoreProgram(
        core=0,
        instructions=(instruction("FILL", register=3, offset=-5, length=9, value=0xA5), instruction("HALT")),
        layer_starts=(),
        records=tuple(
            ConstantRecord(
                macro=0, adc=1, entry=i, last=True, multiplier=-1 - i, offset=-(1 << core.offset_bits - 2), shift=5
            )
            for i in range(2)
        ),
        cells=random.integers(0, 1 << core.macro.cell_bits, shape),
    )


def tensor(shape: tuple[int, int, int], *, bits: int = 8, signed: bool = False) -> Tensor:
    lowest, highest = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    return Tensor(name="t", shape=shape, bits=bits, signed=signed, zero_point=0, lowest=lowest, highest=highest)


def place(of: Tensor, *, address: int = 0, halo: tuple[int, int, int, int] = (0, 0, 0, 0), fill: int = 0) -> Region:
    height, width, channels = of.shape
    top, left, bottom, right = halo
    pixel = channels * of.element_bytes
    pitch = (left + width + right) * pixel
    size = (top + height + bottom) * pitch
    return Region(tensor=of.name, address=address, size=size, pitch=pitch, pixel_bytes=pixel, halo=halo, fill=fill)


# ---------------------------------------------------------------- programs


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_program_lands_where_the_register_map_says(name: str) -> None:
    architecture = read(name)
    core, chip, program = architecture.core, MemoryChip(architecture), some_program(architecture)
    do(Driver(chip, core).load_program(program, architecture_sha256=architecture.sha256))
    layout = register_map(core)
    base = layout.window("PROGRAM").address
    for i, step in enumerate(program.instructions):
        assert chip.words[base + 8 * i] | chip.words[base + 8 * i + 4] << 32 == encode(step)
    base, words = layout.window("CONSTANTS").address, len(program.records)
    size = (max(a for a in chip.words if a < base + layout.window("CONSTANTS").span) - base) // 4 + 1
    each = size // words
    for i, record in enumerate(program.records):
        stored = sum(chip.words[base + 4 * (each * i + k)] << 32 * k for k in range(each))
        assert stored == pack_record(record, core)
    base = layout.window("MACROS").address
    packed = pack_cells(program.cells, core)
    for macro in range(core.macros):
        for row in range(core.macro.rows):
            for word in range(words_per_row(core)):
                address = base + 4 * macro_word_index(core, macro=macro, row=row, word=word)
                assert chip.words[address] == packed[macro, row, word]
    assert len([a for a in chip.words if a >= base]) == packed.size  # no word of the gaps is written


def test_rows_without_gaps_are_one_block() -> None:
    assert len(program_blocks(some_program(MICRO), MICRO.core)) == 3
    lossless = read("lossless").core  # 22 words a row, 32 in the address map
    assert len(program_blocks(some_program(read("lossless")), lossless)) == 2 + lossless.macros * lossless.macro.rows


def test_a_program_without_constants_writes_none() -> None:
    blocks = program_blocks(replace(some_program(MICRO), records=()), MICRO.core)
    window = register_map(MICRO.core).window("CONSTANTS")
    assert window.address not in [block.address for block in blocks]


def refusals(chip: MemoryChip, program: CoreProgram, sha256: str = MICRO.sha256) -> str:
    with pytest.raises(ProgramError) as caught:
        do(Driver(chip, MICRO.core).load_program(program, architecture_sha256=sha256))
    assert chip.writes == []  # nothing is written before all is checked
    return str(caught.value)


def test_what_is_no_nngen_chip_is_refused() -> None:
    chip = MemoryChip(MICRO)
    chip.set("MAGIC", 0xDEADBEEF)
    expected = "register MAGIC of the chip must read 0x4e4e4731, not 0xdeadbeef: no nngen chip"
    assert refusals(chip, some_program(MICRO)) == expected


def test_a_stale_program_is_refused() -> None:
    assert refusals(MemoryChip(MICRO), some_program(MICRO), "89abcdef" + "0" * 56) == (
        f"program was compiled for architecture 89abcdef…, but the chip is {MICRO.sha256[:8]}…: build it again"
    )


def test_a_program_is_not_loaded_into_a_running_core() -> None:
    chip = MemoryChip(MICRO)
    chip.set("STATUS", 1)
    chip.polls_until_done = 10
    assert refusals(chip, some_program(MICRO)) == "core must be idle to load a program, but it is running"


def test_a_program_that_does_not_fit_is_refused() -> None:
    program = some_program(MICRO)
    halt = instruction("HALT")
    assert refusals(MemoryChip(MICRO), replace(program, instructions=(halt,) * 257)) == (
        "instructions of a program must be at most the core's 256, not 257"
    )
    assert refusals(MemoryChip(MICRO), replace(program, records=program.records * 33)) == (
        "constant records of a program must be at most the core's 64, not 66"
    )
    assert refusals(MemoryChip(MICRO), replace(program, cells=program.cells[:1])) == (
        "cells of a program must have the core's shape (2, 16, 8), not (1, 16, 8)"
    )


# ---------------------------------------------------------------- tensors


def test_only_words_of_the_interior_are_written_and_halo_in_them_gets_its_fill() -> None:
    image = tensor((2, 2, 3))
    region = place(image, address=8, halo=(1, 1, 1, 2), fill=7)  # pitch 15, interior rows at 26..31 and 41..46
    chip = MemoryChip(MICRO)
    codes = np.arange(10, 22).reshape(2, 2, 3)
    do(Driver(chip, MICRO.core).write_tensor(region, image, codes))
    base = register_map(MICRO.core).window("ACTIVATIONS").address
    assert chip.writes == [(base + 24, 2), (base + 40, 2)]
    assert chip.reads == []
    assert chip.bytes_at("ACTIVATIONS", 24, 8) == [7, 7, 10, 11, 12, 13, 14, 15]
    assert chip.bytes_at("ACTIVATIONS", 40, 8) == [7, 16, 17, 18, 19, 20, 21, 7]


def test_bytes_outside_the_region_keep_their_value() -> None:
    image = tensor((1, 1, 6))
    chip = MemoryChip(MICRO)
    driver = Driver(chip, MICRO.core)
    base = register_map(MICRO.core).window("ACTIVATIONS").address
    do(chip.write_words(base, [0x44332211, 0x88776655, 0xCCBBAA99]))
    do(driver.write_tensor(place(image, address=3), image, np.arange(6).reshape(1, 1, 6)))
    assert chip.bytes_at("ACTIVATIONS", 0, 12) == [0x11, 0x22, 0x33, 0, 1, 2, 3, 4, 5, 0xAA, 0xBB, 0xCC]


def test_words_and_signs_are_little_endian_and_twos_complement() -> None:
    sums = tensor((1, 1, 2), bits=32, signed=True)
    chip = MemoryChip(MICRO)
    do(Driver(chip, MICRO.core).write_tensor(place(sums, address=4), sums, np.array([[[-2, 0x01020304]]])))
    assert chip.bytes_at("ACTIVATIONS", 4, 8) == [0xFE, 0xFF, 0xFF, 0xFF, 4, 3, 2, 1]
    nibbles = tensor((1, 1, 4), bits=4, signed=True)
    do(Driver(chip, MICRO.core).write_tensor(place(nibbles), nibbles, np.array([[[-8, 7, -1, 0]]])))
    assert chip.bytes_at("ACTIVATIONS", 0, 4) == [0xF8, 7, 0xFF, 0]


@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5)),
    bits=st.sampled_from([1, 4, 8, 12, 16, 32]),
    signed=st.booleans(),
    halo=st.tuples(*[st.integers(0, 2)] * 4),
    address=st.integers(0, 9),
    gap=st.integers(0, 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_is_written_is_read_back_and_nothing_else_changes(
    *,
    shape: tuple[int, int, int],
    bits: int,
    signed: bool,
    halo: tuple[int, int, int, int],
    address: int,
    gap: int,
    seed: int,
) -> None:
    edge = read("edge")
    of = tensor(shape, bits=bits, signed=signed)
    region = place(of, address=address, halo=halo, fill=0x3C)
    region = region.model_copy(update={"pitch": region.pitch + gap, "size": region.size + gap * sum(shape)})
    random = np.random.default_rng(seed)
    chip, base = MemoryChip(edge), register_map(edge.core).window("ACTIVATIONS").address
    before = random.integers(0, 256, 4096).astype(np.uint8)
    do(chip.write_words(base, before.view("<u4").tolist()))
    codes = random.integers(of.lowest, of.highest + 1, shape)
    driver = Driver(chip, edge.core)
    do(driver.write_tensor(region, of, codes))
    assert np.array_equal(do(driver.read_tensor(region, of)), codes)
    after = np.array(chip.bytes_at("ACTIVATIONS", 0, 4096), np.uint8)
    interior = np.zeros(4096, bool)
    interior[tensor_addresses(region, of).reshape(-1)] = True
    inside = np.zeros(4096, bool)
    inside[region.address : region.address + region.size] = True
    assert np.array_equal(after[~inside], before[~inside])
    halo_bytes = inside & ~interior
    assert np.all((after[halo_bytes] == before[halo_bytes]) | (after[halo_bytes] == 0x3C))


def test_codes_that_do_not_fit_are_refused() -> None:
    of = tensor((1, 2, 2), bits=4)
    driver = Driver(MemoryChip(MICRO), MICRO.core)
    with pytest.raises(InputError, match=re.escape("codes of tensor 't' must have shape (1, 2, 2), not (2, 2)")):
        do(driver.write_tensor(place(of), of, np.zeros((2, 2), np.int64)))
    with pytest.raises(InputError, match=re.escape("codes of tensor 't' must be 0 to 15, not 16")):
        do(driver.write_tensor(place(of), of, np.full((1, 2, 2), 16)))
    with pytest.raises(InputError, match=re.escape("codes of tensor 't' must be 0 to 15, not -1")):
        do(driver.write_tensor(place(of), of, np.array([[[3, -1], [0, 0]]])))


def test_a_region_beyond_the_memory_is_refused() -> None:
    of = tensor((1, 1, 8))
    driver = Driver(MemoryChip(MICRO), MICRO.core)
    sentence = "region of tensor 't' must lie in the 1024 bytes of activation memory, not reach from 1020 to 1027"
    with pytest.raises(InputError, match=sentence):
        do(driver.read_tensor(place(of, address=1020), of))


# ---------------------------------------------------------------- runs


def test_a_run_by_polling() -> None:
    chip = MemoryChip(MICRO)
    driver = Driver(chip, MICRO.core)
    pauses = []

    async def pause() -> None:
        pauses.append(None)

    async def work() -> Outcome:
        await driver.set_watchdog(77)
        await driver.set_loop_count(5)
        await driver.start()
        chip.polls_until_done = 3
        return await driver.wait(pause=pause)

    assert do(work()) == Outcome(cause=Cause.NONE, pc=0)
    assert len(pauses) == 3
    assert chip.words[chip.address("WATCHDOG")] == 77
    assert chip.words[chip.address("LOOP_COUNT")] == 5
    assert do(driver.events()) == {name: 100 + i for i, name in enumerate(EVENT_NAMES)}


def test_a_run_by_interrupt_clears_it() -> None:
    def fail(chip: MemoryChip) -> None:
        chip.set("CAUSE", int(Cause.ADDRESS))
        chip.set("CAUSE_PC", 12)

    chip = MemoryChip(MICRO, program=fail)
    driver = Driver(chip, MICRO.core)
    waited = []

    async def interrupt() -> None:
        waited.append(None)

    async def work() -> Outcome:
        await driver.enable_interrupt()
        await driver.start()
        return await driver.wait(interrupt=interrupt)

    assert do(work()) == Outcome(cause=Cause.ADDRESS, pc=12)
    assert waited == [None]
    assert chip.words[chip.address("INTERRUPT_ENABLE")] == 1
    assert chip.writes[-1] == (chip.address("INTERRUPT"), 1)


def test_an_interrupt_before_the_end_is_refused() -> None:
    chip = MemoryChip(MICRO)
    driver = Driver(chip, MICRO.core)

    async def interrupt() -> None:
        chip.polls_until_done = 2

    async def work() -> None:
        await driver.start()
        await driver.wait(interrupt=interrupt)

    with pytest.raises(ProgramError) as caught:
        do(work())
    assert str(caught.value) == "register STATUS must say done when the interrupt line is high, but it does not"


def test_a_running_core_is_not_started() -> None:
    chip = MemoryChip(MICRO)
    chip.set("STATUS", 1)
    chip.polls_until_done = 10
    with pytest.raises(ProgramError, match="core must be idle to start a program, but it is running"):
        do(Driver(chip, MICRO.core).start())
    assert chip.writes == []
