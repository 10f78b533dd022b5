"""The scripted bench: what the host does is a file written beforehand, what happens is a file compared afterwards.

Nothing of Python runs while the simulator does, so it simulates at its own speed. The same script runs in Icarus,
Verilator and Amaranth's own simulator.
"""

from ._host import WORD_BYTES, Host
from ._job_run import simulate_scripted
from ._log import ENTRY_DTYPE, Kind, LogReader, ParsedLog, parse_log
from ._script import HostScript, Op
from ._simulation import CompiledSimulation, Simulation, SimulatorName, compile_bench, open_simulation

__all__ = [
    # what the host does
    "Host",
    "HostScript",
    "Op",
    "WORD_BYTES",
    # what happened
    "ENTRY_DTYPE",
    "Kind",
    "LogReader",
    "ParsedLog",
    "parse_log",
    # co-simulations of whole networks
    "simulate_scripted",
    # simulators
    "CompiledSimulation",
    "Simulation",
    "SimulatorName",
    "compile_bench",
    "open_simulation",
]
