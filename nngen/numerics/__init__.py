"""The arithmetic that golden model, ISS, Verilog and netlists follow; nothing else implements it."""

from ._converter import Converter
from ._partial_sums import largest_partial_sum
from ._planes import PlaneFormat
from ._requantize import ROUNDINGS, Requantization, Rounding, concatenated, fixed_point, requantize
from ._weights import ENCODINGS, Encoding, WeightFormat, combine_cells, lines_of
from ._widths import accumulator_bits_needed, signed_bits

__all__ = [
    # activations
    "PlaneFormat",
    # weights
    "ENCODINGS",
    "Encoding",
    "WeightFormat",
    "combine_cells",
    "lines_of",
    # conversion
    "Converter",
    # requantization
    "ROUNDINGS",
    "Requantization",
    "Rounding",
    "concatenated",
    "fixed_point",
    "requantize",
    # widths
    "accumulator_bits_needed",
    "largest_partial_sum",
    "signed_bits",
]
