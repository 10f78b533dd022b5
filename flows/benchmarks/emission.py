"""Writes an array of 1T1R cells to a file, and says how long that took and how much memory: a process of its own."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from nngen.netlist import format_ngspice, write_pieces

from .memory_array import all_different, transistor_array


def main() -> None:
    """Take the side of the array and the file; print seconds from NumPy array to file, and the peak in MB."""
    side, path = int(sys.argv[1]), Path(sys.argv[2])
    resistance = all_different(side)
    begin = time.perf_counter()
    write_pieces(format_ngspice(transistor_array(resistance)), path)
    seconds = time.perf_counter() - begin
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)  # Linux counts in KiB


if __name__ == "__main__":
    main()
