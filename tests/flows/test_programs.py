"""Assembly and hex files, there and back, and what is said of wrong ones."""

import re
from pathlib import Path

import pytest

from nngen.errors import ProgramError
from nngen.flows.programs import assemble_file, disassemble_file

SOURCE = "SET mvm.PLANES = 4\nLOOP count=3, length=1\nNOP\nHALT\n"


def test_a_program_survives_the_way_there_and_back(tmp_path: Path) -> None:
    text, image = tmp_path / "p.asm", tmp_path / "p.hex"
    text.write_text(SOURCE)
    image.write_text(assemble_file(text))
    again = tmp_path / "again.asm"
    again.write_text(disassemble_file(image))
    assert assemble_file(again) == image.read_text()
    assert all(re.fullmatch("[0-9a-f]{16}", line) for line in image.read_text().splitlines())


def refuses(path: Path, sentence: str, *, text: bool) -> None:
    with pytest.raises(ProgramError, match=f"^{re.escape(sentence)}$"):
        assemble_file(path) if text else disassemble_file(path)


def test_a_file_that_does_not_exist(tmp_path: Path) -> None:
    path = tmp_path / "no.asm"
    refuses(path, f"'{path}' cannot be read: No such file or directory", text=True)


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "p.asm"
    path.write_bytes(b"\xff\xfe")
    refuses(path, f"'{path}' must be assembly text in UTF-8, but has other bytes", text=True)


def test_a_wrong_line_of_hex_is_named(tmp_path: Path) -> None:
    path = tmp_path / "p.hex"
    path.write_text("0" * 16 + "\nxyz\n")
    sentence = f"{path}, line 2: must be 16 hexadecimal digits and a line end, not 'xyz\\n'"
    refuses(path, sentence, text=False)


def test_an_unknown_opcode_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "p.hex"
    path.write_text("f" * 16 + "\n")
    with pytest.raises(ProgramError, match=f"^{re.escape(str(path))}, line 1: "):
        disassemble_file(path)
