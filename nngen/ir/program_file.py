"""A program as files of one folder: ``program.json`` and, per core, instructions, constant records and macro images.

=================================  ============================================================
``program.json``                   schema ``nngen/program/1``: what the images are for, sizes, layer starts, hashes
``core<c>.asm``                    the instructions for people; nothing reads it back
``core<c>.hex``                    the instructions, a 64-bit word a line
``core<c>_constants.hex``          the constant records, one a line (``pack_record``)
``core<c>_macro<m>.hex``           cells of a macro row by row, a 32-bit programming word a line (``pack_cells``)
``core<c>_coefficients.hex``       where there are any: VEC's coefficients, two of them a line, the lower one last
``core<c>_tables.hex``             where there are any: look-up tables, four entries a line, the lowest one last
``core<c>_memory.hex``             where there are any: weights in activation memory, a programming word a line
=================================  ============================================================
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nngen.arch import Architecture, Core
from nngen.errors import ProgramError
from nngen.isa import INSTRUCTION_BITS, Instruction, decode, disassemble, encode, record_words, words_per_row
from nngen.validation import first_problem

from .hex_file import hex_lines, hex_lines_of_array, read_hex_array, read_hex_lines
from .packing import IntArray, pack_cells, pack_record, unpack_cells, unpack_record
from .program import ConstantRecord, CoreProgram, MemoryImage, Program

PROGRAM_SCHEMA = "nngen/program/1"
INDEX_FILE = "program.json"
_INSTRUCTION_DIGITS = INSTRUCTION_BITS // 4
TABLE_ENTRIES = 256
_LARGEST_INDEX = 1 << 24  # bytes of program.json; a larger one is not read


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class LayerStart(_Strict):
    """Where the instructions of a layer begin; they reach to the next layer's start."""

    layer: str = Field(description="ONNX output tensor")
    start: int = Field(ge=0, description="index of the layer's first instruction")


class CoreFiles(_Strict):
    """One core: sizes of its images and the hash of each."""

    core: int = Field(ge=0, le=63)
    instructions: int = Field(ge=0, description="instructions in core<c>.hex")
    constant_records: int = Field(ge=0, description="records in core<c>_constants.hex")
    macros: int = Field(ge=1, description="macro images core<c>_macro<m>.hex")
    coefficient_words: int = Field(default=0, ge=0, description="words of VEC in core<c>_coefficients.hex")
    tables: int = Field(default=0, ge=0, description="look-up tables in core<c>_tables.hex")
    memory_address: int = Field(default=0, ge=0, multiple_of=4, description="where core<c>_memory.hex goes")
    memory_words: int = Field(default=0, ge=0, description="words of 32 bits in core<c>_memory.hex")
    layers: tuple[LayerStart, ...]
    sha256: dict[str, str] = Field(description="SHA-256 of each image, by file name")


class ProgramIndex(_Strict):
    """``program.json``."""

    schema_: Literal["nngen/program/1"] = Field(default="nngen/program/1", alias="schema")
    architecture_sha256: str = Field(pattern="^[0-9a-f]{64}$", description="architecture and instruction set it is for")
    cores: tuple[CoreFiles, ...] = Field(min_length=1)


def save_program(program: Program, cores: Sequence[Core], folder: Path) -> None:
    """Write a program for a chip's cores into ``folder`` (of a build: ``DIR/program``), made where it is missing.

    Raises
    ------
    ProgramError
        A record or a cell does not fit the core, or a word among the instructions is none.
    """
    contents: dict[str, bytes] = {}
    written = []
    for part in program.cores:
        core = cores[part.core]
        _check_cells(part, core)
        images = _images(part, core)
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in images.items()}
        written.append(_core_files(part, hashes))
        contents |= images
        contents[f"core{part.core}.asm"] = _assembly(part)
    index = ProgramIndex(architecture_sha256=program.architecture_sha256, cores=tuple(written))
    contents[INDEX_FILE] = (json.dumps(index.model_dump(by_alias=True), indent=2) + "\n").encode()
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)


def _check_cells(part: CoreProgram, core: Core) -> None:
    shape = (core.macros, core.macro.rows, core.macro.columns)
    if part.cells.shape != shape:
        raise ProgramError(f"cells of core {part.core} must have the shape {shape}, not {part.cells.shape}")


