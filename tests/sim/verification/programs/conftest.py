"""Cores that programs are made for: those of the architectures, and some that none of them has."""

from dataclasses import replace
from pathlib import Path

import pytest

from nngen.arch import Core, Macro, read_architecture

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


def architecture_core(repository: Path, name: str) -> Core:
    return read_architecture(repository / "flows" / "architectures" / f"{name}.toml").core


@pytest.fixture(scope="session")
def micro(repository: Path) -> Core:
    """The core of the smallest chip."""
    return architecture_core(repository, "micro")


@pytest.fixture(scope="session", params=[*NAMES, "narrow", "many"])
def any_core(request: pytest.FixtureRequest, repository: Path) -> Core:
    """Each core in turn."""
    made = {"narrow": NARROW, "many": MANY}
    return made[request.param] if request.param in made else architecture_core(repository, request.param)
