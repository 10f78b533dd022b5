"""The one place where modules are imported by name, when they are first used.

``nngen --version`` must answer at once: the command line names its flows through :func:`later`, and none of their heavy
packages is imported until a command calls one.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["later"]


class _Later:
    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


def later(name: str) -> Any:
    """Return a stand-in for a module, which is imported at the first look at one of its names."""
    return _Later(name)
