"""What each command does to data, against a few lines of NumPy on nngen.numerics."""

from dataclasses import replace

import numpy as np
import pytest

from nngen.arch import Core
from nngen.errors import InputError, ProgramError
from nngen.ir.program import ConstantRecord, CoreProgram
from nngen.isa import Unit, instruction
from nngen.numerics import PlaneFormat, Requantization, WeightFormat, combine_cells
from nngen.sim.iss import Machine, execute, run

from .programs import CORE

I = instruction  # noqa: E741 - programs are read as columns
SAMPLES = 7
OUTPUT = 64  # where results are stored

CORE = replace(CORE, accumulator_bits=32)


def program(core: Core, *instructions, cells=None, records=()):
    """Return a program whose address register 0 spans all memory."""
    shape = (core.macros, core.macro.rows, core.macro.columns)
    cells = np.zeros(shape, np.int64) if cells is None else cells
    size = I("SET", unit=Unit.SEQUENCER, index=16, value=core.activation_bytes)
    return CoreProgram(
        core=0, instructions=(size, *instructions, I("HALT")), layer_starts=(), records=tuple(records), cells=cells
    )


def settings(unit, **registers):
    indices = {
        Unit.LOAD: {"invert": 0, "group0": 64, "group1": 65},
        Unit.MVM: {"planes": 0, "negate_top": 1, "slices": 2, "macro0": 64, "macro1": 65},
        Unit.POST: {"lowest": 0, "highest": 1, "zero_point": 2, "rounding": 3, "element": 4},
    }[unit]
    return [I("SET", unit=unit, index=indices[name], value=value & 0xFFFFFFFF) for name, value in registers.items()]


def random_memory(core, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (SAMPLES, core.activation_bytes), dtype=np.uint8)


def identity(outputs, *, macro=0, adc=0):
    """Records that pass accumulators of one ADC through."""
    return [ConstantRecord(macro=macro, adc=adc, entry=i, last=True, multiplier=1) for i in range(outputs)]


WORDS = settings(Unit.POST, lowest=-(1 << 31), highest=(1 << 31) - 1, element=2)


def words(memory, count):
    """Signed 32-bit words at OUTPUT, shape (samples, count)."""
    return memory[:, OUTPUT : OUTPUT + 4 * count].copy().view("<i4").astype(np.int64)


def test_fill_and_store_write_their_run_and_nothing_else():
    memory = random_memory(CORE)
    after = execute(CORE, program(CORE, I("FILL", offset=5, length=9, value=0xAB)), memory)
    expected = memory.copy()
    expected[:, 5:14] = 0xAB
    assert (after == expected).all()


