"""The one hierarchy of errors that nngen raises for input it cannot use.

Every message names the thing (file, node, layer or field), what it must be and what it is. The command line prints the
message and exits with status 2; a programming mistake of nngen itself is never one of these.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "ArchitectureError",
    "BuildError",
    "CapacityError",
    "CellError",
    "ConvergenceError",
    "InputError",
    "MappingError",
    "ModelError",
    "NetlistError",
    "NngenError",
    "ProgramError",
    "ToolError",
    "suggestion",
]


class NngenError(Exception):
    """Base of all errors a user can cause and mend."""


class ModelError(NngenError):
    """The network file cannot be read, or holds what nngen does not support."""


class ArchitectureError(NngenError):
    """The architecture file is malformed or describes an impossible machine."""


class CellError(NngenError):
    """A circuit cell's folder is malformed or does not fit where it is used."""


class MappingError(NngenError):
    """A mapping places weights wrongly."""


class CapacityError(NngenError):
    """The network does not fit the chip: the message says what is needed, available, and the cheapest fix."""


class ProgramError(NngenError):
    """An instruction, assembly text or program image is not valid for the architecture."""


class NetlistError(NngenError):
    """A netlist is malformed: what its text, its names, its connections or its hierarchy must be."""


class InputError(NngenError):
    """Samples, labels or options handed to a command do not fit."""


class ConvergenceError(NngenError):
    """A numerical method did not reach its accuracy."""


class BuildError(NngenError):
    """A build directory cannot be written, read, or is damaged."""


class ToolError(NngenError):
    """An external tool is missing or failed."""


_LONGEST_QUOTE = 80


def quoted(text: str) -> str:
    """Return a text from outside as a message repeats it: in quotes, on one line, not long."""
    cut = text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
    return "'" + "".join(char if char.isprintable() else ascii(char)[1:-1] for char in cut) + "'"


def suggestion(value: str, candidates: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the candidate nearest to ``value``, or an empty string."""
    near = difflib.get_close_matches(value, list(candidates), n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""
