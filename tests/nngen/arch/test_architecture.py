"""Architecture files: what is read, and what is refused with which words."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from nngen.arch import Architecture, Bus, read_architecture
from nngen.cellib import CellLibrary
from nngen.errors import ArchitectureError, CellError, NngenError

BUILT_IN = Path(__file__).parents[3] / "flows" / "architectures"
NAMES = sorted(path.stem for path in BUILT_IN.glob("*.toml"))
HASHES = Path(__file__).with_name("hashes.json")

TEXT = """\
schema = "nngen/architecture/1"
name = "chip"
description = "for this test"
clock_hz = 50e6
cell_path = []

[[core]]
macros = 2

[core.macro]
rows = 32
columns = 16
dac_bits = 1
encoding = "differential"
columns_per_adc = 4
gains = [1, 2]
bitcell = { cell = "ideal", parameters = { bits = 3 } }
adc = { cell = "sar_cdac", parameters = { bits = 6, sample_cycles = 2 } }

[core.memory]
activation_bytes = 1024
word_bytes = 8
output_buffer_bytes = 64
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(text: str) -> Path:
        path = tmp_path / "chip.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


@pytest.fixture
def chip(write: Write) -> Architecture:
    return read_architecture(write(TEXT))


def sentence(text: str) -> str:
    return f"^{re.escape(text)}$"


# ---------------------------------------------------------------- what is read


@pytest.mark.parametrize("name", NAMES)
def test_built_in_architectures_are_valid(name: str) -> None:
    architecture = read_architecture(BUILT_IN / f"{name}.toml")
    assert architecture.name == name
    assert architecture.file.description


def test_hashes_of_built_in_architectures_are_stable() -> None:
    """Refreshed by ``NNGEN_REFRESH_GOLDEN=1 pytest tests/nngen/arch``."""
    found = {name: read_architecture(BUILT_IN / f"{name}.toml").sha256 for name in NAMES}
    if os.environ.get("NNGEN_REFRESH_GOLDEN"):
        HASHES.write_text(json.dumps(found, indent=2) + "\n")
    assert found == json.loads(HASHES.read_text())


def test_numbers_of_a_macro_follow_from_the_file(chip: Architecture) -> None:
    macro = chip.core.macro
    assert (macro.cell_bits, macro.adc_bits, macro.sample_cycles, macro.controller) == (3, 6, 2, "sar")
    assert (macro.conversions, macro.adcs, chip.core.adcs) == (8, 2, 4)
    assert macro.conversion_cycles == 8
    assert macro.full_scale == 32 * 7
    assert macro.converter().step == 8
    assert macro.usable_gains == (1, 2)
    assert chip.clock_hz == 50e6


def test_what_the_file_leaves_out_has_its_default(chip: Architecture) -> None:
    core = chip.core
    assert (core.activation_bits, core.accumulator_bits, core.multiplier_bits, core.queue_depth) == (8, 32, 25, 4)
    assert (core.program_instructions, core.constant_records) == (512, 512)
    assert (core.offset_bits, core.shift_bits, core.accumulator_entries) == (57, 6, 4)


def test_cells_in_use_come_with_their_folders(chip: Architecture) -> None:
    assert sorted(chip.cells) == sorted(chip.cell_folders) == ["driver_1b", "ideal", "sar_cdac", "transimpedance"]
    assert (chip.cell_folders["ideal"] / "cell.toml").is_file()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "chip"', 'name = "other"'),
        ("for this test", "for another"),
        ("clock_hz = 50e6", "clock_hz = 99e6"),
        ("dac_bits = 1\n", ""),
        ("[[core]]", "# a comment\n[[core]]"),
    ],
)
def test_names_clock_and_comments_do_not_change_the_hash(write: Write, chip: Architecture, old: str, new: str) -> None:
    assert old in TEXT
    assert read_architecture(write(TEXT.replace(old, new))).sha256 == chip.sha256


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rows = 32", "rows = 40"),
        ("macros = 2", "macros = 3"),
        ("bits = 3", "bits = 4"),
        ("sample_cycles = 2", "sample_cycles = 3"),
        ("gains = [1, 2]", "gains = [1]"),
        ("activation_bytes = 1024", "activation_bytes = 2048"),
        ("macros = 2", "macros = 2\nqueue_depth = 2"),
    ],
)
def test_all_that_shapes_programs_or_hardware_changes_the_hash(
    write: Write, chip: Architecture, old: str, new: str
) -> None:
    assert old in TEXT
    assert read_architecture(write(TEXT.replace(old, new))).sha256 != chip.sha256


