"""Seeded stalls of simulation builds: for how many cycles each command is held back, the same in every model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import repeat

STALL_SEED_BITS = 32


@dataclass(frozen=True, kw_only=True)
class HoldRange:
    """A command is held where the bits ``mask`` of the generator's state are 0, for as long as other bits say."""

    mask: int
    offset: int
    width: int

    def cycles(self, state: int) -> int:
        """Return for how long."""
        return state >> self.offset & ((1 << self.width) - 1)


SHORT_HOLD = HoldRange(mask=0b11, offset=2, width=3)  # every fourth command: up to 7 cycles
LONG_HOLD = HoldRange(mask=0b1111_1100, offset=8, width=5)  # of the others every 64th: up to 31
LONGEST_HOLD = (1 << LONG_HOLD.width) - 1
_MASK = (1 << STALL_SEED_BITS) - 1
_LOW_BITS = LONG_HOLD.offset + LONG_HOLD.width  # all that decides


def stall_rotation(code: int) -> int:
    """Return by how much the seed is rotated to the left for the unit of this code."""
    return 7 * code % STALL_SEED_BITS


def retire_prefix(core: int, cores: int) -> str:
    """Return what the names of a core's retire ports begin with in a chip with so many."""
    return "retire_" if cores == 1 else f"core{core}_retire_"


def core_stall_rotation(core: int) -> int:
    """Return by how much the seed of a chip is rotated to the left for the core of this number."""
    return 3 * core % STALL_SEED_BITS


def holds(seed: int, code: int) -> Iterator[int]:
    """Yield for how many cycles each command of a unit is held once it is at the head of its queue.

    For the sequencer (code 0): each instruction once it is the next one. The generator is Marsaglia's 32-bit xorshift
    ("Xorshift RNGs", 2003); 0, which it never leaves, holds nothing.
    """
    rotation = stall_rotation(code)
    state = (seed << rotation | seed >> (STALL_SEED_BITS - rotation)) & _MASK
    if not state:
        yield from repeat(0)
    # This runs for every instruction of every run.
    held, low, mask = _held(), (1 << _LOW_BITS) - 1, _MASK
    while True:
        yield held[state & low]
        state ^= state << 13 & mask
        state ^= state >> 17
        state ^= state << 5 & mask


@cache
def _held() -> tuple[int, ...]:
    """Return for how many cycles each value of a state's lowest bits holds."""

    def cycles(state: int) -> int:
        if not state & SHORT_HOLD.mask:
            return SHORT_HOLD.cycles(state)
        return 0 if state & LONG_HOLD.mask else LONG_HOLD.cycles(state)

    return tuple(map(cycles, range(1 << _LOW_BITS)))
