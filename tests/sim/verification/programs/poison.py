"""Runs in which memories begin with anything, as they do on a chip that ran something else before."""

from unittest.mock import patch

import numpy as np

from nngen.sim.iss import _machine, run


def run_poisoned(core, program, memory, *, seed):
    """Return (memory, digests) of a run; accumulators and output buffers hold random numbers before it."""

    class Poisoned(_machine._Execution):
        def __init__(self, *arguments, **named):
            super().__init__(*arguments, **named)
            generator = np.random.default_rng(seed)
            half = 1 << (core.accumulator_bits - 1)
            self._accumulators[:] = generator.integers(-half, half, self._accumulators.shape)
            self._outputs[:] = generator.integers(0, 256, self._outputs.shape)

    with patch.object(_machine, "_Execution", Poisoned):
        ran = run(
            core, program.core_program(), memory, host_loop_count=program.loop_count, watchdog=program.watchdog,
            digests=True,
        )  # fmt: skip
    return ran.memory.tolist(), [entry.digest for entry in ran.timing.trace]
