"""Faults planted into written netlists: ngspice gives the codes of the faulty circuit, and not the right ones.

Each fault says in numbers what it does (to levels, planes, gain), so that a code that differs does so for its reason.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from nngen.bundle import BuildDirectory
from nngen.flows.netlist import Trimmed, trim
from nngen.sim.analog.bench import dot_products
from tests.tools import needs_ngspice

from .conftest import replace_once

IntArray = npt.NDArray[np.int64]
MACRO, ARRAY = "nngen_crossbar.sp", "array.sp"
DRIVEN, IDLE = 77, 86  # rows of the second layer with large weights in pair 0
SIEMENS = 1e-5 / 127  # of a level


@dataclass
class Circuit:
    """What a macro computes with: the numbers of a healthy one, which a fault changes."""

    levels: IntArray
    planes: IntArray
    amplified: float = 1.0
    half_units: float = 0.5

    def codes(self, trimmed: Trimmed) -> IntArray:
        """Return the codes of such a circuit, shape ``(reads, 1)``."""
        macro = trimmed.bench.made.core.macro
        reads = [
            replace(read, planes=tuple(planes))
            for read, planes in zip(trimmed.bench.reads, self.planes.tolist(), strict=True)
        ]
        dots = dot_products(macro, self.levels, reads)[:, :1]
        gains = np.array([read.gain for read in reads])[:, None]
        exact = gains * (dots * self.amplified + self.half_units) / macro.converter().step
        codes: IntArray = np.clip(np.floor(exact + 0.5) - macro.converter().lowest, 0, 511).astype(np.int64)
        return codes


def healthy(trimmed: Trimmed) -> Circuit:
    reads = trimmed.bench.reads
    return Circuit(
        levels=trimmed.bench.levels.astype(np.int64).copy(),
        planes=np.array([read.planes for read in reads]),
    )


@pytest.fixture(scope="module")
def trimmed(ideal_build: BuildDirectory, tmp_path_factory: pytest.TempPathFactory) -> Trimmed:
    """Two pairs of the macro, four reads of each, for the second layer: half of its rows are driven."""
    return trim(ideal_build.path, tmp_path_factory.mktemp("trim") / "macro", columns=(0, 1), reads=4, layer="logits")


@pytest.fixture
def faulty(trimmed: Trimmed, tmp_path: Path) -> Path:
    """A copy of its files."""
    shutil.copytree(trimmed.folder, tmp_path / "macro")
    return tmp_path / "macro"


@needs_ngspice
def test_without_a_fault_every_code_is_the_networks(trimmed: Trimmed) -> None:
    codes = trimmed.bench.simulate(trimmed.folder / "deck.cir")
    assert codes.tolist() == trimmed.expected.tolist()
    assert codes.tolist() == healthy(trimmed).codes(trimmed).tolist()


def level_of(row: int, line: int, level: int) -> Callable[[Circuit], None]:
    def change(circuit: Circuit) -> None:
        circuit.levels[row, line] = level

    return change


def swap_word_lines(circuit: Circuit) -> None:
    circuit.planes[:, [DRIVEN, IDLE]] = circuit.planes[:, [IDLE, DRIVEN]]


def swap_bit_lines(circuit: Circuit) -> None:
    circuit.levels[:, [0, 1]] = circuit.levels[:, [1, 0]]


def double_the_readout(circuit: Circuit) -> None:
    circuit.amplified = 2.0


def subtract_the_half_unit(circuit: Circuit) -> None:
    circuit.half_units = -0.5


def let_a_row_rest(circuit: Circuit) -> None:
    circuit.planes[:, DRIVEN] = 0


def cell(trimmed: Trimmed, row: int, line: int) -> str:
    """Return the line of a cell, as it is written."""
    start = f"Xcell_{row}_{line} "
    return next(line for line in (trimmed.folder / ARRAY).read_text().splitlines() if line.startswith(start))


Edit = Callable[[Path, Trimmed], None]


def in_array(change: Callable[[str], str]) -> Edit:
    """Change the line of the cell in the driven row, on the negative bit line of pair 0."""

    def edit(folder: Path, trimmed: Trimmed) -> None:
        line = cell(trimmed, DRIVEN, 1)
        replace_once(folder / ARRAY, f"{line}\n", change(line))

    return edit


def in_ports_of_the_array(change: Callable[[str], str]) -> Edit:
    """Change the nets at which the array's ports are, in the macro."""

    def edit(folder: Path, trimmed: Trimmed) -> None:
        text = (folder / MACRO).read_text()
        instance = text[text.index("\nXarray ") : text.index("\nXcolumn_decoder ")]
        replace_once(folder / MACRO, instance, change(instance.replace("\n+", "")))

    return edit


