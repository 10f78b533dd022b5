"""What all harnesses share: the component inside, its registers by name, inputs that may be anything."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable

from amaranth.asserts import AnySeq
from amaranth.hdl import Cat, Const, Elaboratable, Fragment, Module, Shape, Signal, Value
from amaranth.lib import wiring


class _Elaborated(Elaboratable):
    """A component that is elaborated already."""

    def __init__(self, fragment: Fragment) -> None:
        self._fragment = fragment

    def elaborate(self, platform: object) -> Fragment:
        return self._fragment


class Registers:
    """The registers of a component, by name: an induction needs invariants over them, and components keep them private.

    Amaranth cannot name the first signal of ``write, read = Signal(), Signal()``. One such register in a component is
    found under any name that no other has; a wrong one would make the proof fail, never pass.
    """

    def __init__(self, fragment: Fragment) -> None:
        self._named: dict[str, Signal] = {}
        self._unnamed: list[Signal] = []
        for statement in fragment.statements.get("sync", ()):
            for signal in statement._lhs_signals():  # private: pyproject.toml pins amaranth
                self._add(signal)

    def _add(self, signal: Signal) -> None:
        if not signal.name.startswith("$"):
            self._named[signal.name] = signal
        elif not any(signal is known for known in self._unnamed):
            self._unnamed.append(signal)

    def __getitem__(self, name: str) -> Signal:
        """Return a register.

        Raises
        ------
        LookupError
            None has the name, and not exactly one is without.
        """
        if name in self._named:
            return self._named[name]
        if len(self._unnamed) != 1:
            raise LookupError(
                f"register must be one of {', '.join(self._named)} or the only one without a name, not {name!r}"
            )
        return self._unnamed[0]


def embed(m: Module, name: str, component: wiring.Component) -> Registers:
    """Add a component as a submodule; return its registers."""
    fragment = Fragment.get(component, None)
    m.submodules[name] = _Elaborated(fragment)
    return Registers(fragment)


def drive_freely(m: Module, component: wiring.Component, *, keep: tuple[str, ...] = ()) -> None:
    """Let the solver choose every input of a component anew in each cycle, but for those in ``keep``."""
    for name, member in component.signature.members.items():
        if member.flow is wiring.In and name not in keep:
            m.d.comb += Value.cast(getattr(component, name)).eq(AnySeq(Shape.cast(member.shape).width))


def previous(m: Module, value: Value, name: str) -> Signal:
    """Return the value of the last cycle; the value's initial one, 0, in the first."""
    register = Signal(value.shape(), name=name)
    m.d.sync += register.eq(value)
    return register


def implies(condition: Value, consequence: Value) -> Value:
    """Return a bit that is 0 where the condition holds without the consequence."""
    return ~condition.bool() | consequence.bool()


def all_of(values: Iterable[Value]) -> Value:
    """Return whether all bits are 1."""
    return Cat(*values).all()


def total(values: Iterable[Value]) -> Value:
    """Return the sum of values; of bits, how many are 1."""
    return functools.reduce(operator.add, values, Const(0, 1))
