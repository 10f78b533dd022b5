"""``nngen arch``: architecture files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .cli_options import NetworkFile
from .later import later

if TYPE_CHECKING:
    from nngen.flows import present, progress
    from nngen.flows import suggest as flow
else:
    flow = later("nngen.flows.suggest")
    present = later("nngen.flows.present")
    progress = later("nngen.flows.progress")

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Architecture files: what a chip has.")


@app.callback()
def _group() -> None:
    """Keep `suggest` a command of its own, though it is the only one."""


@app.command(epilog="Example: nngen arch suggest network.onnx -o chip.toml")
def suggest(
    network: NetworkFile,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="CHIP.toml", help="Write there, not to the terminal.", show_default=False
        ),
    ] = None,
    rows: Annotated[
        int | None,
        typer.Option("--rows", metavar="N", min=4, max=2044, help="Word lines of a macro.", show_default="chosen"),
    ] = None,
    columns: Annotated[
        int | None,
        typer.Option("--columns", metavar="N", min=2, max=4096, help="Bit lines of a macro.", show_default="chosen"),
    ] = None,
) -> None:
    """Suggest a chip that holds a network, each number with its reason; proven by compiling the network for it."""
    with progress.shown() as step:
        suggested = flow.suggest(network, output, rows=rows, columns=columns, progress=step)
    if output is None:
        typer.echo(suggested.text, nl=False)
    else:
        present.show(
            present.plain(f"wrote {output}"), present.plain(f"next: nngen build {network} --arch {output} -o out")
        )
