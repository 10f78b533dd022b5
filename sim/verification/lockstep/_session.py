"""The host's side of many cases as one script, and what it must read on the way."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from nngen.arch import Core
from nngen.isa import EVENT_NAMES
from nngen.sim.cosim.scripted import WORD_BYTES, Host

from ._case import ByteArray, Case
from ._model import Expectation, ExpectedRun

_LOADED = ("PROGRAM", "CONSTANTS", "COEFFICIENTS", "TABLES")
REFUSED = 2  # AXI's SLVERR
_LONGEST_PAUSE = 60
_MOST_TRANSFERS = 12
_SLACK_CYCLES = 2000  # how much longer than expected a run may take before the host gives it up


class ExpectedRead(NamedTuple):
    """A read of ``name``: what the host must get; ``data`` None where that depends on when it asks."""

    name: str
    address: int
    data: int | None
    response: int = 0


@dataclass(kw_only=True)
class RunPlan:
    """What the host does in a run, as far as the log shows it.

    Parameters
    ----------
    case, run
        Which one; ``run`` is -1 for the one that a reset ends.
    during
        Reads while the core runs.
    after
        Reads once it has ended.
    refused
        Addresses of writes that must be refused.
    """

    case: int
    run: int
    during: list[ExpectedRead] = field(default_factory=list)
    after: list[ExpectedRead] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    @property
    def reset(self) -> bool:
        """Whether a reset ends it."""
        return self.run < 0


class Session:
    """Cases one after the other on one chip. Only what differs from what the chip holds already is written.

    Attributes
    ----------
    script
        For the bench.
    plans
        Of every run, in order.
    """

    def __init__(self, core: Core) -> None:
        self._host = Host((core,))
        self._map = self._host.map.cores[0]
        self.script = self._host.script
        self.plans: list[RunPlan] = []
        # The simulator takes these memories to hold 0 where nothing was loaded; a chip holds anything.
        self._empty = {
            window.address + WORD_BYTES * i: 0
            for window in self._map.windows
            if window.name in _LOADED
            for i in range(window.words)
        }
        names = ("CAUSE", "CAUSE_PC", *(f"EVENT_{name.upper()}" for name in EVENT_NAMES))
        self._results = [(name, self._host.address(name)) for name in names]  # read after each run
        self._memory: ByteArray | None = None  # activation memory; None: anything

    def add(self, case: Case, expectation: Expectation) -> None:
        """Append the runs of a case."""
        self._load(case)
        draw = random.Random(case.traffic_seed)
        number = 0 if not self.plans else self.plans[-1].case + 1
        if case.reset_after is not None:
            self._start(case, 0)
            self._forget_cells(case)
            self.script.reset(pause=case.reset_after, cycles=1 + case.reset_after % 3)
            self._memory = None
            self.plans.append(RunPlan(case=number, run=-1))
            self._load(case)
        for run, expected in enumerate(expectation.runs):
            plan = RunPlan(case=number, run=run)
            self.plans.append(plan)
            if run and case.program.writes_cells:
                self._load(case)
            self._start(case, run)
            self._forget_cells(case)
            aside = case.memory[run].copy()
            if case.traffic_seed:
                self._traffic(draw, plan, case, aside, expected)
            self.script.await_interrupt(limit=2 * expected.cycles + _SLACK_CYCLES)
            self._finish(plan, expected)
            first, end = case.program.traffic
            self._memory = expectation.memory[run].copy()
            self._memory[first:end] = aside[first:end]
        if case.read_back and self._memory is not None:
            self._read_memory(self.plans[-1], self._memory)

    # ---------------------------------------------------------------- before a run

    def _load(self, case: Case) -> None:
        self._host.load(case.program.core_program(), background=self._empty)
        self._registers(case)

    def _forget_cells(self, case: Case) -> None:
        """Take the cells of macros to hold anything where a program writes them: they are loaded again."""
        if case.program.writes_cells:
            window = self._map.window("MACROS")
            cells = range(window.address, window.address + WORD_BYTES * window.words, WORD_BYTES)
            self._host.held = {address: word for address, word in self._host.held.items() if address not in cells}

    def _registers(self, case: Case) -> None:
        self._host.write("WATCHDOG", case.program.watchdog)
        self._host.write("LOOP_COUNT", case.program.loop_count)
        self._host.write("INTERRUPT_ENABLE", 1)

    def _start(self, case: Case, run: int) -> None:
        self.script.stall_seed(case.stall_seeds[run])
        self._write_memory(case.memory[run])
        self._host.write("START", 1)

    def _write_memory(self, image: ByteArray) -> None:
        words = image.view("<u4")
        changed = np.arange(len(words)) if self._memory is None else np.flatnonzero(words != self._memory.view("<u4"))
        self._host.write_memory(changed, words[changed])

    # ---------------------------------------------------------------- during a run

    def _traffic(
        self, draw: random.Random, plan: RunPlan, case: Case, memory: ByteArray, expected: ExpectedRun
    ) -> None:
        """Do what must not matter: use memory that the program leaves alone, ask, and try what is forbidden."""
        if expected.cycles > _LONGEST_PAUSE:
            self._forbidden(draw, plan)
        for _ in range(draw.randrange(_MOST_TRANSFERS)):
            pause, style = draw.randrange(_LONGEST_PAUSE), draw.randrange(64)
            kind = draw.randrange(4)
            if kind == 0:
                self._ask(draw, plan, pause=pause, style=style)
            elif kind == 1:
                self._write_aside(draw, case, memory, pause=pause, style=style)
            else:
                self._read_aside(draw, plan, case, memory, pause=pause, style=style)

    def _forbidden(self, draw: random.Random, plan: RunPlan) -> None:
        """Write what is protected while the core runs, and start it, which it ignores."""
        address = draw.choice(list(self._host.held))
        plan.refused.append(address)
        self.script.write(address, self._host.held[address] ^ draw.choice((0, 1, 0xFFFFFFFF)), style=draw.randrange(64))
        self._host.write("START", 1)

    def _ask(self, draw: random.Random, plan: RunPlan, *, pause: int, style: int) -> None:
        names = ("STATUS", "EVENT_CYCLES", "EVENT_CONVERSIONS", "WATCHDOG")
        name = draw.choice(names)
        address = self._map.register(name).address
        self.script.read(address, pause=pause, style=style)
        plan.during.append(ExpectedRead(name=name, address=address, data=None))

    def _write_aside(self, draw: random.Random, case: Case, memory: ByteArray, *, pause: int, style: int) -> None:
        words = self._aside(case)
        if words:
            byte, word = WORD_BYTES * draw.choice(words), draw.getrandbits(32)
            memory[byte : byte + WORD_BYTES] = np.frombuffer(word.to_bytes(4, "little"), np.uint8)
            self.script.write(self._map.window("ACTIVATIONS").address + byte, word, pause=pause, style=style)

    def _read_aside(
        self, draw: random.Random, plan: RunPlan, case: Case, memory: ByteArray, *, pause: int, style: int
    ) -> None:
        words = self._aside(case)
        if words:
            byte = WORD_BYTES * draw.choice(words)
            address = self._map.window("ACTIVATIONS").address + byte
            self.script.read(address, pause=pause, style=style)
            data = int.from_bytes(memory[byte : byte + WORD_BYTES].tobytes(), "little")
            plan.during.append(ExpectedRead(name=_byte_name(byte), address=address, data=data))

    def _aside(self, case: Case) -> range:
        """Return the words of activation memory that the program never touches."""
        first, end = case.program.traffic
        return range(-(-first // WORD_BYTES), end // WORD_BYTES)

    # ---------------------------------------------------------------- after a run

    def _finish(self, plan: RunPlan, expected: ExpectedRun) -> None:
        self._host.write("INTERRUPT", 1)
        values = (int(expected.cause), expected.pc, *expected.events)
        for (name, address), value in zip(self._results, values, strict=True):
            self._read(plan, name, address, value)

    def _read_memory(self, plan: RunPlan, memory: ByteArray) -> None:
        """Read back all of activation memory: the program's, and beside it what the host wrote."""
        base = self._map.window("ACTIVATIONS").address
        for i, word in enumerate(memory.view("<u4").tolist()):
            self._read(plan, _byte_name(WORD_BYTES * i), base + WORD_BYTES * i, word)

    def _read(self, plan: RunPlan, name: str, address: int, data: int) -> None:
        self.script.read(address)
        plan.after.append(ExpectedRead(name=name, address=address, data=data))


def _byte_name(byte: int) -> str:
    return f"byte {byte:#x} of activation memory"
