"""What a proof is: a statement about one component, and the planted bugs that must refute it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from amaranth.hdl import Elaboratable

from nngen.sim.verification.faults import SourcePatch

Harness = Callable[[ModuleType], Elaboratable]


@dataclass(frozen=True, kw_only=True)
class SeededBug:
    """A bug in the component that its proof must find.

    Parameters
    ----------
    name
        What the bug does.
    patch
        The change of the component's source.
    caught_by
        The assertion that fails first.
    depth
        Cycles from the initial state within which it fails.
    """

    name: str
    patch: SourcePatch
    caught_by: str
    depth: int


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A proof by k-induction.

    Parameters
    ----------
    name
        Name in the catalog.
    states
        What is proven, in one sentence.
    module
        The component's module.
    harness
        Makes the circuit with assumptions, assertions and covers around the component of a module: the original or a
        copy with a bug.
    depth
        k: the assertions hold in the first k cycles, and in a cycle after k cycles in which they hold.
    cover_depth
        Cycles from the initial state within which all covers are reached.
    bugs
        Bugs that refute it.
    """

    name: str
    states: str
    module: ModuleType
    harness: Harness
    depth: int
    cover_depth: int
    bugs: tuple[SeededBug, ...]
