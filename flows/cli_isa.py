"""``nngen isa``: the manual of the instruction set, its assembler and its disassembler."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .later import later

if TYPE_CHECKING:
    from nngen import isa
    from nngen.flows import arrays as files
    from nngen.flows import programs
else:
    files = later("nngen.flows.arrays")
    isa = later("nngen.isa")
    programs = later("nngen.flows.programs")

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The instruction set: manual, assembler, disassembler.")

Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="Write there, not to the terminal.", show_default=False),
]


@app.command(epilog="Example: nngen isa manual -o isa.md")
def manual(output: Output = None) -> None:
    """Write the manual of the instruction set (Markdown)."""
    _deliver(isa.manual(), output)


@app.command(epilog="Example: nngen isa assemble program.asm -o program.hex")
def assemble(
    program: Annotated[Path, typer.Argument(metavar="PROGRAM.asm", help="Assembly text.", show_default=False)],
    output: Output = None,
) -> None:
    """Turn assembly text into the words of a program memory, one 64-bit word a line."""
    _deliver(programs.assemble_file(program), output)


@app.command(epilog="Example: nngen isa disassemble out/program/core0.hex")
def disassemble(
    program: Annotated[Path, typer.Argument(metavar="PROGRAM.hex", help="One 64-bit word a line.", show_default=False)],
    output: Output = None,
) -> None:
    """Turn the words of a program memory into assembly text."""
    _deliver(programs.disassemble_file(program), output)


def _deliver(text: str, output: Path | None) -> None:
    if output is None:
        typer.echo(text, nl=False)
    else:
        files.write_file(output, text.encode())
