"""How a core's part of a layer waits for other parts and tells them, and to which memories it writes."""

from __future__ import annotations

from collections.abc import Sequence

from nngen.isa import Instruction, Unit, instruction, register

from ._halo import has_halo, outer_fills
from ._place import Place
from ._writer import RegisterFile

STORED = 0  # counter: a part of the layer before has stored everything
PADDED = 1  # counter: STORE has written the padding of the inputs
READY = 2  # counter: LOAD has all signals that it waits for
_TARGET_BITS = register(Unit.STORE, "TARGETS").width


def waiting(place: Place) -> list[Instruction]:
    """Return what comes before the first LOAD of a part.

    Padding over the bus must wait, too: another core may read what it writes over as long as the layer before runs.
    """
    exchange = place.part.exchange
    code = []
    if exchange.inputs:
        code.append(instruction("WAIT", unit=Unit.LOAD, counter=PADDED, count=1))
    if exchange.waits:
        code.append(instruction("WAIT", unit=Unit.LOAD, counter=STORED, count=exchange.waits))
        if exchange.pads and place.bus and has_halo(place.target):
            code.append(instruction("SIGNAL", unit=Unit.LOAD, counter=READY))
            code.append(instruction("WAIT", unit=Unit.STORE, counter=READY, count=1))
    return code


def targeting(place: Place, registers: RegisterFile) -> list[Instruction]:
    """Return the SETs that name the memories that a part writes over the bus."""
    return target_sets(place.part.exchange.targets, registers)


def padding(place: Place, registers: RegisterFile) -> list[Instruction]:
    """Return the FILLs above and below the output, where this part writes them."""
    if not place.part.exchange.pads:
        return []
    return outer_fills(place.target, place.output_tensor, registers, place.core, bus=place.bus)


def telling(place: Place, registers: RegisterFile, *, core: int) -> list[Instruction]:
    """Return the SIGNAL at the end of a part, and the SETs that it needs."""
    told = place.part.exchange.signals
    if not told:
        return []
    if told == (core,):
        return [signal(STORED)]
    return [*target_sets(told, registers), signal(STORED, bus=1)]


def signal(counter: int, *, bus: int = 0) -> Instruction:
    """Return the SIGNAL that follows everything STORE wrote before."""
    return instruction("SIGNAL", unit=Unit.STORE, counter=counter, bus=bus)


def target_sets(targets: Sequence[int], registers: RegisterFile) -> list[Instruction]:
    """Return the SETs by which the bus reaches these cores; none where there is no core to reach."""
    if not targets:
        return []
    mask = sum(1 << core for core in targets)
    parts = range(register(Unit.STORE, "TARGETS").count)
    words = [mask >> _TARGET_BITS * part & ((1 << _TARGET_BITS) - 1) for part in parts]
    return [
        made for part, word in enumerate(words) for made in registers.set(Unit.STORE, "TARGETS", word, element=part)
    ]
