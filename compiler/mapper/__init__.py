"""Places the weights of a network on the macros of a chip, and checks placements made elsewhere."""

from ._candidate import block_limit
from ._cost import RoundCost, layer_cycles
from ._demand import Demand, layer_demand, layer_planes, layer_weights
from ._depthwise import depthwise_layers, on_crossbars, place_network
from ._files import mapping_json, read_mapping
from ._mapper import macros_needed, map_network, with_gains
from ._options import VectorLayer, kind_of, multiplies
from ._overflow import check_overflow, driven_offset, largest_sum, machine_constants
from ._regular import LARGEST_OVERLAP
from ._strategies import STRATEGIES, Strategy
from ._tables import different_tables, table_slot
from ._validate import validate_mapping
from ._vector_overflow import largest_vector_sum

__all__ = [
    # making one
    "macros_needed",
    "STRATEGIES",
    "Strategy",
    "map_network",
    "place_network",
    "with_gains",
    # depthwise layers on VEC or crossbars
    "depthwise_layers",
    "on_crossbars",
    # checking one
    "check_overflow",
    "largest_sum",
    "largest_vector_sum",
    "validate_mapping",
    # mapping.json
    "mapping_json",
    "read_mapping",
    # a layer in the numbers that placement, order and program need
    "Demand",
    "layer_demand",
    "layer_planes",
    "layer_weights",
    "driven_offset",
    "machine_constants",
    "VectorLayer",
    "different_tables",
    "kind_of",
    "multiplies",
    "table_slot",
    # what it costs in time
    "LARGEST_OVERLAP",
    "RoundCost",
    "block_limit",
    "layer_cycles",
]
