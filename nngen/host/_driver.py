"""The driver: loads programs, moves tensors, starts the core and reads what it counted, over any transport."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.errors import InputError, ProgramError
from nngen.ir import CoreProgram, Region, Tensor
from nngen.isa import EVENT_NAMES, Cause

from ._blocks import Block, program_blocks
from ._register_map import EVENT_BASE, MAGIC, chip_map
from ._tensors import ByteArray, IntArray, runs, tensor_addresses, tensor_bytes, tensor_codes
from ._transport import Transport


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended.

    Parameters
    ----------
    cause
        ``Cause.NONE`` after HALT.
    pc
        Address of the instruction that caused the error.
    """

    cause: Cause
    pc: int


class Driver:
    """One core behind a transport; what is the whole chip's, every core's driver does alike.

    Parameters
    ----------
    transport
        Carries words to and from the chip's host port.
    core
        The core that is believed to be there; :meth:`check` asks it.
    chip, number
        All cores of its chip, and which of them it is; without them it is the only one.
    """

    def __init__(self, transport: Transport, core: Core, *, chip: Sequence[Core] = (), number: int = 0):
        self.transport = transport
        self.core = core
        self.chip = chip_map(chip or (core,))
        self.map = self.chip.cores[number]
        self.base = self.chip.base(number)

    def address(self, window: str) -> int:
        """Return the address of the first word of a window."""
        return self.base + self.map.window(window).address

    async def read(self, name: str) -> int:
        """Return the register of this name."""
        return await self.transport.read_word(self.base + self.map.register(name).address)

    async def write(self, name: str, value: int) -> None:
        """Write the register of this name."""
        await self.transport.write_words(self.base + self.map.register(name).address, [value])

    # ---------------------------------------------------------------- programs

    async def check(self, architecture_sha256: str) -> None:
        """Make sure that the chip is the one a program was compiled for.

        Raises
        ------
        ProgramError
            No nngen chip answers, or one of another architecture.
        """
        magic = await self.read("MAGIC")
        if magic != MAGIC:
            raise ProgramError(f"register MAGIC of the chip must read {MAGIC:#010x}, not {magic:#010x}: no nngen chip")
        found, expected = await self.read("ARCHITECTURE"), int(architecture_sha256[:8], 16)
        if found != expected:
            raise ProgramError(
                f"program was compiled for architecture {expected:08x}…, but the chip is {found:08x}…: build it again"
            )

    async def load_program(self, program: CoreProgram, *, architecture_sha256: str) -> None:
        """Write instructions, constant records and cells.

        Parameters
        ----------
        program
            What the core shall hold.
        architecture_sha256
            What the program was compiled for.

        Raises
        ------
        ProgramError
            The program is for another chip, does not fit the core, or the core is running.
        """
        blocks = [
            Block(address=self.base + block.address, words=block.words) for block in program_blocks(program, self.core)
        ]
        await self.load_blocks(blocks, architecture_sha256=architecture_sha256)

    async def load_blocks(self, blocks: Sequence[Block], *, architecture_sha256: str) -> None:
        """Write blocks at their addresses in the chip; errors as in :meth:`load_program`."""
        await self.check(architecture_sha256)
        await self._refuse_while_running("load a program")
        for block in blocks:
            await self.transport.write_words(block.address, block.words.tolist())

    # ---------------------------------------------------------------- tensors

    async def write_tensor(self, region: Region, tensor: Tensor, codes: npt.NDArray[np.integer]) -> None:
        """Write codes of shape ``(height, width, channels)`` into activation memory.

        Only words that hold codes are written. Where such a word also holds halo, that gets the region's fill, which is
        what the program puts there; bytes outside the region keep their value.

        Raises
        ------
        InputError
            Shape or codes do not fit the tensor, or the region does not lie in the core's memory.
        """
        stored = tensor_bytes(tensor, codes)
        addresses = tensor_addresses(region, tensor)
        words = self._words(region, addresses)
        image = await self._background(region, words)
        image[_places(words, addresses)] = stored
        base = self.address("ACTIVATIONS")
        contents = image.reshape(-1).view("<u4")
        first = 0
        for run in runs(words):
            await self.transport.write_words(base + 4 * int(run[0]), contents[first : first + run.size].tolist())
            first += run.size

    async def read_tensor(self, region: Region, tensor: Tensor) -> IntArray:
        """Return the codes of a tensor in activation memory, int64 of shape ``(height, width, channels)``.

        Raises
        ------
        InputError
            The region does not lie in the core's memory.
        """
        addresses = tensor_addresses(region, tensor)
        words = self._words(region, addresses)
        image = await self._read_memory(words)
        return tensor_codes(tensor, image[_places(words, addresses)])

    def _words(self, region: Region, addresses: IntArray) -> IntArray:
        """Return the indices of all words that hold one of the bytes, ascending."""
        if addresses.size and not 0 <= addresses.min() <= addresses.max() < self.core.activation_bytes:
            raise InputError(
                f"region of tensor '{region.tensor}' must lie in the {self.core.activation_bytes} bytes of activation "
                f"memory, not reach from {addresses.min()} to {addresses.max()}"
            )
        return np.unique(addresses // 4)

    async def _background(self, region: Region, words: IntArray) -> ByteArray:
        """Return what the bytes of some words hold beside codes."""
        image = np.full((words.size, 4), region.fill & 0xFF, np.uint8)
        where = words[:, None] * 4 + np.arange(4)
        outside = (where < region.address) | (where >= region.address + region.size)
        shared = outside.any(axis=1)
        memory = await self._read_memory(words[shared])
        image[shared] = np.where(outside[shared], memory, image[shared])
        return image

    async def _read_memory(self, words: IntArray) -> ByteArray:
        """Return the bytes of words of activation memory, shape ``(words, 4)``."""
        base = self.address("ACTIVATIONS")
        contents: list[int] = []
        for run in runs(words):
            contents += await self.transport.read_words(base + 4 * int(run[0]), run.size)
        return np.array(contents, "<u4").view(np.uint8).reshape(-1, 4)

    # ---------------------------------------------------------------- runs

    async def set_watchdog(self, cycles: int) -> None:
        """Stop the core after so many cycles without progress; 0 never."""
        await self.write("WATCHDOG", cycles)

    async def set_loop_count(self, count: int) -> None:
        """Set the repetitions of LOOP instructions that ask the host."""
        await self.write("LOOP_COUNT", count)

    async def enable_interrupt(self, enabled: bool = True) -> None:
        """Let the interrupt line rise when a program ends."""
        await self.write("INTERRUPT_ENABLE", int(enabled))

    async def clear_interrupt(self) -> None:
        """Take the interrupt line back."""
        await self.write("INTERRUPT", 1)

    async def start(self) -> None:
        """Start the program.

        Raises
        ------
        ProgramError
            The core is running: it would ignore the start.
        """
        await self._refuse_while_running("start a program")
        await self.write("START", 1)

    async def running(self) -> bool:
        """Return whether a core of the chip runs."""
        for number, block in enumerate(self.chip.cores):
            if await self.transport.read_word(self.chip.base(number) + block.register("STATUS").address) & 1:
                return True
        return False

    async def done(self) -> bool:
        """Return whether all programs have ended since the last start."""
        return bool(await self.read("STATUS") & 2)

    async def wait(
        self,
        *,
        interrupt: Callable[[], Awaitable[None]] | None = None,
        pause: Callable[[], Awaitable[None]] | None = None,
    ) -> Outcome:
        """Wait until the program ends.

        Parameters
        ----------
        interrupt
            Returns once the interrupt line is high; it is cleared afterwards. Without it STATUS is polled.
        pause
            Awaited between two polls.

        Raises
        ------
        ProgramError
            The interrupt line is high although no program has ended.
        """
        if interrupt is None:
            await self._poll(pause)
        else:
            await interrupt()
            if not await self.done():
                raise ProgramError("register STATUS must say done when the interrupt line is high, but it does not")
            await self.clear_interrupt()
        return await self.outcome()

    async def _poll(self, pause: Callable[[], Awaitable[None]] | None) -> None:
        while not await self.done():
            if pause is not None:
                await pause()

    async def outcome(self) -> Outcome:
        """Return why the core stopped, and where."""
        return Outcome(cause=Cause(await self.read("CAUSE")), pc=await self.read("CAUSE_PC"))

    async def events(self) -> dict[str, int]:
        """Return all event counters by name; they hold until the next start."""
        return dict(
            zip(EVENT_NAMES, await self.transport.read_words(self.base + EVENT_BASE, len(EVENT_NAMES)), strict=True)
        )

    async def _refuse_while_running(self, what: str) -> None:
        if await self.running():
            raise ProgramError(f"core must be idle to {what}, but it is running")


def chip_drivers(transport: Transport, cores: Sequence[Core]) -> tuple[Driver, ...]:
    """Return a driver for every core of a chip."""
    return tuple(Driver(transport, core, chip=cores, number=number) for number, core in enumerate(cores))


def _places(words: IntArray, addresses: IntArray) -> tuple[IntArray, IntArray]:
    """Return where each byte stands in an image of these words: index of the word, byte in the word."""
    return np.searchsorted(words, addresses // 4), addresses % 4
