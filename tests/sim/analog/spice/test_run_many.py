"""Many decks at once: order, progress, and that a failure names its deck and leaves nothing running."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nngen.errors import InputError, ToolError
from nngen.sim.analog.spice import run_many
from tests.tools import needs_ngspice

WriteDeck = Callable[..., Path]
pytestmark = needs_ngspice


def pid_of_sleeper(folder: Path, write_deck: WriteDeck) -> tuple[Path, Path]:
    """Return a deck that starts a process and never ends, and the file into which that writes its number."""
    pid, script = folder / "pid", folder / "sleep.sh"
    script.write_text(f"sleep 1000 & echo $! > {pid}")
    commands = (".control", f"shell sh {script}", ".endc")
    return write_deck("V1 a 0 sin(0 1 1g)", "R1 a 0 1", *commands, ".tran 1p 1", name="endless.cir"), pid


def test_results_come_in_the_order_of_the_decks(write_deck: WriteDeck) -> None:
    # The first takes longest.
    slow = write_deck("V1 a 0 sin(0 9 1k)", "R1 a 0 1", ".dc V1 0 9 9", ".tran 1u 100m", name="slow.cir")
    decks = [slow, *(write_deck(f"V1 a 0 {n}", "R1 a 0 1", ".op", name=f"v{n}.cir") for n in range(1, 6))]
    calls: list[tuple[int, int]] = []
    results = run_many(decks, workers=3, progress=lambda done, all_: calls.append((done, all_)))
    assert [result.deck for result in results] == [deck.name for deck in decks]
    assert [result.vectors["v(a)"].tolist() for result in results[1:]] == [[n] for n in range(1, 6)]
    assert calls == [(done, 6) for done in range(1, 7)]


def test_the_same_deck_may_come_twice_and_no_deck_at_all(write_deck: WriteDeck) -> None:
    deck = write_deck("V1 a 0 1", "R1 a 0 1", ".op")
    assert [result.deck for result in run_many([deck, deck])] == ["deck.cir"] * 2
    assert run_many([]) == []


def test_the_first_failure_is_named_and_ends_the_others(
    write_deck: WriteDeck, tmp_path: Path, ends: Callable[[int], bool]
) -> None:
    endless, pid = pid_of_sleeper(tmp_path, write_deck)
    # It waits for the other deck's process, so that there is something to end.
    waiter = tmp_path / "wait.sh"
    waiter.write_text(f"until [ -s {pid} ]; do sleep 0.01; done")
    bad = write_deck("X1 a 0 none", ".op", ".control", f"shell sh {waiter}", ".endc", name="bad.cir")
    later = [write_deck("V1 a 0 1", "R1 a 0 1", ".op", name=f"later{n}.cir") for n in range(3)]
    calls: list[int] = []
    with pytest.raises(ToolError, match=r"^ngspice failed on bad\.cir: Error: unknown subckt: x1 a 0 none\nits log"):
        run_many([endless, bad, *later], workers=2, progress=lambda done, _: calls.append(done))
    assert not calls
    assert ends(int(pid.read_text()))


def test_giving_up_ends_all_processes(write_deck: WriteDeck, tmp_path: Path, ends: Callable[[int], bool]) -> None:
    endless, pid = pid_of_sleeper(tmp_path, write_deck)
    waiter = tmp_path / "wait.sh"
    waiter.write_text(f"until [ -s {pid} ]; do sleep 0.01; done")
    commands = (".control", f"shell sh {waiter}", ".endc")
    short = write_deck("V1 a 0 1", "R1 a 0 1", ".op", *commands, name="short.cir")

    def interrupt(_done: int, _all: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_many([endless, short], workers=2, progress=interrupt)
    assert ends(int(pid.read_text()))


def test_a_deck_that_is_none_is_refused_before_any_runs(write_deck: WriteDeck, tmp_path: Path) -> None:
    good = write_deck("V1 a 0 1", "R1 a 0 1", ".op")
    with pytest.raises(InputError, match=rf"^deck must be a file, not '{tmp_path}/none\.cir'$"):
        run_many([good, tmp_path / "none.cir"])
    with pytest.raises(InputError, match=r"^workers must be at least 1, not 0$"):
        run_many([good], workers=0)
