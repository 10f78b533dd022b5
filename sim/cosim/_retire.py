"""Records what the retire ports of a simulation build say, cycle by cycle."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
from cocotb.triggers import RisingEdge

from nngen.isa import Unit, retire_prefix

from .trace import COLUMNS

UNITS = tuple(Unit)
PORTS = ("valid", "word", "pc", "digest")


class RetireMonitor:
    """Watches the retire ports of every unit of every core.

    Parameters
    ----------
    chip
        Handle of the top module, which has ``retire_<unit>_valid``, ``_word``, ``_pc`` and ``_digest``, each of several
        cores with its prefix.
    cores
        How many there are.
    """

    def __init__(self, chip: Any, cores: int):
        self.clock = RisingEdge(chip.clk)
        self.interrupt = chip.interrupt
        self.ports = [
            (core, code, [getattr(chip, f"{retire_prefix(core, cores)}{unit}_{name}") for name in PORTS])
            for core in range(cores)
            for code, unit in enumerate(UNITS)
        ]
        self.seen: list[tuple[int, ...]] = []  # of the present run; cycles count from some time before it
        self.ended: int | None = None
        self.rows: list[tuple[int, ...]] = []

    async def run(self) -> None:
        """Record until the end of the simulation; a port is sampled at the clock edge that ends its cycle."""
        for cycle in count():
            await self.clock
            for core, code, (valid, word, pc, digest) in self.ports:
                if valid.value:
                    self.seen.append((cycle, core, code, *(int(port.value) for port in (word, pc, digest))))
            if self.ended is None and self.interrupt.value:
                self.ended = cycle

    def finish(self, sample: int, *, cycles: int, keep: bool) -> None:
        """Close the record of a run that took so many cycles: its interrupt rises in the cycle behind its last."""
        if self.ended is None:
            raise AssertionError(f"interrupt must rise when sample {sample} ends, but has not")
        start = self.ended - cycles
        if keep:
            self.rows += [(sample, cycle - start, *rest) for cycle, *rest in self.seen]
        self.seen, self.ended = [], None

    def columns(self) -> dict[str, Any]:
        """Return the record of all finished runs by column."""
        values = zip(*self.rows, strict=True) if self.rows else [()] * len(COLUMNS)
        return {name: np.array(column, kind) for (name, kind), column in zip(COLUMNS.items(), values, strict=True)}
