"""What a bench asks, and what must come out, without a simulator."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nngen.arch import Macro
from nngen.sim.analog.bench import Read, code_errors, dot_products, exact_codes, expected_codes

MACRO = Macro(
    rows=8,
    columns=12,
    dac_bits=2,
    cell_bits=3,
    encoding="differential",
    columns_per_adc=3,
    gains=(1, 2, 4),
    controller="sar",
    adc_bits=6,
    sample_cycles=1,
)


@given(st.integers(0, 2**32), st.sampled_from(["differential", "offset"]))
def test_codes_are_those_of_dot_products_to_the_nearest_half_a_unit_up(seed: int, encoding: str) -> None:
    macro = replace(MACRO, encoding=encoding)
    generator = np.random.default_rng(seed)
    levels = generator.integers(0, 8, (8, 12))
    gain = int(generator.choice(macro.usable_gains))
    reads = [
        Read(planes=tuple(int(x) for x in generator.integers(0, 4, 8)), column=int(generator.integers(3)), gain=gain)
        for _ in range(5)
    ]
    half = 0.5 * (gain < macro.converter().step)
    exact = exact_codes(macro, dot_products(macro, levels, reads) + half, reads)
    expected = expected_codes(macro, levels, reads)
    assert not code_errors(expected, exact, highest=63).any()
    inside = (expected > 0) & (expected < 63)
    assert code_errors(expected + 1, exact, highest=63)[inside].all()
    assert code_errors(expected - 1, exact, highest=63)[inside].all()


def test_an_error_is_what_a_code_misses_beyond_half() -> None:
    codes = np.array([3, 3, 4, 0, 63, 62])
    exact = np.array([3.4, 3.7, 3.2, -5.0, 80.0, 80.0])
    np.testing.assert_allclose(code_errors(codes, exact, highest=63), [0, -0.2, 0.3, 0, 0, -0.5])