def _images(part: CoreProgram, core: Core) -> dict[str, bytes]:
    records = [pack_record(record, core) for record in part.records]
    images = {
        f"core{part.core}.hex": hex_lines(map(encode, part.instructions), digits=_INSTRUCTION_DIGITS),
        f"core{part.core}_constants.hex": hex_lines(records, digits=8 * record_words(core)),
    }
    for number, words in enumerate(pack_cells(part.cells, core)):
        images[f"core{part.core}_macro{number}.hex"] = hex_lines_of_array(words)
    for name, values, kind in (("coefficients", part.coefficients, "<i2"), ("tables", part.tables, "u1")):
        if values.size:
            words = np.frombuffer(values.astype(kind).tobytes(), "<u4").astype(np.int64)
            images[f"core{part.core}_{name}.hex"] = hex_lines_of_array(words)
    if part.memory is not None:
        images[f"core{part.core}_memory.hex"] = hex_lines_of_array(part.memory.words)
    return images


def _core_files(part: CoreProgram, hashes: dict[str, str]) -> CoreFiles:
    return CoreFiles(
        core=part.core,
        instructions=len(part.instructions),
        constant_records=len(part.records),
        macros=len(part.cells),
        coefficient_words=len(part.coefficients),
        tables=len(part.tables),
        memory_address=part.memory.address if part.memory else 0,
        memory_words=len(part.memory.words) if part.memory else 0,
        layers=tuple(LayerStart(layer=layer, start=start) for layer, start in part.layer_starts),
        sha256=hashes,
    )


def _assembly(part: CoreProgram) -> bytes:
    heading = f"; core {part.core}: {len(part.instructions)} instructions; address and meaning stand behind each\n"
    instructions = [made if isinstance(made, Instruction) else decode(made) for made in part.instructions]
    return (heading + disassemble(instructions, labels=part.layer_starts)).encode()


def load_program(folder: Path, architecture: Architecture) -> Program:
    """Read the program in ``folder``.

    Raises
    ------
    ProgramError
        It was compiled for another architecture, does not fit it, or a file is missing or damaged; the message names
        the file.
    """
    index = _read_index(folder)
    if index.architecture_sha256 != architecture.sha256:
        raise ProgramError(
            f"{INDEX_FILE}: program was compiled for architecture {index.architecture_sha256[:12]}…, "
            f"not {architecture.sha256[:12]}… ('{architecture.name}'): build it again"
        )
    numbers = [files.core for files in index.cores]
    if numbers != [*range(len(architecture.cores))]:
        raise ProgramError(
            f"{INDEX_FILE}: cores must be those of the chip in order, 0 to {len(architecture.cores) - 1}, not {numbers}"
        )
    parts = tuple(_load_core(folder, files, core) for files, core in zip(index.cores, architecture.cores, strict=True))
    return Program(architecture_sha256=index.architecture_sha256, cores=parts)


def _read_index(folder: Path) -> ProgramIndex:
    content = _read(folder / INDEX_FILE, at_most=_LARGEST_INDEX)
    try:
        return ProgramIndex.model_validate_json(content)
    except ValidationError as error:
        raise ProgramError(f"{INDEX_FILE}: {first_problem(error, ProgramIndex)}") from error


def _load_core(folder: Path, files: CoreFiles, core: Core) -> CoreProgram:
    _check_sizes(files, core)
    return CoreProgram(
        core=files.core,
        instructions=_load_instructions(folder, files),
        layer_starts=tuple((layer.layer, layer.start) for layer in files.layers),
        records=_load_records(folder, files, core),
        cells=np.stack([_load_macro(folder, files, core, macro) for macro in range(core.macros)]),
        coefficients=_load_values(folder, files, "coefficients", (files.coefficient_words, core.word_bytes), "<i2"),
        tables=_load_values(folder, files, "tables", (files.tables, TABLE_ENTRIES), "u1"),
        memory=_load_memory(folder, files),
    )


