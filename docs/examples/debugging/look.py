"""Print signals of a waveform (.vcd) cycle by cycle, as docs/core.md counts cycles: 0 is the first one of a program.

    python look.py WAVES.vcd FIRST LAST SIGNAL...

A signal is its path below nngen_chip, with a range of bits if wanted: node.core.tile0.crossbar.trial[35:27]
"""

import re
import sys
from collections.abc import Iterator

CLOCK = 10_000  # of the waveform's picoseconds


def read(lines: Iterator[str]) -> tuple[dict[str, str], dict[str, list[tuple[int, str]]]]:
    """Return the identifier of every signal by its path, and (time, value) of every change by identifier."""
    names, changes, path, time = {}, {}, [], 0
    for line in lines:
        words = line.split()
        if not words:
            continue
        if words[0] == "$scope":
            path.append(words[2])
        elif words[0] == "$upscope":
            path.pop()
        elif words[0] == "$var":
            names[".".join([*path, words[4]])] = words[3]
            changes.setdefault(words[3], [])
        elif words[0][0] == "#":
            time = int(words[0][1:])
        elif words[0][0] in "bB":
            changes[words[1]].append((time, words[0][1:]))
        elif words[0][0] in "01xXzZ" and words[0][1:] in changes:
            changes[words[0][1:]].append((time, words[0][0]))
    return names, changes


def value(history: list[tuple[int, str]], time: int, high: int, low: int) -> str:
    """Return the value of some bits at a time, in decimal where they are known."""
    bits = next((bits for when, bits in reversed(history) if when <= time), "x")
    bits = bits.rjust(high + 1, "0" if bits[0] in "01" else bits[0])
    chosen = bits[len(bits) - 1 - high : len(bits) - low]
    return str(int(chosen, 2)) if set(chosen) <= {"0", "1"} else "x"


def main(path: str, first: str, last: str, *signals: str) -> None:
    """Print a table."""
    with open(path, encoding="utf-8") as file:
        names, changes = read(iter(file))
    start = next(time for time, bits in changes[names["nngen_chip.running"]] if bits == "1")
    print("cycle", *signals, sep="  ")
    for cycle in range(int(first), int(last) + 1):
        row = [str(cycle).rjust(5)]
        for signal in signals:
            name, high, low = re.fullmatch(r"([^[]+)(?:\[(\d+)(?::(\d+))?\])?", signal).groups()
            high, low = int(high or 31), int(low or high or 0)
            history = changes[names[f"nngen_chip.{name}"]]
            # What holds at the end of the cycle, when everything has settled.
            row.append(value(history, start + (cycle + 1) * CLOCK - 1, high, low).rjust(len(signal)))
        print("  ".join(row))


if __name__ == "__main__":
    main(*sys.argv[1:])
