"""What the options of a core do to data, on small examples worked out by hand from docs/core.md."""

from dataclasses import replace

import numpy as np
import pytest

from nngen.errors import ProgramError
from nngen.ir.program import ConstantRecord, CoreProgram
from nngen.isa import Cause, Unit, instruction, register
from nngen.sim.iss import Machine, execute, run

from .programs import FULL

I = instruction  # noqa: E741 - programs are read as columns
OUTPUT = 64  # where results are stored
# Words of four bytes, vector buffers of 32 bytes, 16 accumulators of VEC, 12 rows, lossless enough for small sums.
CORE = replace(FULL, accumulator_bits=32, output_buffer_bytes=64, macro=replace(FULL.macro, adc_bits=8))


def settings(unit, **registers):
    """SETs; a name may end in the number of its register."""
    made = []
    for name, value in registers.items():
        known, number = name.rstrip("0123456789").upper(), name.lstrip("abcdefghijklmnopqrstuvwxyz_")
        index = register(unit, known).index + int(number or 0)
        made.append(I("SET", unit=unit, index=index, value=value & 0xFFFFFFFF))
    return made


WORDS = settings(Unit.POST, lowest=-(1 << 31), highest=(1 << 31) - 1, element=2)
RECORDS = [ConstantRecord(macro=0, adc=0, entry=i % 4, last=True, multiplier=1) for i in range(8)]


def program(*instructions, core=CORE, records=RECORDS, **loaded):
    """Return a program whose address register 0 spans all memory."""
    loaded.setdefault("cells", np.zeros((core.macros, core.macro.rows, core.macro.columns), np.int64))
    size = I("SET", unit=Unit.SEQUENCER, index=16, value=core.activation_bytes)
    return CoreProgram(
        core=0, instructions=(size, *instructions, I("HALT")), layer_starts=(), records=tuple(records), **loaded
    )


def result(instructions, memory, *, core=CORE, **loaded):
    """Return memory after a program of one sample, which must end with HALT, and its timing."""
    image = np.zeros((1, core.activation_bytes), np.uint8)
    image[0, : len(memory)] = memory
    ran = run(core, program(*instructions, core=core, **loaded), image, digests=True)
    assert ran.timing.cause is Cause.NONE
    return ran.memory[0], ran.timing


def words(memory, count):
    return memory[OUTPUT : OUTPUT + 4 * count].view("<i4").tolist()


def vec_result(memory, operation, length, *, settings=(), load=None, coefficients=None, **fields):
    """Load all of a vector buffer, execute one VEC that overwrites, return its accumulators."""
    load = load or I("LOAD", length=len(memory), vec=1, first=1, last=1)
    vec = {"operation": operation, "length": length, "overwrite": 1, "first": 1, "last": 1, "release": 1} | fields
    commands = [
        *settings,
        load,
        I("VEC", **vec),
        *WORDS,
        I("POST", vec=1, single=1, entry=vec.get("entry", 0), count=length, first=1, last=1, release=1),
        I("STORE", offset=OUTPUT, length=4 * length, release=1),
    ]
    loaded = {} if coefficients is None else {"coefficients": coefficients}
    return words(result(commands, memory, **loaded)[0], length)


# ---------------------------------------------------------------- VEC


def test_sum_of_taps():
    # Taps 4 bytes apart: 1 + 5 + 9, 2 + 6 + 10, 3 + 7 + 255.
    taps = settings(Unit.VEC, taps=3, stride=4)
    memory = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255, 12]
    assert vec_result(memory, 0, 3, settings=taps) == [15, 18, 265]
    assert vec_result(memory, 0, 3, settings=[*taps, *settings(Unit.VEC, signed=1)]) == [15, 18, 9]


def test_largest_tap():
    memory = [1, 200, 3, 4, 5, 100]
    taps = settings(Unit.VEC, taps=2, stride=4)
    assert vec_result(memory, 1, 2, settings=taps) == [5, 200]
    assert vec_result(memory, 1, 2, settings=[*taps, *settings(Unit.VEC, signed=1)]) == [5, 100]


