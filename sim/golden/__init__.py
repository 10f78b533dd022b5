"""The golden model: what network and machine compute, batched, as integer matrix products. No instruction in sight."""

from ._machine import GoldenMachine, MachineLayer
from ._run import LayerRun, check_inputs, run_gains, run_golden, run_layer

__all__ = [
    # what is run on
    "GoldenMachine",
    "MachineLayer",
    # running
    "LayerRun",
    "check_inputs",
    "run_gains",
    "run_golden",
    "run_layer",
]
