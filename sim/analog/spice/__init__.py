"""ngspice: one process a circuit, its vectors as arrays, its failures as errors."""

from ._engines import ENGINES, Engine
from ._rawfile import read_rawfile
from ._result import Plot, SpiceResult
from ._run import LIMIT_S, run, run_many

__all__ = [
    # simulation
    "run",
    "run_many",
    "Engine",
    "ENGINES",
    "LIMIT_S",
    # what comes of it
    "Plot",
    "SpiceResult",
    "read_rawfile",
]
