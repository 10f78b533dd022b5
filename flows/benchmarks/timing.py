"""Times of several functions, taken in turns, so that a busy machine slows all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

Work = Callable[[], object]
REPETITIONS = 5


def median_seconds(work: Mapping[str, Work], *, repetitions: int = REPETITIONS) -> dict[str, float]:
    """Return the median time of each function by its name; each runs once before it counts."""
    for function in work.values():
        function()
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(repetitions):
        for name, function in work.items():
            begin = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - begin)
    return {name: statistics.median(values) for name, values in times.items()}
