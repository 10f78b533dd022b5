"""Ctrl-C during work that would lose it."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["delayed_interrupt"]


@contextlib.contextmanager
def delayed_interrupt() -> Iterator[None]:
    """Let a first Ctrl-C take effect at the end of the block; a second one interrupts it.

    Python drops a KeyboardInterrupt that falls into a destructor. Amaranth's elaboratables have one each, and many of
    them die right after seconds in the converter's WebAssembly, in which a signal can only wait.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    interrupted = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        if interrupted:
            signal.default_int_handler(number, frame)
        interrupted = True

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if interrupted:
        raise KeyboardInterrupt
