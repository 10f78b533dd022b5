"""What a design costs: bounds now, event counts times the cells' figures later."""

from .bounds import Bounds
from .chip_bounds import chip_layer_bounds, chip_mapping_bounds
from .layers import layer_bounds, mapping_bounds
from .vector_busy import ChunkBusy, Places, chunk_busy, places_of

__all__ = [
    # bounds on the cycles of a layer
    "Bounds",
    "chip_layer_bounds",
    "chip_mapping_bounds",
    "layer_bounds",
    "mapping_bounds",
    # busy cycles of a vector layer
    "ChunkBusy",
    "Places",
    "chunk_busy",
    "places_of",
]