def test_scaled_taps_take_coefficients_in_turn():
    # COEFFICIENT[7] and, behind it, COEFFICIENT[0]: -3·10 + 1000000·20.
    coefficients = settings(Unit.VEC, taps=2, stride=1, coefficient7=-3, coefficient0=1_000_000)
    assert vec_result([10, 20], 2, 1, settings=coefficients, coefficient=7) == [-30 + 20_000_000]


def test_weighted_taps_take_the_coefficient_of_their_lane():
    # Six elements are two groups of four lanes. Tap 0 takes words 7 and 0 (8 words: they wrap), tap 1 words 1 and 2.
    coefficients = np.zeros((8, 4), np.int64)
    coefficients[7], coefficients[0] = [1, 2, 3, 4], [5, 6, 1 << 14, -(1 << 14)]
    coefficients[1], coefficients[2] = [-1, -1, -1, -1], [-100, 7, 0, 0]
    memory = [10, 20, 30, 40, 50, 60, 0, 0, 1, 2, 3, 4, 5, 6]
    expected = [10 - 1, 40 - 2, 90 - 3, 160 - 4, 250 - 500, 360 + 42]
    taps = settings(Unit.VEC, taps=2, stride=8)
    assert vec_result(memory, 3, 6, settings=taps, coefficients=coefficients, coefficient=7) == expected


def test_products_of_neighbouring_taps():
    # (x0 - 3)·(x1 + 4) + (x2 - 3)·(x3 + 4); the fifth tap has no partner.
    zeros = settings(Unit.VEC, taps=5, stride=1, zero0=3, zero1=-4)
    assert vec_result([10, 20, 30, 40, 50], 4, 1, settings=zeros) == [7 * 24 + 27 * 44]


def test_elements_of_two_and_four_bytes():
    two = settings(Unit.VEC, element=1)
    assert vec_result([0xFF, 0xFF, 2, 1], 0, 2, settings=two) == [0xFFFF, 0x102]
    assert vec_result([0xFF, 0xFF, 2, 1], 0, 2, settings=[*two, *settings(Unit.VEC, signed=1)]) == [-1, 0x102]
    for element in (2, 3):
        four = settings(Unit.VEC, element=element)
        assert vec_result([0xFF] * 4 + [1, 2, 3, 4], 0, 2, settings=four) == [-1, 0x04030201]
        assert vec_result([0xFF] * 4 + [1, 2, 3, 4], 1, 2, settings=four) == [-1, 0x04030201]
        # Where they are multiplied, their low two bytes count.
        scaled = [*four, *settings(Unit.VEC, coefficient0=2)]
        assert vec_result([0xFF] * 4 + [1, 2, 3, 4], 2, 2, settings=scaled) == [2 * 0xFFFF, 2 * 0x201]


def test_elements_wrap_around_the_buffer():
    # Elements of two bytes at 31 and 1: the first one crosses the end of the 32 bytes.
    memory = [0x12, 5, 6, *[0] * 28, 0x34]
    assert vec_result(memory, 0, 2, settings=settings(Unit.VEC, element=1), source=31) == [0x1234, 0x605]
    # A source of 2,047 is byte 31.
    assert vec_result(memory, 0, 2, source=2047) == [0x34, 0x12]


def test_accumulators_add_take_the_largest_and_wrap():
    core = replace(CORE, accumulator_bits=8)
    vec = {"length": 2, "first": 0, "last": 0}
    commands = [
        I("LOAD", length=4, vec=1, first=1, last=1),
        I("VEC", operation=0, **vec | {"overwrite": 1, "first": 1}),  # 100, 200 - 256
        I("VEC", operation=0, **vec),  # 200 - 256, 144
        I("VEC", operation=1, source=2, **vec | {"last": 1}, release=1),  # 144 wraps, too: -112
        *WORDS,
        I("POST", vec=1, single=1, count=2, first=1, last=1, release=1),
        I("STORE", offset=OUTPUT, length=8, release=1),
    ]
    assert words(result(commands, [100, 200, 129, 144], core=core)[0], 2) == [-56, -112]
    commands[3] = I("VEC", operation=1, source=2, **vec | {"last": 1, "overwrite": 1}, release=1)
    assert words(result(commands, [100, 200, 129, 144], core=core)[0], 2) == [-127, -112]


