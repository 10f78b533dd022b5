"""``nngen``: the command line. It parses, calls a flow, and prints what that returns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nngen import __version__

from .cli_arch import app as arch_app
from .cli_cells import app as cells_app
from .cli_errors import BAD_INPUT, COMPARISON_FAILED, ErrorsAsMessages
from .cli_isa import app as isa_app
from .cli_netlist import app as netlist_app
from .cli_options import (
    BuildFolder,
    Cells,
    Explain,
    InputFile,
    Json,
    LevelOption,
    NetworkFile,
    OptionalInputFile,
    Part,
    RtlSimulatorOption,
    Samples,
    Simulator,
    SimulatorOption,
    VerilogFolder,
)
from .cli_verify_isa import verify_isa
from .later import later
from .levels import Level
from .strategies import StrategyName

if TYPE_CHECKING:
    from nngen.flows import arrays as files
    from nngen.flows import build as build_flow
    from nngen.flows import build_report, present, progress, verify_report
    from nngen.flows import demo as demo_flow
    from nngen.flows import doctor as doctor_flow
    from nngen.flows import evaluate as evaluate_flow
    from nngen.flows import exact as exact_flow
    from nngen.flows import explain as explain_flow
    from nngen.flows import inspect as inspect_flow
    from nngen.flows import report as report_flow
    from nngen.flows import simulate as simulate_flow
    from nngen.flows import verify as verify_flow
else:
    build_flow = later("nngen.flows.build")
    build_report = later("nngen.flows.build_report")
    files = later("nngen.flows.arrays")
    demo_flow = later("nngen.flows.demo")
    doctor_flow = later("nngen.flows.doctor")
    evaluate_flow = later("nngen.flows.evaluate")
    exact_flow = later("nngen.flows.exact")
    explain_flow = later("nngen.flows.explain")
    inspect_flow = later("nngen.flows.inspect")
    present = later("nngen.flows.present")
    progress = later("nngen.flows.progress")
    report_flow = later("nngen.flows.report")
    simulate_flow = later("nngen.flows.simulate")
    verify_flow = later("nngen.flows.verify")
    verify_report = later("nngen.flows.verify_report")

__all__ = ["app", "main"]

app = typer.Typer(
    name="nngen",
    cls=ErrorsAsMessages,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Turns a quantized ONNX network into a compute-in-memory accelerator that is proven to compute it.",
    epilog="Begin with: nngen demo",
)
app.add_typer(arch_app, name="arch")
app.add_typer(cells_app, name="cells")
app.add_typer(isa_app, name="isa")
app.add_typer(netlist_app, name="netlist")
app.command("verify-isa", epilog="Example: nngen verify-isa --arch micro.toml --instructions 10000")(verify_isa)


def main() -> None:
    """Run the command line."""
    app()


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nngen {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


@app.command(epilog="Example: nngen inspect network.onnx")
def inspect(
    network: NetworkFile,
    *,
    inputs: OptionalInputFile = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="Y.npz", help="With --inputs: where the results go.")
    ] = None,
    explain: Explain = False,
    json: Json = False,
) -> None:
    """Show the integer network that is in an ONNX file; with inputs, run it.

    With --explain: exit status 2 where a node is not supported.
    """
    if explain:
        _explain(network, json=json)
        return
    if output is not None and inputs is None:
        raise typer.BadParameter("needs --inputs", param_hint="-o")
    inspected = exact_flow.inspect(network, inputs=inputs, output=output)
    if json:
        results = {name: array.tolist() for name, array in inspected.outputs.items()}
        present.show_json(inspect_flow.describe(inspected.network) | ({"results": results} if results else {}))
    else:
        present.show(inspect_flow.render(inspected.network))


def _explain(network: Path, *, json: bool) -> None:
    """List what is not supported, and end with status 2 if anything is."""
    found = explain_flow.explain(network)
    if json:
        present.show_json(explain_flow.describe(found))
    else:
        present.show(explain_flow.render(network, found))
    if found:
        raise typer.Exit(BAD_INPUT)


@app.command(epilog="Example: nngen build network.onnx --arch tiny.toml --calibration samples.npz -o out")
def build(
    network: NetworkFile,
    *,
    architecture: Annotated[
        Path, typer.Option("--arch", metavar="A.toml", help="Architecture file.", show_default=False)
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="DIR", help="Build directory to make or replace.", show_default=False),
    ],
    calibration: Annotated[
        Path | None,
        typer.Option(
            "--calibration",
            metavar="X.npz",
            help="Samples like those of --inputs, for gains and offsets.",
            show_default=False,
        ),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option("--mapping", metavar="M.json", help="Take this mapping as it is.", show_default=False),
    ] = None,
    strategy: Annotated[
        StrategyName | None,
        typer.Option(
            "--strategy",
            help="What the mapping is to be good at: few cycles of an inference (latency, unless given), few "
            "cycles from one to the next (throughput), little traffic (data_movement), few macros (utilization).",
            show_default=False,
        ),
    ] = None,
    inferences: Annotated[
        int,
        typer.Option(
            "--inferences",
            metavar="N",
            min=1,
            help="Of one start of the chip. Several are pipelined: each core runs its layers for one after the other; "
            "best with --strategy throughput.",
        ),
    ] = 1,
    cells: Cells = None,
    only: Annotated[
        list[Part] | None, typer.Option("--only", help="Make only this part; may be given several times.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of everything random.")] = 0,
    explain: Explain = False,
) -> None:
    """Compile a network for a chip: mapping, schedule, program and Verilog in one directory.

    With --explain a network that cannot be read ends in the list of all its unsupported nodes, not the first alone.
    """
    if explain:
        _explain(network, json=False)
    with progress.shown() as step:
        made = build_flow.build(
            network,
            architecture,
            output,
            calibration=calibration,
            mapping=mapping,
            strategy=strategy,
            inferences=inferences,
            cells=cells or (),
            only=tuple(part.value for part in only or ()),
            seed=seed,
            progress=step,
        )
    present.show(build_report.render(made))


@app.command(epilog="Example: nngen simulate out --inputs samples.npz --level iss -o results.npz")
def simulate(
    directory: BuildFolder,
    *,
    inputs: InputFile,
    level: LevelOption,
    simulator: RtlSimulatorOption = None,
    verilog: VerilogFolder = None,
    samples: Samples = None,
    waves: Annotated[
        Path | None,
        typer.Option(
            "--waves", metavar="F", help="At level rtl: write the waveform (.fst or .vcd).", show_default=False
        ),
    ] = None,
    dump_tensors: Annotated[
        Path | None,
        typer.Option(
            "--dump-tensors",
            metavar="D",
            help="At level golden: write every tensor to D/tensors.npz.",
            show_default=False,
        ),
    ] = None,
    codes: Annotated[bool, typer.Option("--codes", help="Add the accelerator's integers as codes/<tensor>.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="Y.npz", help="Where the results go.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Run a build on samples."""
    with progress.shown() as step:
        result = simulate_flow.simulate(
            directory,
            inputs,
            level=level,
            simulator=simulator.value if simulator else None,
            verilog=verilog,
            samples=samples,
            waves=waves,
            dump_tensors=dump_tensors,
            output=output,
            codes=codes,
            progress=step,
        )
    if json:
        present.show_json(simulate_flow.describe(result))
    else:
        present.show(simulate_flow.render(result))


