"""The scripted bench: what the host does is a file written beforehand, what happens is a file compared afterwards.

Nothing of Python runs while the simulator does, so it simulates at its own speed. The same script runs in Icarus,
Verilator and Amaranth's own simulator.
"""

from ._log import ENTRY_DTYPE, Kind, ParsedLog, parse_log
from ._script import HostScript, Op
from ._simulation import CompiledSimulation, Simulation, SimulatorName, open_simulation

__all__ = [
    # what the host does
    "HostScript",
    "Op",
    # what happened
    "ENTRY_DTYPE",
    "Kind",
    "ParsedLog",
    "parse_log",
    # simulators
    "CompiledSimulation",
    "Simulation",
    "SimulatorName",
    "open_simulation",
]
