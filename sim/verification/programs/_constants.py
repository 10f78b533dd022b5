"""Constant memory and cells of a test program, and images of activation memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.ir.program import ConstantRecord

from ._draw import Draw

IntArray = npt.NDArray[np.int64]
ByteArray = npt.NDArray[np.uint8]

_MANY = 96  # records beyond which constant memory is seldom filled
_FILLED = 0.05
_COEFFICIENT_BITS = 16
MOST_COEFFICIENTS = 64  # words of coefficient memory that do not hold zeros
_CORNER_BYTES = np.array([0, 1, 0x7F, 0x80, 0xFE, 0xFF, 0x55, 0xAA], np.uint8)


def random_records(core: Core, draw: Draw, *, plain: int) -> tuple[ConstantRecord, ...]:
    """Return constant memory, whole or its beginning: ``plain`` sums of one accumulator, then sums of several."""
    count = core.constant_records
    if count > _MANY and not draw.chance(_FILLED):
        count = max(plain, draw.randint(_MANY // 2, _MANY))
    made = [_record(core, draw, last=True) for _ in range(min(plain, count))]
    longest = draw.choice((1, 2, 4, 16))
    while len(made) < min(count, _MANY):
        made += [_record(core, draw, last=False) for _ in range(draw.randint(1, longest) - 1)]
        made.append(_record(core, draw, last=True))
    made = made[: min(count, _MANY)]
    # A full constant memory repeats them: the accumulators differ, the cost of making them would not be worth it.
    return tuple(made[i % len(made)] for i in range(count))


def _record(core: Core, draw: Draw, *, last: bool) -> ConstantRecord:
    constants = _constants(core, draw) if last or draw.chance(0.1) else (0, 0, 0)
    second = _constants(core, draw) if core.negative_slope and (last or draw.chance(0.1)) else (0, 0, 0)
    return ConstantRecord(
        macro=draw.randrange(core.macros),
        adc=draw.randrange(core.macro.adcs),
        entry=draw.randrange(core.accumulator_entries),
        last=last,
        multiplier=constants[0],
        offset=constants[1],
        shift=constants[2],
        negative_multiplier=second[0],
        negative_offset=second[1],
    )


def _constants(core: Core, draw: Draw) -> tuple[int, int, int]:
    """Return m, b and s: such that outputs are codes, that every sum lies between two, or any."""
    most = 1 << (core.multiplier_bits - 1)
    far = 1 << (core.offset_bits - 1)
    kind = draw.random()
    if kind < 0.5:
        shift = draw.randint(0, 8)
        largest = min(2 << shift, most - 1)
        return draw.randint(-largest, largest), draw.randint(-99, 99), shift
    if kind < 0.7:
        shift = draw.randint(1, 6)
        return draw.choice((1, -1, min(1 << (shift - 1), most - 1))), draw.choice((0, 1, -1, 1 << (shift - 1))), shift
    multiplier = draw.choice((0, 1, -1, most - 1, -most, -most + 1, draw.randrange(-most, most)))
    offset = draw.choice((0, 1, -1, far - 1, -far, draw.randrange(-far, far)))
    return multiplier, offset, draw.number(0, (1 << core.shift_bits) - 1)


def random_coefficients(core: Core, generator: np.random.Generator) -> IntArray:
    """Return the beginning of coefficient memory, shape ``(words, word_bytes)``: any values, corners, or small ones."""
    words = min(core.vector.coefficient_words, MOST_COEFFICIENTS) if core.vector else 0
    shape = (words, core.word_bytes)
    most = 1 << (_COEFFICIENT_BITS - 1)
    values: IntArray = generator.integers(-most, most, shape)
    corners = np.array([0, 1, -1, most - 1, -most])[generator.integers(0, 5, shape)]
    return np.choose(generator.integers(0, 3, (words, 1)), [values, corners, values >> 8])


def random_tables(core: Core, generator: np.random.Generator) -> IntArray:
    """Return look-up tables, shape ``(tables, 256)``."""
    tables: IntArray = generator.integers(0, 256, (core.tables, 256))
    return tables


def random_cells(core: Core, generator: np.random.Generator) -> IntArray:
    """Return cell levels: pairs that lean to one side, so that sums are large, or any, few, the largest, none."""
    macro = core.macro
    shape = (core.macros, macro.rows, macro.columns)
    top = (1 << macro.cell_bits) - 1
    kind = generator.integers(8)
    if kind == 0:
        return top * generator.integers(0, 2, shape)
    cells: IntArray = generator.integers(0, top + 1, shape)
    if kind == 1:
        cells *= generator.integers(0, 8, shape) == 0
    elif kind == 2:
        cells[:, :, generator.integers(2) :: 2] = top * generator.integers(2)
    elif kind > 3:
        odd = np.arange(macro.columns) % 2
        pairs = -(-macro.columns // 2)
        lean = generator.integers(0, 2, (core.macros, 1, pairs)).repeat(2, axis=2)[:, :, : macro.columns] ^ odd
        strength = generator.random((core.macros, 1, pairs)).repeat(2, axis=2)[:, :, : macro.columns]
        cells = np.where(generator.random(shape) < strength, top * lean, cells)
    return cells


def memory_image(core: Core, *, seed: int, samples: int) -> ByteArray:
    """Return random activation memories, rich in corners.

    Returns
    -------
    uint8 of shape ``(samples, activation_bytes)``.
    """
    generator = np.random.default_rng(seed)
    shape = (samples, core.activation_bytes)
    image = generator.integers(0, 256, shape, dtype=np.uint8)
    # Stretches of 1 to 64 bytes, each in a style of its own: as drawn, corners, one corner repeated.
    stretch = 1 << generator.integers(0, 7)
    style = np.repeat(generator.integers(0, 4, (samples, -(-shape[1] // stretch))), stretch, axis=1)[:, : shape[1]]
    steady = generator.integers(0, len(_CORNER_BYTES), style.shape)
    of_stretch = steady[:, np.arange(shape[1]) // stretch * stretch]
    image = np.where(style == 1, _CORNER_BYTES[steady], image)
    return np.where(style == 2, _CORNER_BYTES[of_stretch], image)
