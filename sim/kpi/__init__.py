"""What a design costs: bounds now, event counts times the cells' figures later."""

from .bounds import Bounds, layer_bounds, mapping_bounds

__all__ = ["Bounds", "layer_bounds", "mapping_bounds"]
