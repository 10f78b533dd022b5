"""The one bench that runs inside the simulator, for any build: it is configured by a single JSON file.

The host is a third-party bus model; what it says to the chip is the driver's. Reset, check that no output is unknown,
load the program through the port, then for every sample write the inputs, start, wait, and read outputs and events.
Nothing is compared here: the results go to a file.
"""

from __future__ import annotations

import gc
import logging
import os
import random
import warnings
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, ReadOnly, RisingEdge, SimTimeoutError, with_timeout

from nngen.host import Block, Outcome, chip_drivers, tensor_addresses
from nngen.isa import EVENT_NAMES

from ._axi import PREFIX, AxiTransport
from ._config import (
    CONFIG_VARIABLE,
    INPUT_FILE,
    PROGRAM_FILE,
    PROGRESS_FILE,
    RESULT_FILE,
    TRACE_FILE,
    BenchConfig,
    Placement,
    read_config,
)
from ._retire import RetireMonitor

# cocotbext-axi 0.1.28 still uses names that cocotb 2 deprecates, and so does cocotb-bus below it.
warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"cocotbext\.axi|cocotb_bus")

CLOCK_NS = 10
RESET_CYCLES = 4
ANSWER_CYCLES = 1000  # within which an idle chip must answer a read
LARGEST_PAUSE = 40  # cycles between two accesses of random host traffic
POISON = 0xA5C3A5C3
HOST_OUTPUTS = ("awready", "wready", "bvalid", "bresp", "arready", "rvalid", "rresp")
HOST_INPUTS = (
    "awaddr",
    "awprot",
    "awvalid",
    "wdata",
    "wstrb",
    "wvalid",
    "bready",
    "araddr",
    "arprot",
    "arvalid",
    "rready",
)


@cocotb.test()
async def run_program(chip: Any) -> None:
    """Run the program once for every sample."""
    path = Path(os.environ[CONFIG_VARIABLE])
    config = read_config(path)
    gc.freeze()  # what is imported stays: the collector need not look at it while the simulator waits
    random.seed(config.seed)
    cocotb.log.info("seed %d", config.seed)
    logging.getLogger(f"cocotb.{chip._name}").setLevel(logging.WARNING)  # the bus model reports every transfer
    await Bench(chip, config, path.parent).run()


