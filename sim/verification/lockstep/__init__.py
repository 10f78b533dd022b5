"""Hardware and instruction-set simulator in lock-step: at every retirement of every unit."""

from ._case import Case
from ._compare import RETIREMENT, Log, Mismatch, RunLog, compare, first_difference, retirements, split
from ._model import RETIREMENT_DTYPE, Expectation, ExpectedRun, Retirements, expect
from ._session import ExpectedRead, RunPlan, Session

__all__ = [
    # what is run
    "Case",
    "Session",
    "RunPlan",
    "ExpectedRead",
    # what is expected
    "Expectation",
    "ExpectedRun",
    "RETIREMENT_DTYPE",
    "Retirements",
    "expect",
    # what came of it
    "Log",
    "RETIREMENT",
    "Mismatch",
    "RunLog",
    "compare",
    "first_difference",
    "retirements",
    "split",
]
