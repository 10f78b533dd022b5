"""The host side of the chip: register map and driver."""

from nngen.isa import (
    cells_per_word,
    constant_record_bits,
    constant_record_layout,
    index_bits,
    record_words,
    words_per_row,
)

from ._blocks import Block, program_blocks
from ._driver import Driver, Outcome, chip_drivers
from ._header import c_header
from ._register_map import (
    EVENT_BASE,
    MAGIC,
    ChipMap,
    HostRegister,
    RegisterMap,
    Window,
    chip_map,
    macro_word_index,
    register_map,
)
from ._tensors import tensor_addresses, tensor_bytes, tensor_codes
from ._transport import Transport

__all__ = [
    "EVENT_BASE",
    "MAGIC",
    "ChipMap",
    "HostRegister",
    "RegisterMap",
    "Window",
    "c_header",
    "chip_map",
    "cells_per_word",
    "constant_record_bits",
    "constant_record_layout",
    "index_bits",
    "macro_word_index",
    "record_words",
    "register_map",
    "words_per_row",
    # driver
    "Block",
    "Driver",
    "Outcome",
    "Transport",
    "chip_drivers",
    "program_blocks",
    "tensor_addresses",
    "tensor_bytes",
    "tensor_codes",
]
