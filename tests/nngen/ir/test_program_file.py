"""Programs as files: what is written, read back and refused."""

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nngen.arch import Architecture, Core, read_architecture
from nngen.errors import ProgramError
from nngen.ir import ConstantRecord, CoreProgram, MemoryImage, Program, load_program, save_program
from nngen.isa import assemble

ARCHITECTURES = Path(__file__).parents[3] / "flows" / "architectures"
MICRO = read_architecture(ARCHITECTURES / "micro.toml")
TINY = read_architecture(ARCHITECTURES / "tiny.toml")

TEXT = """\
SET mvm.PLANES = 8
LOOP count=2, length=2
  LOAD register=0, length=16, first, last
  WAIT unit=load, counter=1, count=2
HALT
"""


def program_for(architecture: Architecture) -> Program:
    parts = (part_for(number, core) for number, core in enumerate(architecture.cores))
    return Program(architecture_sha256=architecture.sha256, cores=tuple(parts))


def part_for(number: int, core: Core) -> CoreProgram:
    shape = (core.macros, core.macro.rows, core.macro.columns)
    records = (
        ConstantRecord(macro=0, adc=1, entry=1, last=False),
        ConstantRecord(macro=1, adc=0, entry=0, last=True, multiplier=-9, offset=-12345, shift=3),
    )
    return CoreProgram(
        core=number,
        instructions=assemble(TEXT),
        layer_starts=(("conv 1", 0), ('bad\n"name"', 1), ("out", 5)),
        records=records,
        cells=np.random.default_rng(1).integers(0, 1 << core.macro.cell_bits, shape),
        coefficients=np.random.default_rng(2).integers(-(1 << 15), 1 << 15, (3 if core.vector else 0, core.word_bytes)),
        tables=np.random.default_rng(3).integers(0, 256, (core.tables, 256)),
        memory=MemoryImage(address=8, words=np.random.default_rng(4 + number).integers(0, 1 << 32, 5)),
    )


PROGRAM = program_for(MICRO)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_program(PROGRAM, MICRO.cores, tmp_path / "program")
    return tmp_path / "program"


