"""The register map of any core."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nngen.arch import Core
from nngen.host import (
    EVENT_BASE,
    MAGIC,
    cells_per_word,
    macro_word_index,
    record_words,
    register_map,
    words_per_row,
)
from nngen.isa import EVENT_NAMES


@given(st.from_type(Core))
def test_nothing_overlaps(core: Core) -> None:
    layout = register_map(core)
    spans = [(r.address, r.address + 4) for r in layout.registers]
    spans += [(w.address, w.address + w.span) for w in layout.windows]
    for (_, end), (start, _) in pairwise(spans):
        assert end <= start
    assert spans[-1][1] <= 1 << layout.address_bits < 1 << 33


@given(st.from_type(Core))
def test_a_window_has_address_bits_of_its_own(core: Core) -> None:
    for window in register_map(core).windows:
        assert window.span & (window.span - 1) == 0
        assert window.address % window.span == 0
        assert 4 * window.words <= window.span < 8 * window.words or window.span == 4


@given(st.from_type(Core))
def test_registers_are_the_same_in_every_core(core: Core) -> None:
    layout = register_map(core)
    assert layout.register("MAGIC").address == 0
    assert layout.register("MAGIC").reset == MAGIC
    assert all(register.address % 4 == 0 for register in layout.registers)
    assert len({register.name for register in layout.registers}) == len(layout.registers)
    for number, name in enumerate(EVENT_NAMES):
        register = layout.register(f"EVENT_{name.upper()}")
        assert register.address == EVENT_BASE + 4 * number
        assert register.access == "r"
    assert sum(register.name.startswith("EVENT_") for register in layout.registers) == len(EVENT_NAMES)


@given(st.from_type(Core))
def test_windows_hold_what_they_are_for(core: Core) -> None:
    layout = register_map(core)
    assert layout.window("PROGRAM").words == 2 * core.program_instructions
    assert layout.window("CONSTANTS").words == record_words(core) * core.constant_records
    assert 4 * layout.window("ACTIVATIONS").words == core.activation_bytes
    names = [(window.name, window.access) for window in layout.windows]
    assert names[:4] == [("PROGRAM", "w"), ("CONSTANTS", "w"), ("ACTIVATIONS", "rw"), ("MACROS", "w")]
    options = [("COEFFICIENTS", "w")] if core.vector else []
    assert names[4:] == options + ([("TABLES", "w")] if core.tables else [])
    if core.vector:
        assert 4 * layout.window("COEFFICIENTS").words == 2 * core.word_bytes * core.vector.coefficient_words
    if core.tables:
        assert 4 * layout.window("TABLES").words == 256 * core.tables


@given(st.from_type(Core), st.data())
def test_programming_words_are_all_different_and_inside_the_window(core: Core, data: st.DataObject) -> None:
    macro = data.draw(st.integers(0, core.macros - 1))
    indices = [
        macro_word_index(core, macro=m, row=row, word=word)
        for m in {macro, core.macros - 1}
        for row in range(core.macro.rows)
        for word in range(words_per_row(core))
    ]
    assert len(set(indices)) == len(indices)
    assert max(indices) < register_map(core).window("MACROS").words
    assert words_per_row(core) * cells_per_word(core) >= core.macro.columns


@given(st.from_type(Core))
def test_what_is_not_there_is_not_found(core: Core) -> None:
    with pytest.raises(StopIteration):
        register_map(core).register("PROGRAM")
