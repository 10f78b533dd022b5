"""Instructions in loops, each with what the registers of its unit must hold: SETs go where they cost least.

1. A register that has one value throughout a loop is set before it, and not at all where it holds that value already.
2. One that has several is set in the loop: before the commands, or inner loops, for which it changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nngen.isa import Instruction, Unit, instruction

from ._writer import RegisterFile, loop

Register = tuple[Unit, str, int]  # unit, name, element


@dataclass(frozen=True, kw_only=True)
class Command:
    """An instruction and the values that it takes from registers."""

    made: Instruction
    needs: dict[Register, int]


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """Nodes that are repeated."""

    count: int
    nodes: tuple[Node, ...]


Node = Command | Repeat


def plain(made: Instruction) -> Command:
    """Return an instruction that needs no register."""
    return Command(made=made, needs={})


def write_tree(nodes: Sequence[Node], registers: RegisterFile, *, layer: str) -> list[Instruction]:
    """Return the instructions of nodes, one behind the other, with the SETs that they need.

    Raises
    ------
    CapacityError
        Where a loop exceeds what LOOP can express.
    """
    code = _sets(_shared(nodes), registers)
    for node in nodes:
        if isinstance(node, Command):
            code += [*_sets(node.needs, registers), node.made]
        elif node.count == 1:
            code += write_tree(node.nodes, registers, layer=layer)
        else:
            code += _write_loop(node, registers, layer=layer)
    return code


def _write_loop(node: Repeat, registers: RegisterFile, *, layer: str) -> list[Instruction]:
    needed = _values(node.nodes)
    before = _sets(_shared(node.nodes), registers)
    for (unit, name, element), values in needed.items():
        if len(values) > 1:
            registers.forget(unit, name, element=element)
    body = write_tree(node.nodes, registers, layer=layer)
    if _ends_with_loop(node.nodes):
        body.append(instruction("NOP"))  # two loops must not end on the same instruction
    return [*before, *loop(node.count, body, layer=layer)]


def _ends_with_loop(nodes: Sequence[Node]) -> bool:
    last = nodes[-1]
    return isinstance(last, Repeat) and (last.count > 1 or _ends_with_loop(last.nodes))


def _sets(needs: dict[Register, int], registers: RegisterFile) -> list[Instruction]:
    return [
        made
        for (unit, name, element), value in needs.items()
        for made in registers.set(unit, name, value, element=element)
    ]


def _shared(nodes: Sequence[Node]) -> dict[Register, int]:
    """Return the registers that have one value wherever they are needed."""
    return {register: next(iter(values)) for register, values in _values(nodes).items() if len(values) == 1}


def _values(nodes: Sequence[Node]) -> dict[Register, set[int]]:
    values: dict[Register, set[int]] = {}
    for register, value in _needs(nodes):
        values.setdefault(register, set()).add(value)
    return values


def _needs(nodes: Sequence[Node]) -> Iterator[tuple[Register, int]]:
    for node in nodes:
        if isinstance(node, Command):
            yield from node.needs.items()
        else:
            yield from _needs(node.nodes)
