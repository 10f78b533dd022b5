"""How constant records and cells are packed into words: what POST reads and what the programming port takes."""

from __future__ import annotations

from nngen.arch import Core

RECORD_SIGNED_FIELDS = ("multiplier", "offset", "negative_multiplier", "negative_offset")


def index_bits(count: int) -> int:
    """Return the bits of an index below ``count``, at least 1."""
    return max(1, (count - 1).bit_length())


def constant_record_layout(core: Core) -> tuple[tuple[str, int], ...]:
    """Return (field, width) of a constant record from bit 0 up; multiplier and offset are two's complement."""
    second = (("negative_multiplier", core.multiplier_bits), ("negative_offset", core.offset_bits))
    return (
        ("entry", index_bits(core.accumulator_entries)),
        ("adc", index_bits(core.macro.adcs)),
        ("macro", index_bits(core.macros)),
        ("last", 1),
        ("shift", core.shift_bits),
        ("multiplier", core.multiplier_bits),
        ("offset", core.offset_bits),
        *(second if core.negative_slope else ()),
    )


def constant_record_bits(core: Core) -> int:
    """Return the width of a constant record without padding."""
    return sum(width for _, width in constant_record_layout(core))


def record_words(core: Core) -> int:
    """Return the 32-bit words of a constant record; a power of two."""
    words = -(-constant_record_bits(core) // 32)
    return 1 << (words - 1).bit_length()


def cells_per_word(core: Core) -> int:
    """Return the cells that one 32-bit programming word carries."""
    return 32 // core.macro.cell_bits


def words_per_row(core: Core) -> int:
    """Return the programming words of one macro row."""
    return -(-core.macro.columns // cells_per_word(core))


def coefficient_lanes(core: Core) -> int:
    """Return the 16-bit coefficients of one coefficient word, two in each 32-bit word of the host; lowest first."""
    return core.word_bytes
