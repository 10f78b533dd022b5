"""The loop around everything that a core does in a pipeline: once for each inference that the host asks for.

What registers hold where the loop begins is what they hold where it ends: the SETs before it see to that.
"""

from __future__ import annotations

from collections.abc import Callable

from nngen.compiler.scheduler.cores import NumberedCore
from nngen.errors import CapacityError
from nngen.isa import BY_MNEMONIC, Instruction, instruction

from ._writer import RegisterFile

_LONGEST_BODY = BY_MNEMONIC["LOOP"].field("length").highest

_Starts = list[tuple[str, int]]


def repeated(
    registers: RegisterFile, body: Callable[[RegisterFile], tuple[list[Instruction], _Starts]], core: NumberedCore
) -> tuple[list[Instruction], _Starts]:
    """Return the loop around what ``body`` writes, with its SETs before it, and where its layers begin.

    Raises
    ------
    CapacityError
        Where a loop cannot hold so many instructions.
    """
    held = RegisterFile(registers.values)
    code, starts = body(held)
    while True:
        inside = RegisterFile(held.values)
        code, starts = body(inside)
        if inside.values == held.values:
            break
        held = inside
    if len(code) > _LONGEST_BODY:
        raise CapacityError(
            f"in a pipeline a core repeats at most {_LONGEST_BODY} instructions, the layers of {core.name} take "
            f"{len(code)}: map some of them to another core"
        )
    sets = registers.assume(held.values)
    before = [*sets, instruction("LOOP", length=len(code), host=1)]
    return [*before, *code], [(name, len(before) + start) for name, start in starts]
