"""Which cases a regression runs: case ``number`` of a seed is always the same."""

from __future__ import annotations

import random

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.sim.verification.lockstep import Case
from nngen.sim.verification.programs import (
    TestProgram,
    directed_programs,
    illegal_word_programs,
    memory_image,
    random_faulty_program,
    random_program,
)

ByteArray = npt.NDArray[np.uint8]

FAULTY_EVERY = 8  # of so many cases one ends in an error
ILLEGAL_EVERY = 8  # of so many faulty ones one is a stream of illegal words
ILLEGAL_WORDS = 24
_RESET_EVERY = 8
_READ_BACK_EVERY = 16
_NEW_WORDS = 0.25
_LATEST_RESET = 1500
_SEED_BITS = 32


def cases(core: Core, *, seed: int, number: int, runs: int) -> tuple[Case, ...]:
    """Return the case of this number: one program, or a stream of very short ones.

    Parameters
    ----------
    core
        The machine.
    seed
        Of the regression.
    number
        Of the case, from 0 on.
    runs
        How often each program runs, with other data, stalls and traffic each time.
    """
    draw = random.Random(f"{seed} {number}")
    own = draw.getrandbits(_SEED_BITS)
    if number % FAULTY_EVERY != FAULTY_EVERY - 1:
        return (random_case(core, random_program(core, seed=own), draw, runs=runs),)
    if number // FAULTY_EVERY % ILLEGAL_EVERY:
        return (random_case(core, random_faulty_program(core, seed=own), draw, runs=runs),)
    words = illegal_word_programs(core, seed=own, count=ILLEGAL_WORDS)
    return tuple(random_case(core, program, draw, runs=1, read_back=False) for program in words)


def random_case(core: Core, program: TestProgram, draw: random.Random, *, runs: int, read_back: bool = True) -> Case:
    """Return a program with random data, stalls, traffic and now and then a reset; the first run is not stalled."""
    return Case(
        program=program,
        memory=_images(core, seed=draw.getrandbits(_SEED_BITS), runs=runs),
        stall_seeds=(0, *(draw.getrandbits(_SEED_BITS) for _ in range(runs - 1))),
        traffic_seed=1 + draw.getrandbits(_SEED_BITS) if draw.random() < 0.5 else 0,
        reset_after=draw.randrange(_LATEST_RESET) if draw.randrange(_RESET_EVERY) == 0 else None,
        read_back=read_back,
    )


def _images(core: Core, *, seed: int, runs: int) -> ByteArray:
    """Return what memory holds before each run: only a part of the words is new, since the host writes what differs."""
    images = memory_image(core, seed=seed, samples=runs)
    words = images.view(np.uint32)
    kept = np.random.default_rng(seed).random(words.shape) >= _NEW_WORDS
    for run in range(1, runs):
        words[run, kept[run]] = words[run - 1, kept[run]]
    return images


def directed_cases(core: Core) -> list[Case]:
    """Return the directed programs, each in one run without stalls.

    Memory is read back after every so many: what one of them spoils stays until then, since only what a program should
    have changed is written anew.
    """
    programs = directed_programs(core)
    image = memory_image(core, seed=1, samples=1)
    return [
        Case(program=program, memory=image, stall_seeds=(0,), read_back=(len(programs) - i) % _READ_BACK_EVERY == 1)
        for i, program in enumerate(programs)
    ]
