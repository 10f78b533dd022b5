"""Reads macros in ngspice through their pins, and says what codes they must give."""

from ._bench import DECK_FILE, PROGRAMMED_FILE, Bench, code_errors
from ._curve import Curve, column_bench, column_curve
from ._deck import CYCLE_SECONDS, Timeline, bench_deck
from ._mismatch import Mismatch
from ._reads import Read, dot_products, exact_codes, expected_codes
from ._verilog import verilog_codes

__all__ = [
    "CYCLE_SECONDS",
    "DECK_FILE",
    "PROGRAMMED_FILE",
    "Bench",
    "Curve",
    "Mismatch",
    "Read",
    "Timeline",
    "bench_deck",
    "code_errors",
    "column_bench",
    "column_curve",
    "dot_products",
    "exact_codes",
    "expected_codes",
    "verilog_codes",
]
