"""What a build holds, for people: where the weights went, and what the program takes."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nngen.bundle import PROGRAM_FOLDER, RTL_FOLDER, RTL_SIM_FOLDER, SPICE_FOLDER, BuildDirectory
from nngen.sim.kpi import mapping_cost

from .machine import Machine
from .present import percent, printable
from .utilization import Utilization, totals, utilization

__all__ = ["cost_line", "mapping_table", "render", "totals_table"]


def render(build: BuildDirectory) -> RenderableType:
    """Return what was built, and what to do next."""
    parts: list[RenderableType] = [Text(f"built {build.path}", style="bold")]
    if build.holds(PROGRAM_FOLDER):
        machine = Machine.of(build)
        used = utilization(machine.network, machine.mapping, machine.cores)
        parts += [mapping_table(used), Text(), totals_table(machine, used), Text(cost_line(machine))]
    if build.holds(RTL_FOLDER):
        files = build.verilog(RTL_FOLDER)
        lines = sum(path.read_bytes().count(b"\n") for path in files)
        parts.append(
            Text(
                f"Verilog: {len(files)} files, {lines:,} lines in {RTL_FOLDER}/; with retire ports in {RTL_SIM_FOLDER}/"
            )
        )
    if build.holds(SPICE_FOLDER):
        parts.append(Text(_netlists(build)))
    if build.holds(PROGRAM_FOLDER) and build.holds(RTL_FOLDER):
        parts.append(Text(f"next: nngen verify {build.path} --samples 4", style="dim"))
    return Group(*parts)


def _netlists(build: BuildDirectory) -> str:
    """Return what there is of netlists, or why there is nothing."""
    files = [name for name in build.manifest.outputs if name.startswith(f"{SPICE_FOLDER}/") and name.endswith(".sp")]
    if not files:
        return f"SPICE: none, as a cell has no SPICE view; see {SPICE_FOLDER}/README.md"
    size = sum((build.path / name).stat().st_size for name in files)
    return f"SPICE: {len(files)} netlists, {size / 1e6:.1f} MB in {SPICE_FOLDER}/"


def mapping_table(used: Utilization) -> RenderableType:
    """Return where each layer's weights are."""
    table = Table(box=None, pad_edge=False)
    for heading in ("layer", "matrix", "slices", "tiles", "macros", "cells", "gain"):
        table.add_column(heading, justify="left" if heading in ("layer", "macros") else "right")
    for layer in used.layers:
        table.add_row(
            Text(printable(layer.layer)),
            "×".join(map(str, layer.matrix)),
            str(layer.slices),
            str(layer.tiles),
            layer.macro_runs,
            f"{layer.cells:,}",
            str(layer.gain),
        )
    return table


def cost_line(machine: Machine) -> str:
    """Return what the mapping costs beside what no mapping of the network on this chip can do without."""
    cost = mapping_cost(machine.network, machine.mapping, machine.architecture)
    reprogrammed = any(tile.phase for layer in machine.mapping.layers for tile in layer.tiles)
    macros = "" if reprogrammed else f"{cost.macros:,} macros (at least {cost.macros_bound:,}), "
    bus = f", {cost.bus_words:,} words over the bus" if len(machine.cores) > 1 else ""
    return f"mapping: {macros}about {cost.cycles:,} cycles an inference (at least {cost.bound:,}){bus}"


def totals_table(machine: Machine, used: Utilization) -> RenderableType:
    """Return what the network takes of the chip."""
    name = machine.architecture.name
    table = Table(box=None, pad_edge=False)
    for heading in (name, "used", "available", ""):
        table.add_column(heading, justify="left" if heading == name else "right")
    for total in totals(machine, used):
        table.add_row(total.name, f"{total.used:,}", f"{total.available:,}", percent(total.used, total.available))
    return table