@pytest.mark.parametrize("signed", [False, True])
def test_a_layer_equals_numpy(signed):
    # 10 inputs on rows 1 to 10, 4 outputs of 2 slices on both ADCs of macro 1, 5-bit codes, a clipping converter.
    rng = np.random.default_rng(3)
    weights = rng.integers(-15, 16, (10, 4))
    levels = WeightFormat(encoding="differential", bits=4, cell_bits=2).split(weights)
    cells = np.zeros((2, 12, 16), np.int64)
    cells[1, 1:11] = levels
    planes = PlaneFormat(bits=5, signed=signed, dac_bits=1)
    memory = random_memory(CORE)
    codes = (memory[:, 3:13] & 31).astype(np.int64)
    if signed:
        codes -= (codes & 16) * 2
    memory[:, 3:13] = codes.astype(np.uint8)
    requantization = Requantization(
        multiplier=rng.integers(-900, 900, 4), offset=rng.integers(-5000, 5000, 4), shift=np.array([8, 9, 5, 12]),
        zero_point=-3, lowest=-100, highest=90,
    )  # fmt: skip
    constants = zip(requantization.multiplier, requantization.offset, requantization.shift, strict=True)
    records = [
        ConstantRecord(macro=1, adc=i // 2, entry=1 + i % 2, last=True, multiplier=int(m), offset=int(b), shift=int(s))
        for i, (m, b, s) in enumerate(constants)
    ]
    commands = [
        *settings(Unit.LOAD, group1=5),
        *settings(Unit.MVM, planes=5, negate_top=int(signed), slices=2, macro1=1 << 16 | 3 << 12 | 2),
        *settings(Unit.POST, lowest=-100, highest=90, zero_point=-3),
        I("LOAD", offset=3, length=4, row=1, group=5, first=1),
        I("LOAD", offset=7, length=6, row=5, group=5, last=1),
        I("MVM", classes=4, steps=2, entry=1, overwrite=1, first=1, last=1, release=1),
        I("POST", count=4, first=1, last=1, release=1),
        I("STORE", offset=OUTPUT, length=4, release=1),
    ]
    after = execute(CORE, program(CORE, *commands, cells=cells, records=records), memory)

    converter = CORE.macro.converter(8)
    q = planes.split(codes) @ combine_cells(levels)  # (planes, samples, outputs * slices)
    parts = converter.reconstruct(converter.convert(q)).reshape(5, SAMPLES, 4, 2)
    accumulators = np.einsum("p,pnos,s->no", planes.weights, parts, [1, 4])
    assert (after[:, OUTPUT : OUTPUT + 4].view(np.int8) == requantization.apply(accumulators)).all()
    assert np.abs(q * converter.gain).max() > converter.highest * converter.step  # it does clip


def test_load_inverts_and_reaches_the_macros_of_its_group_only():
    # Row 2 drives weight 1 in each macro: the accumulators are what the rows hold.
    cells = np.zeros((2, 12, 16), np.int64)
    cells[:, 2, 0] = 1
    core = replace(CORE, macro=replace(CORE.macro, adc_bits=8))
    commands = [
        *settings(Unit.LOAD, invert=0xFF80, group0=1, group1=2),
        *settings(Unit.MVM, planes=8, macro0=1 << 16, macro1=1 << 16),
        *WORDS,
        I("LOAD", offset=9, length=1, row=2, group=2, first=1, last=1),
        I("MVM", classes=1, steps=1, overwrite=1, first=1, last=1, release=1),
        I("POST", count=2, first=1, last=1, release=1),
        I("STORE", offset=OUTPUT, length=8, release=1),
    ]
    memory = random_memory(core)
    records = [*identity(1), *identity(1, macro=1)]
    after = execute(core, program(core, *commands, cells=cells, records=records), memory)
    assert (words(after, 2) == np.stack([np.zeros(SAMPLES), memory[:, 9] ^ 0x80], axis=1)).all()


def test_accumulators_add_wrap_and_columns_beyond_an_adc_yield_zero():
    # Weight 3 on column 3 of ADC 0, input 1 on every row: q = 12 x 3 = 36 in each conversion of step 3, none in step 4.
    core = replace(CORE, accumulator_bits=8, macro=replace(CORE.macro, adc_bits=8))
    cells = np.zeros((2, 12, 16), np.int64)
    cells[0, :, 6] = 3
    kinds = [{"overwrite": 1, "first": 1}, {}, {}, {}, {"last": 1}]
    mvm = [I("MVM", classes=1, step=3, steps=2, **kind) for kind in kinds]
    commands = [
        *settings(Unit.MVM, macro0=1 << 16),
        *WORDS,
        I("FILL", length=12, value=1),
        I("SIGNAL", unit=Unit.STORE),
        I("WAIT", unit=Unit.LOAD, count=1),
        I("LOAD", length=12, first=1, last=1),
        *mvm,
        I("POST", count=2, first=1, last=1, release=1),
        I("STORE", offset=OUTPUT, length=8, release=1),
    ]
    result = run(core, program(core, *commands, cells=cells, records=identity(2)), random_memory(core))
    assert result.timing.cause == 0
    assert set(map(tuple, words(result.memory, 2).tolist())) == {(5 * 36 - 256, 0)}


def test_settings_change_between_commands_and_column_steps_add_up():
    # Row 0 is driven with 1; column j of ADC 0 weighs j in macro 0 and -j in macro 1.
    core = replace(CORE, output_buffer_bytes=32, macro=replace(CORE.macro, adc_bits=8))
    cells = np.zeros((2, 12, 16), np.int64)
    cells[0, 0, 0:8:2] = [0, 1, 2, 3]
    cells[1, 0, 1:8:2] = [0, 1, 2, 3]
    mvm = I("MVM", classes=1, step=1, steps=1, overwrite=1, first=1, last=1)
    post = I("POST", count=2, release=1)
    on = 1 << 16
    commands = [
        *WORDS,
        I("FILL", length=1, value=1),
        I("SIGNAL", unit=Unit.STORE),
        I("WAIT", unit=Unit.LOAD, count=1),
        I("LOAD", length=1, first=1, last=1),
        *settings(Unit.MVM, macro0=on, macro1=on | 2 << 4),  # columns 1 and 3
        mvm,
        I("POST", count=2, first=1, release=1),
        *settings(Unit.MVM, macro0=on | 1 << 4, macro1=on | 16 << 4),  # columns 2 and 17: beyond the ADC
        mvm,
        post,
        *settings(Unit.MVM, macro0=0, macro1=on),  # macro 0 is off: its accumulator of this bank is still 1
        mvm,
        I("POST", count=2, last=1, release=1),
        I("STORE", offset=OUTPUT, length=24, release=1),
    ]
    records = [*identity(1), *identity(1, macro=1)]
    after = execute(core, program(core, *commands, cells=cells, records=records), random_memory(core))
    assert words(after, 4)[0].tolist() == [1, -3, 2, 0]
    assert words(after, 6)[0, 4:].tolist() == [1, -1]


def test_planes_beyond_a_byte_are_zero():
    # With 10 planes the one that counts negative is empty: bytes act as unsigned. 20 conversions, each a write.
    core = replace(CORE, macros=1, macro=replace(CORE.macro, columns=4, columns_per_adc=2, adc_bits=8))
    cells = np.zeros((1, 12, 4), np.int64)
    cells[0, 0] = 1, 0, 0, 2
    commands = [
        *settings(Unit.MVM, macro0=1 << 16, planes=10, negate_top=1, slices=2),
        *WORDS,
        I("LOAD", offset=9, length=1, first=1, last=1),
        I("MVM", classes=1, steps=1, overwrite=1, first=1, last=1, release=1),
        I("POST", count=1, first=1, last=1, release=1),
        I("STORE", offset=OUTPUT, length=4, release=1),
    ]
    memory = random_memory(core)[:1]
    result = run(core, program(core, *commands, cells=cells, records=identity(1)), memory, digests=True)
    x = int(memory[0, 9])
    assert words(result.memory, 1).tolist() == [[x - (x * 2 << 2)]]  # slice 1 weighs -2 << cell_bits
    digest, total = 0, 0
    for plane in range(10):
        for weight in (1, -8):
            total += weight * (x & 1 << plane)
            digest = ((digest << 1 | digest >> 31) & 0xFFFFFFFF) ^ (total & 0xFFFFFFFF)
    assert [entry.digest for entry in result.timing.retired[Unit.MVM]] == [0, 0, 0, 0, digest]


def test_mvm_reads_the_row_buffer_that_was_filled_first():
    core = replace(CORE, macro=replace(CORE.macro, adc_bits=8))
    cells = np.zeros((2, 12, 16), np.int64)
    cells[0, 0, 0] = 1
    position = [
        I("MVM", classes=1, steps=1, overwrite=1, first=1, last=1, release=1),
        I("POST", count=1, first=1, last=1, release=1),
    ]
    commands = [
        *settings(Unit.MVM, macro0=1 << 16, planes=8),
        *WORDS,
        I("LOAD", offset=9, length=1, first=1, last=1),
        I("LOAD", offset=10, length=1, first=1, last=1),
        *position,
        I("STORE", offset=OUTPUT, length=4, release=1),
        *position,
        I("STORE", offset=OUTPUT + 4, length=4, release=1),
    ]
    memory = random_memory(core)
    after = execute(core, program(core, *commands, cells=cells, records=identity(1)), memory)
    assert (words(after, 2) == memory[:, 9:11]).all()


def test_the_first_bit_of_post_begins_at_the_first_byte_again():
    values = [I("FILL", length=1, value=7), I("SIGNAL", unit=Unit.STORE), I("WAIT", unit=Unit.LOAD, count=1)]
    core = replace(CORE, macro=replace(CORE.macro, adc_bits=8))
    cells = np.zeros((2, 12, 16), np.int64)
    cells[0, 0, [0, 2]] = 1, 2
    commands = [
        *values,
        *settings(Unit.MVM, macro0=1 << 16, planes=3),
        *settings(Unit.POST, highest=127),
        I("LOAD", length=1, first=1, last=1),
        I("MVM", classes=1, steps=2, overwrite=1, first=1, last=1, release=1),
        I("POST", count=2, first=1),  # 7, 14
        I("POST", count=1, record=1, first=1),  # 14 in place of 7
        I("POST", count=1, last=1, release=1),  # 7 behind it
        I("STORE", offset=OUTPUT, length=3, release=1),
    ]
    result = run(core, program(core, *commands, cells=cells, records=identity(2)), random_memory(core))
    assert result.memory[0, OUTPUT : OUTPUT + 3].tolist() == [14, 7, 0]


def test_sums_wrap_like_accumulators():
    # 60 + 60 + 60 in 8 bits.
    core = replace(CORE, accumulator_bits=8, macro=replace(CORE.macro, adc_bits=8))
    cells = np.zeros((2, 12, 16), np.int64)
    cells[0, 0, [0, 2]] = 1, 2
    value = [I("FILL", length=1, value=60), I("SIGNAL", unit=Unit.STORE), I("WAIT", unit=Unit.LOAD, count=1)]
    commands = [
        *value,
        *settings(Unit.MVM, macro0=1 << 16, planes=6),
        *WORDS,
        I("LOAD", length=1, first=1, last=1),
        I("MVM", classes=1, steps=2, overwrite=1, first=1, last=1, release=1),
        I("POST", count=2, first=1, last=1, release=1),
        I("STORE", offset=OUTPUT, length=4, release=1),
    ]
    records = [replace(identity(1)[0], last=False, multiplier=0), identity(2)[1]]
    after = execute(core, program(core, *commands, cells=cells, records=records), random_memory(core))
    assert words(after, 1)[0].tolist() == [180 - 256]


def test_records_sum_accumulators_and_what_does_not_fit_is_dropped():
    core = replace(CORE, macro=replace(CORE.macro, adc_bits=8))
    cells = np.zeros((2, 12, 16), np.int64)
    cells[0, :, [0, 2, 8]] = np.array([1, 2, 3])[:, None]  # entries 0, 1 of ADC 0, entry 0 of ADC 1
    source = [(0, 0), (0, 1), (1, 0)]
    records = [
        ConstantRecord(macro=0, adc=adc, entry=entry, last=last, multiplier=int(last))
        for last, (adc, entry) in zip([True, False, True, False, True, False], [*source, *source], strict=True)
    ]
    load = [I("FILL", length=4, value=1), I("SIGNAL", unit=Unit.STORE), I("WAIT", unit=Unit.LOAD, count=1)]
    commands = [
        *settings(Unit.MVM, macro0=1 << 16),
        *load,
        I("LOAD", length=4, first=1, last=1),
        I("MVM", classes=1, steps=2, overwrite=1, first=1, last=1, release=1),
        *WORDS,
        I("POST", count=6, first=1),  # 4; 8 + 12; 4 + 8; and 12, which no record ends
        I("POST", count=1, record=0, last=1),  # 4: the sum starts at 0 again, and fills the buffer
        I("STORE", offset=OUTPUT, length=16, release=1),
        I("POST", count=6, first=1),
        I("POST", count=3, last=1, release=1),  # one of the two fits
        I("STORE", offset=OUTPUT + 16, length=16, release=1),
    ]
    result = run(core, program(core, *commands, cells=cells, records=records), random_memory(core))
    assert words(result.memory, 8)[0].tolist() == [4, 20, 12, 4] * 2
    assert result.events["outputs"] == 3 + 1 + 3 + 2


def test_a_wide_converter_without_a_table_gives_the_same_codes():
    # 2,047 rows of 255-level planes: dot products beyond float32 and beyond any table of codes.
    macro = replace(
        CORE.macro, rows=2000, columns=2, columns_per_adc=1, dac_bits=8, cell_bits=8, adc_bits=28, gains=(1,)
    )
    core = replace(CORE, macros=1, macro=macro, activation_bytes=4096)
    cells = np.random.default_rng(1).integers(0, 256, (1, 2000, 2))
    cells[:, :1600, 1] = 0
    commands = [
        *settings(Unit.MVM, macro0=1 << 16, planes=1),
        *WORDS,
        I("LOAD", offset=100, length=2000, first=1, last=1),
        I("MVM", classes=1, steps=1, overwrite=1, first=1, last=1, release=1),
        I("POST", count=1, first=1, last=1, release=1),
        I("STORE", offset=OUTPUT, length=4, release=1),
    ]
    memory = random_memory(core)
    after = execute(core, program(core, *commands, cells=cells, records=identity(1)), memory)
    q = memory[:, 100:2100].astype(np.int64) @ combine_cells(cells[0])
    assert np.abs(q).max() > 1 << 24
    assert (words(after, 1) == macro.converter().reconstruct(macro.converter().convert(q))).all()


# ---------------------------------------------------------------- input


def test_memory_of_another_shape_or_type_is_refused():
    machine = Machine(CORE, program(CORE))
    with pytest.raises(
        InputError, match=r"^memory must be uint8 of shape \(samples, 128\), not uint8 of shape \(1, 64\)$"
    ):
        machine.execute(np.zeros((1, 64), np.uint8))
    with pytest.raises(
        InputError, match=r"^memory must be uint8 of shape \(samples, 128\), not int64 of shape \(1, 128\)$"
    ):
        machine.execute(np.zeros((1, 128), np.int64))  # type: ignore[arg-type]


def test_digests_of_several_samples_are_refused():
    with pytest.raises(InputError, match=r"^digests must be asked for with 1 sample, not 7$"):
        run(CORE, program(CORE), random_memory(CORE), digests=True)


def test_images_that_do_not_fit_the_core_are_refused():
    with pytest.raises(ProgramError, match=r"^cells must be an array of shape \(2, 12, 16\), not \(1, 12, 16\)$"):
        Machine(CORE, program(CORE, cells=np.zeros((1, 12, 16), np.int64)))
    with pytest.raises(ProgramError, match=r"^record 0 adc must be below 2, not 2$"):
        Machine(CORE, program(CORE, records=identity(1, adc=2)))


def test_a_gain_beyond_the_converters_step_is_refused():
    window = I("SET", unit=Unit.SEQUENCER, index=16, value=64)
    load = I("LOAD", length=1, first=1, last=1)
    commands = [window, load, *settings(Unit.MVM, macro0=1 << 16 | 15 << 12), I("MVM", classes=1, steps=1)]
    sentence = r"^gain of an MVM must be at most the converter's step 16, not 32768$"
    with pytest.raises(ProgramError, match=sentence):
        execute(CORE, program(CORE, *commands), random_memory(CORE))
