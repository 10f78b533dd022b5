"""``nngen netlist``: macros of a build trimmed to columns, with decks that read them as the network does; checks."""

from .report import describe, render
from .trim import Trimmed, trim

__all__ = ["Trimmed", "describe", "render", "trim"]