def test_cells_are_found_beside_the_file_and_where_the_caller_says(write: Write, tmp_path: Path) -> None:
    own = (BUILT_IN.parents[1] / "cells" / "ideal" / "cell.toml").read_text().replace('"ideal"', '"mine"', 1)
    (tmp_path / "cells" / "mine").mkdir(parents=True)
    (tmp_path / "cells" / "mine" / "cell.toml").write_text(own)
    text = TEXT.replace('"ideal"', '"mine"')
    beside = read_architecture(write(text.replace("cell_path = []", 'cell_path = ["cells"]')))
    named = read_architecture(write(text), cells=[tmp_path / "cells"])
    assert beside.sha256 == named.sha256
    assert beside.cell_folders["mine"] == tmp_path / "cells" / "mine"


# ---------------------------------------------------------------- what is refused

MACRO = "core[0].macro"
MEMORY = "core[0].memory"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        # keys
        ("rows = 32", "row = 32", f"{MACRO}.row is not a known key; did you mean 'rows'?"),
        (
            "macros = 2",
            "macros = 2\nqueue_dept = 2",
            "core[0].queue_dept is not a known key; did you mean 'queue_depth'?",
        ),
        ("[core.memory]", "[core.memroy]", "core[0].memroy is not a known key; did you mean 'memory'?"),
        ('{ cell = "ideal"', '{ cel = "ideal"', f"{MACRO}.bitcell.cel is not a known key; did you mean 'cell'?"),
        ("clock_hz", "clock_mhz", "clock_mhz is not a known key; did you mean 'clock_hz'?"),
        ("columns = 16\n", "", f"{MACRO}.columns must be given"),
        (
            "[core.memory]\nactivation_bytes = 1024\nword_bytes = 8\noutput_buffer_bytes = 64\n",
            "",
            "core[0].memory must be given",
        ),
        ('schema = "nngen/architecture/1"\n', "", "schema must be given"),
        (
            "architecture/1",
            "architecture/2",
            "schema must be 'nngen/architecture/1', not 'nngen/architecture/2'; did you mean 'nngen/architecture/1'?",
        ),
        # types and ranges
        (
            'name = "chip"',
            'name = "my chip"',
            "name must be lower-case letters, digits and _ with a letter first, not 'my chip'",
        ),
        ("clock_hz = 50e6", "clock_hz = 0", "clock_hz must be greater than 0, not 0"),
        ("clock_hz = 50e6", "clock_hz = inf", "clock_hz must be a finite number, not inf"),
        ("cell_path = []", 'cell_path = "cells"', "cell_path must be a list, not 'cells'"),
        ("cell_path = []", "cell_path = [3]", "cell_path[0] must be a string, not 3"),
        ("macros = 2", "macros = 129", "core[0].macros must be at most 128, not 129"),
        ("macros = 2", "macros = 0", "core[0].macros must be at least 1, not 0"),
        ("macros = 2", "count = 65\nmacros = 2", "core[0].count must be at most 64, not 65"),
        ("macros = 2", "macros = 2\naccumulator_bits = 64", "core[0].accumulator_bits must be at most 32, not 64"),
        ("rows = 32", "rows = 32.0", f"{MACRO}.rows must be a whole number, not 32.0"),
        ("rows = 32", 'rows = "32"', f"{MACRO}.rows must be a whole number, not '32'"),
        ("rows = 32", "rows = true", f"{MACRO}.rows must be a whole number, not true"),
        ("rows = 32", "rows = 2048", f"{MACRO}.rows must be at most 2047, not 2048"),
        (
            '"differential"',
            '"diferential"',
            f"{MACRO}.encoding must be 'differential', 'twos_complement' or 'offset', not 'diferential'; did you mean "
            "'differential'?",
        ),
        (
            '"differential"\ncolumns_per_adc = 4',
            '"offset"\ncolumns_per_adc = 3',
            f"{MACRO}.columns_per_adc must be a divisor of the 16 columns, not 3",
        ),
        ("gains = [1, 2]", "gains = [1, 3]", f"{MACRO}.gains must be powers of two, not 3"),
        ("gains = [1, 2]", "gains = [0]", f"{MACRO}.gains must be powers of two, not 0"),
        ("gains = [1, 2]", "gains = [2, 1]", f"{MACRO}.gains must ascend from 1, not [2, 1]"),
        ("gains = [1, 2]", "gains = [2, 4]", f"{MACRO}.gains must ascend from 1, not [2, 4]"),
        ("gains = [1, 2]", "gains = []", f"{MACRO}.gains must ascend from 1, not []"),
        ("gains = [1, 2]", "gains = 1", f"{MACRO}.gains must be a list, not 1"),
        ("gains = [1, 2]", "gains = [1, 2.0]", f"{MACRO}.gains[1] must be a whole number, not 2.0"),
        ("word_bytes = 8", "word_bytes = 12", f"{MEMORY}.word_bytes must be a power of two, not 12"),
        ("word_bytes = 8", "word_bytes = 128", f"{MEMORY}.word_bytes must be at most 64, not 128"),
        ("[[core]]", "[core]", "core must be a list, not a table"),
        (
            "parameters = { bits = 3 }",
            'parameters = { bits = "3" }',
            f"{MACRO}.bitcell.parameters.bits must be a number, not '3'",
        ),
        # what cannot work together
        (
            "columns = 16",
            "columns = 17",
            f"{MACRO}.columns must be even, as a differential pair takes two bit lines, not 17",
        ),
        (
            "columns_per_adc = 4",
            "columns_per_adc = 3",
            f"{MACRO}.columns_per_adc must be a divisor of the 8 pairs, not 3",
        ),
        (
            "columns_per_adc = 4",
            "columns_per_adc = 16",
            f"{MACRO}.columns_per_adc must be a divisor of the 8 pairs, not 16",
        ),
        ("rows = 32", "rows = 36", f"{MACRO}.rows must be a multiple of memory.word_bytes (8), not 36"),
        (
            "activation_bytes = 1024",
            "activation_bytes = 1020",
            f"{MEMORY}.activation_bytes must be a multiple of memory.word_bytes (8), not 1020",
        ),
        (
            "output_buffer_bytes = 64",
            "output_buffer_bytes = 60",
            f"{MEMORY}.output_buffer_bytes must be a multiple of memory.word_bytes (8), not 60",
        ),
        (
            "[core.memory]",
            "[core.vector]\nbuffer_bytes = 24\n\n[core.memory]",
            "core[0].vector.buffer_bytes must be a power of two, not 24",
        ),
        (
            "word_bytes = 8\noutput_buffer_bytes = 64",
            "word_bytes = 32\noutput_buffer_bytes = 64\n\n[core.vector]\nbuffer_bytes = 32",
            "core[0].vector.buffer_bytes must be at least two words of memory.word_bytes (32), not 32",
        ),
        (
            "output_buffer_bytes = 64",
            "output_buffer_bytes = 64\n\n[core.vector]\naccumulators = 36",
            "core[0].vector.accumulators must be a multiple of memory.word_bytes (8), not 36",
        ),
        ("macros = 2", "macros = 2\ntables = 3", "core[0].tables must be a power of two, not 3"),
        (
            "macros = 2",
            "macros = 2\nreprogram = true",
            "core[0].reprogram must be false where the bitcell keeps its state ('ideal' is not volatile), not true",
        ),
        ("gains = [1, 2]", "gains = [1, 2, 16]", f"{MACRO}.gains must be at most the converter's step of 8, not 16"),
        # cells
        ("bits = 3", "bits = 9", f"{MACRO}.bitcell.parameters.bits must be a whole number from 1 to 8, not 9"),
        ("bits = 3", "bits = 2.5", f"{MACRO}.bitcell.parameters.bits must be a whole number from 1 to 8, not 2.5"),
        (
            "bits = 3",
            "bit = 3",
            f"{MACRO}.bitcell.parameters.bit must be a parameter of cell 'ideal' "
            "(bits, on_resistance, read_voltage); did you mean 'bits'?",
        ),
        (
            "sample_cycles",
            "sample_cycle",
            f"{MACRO}.adc.parameters.sample_cycle must be a parameter of cell 'sar_cdac' "
            "(bits, sample_cycles, unit_capacitance); did you mean 'sample_cycles'?",
        ),
        (
            'cell = "ideal"',
            'cell = "idael"',
            f"{MACRO}.bitcell.cell must be a cell of the search path "
            f"({', '.join(CellLibrary().names)}), not 'idael'; did you mean 'ideal'?",
        ),
        (
            'cell = "ideal"',
            'cell = "../ideal"',
            f"{MACRO}.bitcell.cell must be a cell of the search path "
            f"({', '.join(CellLibrary().names)}), not '../ideal'; did you mean 'ideal'?",
        ),
        ('cell = "sar_cdac"', 'cell = "ideal"', f"{MACRO}.adc.cell must be of the kind adc, not 'ideal', a bitcell"),
        ("cell_path = []", 'cell_path = ["cells"]', "cell_path[0] must be a directory, not 'cells'"),
    ],
)
def test_a_file_that_is_wrong_is_refused(write: Write, old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(NngenError, match=sentence(f"chip.toml: {message}")) as caught:
        read_architecture(write(TEXT.replace(old, new, 1)))
    assert isinstance(caught.value, ArchitectureError | CellError)


SECOND = TEXT[TEXT.index("[[core]]") :]


def test_cores_are_numbered_in_the_order_of_the_file(write: Write) -> None:
    text = TEXT.replace("macros = 2", "macros = 2\ncount = 3") + SECOND.replace("macros = 2", "macros = 5")
    architecture = read_architecture(write(text))
    assert [core.macros for core in architecture.cores] == [2, 2, 2, 5]
    assert [kind.macros for kind in architecture.kinds] == [2, 5]
    assert {core.bus for core in architecture.cores} == {
        Bus(cores=4, memory_bytes=max(core.activation_bytes for core in architecture.cores))
    }


def test_a_core_that_is_alone_has_no_bus(write: Write) -> None:
    architecture = read_architecture(write(TEXT))
    assert architecture.cores == (architecture.core,)
    assert architecture.core.bus is None
    assert architecture.core.reach_bytes == architecture.core.activation_bytes


@pytest.mark.parametrize(
    ("old", "first", "second", "message"),
    [
        (
            "macros = 2",
            "macros = 2\ncount = 60",
            "macros = 2\ncount = 5",
            "core.count must be at most 64 in all, not 65",
        ),
        (
            "rows = 32",
            "rows = 32",
            "rows = 64",
            "core[1].macro must be that of core[0]: the cores of a chip share one macro",
        ),
        (
            "word_bytes = 8",
            "word_bytes = 8",
            "word_bytes = 16",
            "core[1].memory.word_bytes must be 8, that of core[0] and of the bus, not 16",
        ),
    ],
)
def test_cores_that_cannot_stand_together_are_refused(
    write: Write, old: str, first: str, second: str, message: str
) -> None:
    text = TEXT.replace(old, first) + SECOND.replace(old, second)
    with pytest.raises(ArchitectureError, match=sentence(f"chip.toml: {message}")):
        read_architecture(write(text))


def test_a_gain_that_no_instruction_selects_is_refused(write: Write) -> None:
    gains = [1 << bit for bit in range(17)]
    text = (
        TEXT.replace("rows = 32", "rows = 1024").replace("dac_bits = 1", "dac_bits = 8").replace("bits = 3", "bits = 8")
    )
    text = text.replace("gains = [1, 2]", f"gains = {gains}").replace("bits = 6", "bits = 4")
    message = f"{MACRO}.gains must be at most 32768, the largest an instruction can select, not 65536"
    with pytest.raises(ArchitectureError, match=sentence(f"chip.toml: {message}")):
        read_architecture(write(text))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'encodings = ["differential", "twos_complement", "offset"]',
            "encodings = []",
            f"{MACRO}.encoding must be one that cell 'mine' supports (it has none), not 'differential'",
        ),
        (
            "[parameters.bits]",
            "[parameters.levels]",
            f"{MACRO}.bitcell.cell must have a parameter 'bits', which 'mine' has not",
        ),
        (
            "default = 4\nlowest = 1\nhighest = 8",
            "default = 40\nlowest = 1\nhighest = 64",
            f"{MACRO}.bitcell.parameters.bits must be a whole number from 1 to 8, not 40, "
            "whatever the cell 'mine' allows",
        ),
        (
            'default = 4\nlowest = 1\nhighest = 8\nunit = "bit"\ninteger = true',
            'default = 2.5\nlowest = 1\nhighest = 8\nunit = "bit"',
            f"{MACRO}.bitcell.parameters.bits must be a whole number from 1 to 8, not 2.5, "
            "whatever the cell 'mine' allows",
        ),
    ],
)
def test_a_cell_that_the_hardware_cannot_use_is_refused(
    write: Write, tmp_path: Path, old: str, new: str, message: str
) -> None:
    own = (BUILT_IN.parents[1] / "cells" / "ideal" / "cell.toml").read_text().replace('"ideal"', '"mine"', 1)
    assert old in own
    (tmp_path / "cells" / "mine").mkdir(parents=True)
    (tmp_path / "cells" / "mine" / "cell.toml").write_text(own.replace(old, new))
    text = TEXT.replace('cell = "ideal", parameters = { bits = 3 }', 'cell = "mine"')
    with pytest.raises(ArchitectureError, match=sentence(f"chip.toml: {message}")):
        read_architecture(write(text), cells=[tmp_path / "cells"])


def test_a_broken_cell_is_refused_with_the_file_that_uses_it(write: Write, tmp_path: Path) -> None:
    (tmp_path / "cells" / "mine").mkdir(parents=True)
    (tmp_path / "cells" / "mine" / "cell.toml").write_text('name = "mine"')
    with pytest.raises(CellError, match=sentence("chip.toml: cell 'mine': kind must be given")):
        read_architecture(write(TEXT.replace('"ideal"', '"mine"')), cells=[tmp_path / "cells"])


def test_a_file_that_cannot_be_read_is_refused(write: Write, tmp_path: Path) -> None:
    path = tmp_path / "absent.toml"
    with pytest.raises(ArchitectureError, match=sentence(f"architecture file '{path}' does not exist")):
        read_architecture(path)
    with pytest.raises(
        ArchitectureError, match=sentence(f"architecture file '{tmp_path}' cannot be read (IsADirectoryError)")
    ):
        read_architecture(tmp_path)
    with pytest.raises(ArchitectureError, match=r"^chip\.toml is not valid TOML: .* \(at line 1, column 8\)$"):
        read_architecture(write("name = \n"))
