"""Ctrl-C is not lost, wherever it comes."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from nngen.flows.interrupts import delayed_interrupt


@pytest.fixture(autouse=True)
def pythons_own_handler() -> Iterator[None]:
    """Give Ctrl-C its usual meaning: a job in the background of a shell starts without one."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_a_first_interrupt_waits_for_the_end_of_the_block() -> None:
    reached = []

    def work() -> None:
        with delayed_interrupt():
            interrupt()
            reached.append("end")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached == ["end"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_one_does_not_wait() -> None:
    reached = []

    def work() -> None:
        with delayed_interrupt():
            interrupt()
            interrupt()
            reached.append("end")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_an_interrupt_nothing_happens() -> None:
    with delayed_interrupt():
        pass


def test_an_error_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError), delayed_interrupt():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_another_thread_and_another_handler_are_left_alone() -> None:
    def work() -> None:
        with delayed_interrupt():
            handlers.append(signal.getsignal(signal.SIGINT))

    handlers: list[object] = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        work()
    finally:
        signal.signal(signal.SIGINT, previous)
    assert handlers == [signal.default_int_handler, signal.SIG_IGN]
