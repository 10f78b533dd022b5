"""Constant records and cells as words."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nngen.arch import Core, read_architecture
from nngen.errors import ProgramError
from nngen.ir import ConstantRecord, pack_cells, pack_record, unpack_cells, unpack_record
from nngen.isa import (
    RECORD_SIGNED_FIELDS,
    cells_per_word,
    constant_record_bits,
    constant_record_layout,
    index_bits,
    record_words,
    words_per_row,
)

TINY = read_architecture(Path(__file__).parents[3] / "flows" / "architectures" / "tiny.toml").core
RECORD = ConstantRecord(macro=11, adc=1, entry=5, last=True, multiplier=-3, offset=1 << 40, shift=17)


def sentence(text: str) -> str:
    return f"^{re.escape(text)}$"


@st.composite
def records(draw: st.DrawFn, core: Core) -> ConstantRecord:
    values: dict[str, int] = {}
    for name, width in constant_record_layout(core):
        signed = name in RECORD_SIGNED_FIELDS
        values[name] = draw(
            st.integers(-(1 << width - 1), (1 << width - 1) - 1) if signed else st.integers(0, (1 << width) - 1)
        )
    return ConstantRecord(last=bool(values.pop("last")), **values)


@given(st.data(), st.from_type(Core))
def test_unpacking_a_record_undoes_packing(data: st.DataObject, core: Core) -> None:
    record = data.draw(records(core))
    packed = pack_record(record, core)
    assert 0 <= packed < 1 << constant_record_bits(core)
    assert unpack_record(packed, core) == record


@given(st.data(), st.from_type(Core))
def test_every_number_of_a_records_width_is_a_record(data: st.DataObject, core: Core) -> None:
    packed = data.draw(st.integers(0, (1 << constant_record_bits(core)) - 1))
    assert pack_record(unpack_record(packed, core), core) == packed


@given(st.from_type(Core))
def test_a_record_fits_its_words(core: Core) -> None:
    words = record_words(core)
    assert words & (words - 1) == 0
    assert 32 * words >= constant_record_bits(core) > 16 * words or words == 1


def test_a_record_has_the_layout_of_the_register_page() -> None:
    """Written out by hand: entry 3 bits, adc 1, macro 4, last 1, shift 6, multiplier 25, offset 57."""
    expected = 5 | 1 << 3 | 11 << 4 | 1 << 8 | 17 << 9 | (-3 & 0x1FFFFFF) << 15 | 1 << 80
    assert pack_record(RECORD, TINY) == expected


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("entry", 8, "constant record entry must be 0 to 7, not 8"),
        ("adc", 2, "constant record adc must be 0 to 1, not 2"),
        ("macro", -1, "constant record macro must be 0 to 15, not -1"),
        ("shift", 64, "constant record shift must be 0 to 63, not 64"),
        ("multiplier", 1 << 24, "constant record multiplier must be -16777216 to 16777215, not 16777216"),
        (
            "offset",
            -(1 << 56) - 1,
            f"constant record offset must be {-(1 << 56)} to {(1 << 56) - 1}, not {-(1 << 56) - 1}",
        ),
    ],
)
def test_a_record_that_does_not_fit_is_refused(field: str, value: int, message: str) -> None:
    with pytest.raises(ProgramError, match=sentence(message)):
        pack_record(replace(RECORD, **{field: value}), TINY)


def test_bits_beyond_a_record_are_refused() -> None:
    with pytest.raises(ProgramError, match=sentence(f"constant record must be 97 bits wide, not {1 << 97:#x}")):
        unpack_record(1 << 97, TINY)
    with pytest.raises(ProgramError, match=sentence("constant record must be 97 bits wide, not -0x1")):
        unpack_record(-1, TINY)


@given(st.from_type(Core), st.integers(0, 2**32 - 1), st.sampled_from([(), (3,), (2, 5)]))
def test_unpacking_cells_undoes_packing(core: Core, seed: int, shape: tuple[int, ...]) -> None:
    levels = np.random.default_rng(seed).integers(0, 1 << core.macro.cell_bits, (*shape, core.macro.columns))
    words = pack_cells(levels, core)
    assert words.shape == (*shape, words_per_row(core))
    assert np.all((words >= 0) & (words < 1 << 32))
    assert np.array_equal(unpack_cells(words, core), levels)


@given(st.from_type(Core))
def test_a_bit_line_has_its_own_bits(core: Core) -> None:
    """Cell by cell, as the programming port is described: first bit line in the lowest bits."""
    bits, a_word = core.macro.cell_bits, cells_per_word(core)
    for column in range(core.macro.columns):
        levels = np.zeros(core.macro.columns, np.int64)
        levels[column] = (1 << bits) - 1
        expected = [0] * words_per_row(core)
        expected[column // a_word] = ((1 << bits) - 1) << (column % a_word * bits)
        assert pack_cells(levels, core).tolist() == expected


def test_cells_that_do_not_fit_are_refused() -> None:
    row = np.zeros(32, np.int64)
    with pytest.raises(ProgramError, match=sentence("cells of a row must be 32, not 31")):
        pack_cells(row[:31], TINY)
    with pytest.raises(ProgramError, match=sentence("cells of a row must be 32, not 1")):
        pack_cells(np.int64(1), TINY)
    with pytest.raises(ProgramError, match=sentence("level of a cell must be 0 to 7, not 8")):
        pack_cells(row + 8, TINY)
    with pytest.raises(ProgramError, match=sentence("level of a cell must be 0 to 7, not -1")):
        pack_cells(row - 1, TINY)


def test_words_that_no_cells_make_are_refused() -> None:
    with pytest.raises(ProgramError, match=sentence("words of a row must be 4, not 3")):
        unpack_cells(np.zeros(3, np.int64), TINY)
    with pytest.raises(ProgramError, match=sentence("words of a row must be 4, not 1")):
        unpack_cells(np.int64(0), TINY)
    message = "programming word must have no bit set beyond its cells, not 0x40000000"
    with pytest.raises(ProgramError, match=sentence(message)):
        unpack_cells(np.array([0, 1 << 30, 0, 0]), TINY)
    with pytest.raises(
        ProgramError, match=sentence("programming word must have no bit set beyond its cells, not 0x40")
    ):
        unpack_cells(np.array([0, 0, 0, 1 << 6]), TINY)  # the last word holds two cells
    with pytest.raises(
        ProgramError, match=sentence("programming word must have no bit set beyond its cells, not -0x1")
    ):
        unpack_cells(np.array([-1, 0, 0, 0]), TINY)


@pytest.mark.parametrize(("count", "bits"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (64, 6), (65, 7)])
def test_an_index_has_at_least_one_bit(count: int, bits: int) -> None:
    assert index_bits(count) == bits
