"""How VEC runs a layer: which outputs at a time, from which copies, in which loops."""

from ._coefficients import CoefficientMemory
from ._vector_layer import schedule_vector

__all__ = ["CoefficientMemory", "schedule_vector"]
