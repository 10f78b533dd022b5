"""``nngen arch suggest``: an architecture file that holds a network, each number with its reason."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from nngen.arch import Architecture, ArchitectureFile, architecture_of
from nngen.cellib import CellLibrary
from nngen.compiler.frontend import read_network
from nngen.flows.arrays import check_writable, write_file
from nngen.flows.compiling import Compiled
from nngen.flows.progress import Progress, quiet
from nngen.ir import Network
from nngen.validation import tuples

from ._search import search
from ._text import suggestion_text

__all__ = ["Suggestion", "suggest", "suggest_for"]


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A chip that holds a network.

    Parameters
    ----------
    text
        The architecture file (TOML).
    architecture
        What it says.
    compiled
        The network compiled for it.
    """

    text: str
    architecture: Architecture
    compiled: Compiled


def suggest(
    network_path: Path,
    output: Path | None = None,
    *,
    rows: int | None = None,
    columns: int | None = None,
    progress: Progress = quiet,
) -> Suggestion:
    """Suggest a chip for an ONNX file.

    Parameters
    ----------
    network_path
        The quantized network.
    output
        Where to write the architecture file, if anywhere.
    rows, columns
        Word and bit lines of a macro; chosen where None.
    progress
        Told what comes next.

    Raises
    ------
    NngenError
        Whatever the user can mend.
    """
    check_writable(output)
    progress("reading the network")
    suggestion = suggest_for(read_network(network_path), rows=rows, columns=columns, progress=progress)
    if output is not None:
        write_file(output, suggestion.text.encode())
    return suggestion


def suggest_for(
    network: Network, *, rows: int | None = None, columns: int | None = None, progress: Progress = quiet
) -> Suggestion:
    """Suggest a chip for an integer network; see :func:`suggest`."""
    found = search(network, rows=rows, columns=columns, progress=progress)
    text = suggestion_text(network, found)
    file = ArchitectureFile.model_validate(tuples(tomllib.loads(text)))
    return Suggestion(text=text, architecture=architecture_of(file, CellLibrary()), compiled=found.compiled)