class Bench:
    """Drives one simulation.

    Parameters
    ----------
    chip
        Handle of the top module.
    config
        What to do.
    folder
        Where its files are.
    """

    def __init__(self, chip: Any, config: BenchConfig, folder: Path):
        self.chip = chip
        self.config = config
        self.folder = folder
        self.limit_ns = config.cycle_limit * CLOCK_NS
        self.outputs: list[list[np.ndarray]] = [[] for _ in config.outputs]
        self.outcomes: list[list[Outcome]] = []
        self.events: list[list[dict[str, int]]] = []

    async def run(self) -> None:
        """Do everything and write the results."""
        await self.reset()
        transport = AxiTransport(self.chip, limit_ns=self.limit_ns)
        self.drivers = chip_drivers(transport, self.config.cores)
        self.driver = self.drivers[0]
        await self.check_status()
        (self.folder / PROGRESS_FILE).touch()
        monitor = self.start_monitor()
        await self.load()
        with np.load(self.folder / INPUT_FILE, allow_pickle=False) as file:
            inputs = [file[f"tensor_{i}"] for i in range(len(self.config.inputs))]
        for place in (place for places in self.config.inputs for place in places):
            await self.poison(place)
        for sample in range(self.config.samples):
            await self.infer(sample, [codes[sample] for codes in inputs], monitor)
            self.report_progress()
        self.write_results(monitor)

    async def reset(self) -> None:
        """Start the clock, reset the chip, and check that it drives every output from then on."""
        for name in HOST_INPUTS:
            getattr(self.chip, f"{PREFIX}_{name}").value = 0
        if hasattr(self.chip, "stall_seed"):  # a simulation build
            self.chip.stall_seed.value = self.config.stall_seed
        self.chip.rst.value = 1
        Clock(self.chip.clk, CLOCK_NS, "ns", impl="gpi").start(start_high=False)
        await ClockCycles(self.chip.clk, RESET_CYCLES)
        self.chip.rst.value = 0
        for _ in range(RESET_CYCLES):
            await RisingEdge(self.chip.clk)
            self.check_outputs()

    def check_outputs(self) -> None:
        """Refuse an unknown output: a handshake that starts with X hangs without a word."""
        names = ["interrupt", *(f"{PREFIX}_{name}" for name in HOST_OUTPUTS)]
        unknown = [f"{name} is {value}" for name in names if not _known(value := getattr(self.chip, name).value)]
        if unknown:
            raise AssertionError(f"outputs must be 0 or 1 after reset, but {', '.join(unknown)}")

    async def check_status(self) -> None:
        """Read STATUS for the first time: it must be answered, known, and say idle."""
        read = cocotb.start_soon(self.driver.read("STATUS"))
        valid, value = getattr(self.chip, f"{PREFIX}_rvalid"), getattr(self.chip, f"{PREFIX}_rdata")
        try:
            await with_timeout(RisingEdge(valid), ANSWER_CYCLES * CLOCK_NS, "ns")
        except SimTimeoutError as error:
            raise AssertionError(
                f"host port must answer a read after reset, but has not for {ANSWER_CYCLES} cycles"
            ) from error
        await ReadOnly()
        if not _known(value.value):
            raise AssertionError(f"register STATUS must be known after reset, not {value.value}")
        if status := await read:
            raise AssertionError(f"register STATUS must read 0 after reset, not {status}")

    def start_monitor(self) -> RetireMonitor | None:
        """Start to watch the retire ports where a trace is wanted."""
        if not self.config.trace:
            return None
        monitor = RetireMonitor(self.chip, len(self.config.cores))
        cocotb.start_soon(monitor.run())
        return monitor

    async def load(self) -> None:
        """Write program, constants and cells, and the registers that hold for all runs."""
        with np.load(self.folder / PROGRAM_FILE, allow_pickle=False) as file:
            ends = np.cumsum(file["lengths"])[:-1]
            words = np.split(file["words"], ends)
            blocks = [
                Block(address=int(address), words=part) for address, part in zip(file["addresses"], words, strict=True)
            ]
        await self.driver.load_blocks(blocks, architecture_sha256=self.config.architecture_sha256)
        if self.config.watchdog is not None:
            await self.driver.set_watchdog(self.config.watchdog)
        if self.config.loop_count is not None:
            await self.driver.set_loop_count(self.config.loop_count)
        await self.driver.enable_interrupt()

    async def infer(self, sample: int, codes: list[np.ndarray], monitor: RetireMonitor | None) -> None:
        """Run the program on one sample and keep what it left."""
        for place in self.config.outputs:
            await self.poison(place)
        for places, values in zip(self.config.inputs, codes, strict=True):
            for place in places:
                await self.drivers[place.core].write_tensor(place.region, place.tensor, values)
        await self.driver.start()
        waiting = self.poll() if self.config.host_traffic else self.driver.wait(interrupt=self.interrupt)
        try:
            await with_timeout(waiting, self.limit_ns, "ns")
        except SimTimeoutError as error:
            raise AssertionError(
                f"sample {sample} must end within {self.config.cycle_limit} cycles, but runs on"
            ) from error
        await self.check_interrupt()
        self.outcomes.append([await driver.outcome() for driver in self.drivers])
        self.events.append([await driver.events() for driver in self.drivers])
        if monitor is not None:
            cycles = max(events["cycles"] for events in self.events[-1])
            monitor.finish(sample, cycles=cycles, keep=sample < self.config.traced)
        for place, kept in zip(self.config.outputs, self.outputs, strict=True):
            kept.append(await self.drivers[place.core].read_tensor(place.region, place.tensor))

    async def check_interrupt(self) -> None:
        """Refuse an interrupt line that stays high after the driver cleared it."""
        await RisingEdge(self.chip.clk)
        if self.chip.interrupt.value:
            raise AssertionError("interrupt must be low once it is cleared, but is high")

    async def poison(self, place: Placement) -> None:
        """Overwrite a tensor and what shares words with it.

        A run that leaves its output alone must not be taken for one that repeats the last; and memory that nobody wrote
        is unknown, which the bus model cannot read.
        """
        words = tensor_addresses(place.region, place.tensor) // 4
        base = self.drivers[place.core].address("ACTIVATIONS")
        count = int(words.max() - words.min()) + 1
        await self.driver.transport.write_words(base + 4 * int(words.min()), [POISON] * count)

    async def interrupt(self) -> None:
        """Return once the interrupt line is high."""
        if not self.chip.interrupt.value:
            await RisingEdge(self.chip.interrupt)

    async def poll(self) -> Outcome:
        """Wait by polling, with reads of an input at random times in between."""
        place = self.config.inputs[0][0]
        addresses = tensor_addresses(place.region, place.tensor).reshape(-1) // 4 * 4
        base = self.drivers[place.core].address("ACTIVATIONS")

        async def pause() -> None:
            await ClockCycles(self.chip.clk, random.randint(1, LARGEST_PAUSE))
            await self.driver.transport.read_word(base + int(random.choice(addresses)))

        outcome = await self.driver.wait(pause=pause)
        await self.driver.clear_interrupt()
        return outcome

    def report_progress(self) -> None:
        """Tell the runner that one more sample is done."""
        with (self.folder / PROGRESS_FILE).open("ab") as file:
            file.write(b".")

    def write_results(self, monitor: RetireMonitor | None) -> None:
        """Write everything for the runner."""
        arrays: dict[str, Any] = {f"tensor_{i}": np.stack(codes) for i, codes in enumerate(self.outputs)}
        arrays["causes"] = np.array([[core.cause for core in run] for run in self.outcomes], np.int64)
        arrays["cause_pcs"] = np.array([[core.pc for core in run] for run in self.outcomes], np.int64)
        arrays["events"] = np.array(
            [[[core[name] for name in EVENT_NAMES] for core in run] for run in self.events], np.int64
        )
        np.savez(self.folder / RESULT_FILE, **arrays)
        if monitor is not None:
            np.savez(self.folder / TRACE_FILE, **monitor.columns())


def _known(value: Any) -> bool:
    """Whether every bit of a signal is 0 or 1."""
    return set(str(value)) <= {"0", "1"}
