"""Runs a file of ngspice commands in libngspice: ``python _library_job.py JOB``.

The library is one for a process and may take it down, so that it gets a process for every circuit. This file imports
nothing of nngen: a start takes 20 ms.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys

LIBRARY = "libngspice.so.0"
MISSING = 69  # exit status: there is no library (EX_UNAVAILABLE)

_SendChar = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p)
_ControlledExit = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_int, ctypes.c_bool, ctypes.c_bool, ctypes.c_int, ctypes.c_void_p
)


def main(job: str) -> int:
    """Run the commands; ngspice ends the process by its ``quit``."""
    library = _load()
    if library is None:
        return MISSING
    send, leave = _SendChar(_send), _ControlledExit(_leave)
    library.ngSpice_Init(send, None, leave, None, None, None, None)
    library.ngSpice_Command(f"source {job}".encode())
    return 1  # the commands came to no end


def _load() -> ctypes.CDLL | None:
    for name in (LIBRARY, ctypes.util.find_library("ngspice")):
        if name is not None:
            try:
                return ctypes.CDLL(name)
            except OSError:
                continue
    return None


def _send(text: bytes, _identity: int, _data: int | None) -> int:
    """Print a line; the library puts the name of the stream before it."""
    line = text.removeprefix(b"stdout ").removeprefix(b"stderr ")
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()  # a kill loses nothing
    return 0


def _leave(status: int, _now: bool, _quit: bool, _identity: int, _data: int | None) -> int:
    """End at once: what the library does behind this call may crash."""
    os._exit(status)


if __name__ == "__main__":
    status = main(sys.argv[1])
    os._exit(status)
