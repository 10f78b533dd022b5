"""Templates of cells come from outside: they format numbers, and can do nothing else."""

import re
from pathlib import Path

import pytest

from nngen.errors import CellError
from nngen.netlist.macro import render_template


def render(folder: Path, text: str, **values: float) -> str:
    path = folder / "cell.sp.j2"
    path.write_text(text)
    return render_template(path, values, what="cell 'mine': mine.sp.j2")


def refused(folder: Path, text: str, message: str) -> None:
    with pytest.raises(CellError, match=f"^{re.escape(message)}$"):
        render(folder, text)


def test_numbers_and_loops_are_rendered(tmp_path: Path) -> None:
    text = render(
        tmp_path, "{% for bit in range(bits) %}C{{ bit }} {{ 2 ** bit * unit }}f\n{% endfor %}", bits=3.0, unit=1.5
    )
    assert text == "C0 1.5f\nC1 3.0f\nC2 6.0f\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ ''.__class__.__mro__ }}", ", line 1: a template of a cell must use attributes of 'loop' only"),
        ("{{ bits.real }}", ", line 1: a template of a cell must use attributes of 'loop' only"),
        ("{{ loop.__class__ }}", ": access to attribute '__class__' of 'StrictUndefined' object is unsafe."),
        ("{{ cycler }}", ": 'cycler' is undefined"),
        ("{{ bit + 1 }}", ": 'bit' is undefined"),
        ("{{ cycler(1) }}", ", line 1: a template of a cell must call nothing but range()"),
        ("\n{% include '/etc/passwd' %}", ", line 2: a template of a cell must not use 'Include'"),
        ("{% import 'x' as x %}", ", line 1: a template of a cell must not use 'Import'"),
        ("{% macro x() %}{% endmacro %}", ", line 1: a template of a cell must not use 'Macro'"),
        ("{{ 3 | string }}", ", line 1: a template of a cell must not use 'Filter'"),
        ("{{ 'a' ~ 'b' }}", ", line 1: a template of a cell must not use 'Concat'"),
        ("{{ 'a' + 'b' }}", ": '+' must stand between numbers"),
        ("{{ 'a' * 1000000000 }}", ": '*' must stand between numbers"),
        ("{{ 'a%0999999999d' % 1 }}", ": '%' must stand between numbers"),
        ("{{ 9 ** (9 ** 9) }}", ": an exponent must be at most 64, not 387420489"),
        ("{{ 9 ** 64 ** 2 }}", ": numbers must be at most 2^128 where '**' works on them"),
        ("{{ 1 // 0 }}", ": integer division or modulo by zero"),
        ("{% for %}", ", line 1: Expected an expression, got 'end of statement block'"),
        (
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            ": its loops must take at most 1,048,576 turns together",
        ),
        ("{% for a in range(1000000) %}{{ 1 / 3 }}{% endfor %}", " must render to at most 16,777,216 bytes"),
    ],
)
def test_all_else_is_refused_with_the_line_and_the_reason(tmp_path: Path, text: str, message: str) -> None:
    refused(tmp_path, text, f"cell 'mine': mine.sp.j2{message}")


def test_a_template_that_is_too_large_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "*" * ((1 << 18) + 1), "cell 'mine': mine.sp.j2 must have at most 262,144 bytes")


def test_a_template_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cell.sp.j2").write_bytes(b"\xff\xfe")
    with pytest.raises(CellError, match=r"^cell 'mine': mine.sp.j2 must be UTF-8 text$"):
        render_template(tmp_path / "cell.sp.j2", {}, what="cell 'mine': mine.sp.j2")


def test_a_template_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CellError, match=r"^cell 'mine': mine.sp.j2 must be a file that can be read: Is a directory$"):
        render_template(tmp_path, {}, what="cell 'mine': mine.sp.j2")
