"""The numbers of a report, before anything is drawn; those that ``nngen verify`` has too are computed by its code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nngen.errors import ProgramError
from nngen.flows.layer_times import LayerTime, describe_bounds, layer_times
from nngen.flows.machine import Machine
from nngen.flows.synthesis import Synthesis
from nngen.flows.utilization import Total, Utilization, converter_share, totals, utilization
from nngen.isa import EVENTS, Cause, Unit
from nngen.sim.iss import Timing, time_program

from ._commands import Commands, commands_by_unit

REPORT_SCHEMA = "nngen/report/1"


@dataclass(frozen=True, kw_only=True)
class UnitTime:
    """One unit in a run.

    Parameters
    ----------
    unit
        Who.
    commands, busy, stalled
        What it executed, and the cycles that it was busy, and that a command waited at the head of its queue.
    by_layer
        Busy cycles with the commands of each layer.
    """

    unit: Unit
    commands: int
    busy: int
    stalled: int
    by_layer: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that a report says.

    Parameters
    ----------
    machine
        The build.
    timing
        One inference in the instruction set simulator, with trace.
    layers
        When each ran.
    units
        Those with a queue, in the order in which data passes them.
    commands
        What they executed.
    used
        Of the macros, by layer.
    totals
        Of the chip.
    synthesis
        What yosys makes of the Verilog, where that was asked for.
    """

    machine: Machine
    timing: Timing
    layers: tuple[LayerTime, ...]
    units: tuple[UnitTime, ...]
    commands: tuple[Commands, ...]
    used: Utilization
    totals: tuple[Total, ...]
    synthesis: Synthesis | None = None

    @property
    def cycles(self) -> int:
        """Cycles of an inference."""
        return self.timing.cycles

    @property
    def bound(self) -> int:
        """Sum of the layers' bounds."""
        return sum(layer.bound.bound for layer in self.layers)

    @property
    def ratio(self) -> float:
        """Cycles over that."""
        return self.cycles / self.bound

    @property
    def converter_share(self) -> float:
        """Share of all converter cycles in which a converter converts."""
        return converter_share(self.timing.events, self.machine.core)

    def busiest(self, number: int) -> tuple[Unit, int]:
        """Return the unit that works most for a layer, and its busy cycles; ties go to the later one."""
        one = max(reversed(self.units), key=lambda unit: unit.by_layer[number])
        return one.unit, one.by_layer[number]


def facts_of(machine: Machine, *, synthesis: Synthesis | None = None) -> Facts:
    """Time the program of a build and count what the build takes.

    Raises
    ------
    ProgramError
        The program does not end with HALT.
    """
    program = machine.program
    timing = time_program(machine.core, program.instructions, records=program.records, trace=True)
    if timing.cause is not Cause.NONE:
        raise ProgramError(
            f"program must end with HALT, but stopped with cause {timing.cause.name} at instruction {timing.pc}"
        )
    commands = commands_by_unit(timing, program.layer_starts)
    used = utilization(machine.network, machine.mapping, machine.core)
    return Facts(
        machine=machine,
        timing=timing,
        layers=layer_times(machine, timing),
        units=tuple(_unit_time(one, timing, len(program.layer_starts)) for one in commands),
        commands=commands,
        used=used,
        totals=totals(machine, used),
        synthesis=synthesis,
    )


def _unit_time(commands: Commands, timing: Timing, layers: int) -> UnitTime:
    cycles = commands.end - commands.start + 1
    busy = [int(np.sum(cycles, where=commands.layer == number)) for number in range(layers)]
    return UnitTime(
        unit=commands.unit,
        commands=len(commands.entries),
        busy=timing.events[f"{commands.unit}_busy"],
        stalled=timing.events[f"{commands.unit}_stalled"],
        by_layer=tuple(busy),
    )


def describe(facts: Facts) -> dict[str, Any]:
    """Return the numbers as JSON takes them, under the keys of ``nngen verify --json`` where that has them."""
    machine = facts.machine
    return {
        "schema": REPORT_SCHEMA,
        "network": machine.network.name,
        "architecture": machine.architecture.name,
        "cycles": {"iss": facts.cycles, "bound": facts.bound, "ratio": facts.ratio},
        "converter_share": facts.converter_share,
        "layers": [_layer(facts, number) for number in range(len(facts.layers))],
        "units": [
            {"unit": str(one.unit), "commands": one.commands, "busy": one.busy, "stalled": one.stalled}
            for one in facts.units
        ],
        "events": [{"event": event.name, "iss": facts.timing.events[event.name]} for event in EVENTS],
        "utilization": {total.name: [total.used, total.available] for total in facts.totals},
        "synthesis": None if facts.synthesis is None else _synthesis(facts.synthesis),
    }


def _layer(facts: Facts, number: int) -> dict[str, Any]:
    layer = facts.layers[number]
    return {
        "layer": layer.layer,
        "positions": layer.positions,
        "cycles": {"iss": layer.cycles},
        "bound": describe_bounds(layer.bound),
        "mapping_bound": describe_bounds(layer.mapping_bound),
        "ratio": layer.ratio,
        "busy": {str(one.unit): one.by_layer[number] for one in facts.units},
    }


def _synthesis(made: Synthesis) -> dict[str, Any]:
    return {
        "tool": made.tool,
        "cells": made.cells,
        "lut4": made.lut4,
        "flip_flops": made.flip_flops,
        "macros": made.macros,
        "memories": [
            {"name": memory.name, "words": memory.words, "bits": memory.bits, "count": memory.count}
            for memory in made.memories
        ],
    }
