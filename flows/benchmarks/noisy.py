"""Speed of a noisy product: 256 x 256, 8-bit codes in 1-bit planes, 8-bit converters, programming and read noise."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from nngen.arch import Macro
from nngen.flows.later import later
from nngen.numerics import PlaneFormat
from nngen.sim.analog import Deviation, NoisyCrossbar

from .registry import Row
from .timing import median_seconds

SIZE = 256
BITS = 8
VECTORS = 64
DEVIATION = 0.02
CROSSSIM_MILLISECONDS = 27.0  # design, section 10: on a machine of this kind
LEAST_RATIO = 100.0
MACRO = Macro(
    rows=SIZE,
    columns=2 * SIZE,
    dac_bits=1,
    cell_bits=7,
    encoding="differential",
    columns_per_adc=8,
    gains=(1,),
    controller="sar",
    adc_bits=BITS,
    sample_cycles=1,
)


def measure_noisy() -> list[Row]:
    """Measure a batch; beside CrossSim where it is installed, else against its figure of the design."""
    generator = np.random.default_rng(1)
    deviation = Deviation(proportional=DEVIATION)
    levels = generator.integers(0, 1 << MACRO.cell_bits, (SIZE, 2 * SIZE))
    crossbar = NoisyCrossbar(MACRO, levels, generator=generator, programming=deviation, read=deviation)
    codes = generator.integers(0, 1 << BITS, (VECTORS, SIZE))
    planes = PlaneFormat(bits=BITS, signed=False, dac_bits=1)
    work = {"nngen": lambda: crossbar.multiply(codes, planes)}
    installed = find_spec("simulator") is not None
    if installed:
        other = later("nngen.flows.benchmarks.cross_sim")
        work["CrossSim"] = other.multiplication(SIZE, bits=BITS, adc_bits=BITS, deviation=DEVIATION, seed=1)
    seconds = median_seconds(work)
    own = seconds["nngen"] / VECTORS * 1e3
    theirs = seconds["CrossSim"] * 1e3 if installed else CROSSSIM_MILLISECONDS
    beside = "CrossSim beside it" if installed else "CrossSim by the design's figure; it is not installed"
    return [
        Row(figure=f"a product in a batch of {VECTORS}", measured=own, unit="ms"),
        Row(figure=beside, measured=theirs, unit="ms"),
        Row(figure="share of CrossSim's time", measured=own / theirs, unit="", limit=1 / LEAST_RATIO, timing=True),
    ]
