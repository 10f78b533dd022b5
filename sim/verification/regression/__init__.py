"""Random and directed programs in hardware and simulator, by the thousand."""

from ._batch import BatchResult, run_batch_of
from ._cases import cases, directed_cases, random_case
from ._detection import seen_by_directed, seen_by_random
from ._failure import Failure, find_failure
from ._interactive import run_interactively
from ._regression import RUNS, RegressionResult, kept_folder, regress, regress_case, regress_directed

__all__ = [
    # many
    "RUNS",
    "RegressionResult",
    "kept_folder",
    "regress",
    "regress_case",
    "regress_directed",
    # one batch
    "BatchResult",
    "cases",
    "directed_cases",
    "random_case",
    "run_batch_of",
    # with waves
    "run_interactively",
    # what went wrong
    "Failure",
    "find_failure",
    # what would
    "seen_by_directed",
    "seen_by_random",
]
