"""What a design costs: bounds now, event counts times the cells' figures later."""

from .bounds import Bounds
from .chip_bounds import chip_layer_bounds, chip_mapping_bounds
from .layers import layer_bounds, mapping_bounds
from .macro_bound import fewest_macros_of_weights, largest_sum_of, macros_bound
from .mapping_cost import LayerCost, MappingCost, mapping_cost
from .mapping_memory import CoreMemory, stored_bytes
from .mapping_work import CoreWork
from .vector_busy import ChunkBusy, Places, chunk_busy, places_of

__all__ = [
    # bounds on the cycles of a layer
    "Bounds",
    "chip_layer_bounds",
    "chip_mapping_bounds",
    "layer_bounds",
    "mapping_bounds",
    # costs of a mapping, before it is scheduled, and the fewest macros there can be
    "CoreMemory",
    "CoreWork",
    "LayerCost",
    "MappingCost",
    "fewest_macros_of_weights",
    "largest_sum_of",
    "macros_bound",
    "mapping_cost",
    "stored_bytes",
    # busy cycles of a vector layer
    "ChunkBusy",
    "Places",
    "chunk_busy",
    "places_of",
]
