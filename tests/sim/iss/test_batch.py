"""Many memories and stalls of one program at once are what each is alone."""

import numpy as np
import pytest

from nngen.errors import InputError
from nngen.ir.program import CoreProgram
from nngen.isa import Unit, instruction
from nngen.sim.iss import execute, run, run_batch

from .programs import CORE, OPENING, RECORDS
from .test_random_function import case


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_a_batch_is_what_its_samples_are_alone(seed):
    program, host, memory = case(CORE, seed)
    seeds = (0, 5, 4_000_000_007)
    batch = run_batch(CORE, program, memory, stall_seeds=seeds, **host)
    for sample, stall_seed in enumerate(seeds):
        alone = run(CORE, program, memory[sample : sample + 1], stall_seed=stall_seed, digests=True, **host)
        assert batch.memory[sample].tolist() == alone.memory[0].tolist()
        assert batch.timings[sample].trace == tuple(entry._replace(digest=None) for entry in alone.timing.trace)
        assert batch.timings[sample].events == alone.events
        assert batch.digests(sample).tolist() == [entry.digest for entry in alone.timing.trace]


def test_stalls_change_times_and_nothing_else():
    program, host, memory = case(CORE, 4)
    batch = run_batch(CORE, program, memory[[0] * 3], stall_seeds=(0, 1, 2), **host)
    assert len({timing.cycles for timing in batch.timings}) == 3
    assert len({tuple(batch.digests(sample)) for sample in range(3)}) == 1


def test_the_seeds_must_be_one_a_sample():
    program, _, memory = case(CORE, 3)
    with pytest.raises(InputError, match=r"^stall seeds must be one a sample, 3, not 2$"):
        run_batch(CORE, program, memory, stall_seeds=(0, 1))


def test_a_consumer_issued_before_its_producer_waits_for_it():
    """STORE stands in its queue until POST, which comes later in the program, has filled the buffer."""
    store = instruction("STORE", register=1, length=4, release=1)
    others = [
        instruction("LOAD", length=1, first=1, last=1),
        instruction("SET", unit=Unit.MVM, index=64, value=1 << 16),
        instruction("MVM", classes=1, steps=4, overwrite=1, first=1, last=1, release=1),
        instruction("SET", unit=Unit.POST, index=1, value=255),
        instruction("POST", record=0, count=1, first=1, last=1, release=1),
        instruction("POST", record=0, count=1, first=1, last=1, release=1),
    ]
    cells = np.ones((CORE.macros, CORE.macro.rows, CORE.macro.columns), np.int64)
    memory = np.arange(CORE.activation_bytes, dtype=np.uint8)[None]

    def after(*commands):
        program = CoreProgram(core=0, instructions=(*OPENING, *commands, instruction("HALT")), layer_starts=(),
                              records=RECORDS, cells=cells)  # fmt: skip
        return execute(CORE, program, memory).tolist()

    assert after(store, *others) == after(*others, store)
