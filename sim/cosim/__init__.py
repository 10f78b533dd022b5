"""Co-simulation: runs a build's Verilog against the host's driver, and compares what comes out with the models."""

from ._config import Placement
from ._job import CoreResult, RtlJob, RtlResult, check_job
from .compare import (
    CodeMismatch,
    Comparison,
    CycleOf,
    EventMismatch,
    MacrosOf,
    Mismatch,
    compare_codes,
    compare_events,
    compare_result,
    macros_of,
)
from .runner import Progress, simulate_rtl
from .trace import RetireTrace

__all__ = [
    # running
    "CoreResult",
    "Placement",
    "Progress",
    "RetireTrace",
    "RtlJob",
    "RtlResult",
    "check_job",
    "simulate_rtl",
    # comparing
    "CodeMismatch",
    "Comparison",
    "CycleOf",
    "MacrosOf",
    "EventMismatch",
    "Mismatch",
    "compare_codes",
    "compare_events",
    "compare_result",
    "macros_of",
]