def _check_sizes(files: CoreFiles, core: Core) -> None:
    """Refuse what the core cannot hold, before any image is read."""
    where = f"{INDEX_FILE}: core {files.core}"
    if files.instructions > core.program_instructions:
        raise ProgramError(
            f"{where} instructions must be at most program_instructions ({core.program_instructions}), "
            f"not {files.instructions}"
        )
    if files.constant_records > core.constant_records:
        raise ProgramError(
            f"{where} constant_records must be at most those of the core ({core.constant_records}), "
            f"not {files.constant_records}"
        )
    most = 0 if core.vector is None else core.vector.coefficient_words
    for name, count, available in (
        ("coefficient_words", files.coefficient_words, most),
        ("tables", files.tables, core.tables),
    ):
        if count > available:
            raise ProgramError(f"{where} {name} must be at most those of the core ({available}), not {count}")
    end = files.memory_address + 4 * files.memory_words
    if end > core.activation_bytes:
        raise ProgramError(
            f"{where} memory_words must end within activation memory ({core.activation_bytes} bytes), not at {end}"
        )
    if files.macros != core.macros:
        raise ProgramError(f"{where} macros must be those of the core ({core.macros}), not {files.macros}")
    starts = [layer.start for layer in files.layers]
    if starts != sorted(starts) or any(start > files.instructions for start in starts):
        raise ProgramError(f"{where} layers must start one after the other in the program, not at {starts}")


def _load_instructions(folder: Path, files: CoreFiles) -> tuple[Instruction, ...]:
    name = f"core{files.core}.hex"
    content = _image(folder, files, name, size=files.instructions * (_INSTRUCTION_DIGITS + 1))
    words = read_hex_lines(content, digits=_INSTRUCTION_DIGITS, words=files.instructions, name=name)
    found = []
    for number, word in enumerate(words, start=1):
        try:
            found.append(decode(word))
        except ProgramError as error:
            raise ProgramError(f"{name}, line {number}: {error}") from error
    return tuple(found)


def _load_records(folder: Path, files: CoreFiles, core: Core) -> tuple[ConstantRecord, ...]:
    name, digits = f"core{files.core}_constants.hex", 8 * record_words(core)
    content = _image(folder, files, name, size=files.constant_records * (digits + 1))
    words = read_hex_lines(content, digits=digits, words=files.constant_records, name=name)
    found = []
    for number, word in enumerate(words, start=1):
        try:
            found.append(unpack_record(word, core))
        except ProgramError as error:
            raise ProgramError(f"{name}, line {number}: {error}") from error
    return tuple(found)


def _load_macro(folder: Path, files: CoreFiles, core: Core, macro: int) -> IntArray:
    name, words = f"core{files.core}_macro{macro}.hex", core.macro.rows * words_per_row(core)
    content = _image(folder, files, name, size=words * 9)
    packed = read_hex_array(content, words=words, name=name).reshape(core.macro.rows, -1)
    try:
        return unpack_cells(packed, core)
    except ProgramError as error:
        raise ProgramError(f"{name}: {error}") from error


def _load_values(folder: Path, files: CoreFiles, what: str, shape: tuple[int, int], kind: str) -> IntArray:
    """Return the values of an image that packs them into 32-bit words, lowest first; none where there is no file."""
    count, width = shape
    if not count:
        return np.zeros((0, width if what == "tables" else 0), np.int64)
    name, words = f"core{files.core}_{what}.hex", count * width * np.dtype(kind).itemsize // 4
    content = _image(folder, files, name, size=words * 9)
    packed = read_hex_array(content, words=words, name=name).astype("<u4")
    return np.frombuffer(packed.tobytes(), kind).astype(np.int64).reshape(shape)


def _load_memory(folder: Path, files: CoreFiles) -> MemoryImage | None:
    if not files.memory_words:
        return None
    name = f"core{files.core}_memory.hex"
    content = _image(folder, files, name, size=files.memory_words * 9)
    return MemoryImage(address=files.memory_address, words=read_hex_array(content, words=files.memory_words, name=name))


def _image(folder: Path, files: CoreFiles, name: str, *, size: int) -> bytes:
    """Return the bytes of an image whose size and hash are those that the program was saved with."""
    content = _read(folder / name, at_most=size)
    if len(content) != size:
        raise ProgramError(f"{name} must have {size} bytes, not {len(content)}: it is damaged, build it again")
    found, expected = hashlib.sha256(content).hexdigest(), files.sha256.get(name, "")
    if found != expected:
        raise ProgramError(
            f"{name} must have the SHA-256 {expected[:12]}… of {INDEX_FILE}, not {found[:12]}…: it is damaged, "
            "build it again"
        )
    return content


def _read(path: Path, *, at_most: int) -> bytes:
    """Return the content of a file whose size is known before it is read."""
    try:
        size = path.stat().st_size
        if size > at_most:
            raise ProgramError(f"{path.name} must have at most {at_most} bytes, not {size}: build it again")
        return path.read_bytes()
    except OSError as error:
        raise ProgramError(f"program file '{path}' cannot be read ({type(error).__name__})") from error
