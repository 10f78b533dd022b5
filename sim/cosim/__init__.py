"""Co-simulation: runs a build's Verilog against the host's driver, and compares what comes out with the models."""

from ._job import RtlJob, RtlResult
from .compare import (
    CodeMismatch,
    Comparison,
    EventMismatch,
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
    "Progress",
    "RetireTrace",
    "RtlJob",
    "RtlResult",
    "simulate_rtl",
    # comparing
    "CodeMismatch",
    "Comparison",
    "EventMismatch",
    "Mismatch",
    "compare_codes",
    "compare_events",
    "compare_result",
    "macros_of",
]
