"""Instructions by which the cores of a chip work together: to whom STORE writes, who waits for whom.

1. What goes to this core alone does so directly, everything else over the bus.
2. LOAD waits for the parts before. Where halos must not be written before these have ended, LOAD tells STORE.
"""

from __future__ import annotations

from collections.abc import Sequence

from nngen.ir import Exchange
from nngen.isa import Instruction, Unit, instruction

from ._writer import RegisterFile

STORED = 0  # counter: what LOAD reads is stored
LOADED = 1  # counter: LOAD has waited, so STORE may write where others have read before

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


def wait_for_parts(exchange: Exchange) -> list[Instruction]:
    """Return what comes before the first LOAD of a part."""
    if not exchange.waits:
        return []
    wait = [instruction("WAIT", unit=Unit.LOAD, counter=STORED, count=exchange.waits)]
    if exchange.fills_wait:
        wait.append(instruction("SIGNAL", unit=Unit.LOAD, counter=LOADED))
    return wait


def wait_before_fills(exchange: Exchange) -> list[Instruction]:
    """Return what comes before the first FILL of a part, and after its :func:`wait_for_parts`."""
    return [instruction("WAIT", unit=Unit.STORE, counter=LOADED, count=1)] if exchange.fills_wait else []


def tell(registers: RegisterFile, cores: Sequence[int], core: int) -> list[Instruction]:
    """Return the SIGNAL to some cores that follows everything STORE wrote before."""
    if not cores:
        return []
    bus = int(uses_bus(cores, core))
    signal = instruction("SIGNAL", unit=Unit.STORE, counter=STORED, bus=bus)
    return [*target_sets(registers, cores, core), signal]
