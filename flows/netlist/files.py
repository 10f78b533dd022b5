"""The README and the expected codes that stand beside a trimmed macro."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nngen.netlist.macro import MACRO_FILE, README_FILE
from nngen.sim.analog.bench import DECK_FILE, PROGRAMMED_FILE, Bench
from nngen.templating import templates

__all__ = ["EXPECTED_FILE", "write_readme"]

EXPECTED_FILE = "expected.json"
IntArray = npt.NDArray[np.int64]


def write_readme(folder: Path, bench: Bench, macro: int, expected: IntArray) -> None:
    """Write what the files of a trimmed macro are, and the codes that its deck must measure.

    Parameters
    ----------
    folder
        Where netlist and deck are.
    bench
        Those.
    macro
        Its number.
    expected
        Codes, shape ``(reads, adcs that are there)``.
    """
    made = bench.made
    measured = {
        f"code_{adc}_{number}": int(expected[number, place])
        for place, adc in enumerate(made.adcs)
        for number in range(len(bench.reads))
        if bench.connected[number, place]
    }
    (folder / EXPECTED_FILE).write_text(f"{json.dumps(measured, indent=1)}\n", encoding="ascii")
    text = (
        templates("spice", trim=True)
        .get_template("trimmed_readme.md.j2")
        .render(
            macro=macro,
            title=bench.title,
            shape=made.core.macro,
            conversions=made.conversions,
            share=made.core.macro.columns_per_adc,
            shared=MACRO_FILE,
            array=PROGRAMMED_FILE,
            deck=DECK_FILE,
            expected_file=EXPECTED_FILE,
            reads=[
                {"number": n, "column": read.column, "gain": read.gain, "driven": sum(map(bool, read.planes))}
                for n, read in enumerate(bench.reads)
            ],
            adcs=made.adcs,
            codes=np.where(bench.connected, expected.astype(str), "–").tolist(),
        )
    )
    (folder / README_FILE).write_text(text, encoding="utf-8")
