"""Bounds of a layer on a chip of several cores: what no order of work, and no split over the cores, can avoid.

Every core has its own units, so that of each unit's work the busiest core has at least its even share. MVM's even share
is taken over the macros of the chip. What travels over the bus is not counted: a layer may store where it is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nngen.arch import Core
from nngen.ir import Layer, LayerSchedule, MatrixLayer, Network

from .bounds import Bounds
from .layers import layer_bounds, mapping_bounds

_UNITS = ("load", "mvm", "post", "store", "vec")


def chip_layer_bounds(network: Network, layer: Layer, cores: Sequence[Core]) -> Bounds:
    """Return the cycles of a layer that nothing can avoid on the cores of a chip, without weight replication."""
    able = [core for core in cores if isinstance(layer, MatrixLayer) or core.vector is not None]
    whole = replace(able[0], macros=sum(core.macros for core in able))
    alone = layer_bounds(network, layer, whole)
    shares = {unit: -(-getattr(alone, unit) // len(able)) for unit in _UNITS if unit != "mvm"}
    return Bounds(mvm=alone.mvm, **shares)


def chip_mapping_bounds(network: Network, layer: Layer, parts: Sequence[tuple[Core, LayerSchedule]]) -> Bounds:
    """Return the busy cycles of each unit in the core where it is busiest, as a layer is mapped and scheduled.

    Parameters
    ----------
    parts
        Each core that works for the layer, and what it does.
    """
    found = [mapping_bounds(network, layer, scheduled, core) for core, scheduled in parts]
    return Bounds(**{unit: max((getattr(one, unit) for one in found), default=0) for unit in _UNITS})
