"""What a verification found: for people as tables, for programs as JSON (schema ``nngen/verification/1``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nngen.sim.cosim import Comparison

from .arrays import write_file
from .layer_times import describe_bounds
from .pipeline_times import PipelineTimes, describe_pipeline
from .present import printable
from .verify import LayerVerification, Verification

__all__ = [
    "VERIFICATION_SCHEMA",
    "comparison_table",
    "describe",
    "event_table",
    "layer_table",
    "render",
    "stage_table",
    "write_report",
]

VERIFICATION_SCHEMA = "nngen/verification/1"


def write_report(result: Verification, path: Path) -> None:
    """Write the report as JSON."""
    write_file(path, (json.dumps(describe(result), indent=2) + "\n").encode())


def describe(result: Verification) -> dict[str, Any]:
    """Return the report as numbers, strings, lists and dictionaries."""
    cycles = result.rtl_events["cycles"]
    return {
        "schema": VERIFICATION_SCHEMA,
        "network": result.network,
        "architecture": result.architecture,
        "samples": result.samples,
        "source": result.source,
        "verilog": None if result.verilog is None else str(result.verilog),
        "equal": result.equal,
        "cycles": {
            "iss": result.events["cycles"],
            "rtl": [int(cycles.min()), int(cycles.max())],
            "bound": result.bound,
            "ratio": int(cycles.max()) / result.bound,
        },
        "converter_share": result.converter_share,
        "pipeline": describe_pipeline(result.pipeline),
        "layers": [_layer(layer) for layer in result.layers],
        "events": [
            {"event": name, "iss": value, "rtl": [int(found.min()), int(found.max())]}
            for name, value in result.events.items()
            for found in [result.rtl_events[name]]
        ],
        "golden_iss": _comparison(result.golden_iss),
        "iss_rtl": _comparison(result.iss_rtl),
        "retirements": {
            "compared": result.retirements.compared,
            "differing": result.retirements.differing,
            "first": result.retirements.first,
        },
    }


def _layer(layer: LayerVerification) -> dict[str, Any]:
    return {
        "layer": layer.layer,
        "positions": layer.positions,
        "cycles": {"iss": layer.iss_cycles, "rtl": layer.rtl_cycles},
        "bound": describe_bounds(layer.bound),
        "mapping_bound": describe_bounds(layer.mapping_bound),
        "ratio": layer.ratio,
        "codes": {"compared": layer.codes.codes, "differing": layer.codes.code_differences},
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "codes": {"compared": comparison.codes, "differing": comparison.code_differences},
        "cycles": {"compared": comparison.cycles, "differing": comparison.cycle_differences},
        "events": {"compared": comparison.events, "differing": comparison.event_differences},
        "mismatches": [str(mismatch) for mismatch in comparison.mismatches],
    }


def render(result: Verification) -> RenderableType:
    """Return the report as tables, with the verdict last."""
    heading = f"{result.network} on {result.architecture}: {result.samples} {result.source}"
    parts: list[RenderableType] = [Text(printable(heading), style="bold"), Text()]
    parts += [layer_table(result), Text()] if result.pipeline is None else [stage_table(result.pipeline), Text()]
    parts += [event_table(result), Text(), comparison_table(result)]
    parts += [Text(f"  {printable(line)}", style="red") for line in _differences(result)]
    parts += [Text(), verdict(result)]
    return Group(*parts)


def verdict(result: Verification) -> Text:
    """Return the one line that counts."""
    note = "" if result.verilog is None else f" (RTL from '{printable(str(result.verilog))}', not the build's)"
    if result.equal:
        return Text(f"golden = ISS = RTL: nothing differs{note}", style="bold green")
    return Text(f"golden, ISS and RTL DIFFER{note}", style="bold red")


def layer_table(result: Verification) -> Table:
    """Return cycles and bounds of each layer, and of the network."""
    table = Table(box=None, pad_edge=False)
    for heading in (
        "layer",
        "positions",
        "ISS cycles",
        "RTL cycles",
        "bound",
        "by",
        "ratio",
        "as mapped",
        "codes",
        "differ",
    ):
        table.add_column(heading, justify="left" if heading in ("layer", "by") else "right")
    for layer in result.layers:
        table.add_row(
            Text(printable(layer.layer)),
            f"{layer.positions:,}",
            f"{layer.iss_cycles:,}",
            f"{layer.rtl_cycles:,}",
            f"{layer.bound.bound:,}",
            layer.bound.unit,
            f"{layer.ratio:.3f}",
            f"{layer.mapping_bound.bound:,}",
            f"{layer.codes.codes:,}",
            _count(layer.codes.code_differences),
        )
    cycles, mapped = int(result.rtl_events["cycles"].max()), sum(layer.mapping_bound.bound for layer in result.layers)
    table.add_section()
    table.add_row(
        Text("start to HALT", style="bold"),
        "",
        f"{result.events['cycles']:,}",
        f"{cycles:,}",
        f"{result.bound:,}",
        "",
        f"{cycles / result.bound:.3f}",
        f"{mapped:,}",
        f"{result.golden_iss.codes:,}",
        _count(result.golden_iss.code_differences),
    )
    return table


def stage_table(pipeline: PipelineTimes) -> Table:
    """Return what each core does for an inference, and the cycles from one inference to the next."""
    table = Table(box=None, pad_edge=False)
    for heading in ("core", "layers", "cycles an inference, at least"):
        table.add_column(heading, justify="left" if heading == "layers" else "right")
    for stage in pipeline.stages:
        names = [printable(name) for name in stage.layers]
        shown = names[0] if len(names) == 1 else f"{names[0]} … {names[-1]} ({len(names)})"
        table.add_row(str(stage.core), Text(shown), f"{stage.bound:,}")
    table.add_section()
    shown = (
        f"one inference every {pipeline.interval:,.0f} cycles; throughput {pipeline.share:.3f} of the slowest stage's"
    )
    table.add_row("", Text(shown, style="bold"), f"{pipeline.slowest.bound:,}")
    return table


def event_table(result: Verification) -> Table:
    """Return every event counter of one run on both sides."""
    table = Table(box=None, pad_edge=False)
    for heading in ("event", "ISS", "RTL", "differ"):
        table.add_column(heading, justify="left" if heading == "event" else "right")
    for name, value in result.events.items():
        found = result.rtl_events[name]
        lowest, highest = int(found.min()), int(found.max())
        span = f"{lowest:,}" if lowest == highest else f"{lowest:,} to {highest:,}"
        table.add_row(name, f"{value:,}", span, _count(int((found != value).sum())))
    return table


def comparison_table(result: Verification) -> Table:
    """Return how much was compared, and how much differs."""
    table = Table(box=None, pad_edge=False)
    for heading in ("compared", "", "differ"):
        table.add_column(heading, justify="left" if heading == "compared" else "right")
    golden, rtl = result.golden_iss, result.iss_rtl
    every = "every layer" if result.pipeline is None else "every output"
    first = "sample" if result.pipeline is None else "start"
    for name, compared, differing in (
        (f"golden = ISS, codes of {every}", golden.codes, golden.code_differences),
        ("ISS = RTL, codes", rtl.codes, rtl.code_differences),
        ("ISS = RTL, cycles", rtl.cycles, rtl.cycle_differences),
        ("ISS = RTL, event counts", rtl.events, rtl.event_differences),
        (f"ISS = RTL, retirements of the first {first}", result.retirements.compared, result.retirements.differing),
    ):
        table.add_row(name, f"{compared:,}", _count(differing))
    return table


def _count(differing: int) -> Text:
    return Text(f"{differing:,}", style="red" if differing else "green")


def _differences(result: Verification) -> list[str]:
    mismatches = (*result.golden_iss.mismatches, *result.iss_rtl.mismatches)
    return [*(str(mismatch) for mismatch in mismatches), *filter(None, [result.retirements.first])]
