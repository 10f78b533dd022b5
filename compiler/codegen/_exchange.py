"""Instructions by which the cores of a chip work together: to whom STORE writes, who waits for whom.

1. What goes to this core alone does so directly, everything else over the bus.
2. Where halos must not be written before LOAD has waited, LOAD tells STORE.
"""

from __future__ import annotations

from collections.abc import Sequence

from nngen.compiler.scheduler.counters import LOADED
from nngen.ir import Exchange, Take, Tell
from nngen.isa import Instruction, Unit, instruction

from ._writer import RegisterFile

_TARGET_BITS = 32  # of one register TARGETS


def uses_bus(targets: Sequence[int], core: int) -> bool:
    """Return whether what is written to some cores goes over the bus."""
    return tuple(targets) != (core,)


def target_sets(registers: RegisterFile, targets: Sequence[int], core: int) -> list[Instruction]:
    """Return the SETs that make the bus reach some cores; none where it is not used."""
    if not uses_bus(targets, core):
        return []
    words = [0, 0]
    for target in targets:
        words[target // _TARGET_BITS] |= 1 << target % _TARGET_BITS
    return [
        made
        for element, word in enumerate(words)
        for made in registers.set(Unit.STORE, "TARGETS", word, element=element)
    ]


def wait(unit: Unit, takes: Sequence[Take]) -> list[Instruction]:
    """Return the WAITs of a unit."""
    return [instruction("WAIT", unit=unit, counter=take.counter, count=take.count) for take in takes]


def tell(registers: RegisterFile, tells: Sequence[Tell], core: int) -> list[Instruction]:
    """Return SIGNALs that follow everything STORE wrote before."""
    code: list[Instruction] = []
    for one in tells:
        over_bus = uses_bus(one.cores, core)
        signal = (
            instruction("TELL", counter=one.counter)
            if over_bus
            else instruction("SIGNAL", unit=Unit.STORE, counter=one.counter)
        )
        code += [*target_sets(registers, one.cores, core), *[signal] * one.count]
    return code


def wait_for_parts(exchange: Exchange) -> list[Instruction]:
    """Return what comes before the first LOAD of a part."""
    code = wait(Unit.LOAD, exchange.takes)
    if exchange.fills_wait:
        code.append(instruction("SIGNAL", unit=Unit.LOAD, counter=LOADED))
    return code


def wait_before_fills(exchange: Exchange) -> list[Instruction]:
    """Return what comes before the first FILL of a part, and after its :func:`wait_for_parts`."""
    return wait(Unit.STORE, [Take(counter=LOADED, count=1)]) if exchange.fills_wait else []
