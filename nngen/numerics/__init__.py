"""The arithmetic that golden model, ISS, Verilog and netlists follow; nothing else implements it."""

from ._converter import Converter
from ._planes import PlaneFormat
from ._requantize import ROUNDINGS, Requantization, Rounding, concatenated, fixed_point, requantize
from ._slices import cell_codes, combine_cells, slices_needed
from ._widths import accumulator_bits_needed, largest_partial_sum, signed_bits

__all__ = [
    # activations
    "PlaneFormat",
    # weights
    "cell_codes",
    "combine_cells",
    "slices_needed",
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