def in_macro(*changes: tuple[str, str]) -> Edit:
    def edit(folder: Path, trimmed: Trimmed) -> None:
        for old, new in changes:
            replace_once(folder / MACRO, old, new)

    return edit


def exchange(text: str, one: str, other: str) -> str:
    words = text.split(" ")
    first, second = words.index(one), words.index(other)
    words[first], words[second] = other, one
    return "\n+ ".join(words)


FAULTS: dict[str, tuple[Edit, Callable[[Circuit], None]]] = {
    "two word lines of the array swapped": (
        in_ports_of_the_array(lambda text: exchange(text, f"input_line_{DRIVEN}", f"input_line_{IDLE}")),
        swap_word_lines,
    ),
    "bit lines of a pair swapped": (
        in_ports_of_the_array(lambda text: exchange(text, "bit_line_0", "bit_line_1")),
        swap_bit_lines,
    ),
    "another conductance in one cell": (
        in_array(lambda line: f"{line.partition('=')[0]}={41 * SIEMENS!r}\n"),
        level_of(DRIVEN, 1, 41),
    ),
    "a missing cell": (in_array(lambda line: ""), level_of(DRIVEN, 1, 0)),
    "a cell at the other bit line": (
        in_array(lambda line: f"{line.replace(' bit_line_1 ', ' bit_line_0 ')}\n"),
        lambda circuit: (level_of(DRIVEN, 0, 105)(circuit), level_of(DRIVEN, 1, 0)(circuit))[0],
    ),
    "a readout of twice the gain": (
        in_macro(
            ("Ghold vss bit_line current vss 516.0314960629924u", "Ghold vss bit_line current vss 258.0157480314962u"),
            (
                "Ghold_bar vss bit_line_bar current_bar vss 516.0314960629924u",
                "Ghold_bar vss bit_line_bar current_bar vss 258.0157480314962u",
            ),
        ),
        double_the_readout,
    ),
    "half a unit of the wrong sign": (
        in_macro(("readout_0 half_unit vss 1\n", "readout_0 half_unit vss -1\n")),
        subtract_the_half_unit,
    ),
    "an input line at rest": (
        in_ports_of_the_array(lambda text: text.replace(f" input_line_{DRIVEN} ", " rest ")),
        let_a_row_rest,
    ),
}


@needs_ngspice
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_gives_the_codes_of_its_circuit_and_not_those_of_the_network(
    fault: str, trimmed: Trimmed, faulty: Path
) -> None:
    edit, change = FAULTS[fault]
    edit(faulty, trimmed)
    circuit = healthy(trimmed)
    change(circuit)
    codes = trimmed.bench.simulate(faulty / "deck.cir")
    assert codes.tolist() == circuit.codes(trimmed).tolist()
    assert not replace(trimmed, codes=codes).passed


@needs_ngspice
def test_without_the_half_unit_sums_lie_on_transitions_and_may_fall_to_either_side(
    trimmed: Trimmed, faulty: Path
) -> None:
    in_macro(("readout_0 half_unit vss 1\n", "readout_0 half_unit vss 0\n"))(faulty, trimmed)
    below, above = healthy(trimmed), healthy(trimmed)
    below.half_units, above.half_units = -1e-6, 1e-6
    codes = trimmed.bench.simulate(faulty / "deck.cir")
    assert (codes >= below.codes(trimmed)).all()
    assert (codes <= above.codes(trimmed)).all()
    assert not replace(trimmed, codes=codes).passed