def test_banks_of_vec_alternate():
    # Two LOADs fill both buffers, two VECs both banks of accumulators, POSTs read them in order.
    commands = [
        I("LOAD", length=1, vec=1, first=1, last=1),
        I("LOAD", offset=1, length=1, vec=1, first=1, last=1),
        *[I("VEC", length=1, overwrite=1, first=1, last=1, release=1)] * 2,
        *settings(Unit.POST, highest=255),
        I("POST", vec=1, single=1, count=1, first=1, release=1),
        I("POST", vec=1, single=1, count=1, last=1, release=1),
        I("STORE", offset=OUTPUT, length=2, release=1),
    ]
    assert result(commands, [11, 22])[0][OUTPUT : OUTPUT + 2].tolist() == [11, 22]


def test_digest_of_vec_has_a_write_for_each_group():
    # Five bytes, two groups: (1 ^ 2<<1 ^ 3<<2 ^ 4<<3), then 5.
    commands = [
        I("LOAD", length=5, vec=1, first=1, last=1),
        I("VEC", length=5, overwrite=1, first=1, last=1, release=1),
        I("POST", vec=1, single=1, count=1, first=1, last=1, release=1),
        I("STORE", offset=OUTPUT, length=1, release=1),
    ]
    _, timing = result(commands, [1, 2, 3, 4, 5])
    (vec,) = timing.retired[Unit.VEC]
    assert vec.digest == (1 ^ 2 << 1 ^ 3 << 2 ^ 4 << 3) << 1 ^ 5
    assert timing.events["vector_operations"] == 5
    assert timing.events["outputs"] == 1
    assert timing.events["vec_busy"] == 2


# ---------------------------------------------------------------- POST


def test_each_output_of_vec_has_its_record_or_all_have_one():
    records = [ConstantRecord(macro=0, adc=0, entry=0, last=False, multiplier=m, offset=m) for m in (2, 3, 5)]
    commands = [
        I("LOAD", length=4, vec=1, first=1, last=1),
        I("VEC", length=4, overwrite=1, first=1, last=1, release=1),
        *settings(Unit.POST, highest=255),
        I("POST", vec=1, record=1, entry=2, count=2, first=1),  # 3·12 + 3, 5·13 + 5
        I("POST", vec=1, single=1, record=2, entry=0, count=2, last=1, release=1),  # 5·10 + 5, 5·11 + 5
        I("STORE", offset=OUTPUT, length=4, release=1),
    ]
    after, timing = result(commands, [10, 11, 12, 13], records=records)
    assert after[OUTPUT : OUTPUT + 4].tolist() == [39, 70, 55, 60]
    assert timing.events["outputs"] == 4


def post_bytes(length, *sets, core=CORE, records=RECORDS, memory=(10, 200, 12), signed=1, **loaded):
    """Return what POST makes of three signed bytes, 10, -56, 12."""
    commands = [
        *settings(Unit.VEC, signed=signed),
        I("LOAD", length=3, vec=1, first=1, last=1),
        I("VEC", length=3, overwrite=1, first=1, last=1, release=1),
        *settings(Unit.POST, lowest=-128, highest=127),
        *sets,
        I("POST", vec=1, single=1, count=3, first=1, last=1, release=1),
        I("STORE", offset=OUTPUT, length=length, release=1),
    ]
    return result(commands, memory, core=core, records=records, **loaded)[0][OUTPUT : OUTPUT + length].tolist()


