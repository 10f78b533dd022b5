"""Bounds of a layer of either kind."""

from __future__ import annotations

from nngen.arch import Core
from nngen.ir import Layer, LayerSchedule, MatrixLayer, Network, VectorSchedule

from .bounds import Bounds, matrix_layer_bounds, matrix_mapping_bounds
from .vector_bounds import vector_layer_bounds, vector_mapping_bounds


def layer_bounds(network: Network, layer: Layer, core: Core) -> Bounds:
    """Return the cycles of a layer that no order of work can avoid, at the best placement on the core."""
    if isinstance(layer, MatrixLayer):
        return matrix_layer_bounds(network, layer, core)
    return vector_layer_bounds(network, layer, core)


def mapping_bounds(network: Network, layer: Layer, scheduled: LayerSchedule, core: Core) -> Bounds:
    """Return the busy cycles of a layer as it is mapped and scheduled."""
    if isinstance(scheduled, VectorSchedule):
        return vector_mapping_bounds(scheduled, core)
    assert isinstance(layer, MatrixLayer)
    return matrix_mapping_bounds(network, layer, scheduled, core)
