"""The numbers of a report, before anything is drawn; those that ``nngen verify`` has too are computed by its code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nngen.errors import ProgramError
from nngen.flows.layer_times import LayerTime, describe_bounds, layer_times
from nngen.flows.machine import Machine
from nngen.flows.pipeline_times import PipelineTimes, describe_pipeline, pipeline_times
from nngen.flows.synthesis import Synthesis
from nngen.flows.utilization import Total, Utilization, converter_share, totals, utilization
from nngen.isa import EVENTS, Cause, Unit, chip_events
from nngen.sim.iss import Timing, time_chip

from ._commands import Commands, commands_by_unit

REPORT_SCHEMA = "nngen/report/1"


@dataclass(frozen=True, kw_only=True)
class UnitTime:
    """One unit in a run.

    Parameters
    ----------
    core, unit
        Who.
    label
        What stands at its lane; the core is named where there are several.
    commands, busy, stalled
        What it executed, and the cycles that it was busy, and that a command waited at the head of its queue.
    by_layer
        Busy cycles with the commands of each layer.
    """

    core: int
    unit: Unit
    label: str
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
    timings
        One start in the instruction set simulator, with trace: of every core.
    layers
        When each ran.
    pipeline
        How fast a pipeline is; None for a build of one inference a start.
    units
        Those with a queue, core by core, in the order in which data passes them; of several cores those that work.
    commands
        What each of them executed.
    used
        Of the macros, by layer.
    totals
        Of the chip.
    synthesis
        What yosys makes of the Verilog, where that was asked for.
    """

    machine: Machine
    timings: tuple[Timing, ...]
    layers: tuple[LayerTime, ...]
    pipeline: PipelineTimes | None
    units: tuple[UnitTime, ...]
    commands: tuple[Commands, ...]
    used: Utilization
    totals: tuple[Total, ...]
    synthesis: Synthesis | None = None

    @property
    def cycles(self) -> int:
        """Cycles of a start: of an inference, or of all that a pipeline computes."""
        return self.events["cycles"]

    @property
    def events(self) -> dict[str, int]:
        """Events of the chip."""
        return chip_events([timing.events for timing in self.timings])

    @property
    def instructions(self) -> int:
        """Instructions of all programs."""
        return sum(len(program.instructions) for program in self.machine.program.cores)

    @property
    def records(self) -> int:
        """Constant records of all programs."""
        return sum(len(program.records) for program in self.machine.program.cores)

    @property
    def bound(self) -> int:
        """Cycles of a start that nothing avoids: sum of the layers' bounds, of a pipeline its slowest stage's."""
        return self.pipeline.bound if self.pipeline else sum(layer.bound.bound for layer in self.layers)

    @property
    def ratio(self) -> float:
        """Cycles over that."""
        return self.cycles / self.bound

    @property
    def converter_share(self) -> float:
        """Share of all converter cycles in which a converter converts."""
        return converter_share(self.events, self.machine.cores)

    def busiest(self, number: int) -> tuple[str, int]:
        """Return the label of the unit that works most for a layer, and its busy cycles; ties go to the later one."""
        one = max(reversed(self.units), key=lambda unit: unit.by_layer[number])
        return one.label, one.by_layer[number]


def facts_of(machine: Machine, *, synthesis: Synthesis | None = None) -> Facts:
    """Time the program of a build and count what the build takes.

    Raises
    ------
    ProgramError
        A program does not end with HALT.
    """
    timings = time_chip(machine.cores, machine.program.cores, host_loop_count=machine.places, trace=True)
    for timing in timings:
        if timing.cause is not Cause.NONE:
            raise ProgramError(
                f"program must end with HALT, but stopped with cause {timing.cause.name} at instruction {timing.pc}"
            )
    names = [layer.name for layer in machine.network.layers]
    commands = tuple(
        one
        for timing, program in zip(timings, machine.program.cores, strict=True)
        for one in commands_by_unit(timing, program, names)
        if len(timings) == 1 or one.entries
    )
    used = utilization(machine.network, machine.mapping, machine.cores)
    return Facts(
        machine=machine,
        timings=timings,
        layers=layer_times(machine, timings),
        pipeline=pipeline_times(machine, timings),
        units=tuple(_unit_time(one, timings, len(names)) for one in commands),
        commands=commands,
        used=used,
        totals=totals(machine, used),
        synthesis=synthesis,
    )


def _unit_time(commands: Commands, timings: Sequence[Timing], layers: int) -> UnitTime:
    events = timings[commands.core].events
    cycles = commands.end - commands.start + 1
    busy = [int(np.sum(cycles, where=commands.layer == number)) for number in range(layers)]
    return UnitTime(
        core=commands.core,
        unit=commands.unit,
        label=str(commands.unit) if len(timings) == 1 else f"{commands.core} {commands.unit}",
        commands=len(commands.entries),
        busy=events[f"{commands.unit}_busy"],
        stalled=events[f"{commands.unit}_stalled"],
        by_layer=tuple(busy),
    )


def describe(facts: Facts) -> dict[str, Any]:
    """Return the numbers as JSON takes them, under the keys of ``nngen verify --json`` where that has them."""
    machine, events = facts.machine, facts.events
    return {
        "schema": REPORT_SCHEMA,
        "network": machine.network.name,
        "architecture": machine.architecture.name,
        "cycles": {"iss": facts.cycles, "bound": facts.bound, "ratio": facts.ratio},
        "converter_share": facts.converter_share,
        "pipeline": describe_pipeline(facts.pipeline),
        "layers": [_layer(facts, number) for number in range(len(facts.layers))],
        "units": [
            {
                "unit": str(one.unit),
                "core": one.core,
                "commands": one.commands,
                "busy": one.busy,
                "stalled": one.stalled,
            }
            for one in facts.units
        ],
        "events": [{"event": event.name, "iss": events[event.name]} for event in EVENTS],
        "utilization": {total.name: [total.used, total.available] for total in facts.totals},
        "synthesis": None if facts.synthesis is None else _synthesis(facts.synthesis),
    }


def _layer(facts: Facts, number: int) -> dict[str, Any]:
    layer = facts.layers[number]
    return {
        "layer": layer.layer,
        "positions": layer.positions,
        "cycles": {"iss": None if facts.pipeline else layer.cycles},
        "bound": describe_bounds(layer.bound),
        "mapping_bound": describe_bounds(layer.mapping_bound),
        "ratio": None if facts.pipeline else layer.ratio,
        "busy": {one.label: one.by_layer[number] for one in facts.units},
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
