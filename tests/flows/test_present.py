"""What the terminal gets: names in files from outside cannot command it."""

import pytest
from rich.table import Table
from rich.text import Text

from nngen.flows import present


@pytest.mark.parametrize("part", [Text("a\x1b]0;x\x07b"), "a\x1b]0;x\x07b"])
def test_control_characters_are_escaped_in_everything_that_is_shown(
    part: Text | str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = Table("name", box=None, pad_edge=False)
    table.add_row(part)
    present.show(part, table)
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert shown.count("\\x1b]0;x") == 2


def test_letters_that_turn_the_direction_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    present.show(Text("safe\u202egnp.exe"))
    assert capsys.readouterr().out == "safe\\u202egnp.exe\n"


def test_lines_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    present.show(Text("one\ntwo"), "[bold]three[/bold]", Text("[bold]four"))
    assert capsys.readouterr().out == "one\ntwo\nthree\n[bold]four\n"
