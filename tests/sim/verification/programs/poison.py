"""Runs in which memories begin with anything, as they do on a chip that ran something else before."""

from unittest.mock import patch

import numpy as np

from nngen.sim.iss import _machine, run


def run_poisoned(core, program, memory, *, seed):
    """Return (memory, digests) of a run; accumulators, vector and output buffers hold random numbers before it."""

    class Poisoned(_machine.State):
        def __init__(self, *arguments, **named):
            super().__init__(*arguments, **named)
            generator = np.random.default_rng(seed)
            half = 1 << (core.accumulator_bits - 1)
            for accumulators in (self.accumulators, self.vec_accumulators):
                accumulators[:] = generator.integers(-half, half, accumulators.shape)
            for buffer in (self.vectors, self.outputs):
                buffer[:] = generator.integers(0, 256, buffer.shape)

    with patch.object(_machine, "State", Poisoned):
        ran = run(
            core, program.core_program(), memory, host_loop_count=program.loop_count, watchdog=program.watchdog,
            digests=True,
        )  # fmt: skip
    return ran.memory.tolist(), [entry.digest for entry in ran.timing.trace]
