"""Cores that programs are made for: those of the architectures, and some that none of them has."""

from dataclasses import replace
from pathlib import Path

import pytest

from nngen.arch import Core, Macro, Vector, read_architecture

NAMES = ("micro", "odd", "tiny", "digits", "lossless", "edge")

# One macro with one ADC, deep queues, wide words, little memory, few records: nothing has room.
NARROW = Core(
    macros=1,
    macro=Macro(
        rows=16,
        columns=6,
        dac_bits=3,
        cell_bits=1,
        encoding="differential",
        columns_per_adc=3,
        gains=(1,),
        controller="sar",
        adc_bits=4,
        sample_cycles=3,
    ),
    activation_bits=8,
    accumulator_bits=8,
    multiplier_bits=4,
    queue_depth=7,
    activation_bytes=96,
    word_bytes=16,
    output_buffer_bytes=16,
    program_instructions=80,
    constant_records=3,
)
# Many macros, more words of output than a program has records.
MANY = replace(NARROW, macros=9, queue_depth=2, activation_bytes=320, output_buffer_bytes=96, program_instructions=200)

# Everything that a core can have, small; and the same with other encodings, wide codes and a converter that takes one
# cycle, or with many.
FULL = Core(
    macros=2,
    macro=replace(NARROW.macro, columns=8, dac_bits=1, cell_bits=2, columns_per_adc=2, gains=(1, 2), adc_bits=5),
    activation_bits=8,
    accumulator_bits=16,
    multiplier_bits=25,
    queue_depth=2,
    activation_bytes=1024,
    word_bytes=4,
    output_buffer_bytes=32,
    program_instructions=256,
    constant_records=64,
    vector=Vector(buffer_bytes=64, accumulators=32, coefficient_words=16),
    tables=2,
    negative_slope=True,
    reprogram=True,
)
FLASH = replace(
    FULL,
    macros=3,
    macro=replace(
        FULL.macro, rows=24, columns=15, dac_bits=2, cell_bits=3, encoding="offset", columns_per_adc=5,
        controller="flash", sample_cycles=0,
    ),
    activation_bits=16,
    accumulator_bits=20,
    queue_depth=3,
    activation_bytes=776,
    word_bytes=8,
    output_buffer_bytes=40,
    program_instructions=300,
    constant_records=50,
    vector=Vector(buffer_bytes=128, accumulators=24, coefficient_words=64),
    tables=0,
)  # fmt: skip
RAMP = replace(
    FULL,
    macro=replace(FULL.macro, encoding="twos_complement", controller="ramp", adc_bits=4),
    activation_bits=11,
    vector=Vector(buffer_bytes=16, accumulators=16, coefficient_words=1),
    strided_access=False,
    reprogram=False,
    tables=1,
)
PLAIN = {"vector": None, "strided_access": False, "tables": 0, "negative_slope": False, "reprogram": False}


def architecture_core(repository: Path, name: str) -> Core:
    return read_architecture(repository / "flows" / "architectures" / f"{name}.toml").core


@pytest.fixture(scope="session")
def micro(repository: Path) -> Core:
    """The core of the smallest chip."""
    return architecture_core(repository, "micro")


@pytest.fixture(scope="session", params=[*NAMES, "narrow", "many", "full", "flash", "ramp"])
def any_core(request: pytest.FixtureRequest, repository: Path) -> Core:
    """Each core in turn."""
    made = {"narrow": NARROW, "many": MANY, "full": FULL, "flash": FLASH, "ramp": RAMP}
    return made[request.param] if request.param in made else architecture_core(repository, request.param)
