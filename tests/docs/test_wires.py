"""The examples of docs/wires.md run, and the picture in it is that of the class."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from nngen.sim.analog.wires import Wires
from tests.tools import needs_ngspice


@needs_ngspice
def test_the_examples_run_and_agree(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    solving, simulating = re.findall(r"```python\n(.*?)```", (repository / "docs" / "wires.md").read_text(), re.DOTALL)
    names = {"conductance": np.full((3, 2), 1e-5), "voltages": np.array([0.1, 0.0, 0.2]), "Path": Path}
    monkeypatch.chdir(tmp_path)
    exec(solving, names)
    solved = names["currents"]
    exec(simulating, names)
    assert solved == pytest.approx(names["currents"], rel=1e-9)
    assert names["voltages"] @ names["image"] == pytest.approx(solved, rel=1e-12)


def test_the_picture_is_that_of_the_class(repository: Path) -> None:
    picture = re.search(r"```\n(V0 .*?)```", (repository / "docs" / "wires.md").read_text(), re.DOTALL)
    assert picture is not None
    assert picture[1].split() == re.search(r"V0 --.*?(?=\(Row)", Wires.__doc__ or "", re.DOTALL)[0].split()