@app.command(epilog="Example: nngen evaluate out --inputs samples.npz --labels labels.npy")
def evaluate(
    directory: BuildFolder,
    *,
    inputs: InputFile,
    labels: Annotated[
        Path, typer.Option("--labels", metavar="L.npy", help="Class of each sample.", show_default=False)
    ],
    level: LevelOption = Level.GOLDEN,
    simulator: RtlSimulatorOption = None,
    samples: Samples = None,
) -> None:
    """Measure the accuracy of a build against labels and the ONNX reference."""
    with progress.shown() as step:
        result = evaluate_flow.evaluate(
            directory,
            inputs,
            labels,
            level=level,
            simulator=simulator.value if simulator else None,
            samples=samples,
            progress=step,
        )
    present.show(evaluate_flow.render(result))


@app.command(epilog="Example: nngen verify out --samples 4 --json report.json")
def verify(
    directory: BuildFolder,
    *,
    inputs: OptionalInputFile = None,
    samples: Samples = None,
    simulator: SimulatorOption = Simulator.ICARUS,
    verilog: VerilogFolder = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="F", help="Write the report as JSON.", show_default=False)
    ] = None,
) -> None:
    """Prove that golden model, instruction set simulator and Verilog compute the same: codes, cycles and events.

    Without --inputs: the calibration samples of the build, else 4 random ones. Exit status 1 if anything differs.
    """
    files.check_writable(json)
    with progress.shown() as step:
        result = verify_flow.verify(
            directory, inputs, samples=samples, simulator=simulator.value, verilog=verilog, progress=step
        )
    if json is not None:
        verify_report.write_report(result, json)
    present.show(verify_report.render(result))
    if not result.equal:
        raise typer.Exit(COMPARISON_FAILED)


@app.command(epilog="Example: nngen report out -o report.html")
def report(
    directory: BuildFolder,
    *,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="The page to write.", show_default="report.html in DIR"),
    ] = None,
    synthesize: Annotated[
        bool, typer.Option("--synthesize", help="Add cells and memories of the Verilog, by yosys; takes minutes.")
    ] = False,
    time_limit: Annotated[
        int, typer.Option("--time-limit", metavar="S", min=1, help="Seconds that yosys may take.")
    ] = 3600,
) -> None:
    """Draw a build on one HTML page: mapping, schedule, cycles against their bounds, what it takes of the chip."""
    with progress.shown() as step:
        page = report_flow.report(directory, output, synthesize=synthesize, time_limit=time_limit, progress=step)
    present.show(present.plain(f"wrote {page}"))


@app.command(epilog="Example: nngen doctor")
def doctor() -> None:
    """Say which tools are there, in which version, and how to get those that are missing."""
    statuses = doctor_flow.examine()
    present.show(doctor_flow.render(statuses))
    if not doctor_flow.all_required_found(statuses):
        raise typer.Exit(BAD_INPUT)


@app.command(epilog="Example: nngen demo -o out")
def demo(
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Build directory to make or replace.")
    ] = Path("build/demo"),
    simulator: SimulatorOption = Simulator.ICARUS,
) -> None:
    """Turn a network into hardware and prove that it computes it; takes a few minutes."""
    if not demo_flow.run(output, simulator=simulator.value):
        raise typer.Exit(COMPARISON_FAILED)


if __name__ == "__main__":
    main()
