"""A noisy macro: what it converts without noise, its distribution against cells drawn one by one, what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nngen.arch import Macro
from nngen.errors import InputError
from nngen.numerics import PlaneFormat, combine_cells
from nngen.sim.analog import Deviation, NoisyCrossbar

MACRO = Macro(
    rows=16,
    columns=8,
    dac_bits=1,
    cell_bits=3,
    encoding="differential",
    columns_per_adc=2,
    gains=(1, 2, 4),
    controller="sar",
    adc_bits=6,
    sample_cycles=1,
)
LEVELS = np.random.default_rng(3).integers(0, 8, (16, 8))
READS = 20_000


def crossbar(macro: Macro = MACRO, *, seed: int = 1, gain: int = 1, **deviations: Deviation) -> NoisyCrossbar:
    return NoisyCrossbar(macro, LEVELS, generator=np.random.default_rng(seed), gain=gain, **deviations)


@pytest.mark.parametrize("gain", [1, 2, 4])
def test_without_deviations_the_codes_are_those_of_the_numerics(gain: int) -> None:
    planes = np.random.default_rng(2).integers(0, 2, (200, 16))
    codes = crossbar(gain=gain).convert(planes)
    assert np.array_equal(codes, MACRO.converter(gain).convert(planes @ combine_cells(LEVELS)))


def test_planes_of_single_columns_add_up_to_the_exact_product() -> None:
    macro = replace(MACRO, encoding="offset", dac_bits=2, adc_bits=10)
    codes = np.random.default_rng(2).integers(-8, 8, (50, 16))
    planes = PlaneFormat(bits=4, signed=True, dac_bits=2)
    sums = crossbar(macro).multiply(codes, planes)
    assert np.array_equal(sums, (codes + planes.offset) @ LEVELS)


def test_read_noise_is_distributed_as_if_every_cell_were_drawn() -> None:
    read = Deviation(constant=0.05, proportional=0.1)
    plane = np.random.default_rng(4).integers(0, 2, (1, 16))
    seen = crossbar(read=read).currents(np.repeat(plane, READS, axis=0))
    generator = np.random.default_rng(5)
    spread = np.sqrt((0.05 * 7) ** 2 + (0.1 * LEVELS) ** 2)
    cells = LEVELS + spread * generator.standard_normal((READS, 16, 8))
    drawn = np.einsum("r,nrc->nc", plane[0], cells[:, :, 0::2] - cells[:, :, 1::2])
    assert seen.mean(axis=0) == pytest.approx(drawn.mean(axis=0), abs=0.08)
    assert seen.std(axis=0) == pytest.approx(drawn.std(axis=0), rel=0.03)
    assert np.corrcoef(seen.T) == pytest.approx(np.eye(4), abs=0.04)


def test_undriven_rows_add_no_noise() -> None:
    assert not crossbar(read=Deviation(constant=0.2, proportional=0.2)).currents(np.zeros((3, 16), int)).any()


def test_programming_strays_once_and_never_below_nothing() -> None:
    one = crossbar(replace(MACRO, encoding="offset"), programming=Deviation(constant=2.0))
    planes = np.eye(16, dtype=int)
    first = one.currents(planes)
    assert np.array_equal(first, one.currents(planes))
    assert first.min() == 0
    assert np.abs(first - LEVELS).max() > 3


def test_the_same_seed_gives_the_same_codes() -> None:
    planes = np.random.default_rng(2).integers(0, 2, (20, 16))
    noise = {"programming": Deviation(constant=0.1), "read": Deviation(proportional=0.2)}
    assert np.array_equal(crossbar(**noise).convert(planes), crossbar(**noise).convert(planes))
    assert not np.array_equal(crossbar(**noise).convert(planes), crossbar(seed=2, **noise).convert(planes))


def test_levels_that_no_macro_holds_are_refused() -> None:
    generator = np.random.default_rng(1)
    with pytest.raises(InputError, match=r"^levels must lie in 0\.\.7, not 0\.\.8$"):
        NoisyCrossbar(MACRO, np.arange(128).reshape(16, 8) % 9, generator=generator)
    with pytest.raises(InputError, match=r"^levels must have the macro's shape \(16, 8\), not \(8, 16\)$"):
        NoisyCrossbar(MACRO, LEVELS.T, generator=generator)


@pytest.mark.parametrize("value", [-0.1, float("inf"), float("nan")])
def test_a_deviation_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(
        InputError, match=rf"^proportional deviation must be a finite number of at least 0, not {value:g}$"
    ):
        Deviation(proportional=value)
