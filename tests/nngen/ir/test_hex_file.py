"""Memory images as lines of hexadecimal digits."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nngen.errors import ProgramError
from nngen.ir.hex_file import hex_lines, hex_lines_of_array, read_hex_array, read_hex_lines

UNREADABLE = "\ufffd" * 16
WORDS32 = st.lists(st.integers(0, 2**32 - 1), max_size=20)


def test_an_image_is_one_word_a_line() -> None:
    assert hex_lines([0, 255, 0xFEDC], digits=4) == b"0000\n00ff\nfedc\n"
    assert hex_lines([], digits=4) == b""


@given(st.lists(st.integers(0, 2**128 - 1), max_size=20))
def test_reading_undoes_writing(words: list[int]) -> None:
    assert read_hex_lines(hex_lines(words, digits=32), digits=32, words=len(words), name="a.hex") == words


@given(WORDS32)
def test_arrays_make_the_same_lines(words: list[int]) -> None:
    array = np.array(words, np.int64)
    content = hex_lines_of_array(array)
    assert content == hex_lines(words, digits=8)
    assert np.array_equal(read_hex_array(content, words=len(words), name="a.hex"), array)
    assert np.array_equal(read_hex_array(content.upper(), words=len(words), name="a.hex"), array)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"00000000\n", "a.hex must hold 2 words, not 1"),
        (b"", "a.hex must hold 2 words, not 0"),
        (b"00000000\n00000000", "a.hex, line 2: must be 8 hexadecimal digits and a line end, not '00000000'"),
        (b"00000000\n0000000\n", r"a.hex, line 2: must be 8 hexadecimal digits and a line end, not '0000000\n'"),
        (
            b"00000000\r\n00000000\r\n",
            r"a.hex, line 1: must be 8 hexadecimal digits and a line end, not '00000000\r\n'",
        ),
        (b"0000000g\n00000000\n", r"a.hex, line 1: must be 8 hexadecimal digits and a line end, not '0000000g\n'"),
        (b"\n\n", r"a.hex, line 1: must be 8 hexadecimal digits and a line end, not '\n'"),
        (b"\xff" * 99, f"a.hex, line 1: must be 8 hexadecimal digits and a line end, not '{UNREADABLE}'"),
        (
            b"00000000\n\x0c0000000\n",
            r"a.hex, line 2: must be 8 hexadecimal digits and a line end, not '\x0c0000000\n'",
        ),
    ],
)
def test_a_damaged_image_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ProgramError, match=f"^{re.escape(message)}$"):
        read_hex_array(content, words=2, name="a.hex")
    with pytest.raises(ProgramError, match=f"^{re.escape(message)}$"):
        read_hex_lines(content, digits=8, words=2, name="a.hex")