def test_outputs_have_one_two_or_four_bytes():
    assert post_bytes(3) == [10, 200, 12]
    assert post_bytes(6, *settings(Unit.POST, element=1)) == [10, 0, 200, 255, 12, 0]
    for element in (2, 3):
        assert post_bytes(12, *settings(Unit.POST, element=element)) == [10, 0, 0, 0, 200, 255, 255, 255, 12, 0, 0, 0]


def test_outputs_are_looked_up():
    tables = np.stack([np.arange(256), (np.arange(256) * 7 + 1) % 256])
    enabled = 1 << 4
    looked_up = [(y * 7 + 1) % 256 for y in (10, 200, 12)]
    assert post_bytes(3, *settings(Unit.POST, table=1), tables=tables) == [10, 200, 12]  # not enabled
    assert post_bytes(3, *settings(Unit.POST, table=enabled | 1), tables=tables) == looked_up
    assert post_bytes(3, *settings(Unit.POST, table=enabled | 15), tables=tables) == looked_up  # modulo 2
    both = settings(Unit.POST, table=enabled | 1, element=1)
    assert post_bytes(6, *both, tables=tables) == [looked_up[0], 0, looked_up[1], 0, looked_up[2], 0]
    assert post_bytes(3, *both[:1], core=replace(CORE, tables=0)) == [10, 200, 12]


def test_negative_sums_take_the_second_constants():
    # m = 2, b = -30: 10 gives -10, -56 gives -142, 12 gives -6, all negative; then m = -1, b = 3. With b = -22, 12
    # gives 2: it keeps the first.
    def record(offset):
        return [ConstantRecord(macro=0, adc=0, entry=0, last=True, multiplier=2, offset=offset, shift=1,
                               negative_multiplier=-1, negative_offset=3)]  # fmt: skip

    on = settings(Unit.POST, negative=1, rounding=2)
    assert post_bytes(3, *on, records=record(-30)) == [(-7 >> 1) & 255, 59 >> 1, (-9 >> 1) & 255]
    assert post_bytes(3, *on, records=record(-22)) == [(-7 >> 1) & 255, 59 >> 1, 1]
    plain = [(-10 >> 1) & 255, (-142 >> 1) & 255, (-6 >> 1) & 255]
    assert post_bytes(3, *on[1:], records=record(-30)) == plain
    assert post_bytes(3, *on, records=record(-30), core=replace(CORE, negative_slope=False)) == plain


# ---------------------------------------------------------------- LOAD, STORE


