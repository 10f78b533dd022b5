"""Closed forms of how long a unit is busy with one command, in cycles. The pipeline latencies are the machine's too."""

from __future__ import annotations

# Cycles from a command's last busy cycle e to the cycle in which its effect is seen:
LOAD_LATENCY = 2  # row buffer filled, handed over to MVM at e + 2
ROW_RELEASE_LATENCY = 1  # row buffer cleared and free for LOAD at e + 1
ACCUMULATOR_RELEASE_LATENCY = 2  # accumulator bank free for MVM at e + 2
BUS_SIGNAL_LATENCY = 2  # a SIGNAL over the bus in cycle s is seen at s + 2
VEC_LATENCY = 4  # accumulators written, handed over to POST at e + 4
VECTOR_RELEASE_LATENCY = 1  # vector buffer free for LOAD at e + 1
OUTPUT_RELEASE_LATENCY = 1  # output buffer free for POST at e + 1
ISSUE_LATENCY = 1  # an instruction issued in cycle t stands in its unit's queue at t + 1
FIRST_ISSUE = 1  # the first instruction is issued in cycle 1 after an accepted start


def mvm_latency(accumulation_cycles: int) -> int:
    """Return the cycles from MVM's last busy cycle to accumulators written and handed over to POST.

    ``accumulation_cycles`` ADCs share a shift-adder, which takes their codes one after the other.
    """
    return 1 + accumulation_cycles


def post_latency(tables: int) -> int:
    """Return the cycles from POST's last busy cycle to outputs written and handed over to STORE: look-up takes one."""
    return 9 if tables else 8


def store_latency(*, bus: bool) -> int:
    """Return the cycles from STORE's last busy cycle to memory written: a read issued then sees it.

    In a chip with a ``bus`` whatever goes to a memory, from its own core or another, passes one more register.
    """
    return 3 if bus else 2


def words_touched(address: int, length: int, word_bytes: int) -> int:
    """Return how many memory words a run of ``length`` bytes at ``address`` touches."""
    return (address % word_bytes + length + word_bytes - 1) // word_bytes


def mvm_cycles(*, planes: int, steps: int, slices: int, conversion_cycles: int) -> int:
    """Return the busy cycles of one MVM command."""
    return planes * steps * slices * conversion_cycles


def vec_cycles(*, length: int, taps: int, element_bytes: int, word_bytes: int) -> int:
    """Return the busy cycles of one VEC command: every tap of every group of elements that a memory word holds."""
    return taps * -(-length // (word_bytes // element_bytes))
