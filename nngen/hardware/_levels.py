"""A pass over the design for Amaranth's own simulator: the same function in half the time or less.

That simulator makes one process of all combinational statements of a module, and runs it as a whole whenever one of its
inputs changes. In a core, where everything meets, that is hundreds of statements a dozen times a cycle. So:

1. **Connections are bypassed.** Where a signal is nothing but a copy of another one, its readers read the other.
2. **Modules are cut into levels.** The level of a statement is one above the highest of its inputs; registers and the
   design's inputs have level 0. Each level of a module is a process, which runs when the levels below have settled.

It requires that nobody outside of the design reads a signal which is only a copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

# Private, as in _verilog: pyproject.toml pins amaranth for it.
from amaranth.hdl import Elaboratable, Fragment, Signal
from amaranth.hdl._ast import Assign, SignalDict, SignalSet, Statement
from amaranth.hdl._xfrm import FragmentTransformer, StatementTransformer, ValueTransformer

_COMBINATIONAL = "comb"


def by_levels(design: Elaboratable) -> Fragment:
    """Return the elaborated design with bypassed connections and in levels."""
    fragment = Fragment.get(design, None)
    fragment = _Bypass(fragment)(fragment)
    _cut(fragment)
    return fragment


def _modules(fragment: Fragment) -> Iterator[Fragment]:
    yield fragment
    for part, *_ in fragment.subfragments:
        yield from _modules(part)


# ---------------------------------------------------------------- rule 1


class _Bypass(FragmentTransformer, ValueTransformer, StatementTransformer):
    """Replaces every copy by what it is a copy of."""

    def __init__(self, design: Fragment) -> None:
        self._originals = SignalDict()
        for module in _modules(design):
            for group in _groups(module.statements.get(_COMBINATIONAL, ())):
                if len(group.statements) == 1 and _is_copy(group.statements[0]):
                    self._originals[group.statements[0].lhs] = group.statements[0].rhs

    def on_Signal(self, value: Signal) -> Signal:  # noqa: N802 - amaranth's name
        while value in self._originals:
            value = self._originals[value]
        return value

    def on_Assign(self, stmt: Assign) -> Statement | list[Statement]:  # noqa: N802 - amaranth's name
        if isinstance(stmt.lhs, Signal) and stmt.lhs in self._originals:
            return []
        return super().on_Assign(stmt)


def _is_copy(statement: Statement) -> bool:
    return (
        isinstance(statement, Assign)
        and isinstance(statement.lhs, Signal)
        and isinstance(statement.rhs, Signal)
        and statement.lhs.shape() == statement.rhs.shape()
    )


# ---------------------------------------------------------------- rule 2


@dataclass(eq=False)
class _Group:
    """Statements that drive the same signals, and so stay together."""

    statements: list[Statement] = field(default_factory=list)
    targets: SignalSet = field(default_factory=SignalSet)
    level: int = 0  # unknown

    def inputs(self) -> Iterator[Signal]:
        """Yield what the statements read; amaranth counts what they drive as read."""
        for statement in self.statements:
            yield from (signal for signal in statement._rhs_signals() if signal not in self.targets)


def _groups(statements: Iterable[Statement]) -> list[_Group]:
    """Return statements by what they drive, those of each group in their order."""
    groups: dict[_Group, None] = {}
    driver = SignalDict()
    for statement in statements:
        group = _Group()
        targets = SignalSet(statement._lhs_signals())
        for older in {driver[target]: None for target in targets if target in driver}:
            group.statements += older.statements
            targets.update(older.targets)
            del groups[older]
        group.statements.append(statement)
        group.targets.update(targets)
        for target in targets:
            driver[target] = group
        groups[group] = None
    return list(groups)


def _cut(design: Fragment) -> None:
    """Move the combinational statements of every module into one submodule a level."""
    groups = {module: _groups(module.statements.pop(_COMBINATIONAL, ())) for module in _modules(design)}
    driver = SignalDict()
    for group in (group for of_module in groups.values() for group in of_module):
        for target in group.targets:
            driver[target] = group
    for module, of_module in groups.items():
        levels: dict[int, Fragment] = {}
        for group in of_module:
            level = levels.setdefault(_level(group, driver), Fragment())
            level.add_statements(_COMBINATIONAL, group.statements)
        for number, level in sorted(levels.items()):
            module.add_subfragment(level, f"level{number}")


def _level(group: _Group, driver: SignalDict) -> int:
    if not group.level:
        group.level = 1  # while it is looked for: signals of which each drives a bit of the other seem to be a circle
        below = (_level(driver[signal], driver) for signal in group.inputs() if signal in driver)
        group.level = 1 + max(below, default=0)
    return group.level