def change_index(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    raw = json.loads((folder / "program.json").read_text())
    change(raw)
    (folder / "program.json").write_text(json.dumps(raw))


def change_image(folder: Path, name: str, content: bytes) -> None:
    """Change an image and its hash: not damage but somebody else's file."""
    (folder / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    change_index(folder, lambda raw: raw["cores"][0]["sha256"].update({name: digest}))


def assert_refused(folder: Path, message: str, architecture: Architecture = MICRO) -> None:
    with pytest.raises(ProgramError, match=f"^{re.escape(message)}$"):
        load_program(folder, architecture)


# ---------------------------------------------------------------- round trip


@pytest.mark.parametrize("name", sorted(path.stem for path in ARCHITECTURES.glob("*.toml")))
def test_a_program_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    architecture = read_architecture(ARCHITECTURES / f"{name}.toml")
    program = program_for(architecture) if architecture.core.macros > 1 else empty_program(architecture)
    save_program(program, architecture.cores, tmp_path)
    loaded = load_program(tmp_path, architecture)
    assert loaded.architecture_sha256 == program.architecture_sha256
    for found, expected in zip(loaded.cores, program.cores, strict=True):
        arrays = {name: getattr(expected, name) for name in ("cells", "coefficients", "tables")}
        assert replace(found, memory=expected.memory, **arrays) == expected
        assert (found.memory is None) == (expected.memory is None)
        if found.memory is not None and expected.memory is not None:
            assert found.memory.address == expected.memory.address
            assert np.array_equal(found.memory.words, expected.memory.words)
        for part, wanted in arrays.items():
            assert getattr(found, part).dtype == np.int64
            assert np.array_equal(getattr(found, part).reshape(wanted.shape), wanted)


def empty_program(architecture: Architecture) -> Program:
    core = architecture.core
    cells = np.zeros((core.macros, core.macro.rows, core.macro.columns), np.int64)
    part = CoreProgram(core=0, instructions=(), layer_starts=(), records=(), cells=cells)
    return Program(architecture_sha256=architecture.sha256, cores=(part,))


def test_saving_twice_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    save_program(load_program(folder, MICRO), MICRO.cores, tmp_path / "again")
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(path.name for path in (tmp_path / "again").iterdir())
    assert names == [
        *("core0.asm", "core0.hex", "core0_coefficients.hex", "core0_constants.hex"),
        *("core0_macro0.hex", "core0_macro1.hex", "core0_memory.hex", "core0_tables.hex", "program.json"),
    ]
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_every_file_is_ascii_and_ends_a_line(folder: Path) -> None:
    for path in folder.iterdir():
        content = path.read_bytes()
        assert content.isascii()
        assert content.endswith(b"\n")
        assert b"\r" not in content


def test_the_assembly_is_the_program_with_its_layers(folder: Path) -> None:
    text = (folder / "core0.asm").read_text()
    assert assemble(text) == PROGRAM.cores[0].instructions
    assert '; layer "conv 1"\n' in text
    assert '; layer "bad\\n\\"name\\""\n' in text


def test_the_index_says_what_is_there(folder: Path) -> None:
    raw = json.loads((folder / "program.json").read_text())
    assert list(raw) == ["schema", "architecture_sha256", "cores"]
    assert raw["schema"] == "nngen/program/1"
    (core,) = raw["cores"]
    assert (core["core"], core["instructions"], core["constant_records"], core["macros"]) == (0, 5, 2, 2)
    assert core["layers"][0] == {"layer": "conv 1", "start": 0}
    for name, digest in core["sha256"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus is not installed")
def test_icarus_reads_the_images(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "read.v"
    source.write_text(
        "module read;\n"
        "  reg [63:0] program_memory [0:4];\n  reg [255:0] constants [0:1];\n  reg [31:0] cells [0:15];\n"
        "  initial begin\n"
        f'    $readmemh("{folder}/core0.hex", program_memory);\n'
        f'    $readmemh("{folder}/core0_constants.hex", constants);\n'
        f'    $readmemh("{folder}/core0_macro1.hex", cells);\n'
        '    $display("%h %h %h", program_memory[4], constants[1], cells[15]);\n'
        "  end\nendmodule\n"
    )
    subprocess.run(["iverilog", "-g2012", "-o", tmp_path / "read", source], check=True)
    shown = subprocess.run(["vvp", "-n", tmp_path / "read"], check=True, capture_output=True, text=True).stdout.strip()
    last = [
        (folder / name).read_text().split()[-1] for name in ("core0.hex", "core0_constants.hex", "core0_macro1.hex")
    ]
    assert shown.split() == last


# ---------------------------------------------------------------- what cannot be saved


def test_cells_of_another_shape_are_refused(tmp_path: Path) -> None:
    message = r"cells of core 0 must have the shape \(12, 64, 32\), not \(2, 16, 8\)"
    with pytest.raises(ProgramError, match=f"^{message}$"):
        save_program(PROGRAM, TINY.cores, tmp_path / "program")
    assert not (tmp_path / "program").exists()


def test_a_record_that_does_not_fit_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    part = replace(PROGRAM.cores[0], records=(ConstantRecord(macro=2, adc=0, entry=0, last=True),))
    with pytest.raises(ProgramError, match=r"^constant record macro must be 0 to 1, not 2$"):
        save_program(replace(PROGRAM, cores=(part,)), MICRO.cores, tmp_path / "program")
    assert not (tmp_path / "program").exists()


# ---------------------------------------------------------------- what cannot be loaded


def test_a_program_for_another_architecture_is_refused(folder: Path) -> None:
    assert_refused(
        folder,
        f"program.json: program was compiled for architecture {MICRO.sha256[:12]}…, not {TINY.sha256[:12]}… ('tiny'): "
        "build it again",
        TINY,
    )


@pytest.mark.parametrize(
    "name", ["program.json", "core0.hex", "core0_constants.hex", "core0_macro0.hex", "core0_macro1.hex"]
)
def test_a_missing_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert_refused(folder, f"program file '{folder / name}' cannot be read (FileNotFoundError)")


def test_the_assembly_is_not_needed(folder: Path) -> None:
    (folder / "core0.asm").unlink()
    assert load_program(folder, MICRO).cores[0].instructions == PROGRAM.cores[0].instructions


@pytest.mark.parametrize("name", ["core0.hex", "core0_constants.hex", "core0_macro0.hex"])
def test_damage_is_refused(folder: Path, name: str) -> None:
    good = (folder / name).read_bytes()
    size = len(good)
    (folder / name).write_bytes(good[:-1])
    assert_refused(folder, f"{name} must have {size} bytes, not {size - 1}: it is damaged, build it again")
    (folder / name).write_bytes(good + b"\n")
    assert_refused(folder, f"{name} must have at most {size} bytes, not {size + 1}: build it again")
    flipped = (b"1" if good[:1] == b"0" else b"0") + good[1:]
    (folder / name).write_bytes(flipped)
    found, expected = (hashlib.sha256(content).hexdigest()[:12] for content in (flipped, good))
    assert_refused(
        folder,
        f"{name} must have the SHA-256 {expected}… of program.json, not {found}…: it is damaged, build it again",
    )


def test_an_image_without_its_hash_is_refused(folder: Path) -> None:
    change_index(folder, lambda raw: raw["cores"][0]["sha256"].pop("core0.hex"))
    found = hashlib.sha256((folder / "core0.hex").read_bytes()).hexdigest()[:12]
    assert_refused(
        folder, f"core0.hex must have the SHA-256 … of program.json, not {found}…: it is damaged, build it again"
    )


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("core0.hex", 2, "core0.hex, line 2: must be 16 hexadecimal digits and a line end, not 'zzzzzzzzzzzzzzzz\\n'"),
        (
            "core0_macro1.hex",
            3,
            "core0_macro1.hex, line 3: must be 8 hexadecimal digits and a line end, not 'zzzzzzzz\\n'",
        ),
    ],
)
def test_an_image_that_is_no_hexadecimal_is_refused(folder: Path, name: str, line: int, message: str) -> None:
    lines = (folder / name).read_bytes().splitlines(keepends=True)
    lines[line - 1] = b"z" * (len(lines[0]) - 1) + b"\n"
    change_image(folder, name, b"".join(lines))
    assert_refused(folder, message)


def test_an_image_that_means_nothing_is_refused(folder: Path) -> None:
    images = {name: (folder / name).read_bytes() for name in ("core0.hex", "core0_constants.hex", "core0_macro0.hex")}
    change_image(folder, "core0.hex", b"f" * 16 + images["core0.hex"][16:])
    assert_refused(folder, "core0.hex, line 1: instruction 0xffffffffffffffff: opcode 63 is not defined")
    change_image(folder, "core0.hex", images["core0.hex"])
    change_image(folder, "core0_constants.hex", b"f" * 64 + images["core0_constants.hex"][64:])
    assert_refused(folder, f"core0_constants.hex, line 1: constant record must be 142 bits wide, not 0x{'f' * 64}")
    change_image(folder, "core0_constants.hex", images["core0_constants.hex"])
    change_image(folder, "core0_macro0.hex", b"f" * 8 + images["core0_macro0.hex"][8:])
    assert_refused(folder, "core0_macro0.hex: programming word must have no bit set beyond its cells, not 0xffffffff")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda raw: raw.update(schema="nngen/program/2"),
            "schema must be 'nngen/program/1', not 'nngen/program/2'; did you mean 'nngen/program/1'?",
        ),
        (
            lambda raw: raw.update(architecture_sha256="x"),
            "architecture_sha256 must be of the form ^[0-9a-f]{64}$, not 'x'",
        ),
        (lambda raw: raw.update(cores=[]), "cores must be a list of at least 1, not of 0"),
        (lambda raw: raw.pop("cores"), "cores must be given"),
        (lambda raw: raw.update(core=1), "core is not a known key; did you mean 'cores'?"),
        (lambda raw: raw["cores"][0].update(core=64), "cores[0].core must be at most 63, not 64"),
        (lambda raw: raw["cores"][0].update(core="../0"), "cores[0].core must be a whole number, not '../0'"),
        (lambda raw: raw["cores"][0].update(instructions=-1), "cores[0].instructions must be at least 0, not -1"),
        (
            lambda raw: raw["cores"][0]["layers"][0].update(strat=1),
            "cores[0].layers[0].strat is not a known key; did you mean 'start'?",
        ),
        (
            lambda raw: raw["cores"].append(raw["cores"][0]),
            "cores must be those of the chip in order, 0 to 0, not [0, 0]",
        ),
        (
            lambda raw: raw["cores"][0].update(instructions=257),
            "core 0 instructions must be at most program_instructions (256), not 257",
        ),
        (
            lambda raw: raw["cores"][0].update(constant_records=65),
            "core 0 constant_records must be at most those of the core (64), not 65",
        ),
        (lambda raw: raw["cores"][0].update(macros=3), "core 0 macros must be those of the core (2), not 3"),
        (
            lambda raw: raw["cores"][0]["layers"].reverse(),
            "core 0 layers must start one after the other in the program, not at [5, 1, 0]",
        ),
        (
            lambda raw: raw["cores"][0]["layers"][2].update(start=6),
            "core 0 layers must start one after the other in the program, not at [0, 1, 6]",
        ),
    ],
)
def test_an_index_that_is_wrong_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    change_index(folder, change)
    assert_refused(folder, f"program.json: {message}")


def test_an_index_that_is_no_json_is_refused(folder: Path) -> None:
    (folder / "program.json").write_bytes(b"[" * 100_000)
    with pytest.raises(ProgramError, match=r"^program\.json: the file must be valid JSON \(.*\)$"):
        load_program(folder, MICRO)
    (folder / "program.json").write_bytes(b"[]")
    assert_refused(folder, "program.json: the file must be a table, not a list")


def test_a_huge_index_is_not_read(folder: Path) -> None:
    with (folder / "program.json").open("r+b") as stream:
        stream.truncate((1 << 24) + 1)
    assert_refused(folder, "program.json must have at most 16777216 bytes, not 16777217: build it again")


def test_layers_of_a_core() -> None:
    core = PROGRAM.cores[0]
    last = len(core.instructions) - 1
    assert core.layer_ranges == {"conv 1": range(1), 'bad\n"name"': range(1, 5), "out": range(5, last)}


def test_a_core_that_no_layer_uses_has_no_layers() -> None:
    assert replace(PROGRAM.cores[0], layer_starts=()).layer_ranges == {}
