"""Transfer curves: what is refused before ngspice runs, and pictures that cannot be drawn."""

import re
import sys
from pathlib import Path

import pytest

from nngen.errors import InputError
from nngen.flows.cells.curves import curve_of, draw_curves

DIGITS = Path(__file__).parents[3] / "flows" / "architectures" / "digits.toml"


def sentence(text: str) -> str:
    """A pattern for the whole message."""
    return f"^{re.escape(text)}$"


@pytest.mark.parametrize("rows", [0, 257])
def test_a_column_of_no_row_or_too_many_is_refused(rows: int) -> None:
    with pytest.raises(InputError, match=sentence(f"rows must be 1 to 256, not {rows}")):
        curve_of(DIGITS, rows=rows)


def test_a_picture_of_unknown_format_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(
        InputError, match=sentence("a picture must be named with .svg, .png, .pdf at its end, not 'curve.gif'")
    ):
        draw_curves({}, tmp_path / "curve.gif")


def test_a_picture_without_matplotlib_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "nngen.flows.cells.pictures", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(
        InputError, match=sentence("matplotlib must be installed for pictures: pip install 'nngen-cim[plot]'")
    ):
        draw_curves({}, tmp_path / "curve.svg")
