"""The bins of a core: what must happen at least once, and beside it what must not happen at all.

Every combination has a bin, so that a run that meets one which the rules exclude is told from one that does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from nngen.arch import Core
from nngen.isa import INSTRUCTIONS, LOOP_DEPTH, Cause, InstructionFormat

from ._causes import cause_bins
from ._classes import OperandClasses
from ._commands import Command, commands, executed_by
from ._operands import operand_classes

# The numbers of these classes are the bits of a retirement's state.
QUEUE_STATES = ("queue occupied", "queue empty", "queue full", "queue full and empty")
STARTS = ("started at once", "waited")
DEPTH_VALUES = 8  # three bits

UNKNOWN = "unknown retirement"  # no instruction, or not one of the unit that retired it


class Group(StrEnum):
    """What a bin is about."""

    OPERANDS = "operands × predecessor"
    QUEUE = "queue at issue"
    START = "start"
    DEPTH = "loop depth"
    CAUSES = "causes"


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Something that is counted.

    Parameters
    ----------
    name
        Stable; it holds none of the characters that a pattern gives a meaning.
    group
        What it is about.
    mnemonic
        Of its instruction; empty where it has none.
    possible
        Whether it can happen. What cannot is counted too, as a fault of the core or of this list.
    """

    name: str
    group: Group
    mnemonic: str = ""
    possible: bool = True


@dataclass(frozen=True, kw_only=True)
class Block:
    """Consecutive bins from ``start`` on."""

    start: int
    size: int

    @property
    def slice(self) -> slice:
        """Their place in the counts."""
        return slice(self.start, self.start + self.size)


@dataclass(frozen=True, kw_only=True)
class CommandBins:
    """Where the bins of a command stand.

    Parameters
    ----------
    command
        The command.
    predecessors
        All that its unit can execute before it, possible or not; None: nothing. They number the columns of a cross.
    operands
        Each operand class × predecessor: classes are rows.
    queue
        By ``QUEUE_STATES``; None where it travels no queue.
    start, depth
        By ``STARTS`` and by the loops open; that of the loops is shared by the commands of an instruction.
    """

    command: Command
    predecessors: tuple[InstructionFormat | None, ...]
    operands: tuple[tuple[OperandClasses, Block], ...]
    queue: Block | None
    start: Block
    depth: Block


class BinList:
    """All bins of a core, in an order that depends on the core and the description alone.

    Attributes
    ----------
    bins
        The bins.
    commands
        Where those of each command stand.
    unknown
        Number of the bin for what is no retirement of its unit.
    """

    def __init__(self, core: Core) -> None:
        self.bins: list[Bin] = []
        present = [format_ for format_ in INSTRUCTIONS if format_.in_core(core)]
        depths = {format_.mnemonic: self._add(_depths(format_)) for format_ in present}
        self.commands = tuple(self._command(command, depths[command.mnemonic], core) for command in commands(core))
        self.unknown = self._add([Bin(name=UNKNOWN, group=Group.OPERANDS, possible=False)]).start
        self._add(
            Bin(name=found.name, group=Group.CAUSES, mnemonic=found.mnemonic, possible=found.possible)
            for found in cause_bins(core)
        )

    def _add(self, bins: Iterable[Bin]) -> Block:
        start = len(self.bins)
        self.bins += bins
        return Block(start=start, size=len(self.bins) - start)

    def _command(self, command: Command, depth: Block, core: Core) -> CommandBins:
        predecessors = (None, *executed_by(core, command.unit))
        return CommandBins(
            command=command,
            predecessors=predecessors,
            operands=tuple(
                (classes, self._add(_cross(command, classes, predecessors)))
                for classes in operand_classes(command, core)
            ),
            queue=self._add(_queue_states(command)) if command.queued else None,
            start=self._add(_starts(command)),
            depth=depth,
        )


def _cross(
    command: Command, classes: OperandClasses, predecessors: Iterable[InstructionFormat | None]
) -> Iterable[Bin]:
    possible = command.predecessors
    columns = [(f"after {before.mnemonic}" if before else "first", before in possible) for before in predecessors]
    for number, values in enumerate(classes.ranges):
        for text, may_come_before in columns:
            yield Bin(
                name="/".join(filter(None, (command.name, classes.label(number), text))),
                group=Group.OPERANDS,
                mnemonic=command.mnemonic,
                possible=values.possible and may_come_before,
            )


def _queue_states(command: Command) -> Iterable[Bin]:
    """A queue that was full still holds all but one of its entries, two or more, when the next is let in."""
    for number, state in enumerate(QUEUE_STATES):
        yield Bin(name=f"{command.name}/{state}", group=Group.QUEUE, mnemonic=command.mnemonic, possible=number != 0b11)


def _starts(command: Command) -> Iterable[Bin]:
    for number, start in enumerate(STARTS):
        possible = not number or command.can_wait
        yield Bin(name=f"{command.name}/{start}", group=Group.START, mnemonic=command.mnemonic, possible=possible)


def _depths(format_: InstructionFormat) -> Iterable[Bin]:
    """What opens a loop is refused where no more can be open."""
    opens = any(cause is Cause.LOOP for cause, _ in format_.state_refusals)
    deepest = LOOP_DEPTH - 1 if opens else LOOP_DEPTH
    for depth in range(DEPTH_VALUES):
        yield Bin(
            name=f"loop depth {depth} {format_.mnemonic}",
            group=Group.DEPTH,
            mnemonic=format_.mnemonic,
            possible=depth <= deepest,
        )