def rows_of(load, memory, rows, *, core, sets=()):
    """Return what the first rows hold after a LOAD: one MVM for each, with a cell of 1 there alone."""
    cells = np.zeros((core.macros, core.macro.rows, core.macro.columns), np.int64)
    codes = []
    for row in range(rows):
        cells[:] = 0
        cells[0, row, 0] = 1
        planes = -(-core.activation_bits // core.macro.dac_bits)
        commands = [
            *sets,
            *settings(Unit.MVM, planes=planes, macro0=1 << 16),
            load,
            I("MVM", classes=1, steps=1, overwrite=1, first=1, last=1, release=1),
            *WORDS,
            I("POST", count=1, first=1, last=1, release=1),
            I("STORE", offset=OUTPUT, length=4, release=1),
        ]
        codes += words(result(commands, memory, core=core, cells=cells)[0], 1)
    return codes


WIDE = replace(CORE, activation_bits=12)


def test_codes_are_inverted_kept_and_cut():
    load = I("LOAD", length=3, first=1, last=1)
    sets = settings(Unit.LOAD, invert=0xFF80, keep=0xFF8F)
    memory = [0x80, 0x7F, 0x3A]
    assert rows_of(load, memory, 3, core=CORE, sets=sets) == [0x00, 0x8F, 0x8A]
    # With more than eight bits a byte is extended by zeros before.
    assert rows_of(load, memory, 3, core=WIDE, sets=sets) == [0xF00, 0xF8F, 0xF8A]
    assert rows_of(load, memory, 3, core=replace(CORE, activation_bits=4)) == [0, 15, 10]


def test_wide_codes_have_two_bytes():
    load = I("LOAD", length=4, wide=1, row=1, first=1, last=1)
    assert rows_of(load, [0x34, 0xF2, 0xCD, 0x0B], 4, core=WIDE) == [0, 0x234, 0xBCD, 0]


def test_runs_fill_rows_that_follow_each_other():
    load = I("LOAD", offset=1, length=2, row=1, strided=1, first=1, last=1)
    sets = settings(Unit.LOAD, runs=3, stride=5)
    memory = list(range(20))
    assert rows_of(load, memory, 8, core=CORE, sets=sets) == [0, 1, 2, 6, 7, 11, 12, 0]
    wide = I("LOAD", length=2, strided=1, wide=1, first=1, last=1)
    assert rows_of(wide, memory, 4, core=WIDE, sets=sets) == [0x100, 0x504, 0x908, 0]  # a stride of 5 counts as 4


def test_runs_beyond_memory_and_beyond_the_rows():
    # 128 bytes, addresses of 8 bits: runs begin at 126, 254 (beyond memory), 126 + 256 = 126 again.
    sets = settings(Unit.LOAD, runs=3, stride=128, invert=1)
    load = I("LOAD", offset=126, length=2, row=1, strided=1, first=1, last=1)
    memory = [*[0] * 126, 77, 88]
    assert rows_of(load, memory, 8, core=CORE, sets=sets) == [0, 76, 89, 1, 1, 76, 89, 0]
    # 255 runs of 12 bytes: only the first is in the 12 rows.
    sets = settings(Unit.LOAD, runs=255)
    load = I("LOAD", length=12, strided=1, first=1, last=1)
    assert rows_of(load, list(range(12)), 12, core=CORE, sets=sets) == list(range(12))


def test_runs_wrap_in_the_vector_buffer():
    # Place 30 on, four runs of two bytes: 30, 31, then 0 to 5.
    sets = [*settings(Unit.LOAD, runs=4, stride=10), *settings(Unit.VEC, taps=1)]
    load = I("LOAD", length=2, row=30, vec=1, strided=1, first=1, last=1)
    memory = list(range(40))
    assert vec_result(memory, 0, 8, settings=sets, load=load, source=30) == [0, 1, 10, 11, 20, 21, 30, 31]


def test_digest_of_runs_marks_words_with_their_rows():
    # Runs at 2 and 7 of three bytes: words (2, 3), (4), (7), (8, 9); rows 5, 7, 8, 9; lanes row mod 4.
    sets = settings(Unit.LOAD, runs=2, stride=5)
    load = I("LOAD", offset=2, length=3, row=5, strided=1, first=1)
    _, timing = result([*sets, load], [0, 0, 2, 3, 4, 0, 0, 7, 8, 9])
    writes = [(2 << 8 | 3 << 16) ^ 5, 4 << 24 ^ 7, 7 ^ 8, (8 << 8 | 9 << 16) ^ 9]
    digest = 0
    for write in writes:
        digest = (digest << 1 | digest >> 31) & 0xFFFFFFFF ^ write
    assert [entry.digest for entry in timing.retired[Unit.LOAD]][-1] == digest
    assert (timing.events["memory_reads"], timing.events["row_writes"]) == (4, 6 * 2)


def test_runs_are_stored_and_read_the_output_buffer_around():
    # Eight bytes of output buffer, three runs of four: the third takes the first four again.
    core = replace(CORE, output_buffer_bytes=8)
    commands = [
        *settings(Unit.STORE, runs=3, stride=10),
        I("LOAD", length=8, vec=1, first=1, last=1),
        I("VEC", length=8, overwrite=1, first=1, last=1, release=1),
        *settings(Unit.POST, highest=255),
        I("POST", vec=1, single=1, count=8, first=1, last=1, release=1),
        I("STORE", offset=OUTPUT, length=4, strided=1, release=1),
    ]
    after, timing = result(commands, list(range(1, 9)), core=core)
    runs = [after[OUTPUT + 10 * k : OUTPUT + 10 * k + 4].tolist() for k in range(3)]
    assert runs == [[1, 2, 3, 4], [5, 6, 7, 8], [1, 2, 3, 4]]
    assert timing.events["memory_writes"] == 1 + 2 + 1  # at 64, 74 and 84


def test_what_is_stored_beyond_memory_is_counted_and_not_written():
    # Runs at 124, 124 + 130 = 254 (beyond memory) and, behind 2^8, 128: nothing but the first is written.
    commands = [
        *settings(Unit.STORE, runs=3, stride=130),
        I("LOAD", length=4, vec=1, first=1, last=1),
        I("VEC", length=4, overwrite=1, first=1, last=1, release=1),
        *settings(Unit.POST, highest=255),
        I("POST", vec=1, single=1, count=4, first=1, last=1, release=1),
        I("STORE", offset=124, length=4, strided=1, release=1),
    ]
    after, timing = result(commands, [1, 2, 3, 4])
    assert after[124:].tolist() == [1, 2, 3, 4]
    assert not after[4:124].any()
    assert timing.events["memory_writes"] == 1 + 2 + 1
    digest = 0x04030201 ^ 31
    for write in (63, 64, 32):  # zeros at 254, up to 257, and at 128; addresses are not cut
        digest = (digest << 1 | digest >> 31) & 0xFFFFFFFF ^ write
    assert timing.retired[Unit.STORE][-1].digest == digest


# ---------------------------------------------------------------- PROG


def test_programmed_cells_take_part_in_conversions():
    # Cells of two bits, 16 to a word: word 0 is row 2, word 1 row 3. Row 2 is driven with 1, row 3 with 2.
    memory = [*[0] * 8, 0b1101, 0, 0, 0, 0b01, 0, 0, 0, 1, 2]
    commands = [
        I("PROG", offset=8, length=2, row=2, macro=1),
        I("SIGNAL", unit=Unit.LOAD),
        I("WAIT", unit=Unit.MVM, count=1),
        *settings(Unit.MVM, planes=2, macro1=1 << 16),
        I("LOAD", offset=16, length=2, row=2, first=1, last=1),
        I("MVM", classes=1, steps=1, overwrite=1, first=1, last=1, release=1),
        *WORDS,
        I("POST", count=1, first=1, last=1, release=1),
        I("STORE", offset=OUTPUT, length=4, release=1),
    ]
    records = [replace(RECORDS[0], macro=1)]
    after, timing = result(commands, memory, records=records)
    assert words(after, 1) == [(1 - 3) * 1 + (1 - 0) * 2]
    assert timing.retired[Unit.LOAD][0].digest == (0b1101 ^ 2) << 1 ^ (0b01 ^ 3)
    events = timing.events
    assert (events["programmed_words"], events["memory_reads"], events["row_writes"]) == (2, 2 + 1, 2 * 2)


def test_samples_may_program_different_cells_and_leave_the_program_as_it_is():
    memory = np.zeros((3, CORE.activation_bytes), np.uint8)
    memory[:, 0] = 1, 2, 3
    memory[:, 16] = 1
    commands = [
        I("PROG", offset=0, length=1, macro=0),
        I("SIGNAL", unit=Unit.LOAD),
        I("WAIT", unit=Unit.MVM, count=1),
        *settings(Unit.MVM, macro0=1 << 16),
        I("LOAD", offset=16, length=1, first=1, last=1),
        I("MVM", classes=1, steps=1, overwrite=1, first=1, last=1, release=1),
        *WORDS,
        I("POST", count=1, first=1, last=1, release=1),
        I("STORE", offset=OUTPUT, length=4, release=1),
    ]
    machine = Machine(CORE, program(*commands))
    for chosen in ([0, 1, 2], [2, 2], [1]):
        after = machine.execute(memory[chosen])
        assert after[:, OUTPUT].tolist() == [1 + i for i in chosen]


# ---------------------------------------------------------------- encodings


def encoded(core, levels, *sets, slices=1):
    """Return the accumulator after rows 0 and 1 were driven with 3 and 1."""
    cells = np.zeros((core.macros, core.macro.rows, core.macro.columns), np.int64)
    cells[0, :2, : len(levels[0])] = levels
    commands = [
        *settings(Unit.MVM, planes=2, slices=slices, macro0=1 << 16),
        *sets,
        I("LOAD", length=2, first=1, last=1),
        I("MVM", classes=1, steps=1, overwrite=1, first=1, last=1, release=1),
        *WORDS,
        I("POST", count=1, first=1, last=1, release=1),
        I("STORE", offset=OUTPUT, length=4, release=1),
    ]
    return words(result(commands, [3, 1], core=core, cells=cells)[0], 1)[0]


def test_the_last_slice_may_count_negative():
    core = replace(CORE, macro=replace(CORE.macro, encoding="twos_complement"))
    levels = [[3, 1], [2, 0]]  # two slices of two bits: 3 + 4, 2
    assert encoded(core, levels, slices=2) == 3 * (3 + 4) + 2
    assert encoded(core, levels, *settings(Unit.MVM, negate_slice=1), slices=2) == 3 * (3 - 4) + 2
    assert encoded(core, levels, *settings(Unit.MVM, negate_slice=1)) == -(3 * 3 + 2)


def test_offset_takes_away_a_count_of_what_was_driven():
    core = replace(CORE, macro=replace(CORE.macro, encoding="offset"))
    levels = [[3, 1], [2, 0]]
    assert encoded(core, levels) == 3 * 3 + 2 - (3 + 1)
    offset = settings(Unit.MVM, offset=2)
    assert encoded(core, levels, *offset) == 3 * 3 + 2 - 4 * (3 + 1)
    assert encoded(core, levels, *offset, slices=2) == 3 * 7 + 2 - 4 * (3 + 1)
    # The top plane, in which row 0 alone is driven, counts negative with its count; the last slice without.
    negative = settings(Unit.MVM, negate_top=1)
    assert encoded(core, levels, *offset, *negative) == (3 + 2 - 4 * 2) - 2 * (3 - 4)
    assert encoded(core, levels, *offset, *settings(Unit.MVM, negate_slice=1)) == -(3 * 3 + 2) - 4 * (3 + 1)
    assert encoded(CORE, [[3, 0], [2, 0]], *offset) == 3 * 3 + 2  # other encodings have no count


# ---------------------------------------------------------------- input


def test_tables_and_coefficients_that_do_not_fit_the_core_are_refused():
    with pytest.raises(ProgramError, match=r"^coefficients must be an array of at most shape \(8, 4\), not \(9, 4\)$"):
        Machine(CORE, program(coefficients=np.zeros((9, 4), np.int64)))
    with pytest.raises(ProgramError, match=r"^tables must be an array of at most shape \(2, 256\), not \(1, 255\)$"):
        Machine(CORE, program(tables=np.zeros((1, 255), np.int64)))


def test_a_batch_is_what_its_samples_are_alone():
    memory = np.random.default_rng(4).integers(0, 256, (5, CORE.activation_bytes), dtype=np.uint8)
    commands = [
        *settings(Unit.VEC, taps=3, stride=5, element=1),
        I("LOAD", length=32, vec=1, first=1, last=1),
        I("VEC", operation=4, length=6, overwrite=1, first=1, last=1, release=1),
        *WORDS,
        I("POST", vec=1, count=6, first=1, last=1, release=1),
        I("STORE", offset=OUTPUT, length=24, release=1),
    ]
    together = execute(CORE, program(*commands), memory)
    alone = [execute(CORE, program(*commands), sample[None])[0] for sample in memory]
    assert (together == np.stack(alone)).all()
