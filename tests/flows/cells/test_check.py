"""`nngen cells check`: built-in ideal cells pass, and every lie of a cell is one sentence and exit status 1."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from nngen.cellib import BUILT_IN
from nngen.flows.cells.check import CellCheck, check_cells
from tests.tools import needs

Run = Callable[..., Result]

needs_tools = needs("ngspice", "iverilog")


class OwnCell:
    """A copy of a built-in cell named ``mine``, to be changed."""

    def __init__(self, original: str, folder: Path) -> None:
        self.folder = folder / "mine"
        self.folder.mkdir(parents=True)
        for path in (BUILT_IN / original).iterdir():
            text = re.sub(rf"\b{original}(?=\b|_)", "mine", path.read_text())
            (self.folder / path.name.replace(original, "mine")).write_text(text)

    def change(self, file: str, old: str, new: str) -> None:
        """Replace a text everywhere in a file."""
        path = self.folder / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def without_deck(self) -> None:
        """Remove the deck, which would find some faults before the step that is meant."""
        (self.folder / "mine.cir.j2").unlink()

    def check(self, **options: float) -> dict[str, CellCheck]:
        return {result.step: result for result in check_cells(self.folder, **options)}

    def failure(self, **options: float) -> tuple[str, str]:
        """Return the step that fails, which is the last, and its sentence."""
        *others, last = self.check(**options).values()
        assert all(result.passed is not False for result in others)
        assert last.passed is False
        return last.step, last.found


@pytest.fixture
def own(tmp_path: Path) -> Callable[[str], OwnCell]:
    return lambda original: OwnCell(original, tmp_path / "cells")


# ---------------------------------------------------------------- what is right


@needs_tools
@pytest.mark.parametrize(
    ("cell", "none"),
    [
        ("ideal", {"Verilog view", "codes when it strays"}),
        ("ideal_driver", {"Verilog view", "codes when it strays"}),
        ("ideal_readout", {"Verilog view", "codes when it strays"}),
        ("ideal_adc", {"codes when it strays"}),
    ],
)
def test_every_step_of_an_ideal_cell_passes(cell: str, none: set[str]) -> None:
    results = check_cells(BUILT_IN / cell)
    assert {result.step for result in results if result.passed is None} == none
    assert [result for result in results if result.passed is False] == []
    assert len(results) == 6


@needs_tools
def test_a_copy_of_a_converter_passes_too(own: Callable[[str], OwnCell], nngen: Run) -> None:
    cell = own("ideal_adc")
    result = nngen("cells", "check", cell.folder)
    assert result.exit_code == 0, result.output
    assert "FAILED" not in result.stdout


# ---------------------------------------------------------------- pins


def test_pins_of_the_spice_view_in_another_order(own: Callable[[str], OwnCell]) -> None:
    cell = own("ideal_driver")
    cell.change("mine.sp.j2", "enable word_line input_line rest", "enable input_line word_line rest")
    assert cell.failure() == (
        "SPICE view",
        "cell 'mine': mine.sp.j2 must have the ports of cell.toml in their order (plane_0 enable word_line input_line "
        "rest read vdd vss), not plane_0 enable input_line word_line rest read vdd vss",
    )


VERILOG = {
    "a direction": (
        "input wire sample",
        "output wire sample",
        "cell 'mine': mine.v: port 'sample' must be an input of 1 bits, not an output of 1",
    ),
    "a name": (
        "input wire sample",
        "input wire sampled",
        "cell 'mine': mine.v must have the ports column sample code, the pins of cell.toml without supplies in their "
        "order, not column sampled code",
    ),
    "a width of another base": (
        "[BITS-1:0] code",
        "[4'd4:0] code",
        "cell 'mine': mine.v must be Verilog with a module 'mine': a range must be made of decimal numbers, not 4'd4",
    ),
    "a port of both directions": (
        "input wire sample",
        "inout wire sample",
        "cell 'mine': mine.v must be Verilog with a module 'mine': port 'sample' must be an input or an output",
    ),
    "no Verilog": ("endmodule", "", "cell 'mine': mine.v must be Verilog with a module 'mine': "),
}


@pytest.mark.parametrize("fault", VERILOG)
def test_pins_of_the_verilog_view(fault: str, own: Callable[[str], OwnCell]) -> None:
    old, new, sentence = VERILOG[fault]
    cell = own("ideal_adc")
    cell.change("mine.v", old, new)
    step, found = cell.failure()
    assert step == "Verilog view"
    assert found.startswith(sentence)
    if not sentence.endswith(": "):
        assert found == sentence


REACHING = {
    "a file that is written": ('initial $fopen("{canary}", "w");', "$fopen", "system functions"),
    "a file that is read": ('initial $readmemh("/etc/passwd", held);', "$readmemh", "system functions"),
    "waves": ('initial $dumpfile("{canary}");', "$dumpfile", "system functions"),
    "a command": ('initial $system("touch {canary}");', "$system", "system functions"),
    "a name put together": ("`define X fopen\ninitial $`X;", "`define", "directives"),
    "a name behind a mark": ("initial $`X;", "$", "system functions"),
    "another file": ('`include "/etc/passwd"', "`include", "directives"),
}


@pytest.mark.parametrize("fault", REACHING)
def test_a_verilog_view_must_not_reach_files(fault: str, own: Callable[[str], OwnCell], tmp_path: Path) -> None:
    text, refused, what = REACHING[fault]
    canary = tmp_path / "canary"
    cell = own("ideal_adc")
    cell.change("mine.v", "endmodule", f"{text.format(canary=canary)}\nendmodule")
    step, found = cell.failure()
    assert step == "Verilog view"
    pattern = rf"cell 'mine': mine\.v, line \d+: {what} must be some of [^,]*, not '{re.escape(refused)}': a view of a "
    assert re.fullmatch(f"{pattern}cell must not reach files", found)
    assert not canary.exists()


# ---------------------------------------------------------------- codes


@needs_tools
def test_an_understated_error_of_a_converter(own: Callable[[str], OwnCell]) -> None:
    cell = own("ideal_adc")
    cell.without_deck()
    cell.change("mine.sp.j2", "+0.5),0)", "+1.2),0)")
    step, found = cell.failure()
    assert step == "codes in a column"
    pattern = (
        r"cell 'mine': the code of a dot product of -?\d+ must be within 0 LSB of \d+\.\d\d on the scale of codes, "
        r"not \d+"
    )
    assert re.fullmatch(pattern, found), found


@needs_tools
def test_the_same_converter_that_says_so(own: Callable[[str], OwnCell]) -> None:
    cell = own("ideal_adc")
    cell.without_deck()
    cell.change("mine.sp.j2", "+0.5),0)", "+1.2),0)")
    cell.change("cell.toml", "code_error = 0.0", "code_error = 0.75")
    assert "0.75 allowed" in cell.check()["codes in a column"].found


@needs_tools
def test_a_readout_of_another_gain(own: Callable[[str], OwnCell], nngen: Run) -> None:
    cell = own("ideal_readout")
    cell.without_deck()
    cell.change("mine.sp.j2", "1 / scale", "0.5 / scale")
    result = nngen("cells", "check", cell.folder)
    assert result.exit_code == 1
    assert "FAILED" in result.stdout
    assert "Traceback" not in result.output


@needs_tools
@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "comparator * 65536 + 32768",
            "comparator * 65536 + 98304",
            r"cell 'mine': the code of its Verilog view at \d+\.\d{3} must be \d+, not \d+",
        ),
        (
            "THRESHOLDS[comparator*32 +: 32]});",
            "THRESHOLDS[comparator*32 +: 32]} * 0 + comparator * 65536 + 32768);",
            "cell 'mine': mismatch must move codes of its Verilog view, but moves none",
        ),
        (
            "THRESHOLDS[comparator*32 +: 32]});",
            "THRESHOLDS[comparator*32 +: 32]} + 65536);",
            r"cell 'mine': with mismatch the code at \d+\.\d{3} must be \d+, as its Verilog view has it within 0\.1 "
            r"LSB, not \d+",
        ),
    ],
)
def test_a_converter_whose_views_differ(own: Callable[[str], OwnCell], old: str, new: str, sentence: str) -> None:
    cell = own("flash")
    cell.change("cell.toml", 'controller = "mine"', 'controller = "flash"')
    cell.without_deck()
    cell.change("mine.v", old, new)
    step, found = cell.failure()
    assert step == "codes when it strays"
    assert re.fullmatch(sentence, found), found


# ---------------------------------------------------------------- decks


DECKS = {
    "an expectation that is not met": (
        ("mine.cir.j2", "conductance=10u", "conductance=11u"),
        "cell 'mine': highest_current must be 2e-06 to 2e-06 A (into the row line at 100 kohm and 0.2 V), not 2.2e-06",
    ),
    "a measurement that is missing": (
        ("mine.cir.j2", ".measure dc lowest_current", ".measure dc another_current"),
        "cell 'mine': its deck must measure 'lowest_current'; what it measured: highest_current, another_current",
    ),
    "a circuit without a solution": (
        ("mine.cir.j2", "Vlowest lowest 0 0.4", "Vlowest lowest 0 0.4\nVother lowest 0 0.5"),
        "ngspice failed on mine.cir: ",
    ),
    "an unknown model": (
        ("mine.cir.j2", "Vlowest lowest 0 0.4", "Vlowest lowest 0 0.4\nMother lowest lowest 0 0 nosuch"),
        "ngspice failed on mine.cir: ",
    ),
    "an unknown subcircuit": (
        ("mine.cir.j2", "lowest mine", "lowest yours"),
        "cell 'mine': instance 'Xlowest' must be of a subcircuit of the netlist, not of 'yours'",
    ),
    "a command": (
        ("mine.cir.j2", ".dc", ".control\nshell touch {canary}\n.endc\n.dc"),
        "cell 'mine': mine.cir.j2, line 7: .control must not stand in a netlist: it would run commands",
    ),
    "another file": (
        ("mine.cir.j2", ".dc", ".include /etc/passwd\n.dc"),
        "cell 'mine': mine.cir.j2, line 7: .include must not stand in a netlist: it would open another file",
    ),
    "another file in other letters": (
        ("mine.cir.j2", ".dc", ".INC /etc/passwd\n.dc"),
        "cell 'mine': mine.cir.j2, line 7: .inc must not stand in a netlist: it would open another file",
    ),
    "an option": (
        ("mine.cir.j2", ".dc", ".options savecurrents\n.dc"),
        "cell 'mine': mine.cir.j2 must have options of abstol, chgtol, gear, gmin, itl1, itl4, maxord, method, reltol, "
        "trap, vntol only, not 'savecurrents'",
    ),
    "an option behind a good one": (
        ("mine.cir.j2", ".dc", ".option reltol=1e-4\n+ post=2\n.dc"),
        "cell 'mine': mine.cir.j2 must have options of abstol, chgtol, gear, gmin, itl1, itl4, maxord, method, reltol, "
        "trap, vntol only, not 'post'",
    ),
    "backticks": (
        ("mine.cir.j2", ".dc", ".measure dc x find par('`touch {canary}`') at=0.2\n.dc"),
        "cell 'mine': mine.cir.j2 must have words, numbers and operators in '.measure', not \".measure dc x find "
        "par('`touch ",
    ),
    "double quotes": (
        ("mine.cir.j2", ".dc", '.measure dc x find "v(lowest)" at=0.2\n.dc'),
        "cell 'mine': mine.cir.j2 must have words, numbers and operators in '.measure', not '.measure dc x find "
        '"v(lowest)" at=0.2\'',
    ),
    "a shell": (
        ("mine.cir.j2", ".dc", ".measure dc x find par('$(touch {canary})') at=0.2\n.dc"),
        "cell 'mine': mine.cir.j2 must have words, numbers and operators in '.measure', not \".measure dc x find "
        "par('$(touch ",
    ),
    "a template that includes": (
        ("mine.cir.j2", ".dc", "{{% include '/etc/passwd' %}}\n.dc"),
        "cell 'mine': mine.cir.j2, line 7: a template of a cell must not use 'Include'",
    ),
    "no expectations": (
        ("cell.toml", "[[expectations]]", "[[figures_of_before]]"),
        "cell 'mine': figures_of_before is not a known key",
    ),
}


@needs_tools
@pytest.mark.parametrize("fault", DECKS)
def test_a_deck_that_is_wrong_is_refused_with_the_reason(
    fault: str, own: Callable[[str], OwnCell], tmp_path: Path
) -> None:
    (file, old, new), sentence = DECKS[fault]
    canary = tmp_path / "canary"
    cell = own("ideal")
    cell.change(file, old, new.format(canary=canary))
    step, found = cell.failure()
    assert step == ("deck" if file == "mine.cir.j2" else "cell.toml")
    assert found.splitlines()[0].startswith(sentence), found
    assert not canary.exists()


@needs_tools
def test_a_deck_must_have_expectations(own: Callable[[str], OwnCell]) -> None:
    cell = own("ideal")
    toml = cell.folder / "cell.toml"
    toml.write_text(toml.read_text().split("[[expectations]]", maxsplit=1)[0])
    assert cell.failure() == (
        "deck",
        "cell 'mine': expectations must say what the measurements of its deck must find",
    )


@needs_tools
def test_what_a_deck_finds_is_printed_with_status_1(own: Callable[[str], OwnCell], nngen: Run) -> None:
    cell = own("ideal")
    cell.change("mine.cir.j2", "conductance=10u", "conductance=11u")
    result = nngen("cells", "check", cell.folder)
    assert result.exit_code == 1
    assert "highest_current must be" in " ".join(result.stdout.split())
    assert "Traceback" not in result.output


@needs_tools
def test_a_deck_that_never_ends(own: Callable[[str], OwnCell]) -> None:
    cell = own("ideal")
    cell.change("mine.cir.j2", ".dc Vrow 0.2 0.4 0.2", ".dc Vrow 0.2 0.4 1e-9")
    step, found = cell.failure(time_limit_s=1)
    assert step == "deck"
    assert found.startswith("ngspice must be done with mine.cir in 1 seconds, and is not; allow it more")


@needs_tools
def test_a_view_that_makes_ngspice_crawl(own: Callable[[str], OwnCell], nngen: Run) -> None:
    cell = own("ideal")
    cell.without_deck()
    oscillator = "Vfast fast 0 pulse(0 1 0 2p 2p 2p 8p)\nRfast fast bit_line 1e15\n.ends"
    cell.change("mine.sp.j2", ".ends", oscillator)
    result = nngen("cells", "check", cell.folder, "--time-limit", 1)
    assert result.exit_code == 1
    assert "ngspice must be done with deck.cir in 1 seconds, and is not" in " ".join(result.stdout.split())


# ---------------------------------------------------------------- folders


def test_a_folder_without_cells(nngen: Run, tmp_path: Path) -> None:
    result = nngen("cells", "check", tmp_path)
    assert result.exit_code == 2
    assert result.stderr == f"nngen: '{tmp_path}' must be the folder of a cell (with a cell.toml) or of cells\n"


def test_a_folder_that_does_not_exist(nngen: Run, tmp_path: Path) -> None:
    result = nngen("cells", "check", tmp_path / "no")
    assert result.exit_code == 2
    assert result.stderr == f"nngen: '{tmp_path / 'no'}' must be the folder of a cell (with a cell.toml) or of cells\n"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("name = ", "cell 'mine': cell.toml is not valid TOML: Invalid value (at end of document)"),
        ('name = "other"', "cell 'mine': kind must be given"),
        ("\0", "cell 'mine': cell.toml is not valid TOML: "),
        ("[" * 100_000, "cell 'mine': cell.toml "),
    ],
)
def test_a_broken_cell_toml(content: str, sentence: str, own: Callable[[str], OwnCell]) -> None:
    cell = own("ideal")
    (cell.folder / "cell.toml").write_text(content)
    step, found = cell.failure()
    assert step == "cell.toml"
    assert found.startswith(sentence), found
    assert "\n" not in found


def test_a_cell_that_stands_twice_on_the_path(own: Callable[[str], OwnCell], tmp_path: Path) -> None:
    cell, twin = own("ideal"), OwnCell("ideal", tmp_path / "others")
    (last,) = check_cells(cell.folder, cells=[twin.folder.parent])
    where = f"not in '{cell.folder.parent}' and in '{twin.folder.parent}'"
    assert last.found == f"cell 'mine' must be defined once on the cell path, {where}"
