"""What a network asks of a core beside macros: options of the architecture, each refused by name where it is missing.

1. Layers without a weight matrix run on VEC.
2. Tables: as many slots as the network has different ones; their outputs are bytes.
3. Second constants for negative sums.
4. VEC multiplies codes of at most 16 bits; with coefficients of 24 bits in a weighted sum, of 16 in a depthwise kernel.
   It takes both codes of a product alike: as many bytes, and both with or both without sign.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from nngen.arch import Core
from nngen.errors import CapacityError
from nngen.ir import (
    ConcatLayer,
    CopyLayer,
    DepthwiseLayer,
    ElementwiseLayer,
    Layer,
    MatrixLayer,
    Network,
    PoolLayer,
    ProductLayer,
)
from nngen.isa import Unit, register
from nngen.numerics import signed_bits

from ._tables import different_tables

VectorLayer = DepthwiseLayer | PoolLayer | ElementwiseLayer | ConcatLayer | ProductLayer | CopyLayer

_MOST_TABLES = 16
_MULTIPLIED_BITS = 16  # of an element that VEC multiplies
_WEIGHT_BITS = 16  # of a coefficient in VEC's memory


def kind_of(layer: Layer) -> str:
    """Return what people call a kind of layer."""
    if isinstance(layer, PoolLayer):
        return f"{layer.kind} pool"
    names: dict[type[Layer], str] = {
        MatrixLayer: "matrix",
        DepthwiseLayer: "depthwise",
        ElementwiseLayer: "elementwise",
        ConcatLayer: "concatenation",
        ProductLayer: "product",
        CopyLayer: "copy",
    }
    return names[type(layer)]


def unit_of(layer: Layer) -> Literal["mvm", "vec"]:
    """Return the unit that runs a layer."""
    return "mvm" if isinstance(layer, MatrixLayer) else "vec"


def multiplies(layer: VectorLayer) -> bool:
    """Return whether VEC multiplies the inputs of a layer; a sum with all coefficients 1 needs no product."""
    if isinstance(layer, ElementwiseLayer):
        return any(coefficient != 1 for coefficient in layer.coefficients)
    return isinstance(layer, DepthwiseLayer | ProductLayer)


def check_options(network: Network, core: Core) -> None:
    """Refuse a network that needs what the core has not.

    Raises
    ------
    CapacityError
        Names the first layer, its kind, and what to add to the architecture.
    """
    for layer in network.layers:
        _check_rules(network, layer, core)
    _check_tables(network, core)


def check_layer_options(network: Network, layer: Layer, core: Core) -> None:
    """Refuse a layer that needs what the core has not; as :func:`check_options`."""
    _check_rules(network, layer, core)
    if layer.table is not None:
        _check_tables(network, core)


def _check_rules(network: Network, layer: Layer, core: Core) -> None:
    for rule in RULES:
        rule(network, layer, core)
    if not isinstance(layer, MatrixLayer):
        _check_codes(network, layer)
        _check_factors(network, layer)
        _check_coefficients(layer)


def _runs_on_a_unit(_: Network, layer: Layer, core: Core) -> None:
    if core.vector is None and not isinstance(layer, MatrixLayer):
        raise CapacityError(
            f"layer '{layer.name}': {kind_of(layer)} layers run on VEC, which the core has not: "
            "add [core.vector] to the architecture"
        )


def _table_has_a_place(network: Network, layer: Layer, core: Core) -> None:
    if layer.table is None:
        return
    if not core.tables:
        raise CapacityError(
            f"layer '{layer.name}' looks its codes up in a table: set {core.where}.tables to at least 1"
        )
    target = network.tensors[layer.output]
    if target.element_bytes > 1:
        raise CapacityError(
            f"layer '{layer.name}': codes from a table must have at most 8 bits, not the {target.bits} of "
            f"'{target.name}'"
        )


def _negative_sums_have_constants(_: Network, layer: Layer, core: Core) -> None:
    if layer.requantization.has_negative and not core.negative_slope:
        raise CapacityError(
            f"layer '{layer.name}' has constants of their own for negative sums: set {core.where}.negative_slope = true"
        )


RULES: tuple[Callable[[Network, Layer, Core], None], ...] = (
    _runs_on_a_unit,
    _table_has_a_place,
    _negative_sums_have_constants,
)


def _check_tables(network: Network, core: Core) -> None:
    needed = len(different_tables(network))
    if needed > _MOST_TABLES:
        raise CapacityError(f"the network needs {needed} different look-up tables, the most is {_MOST_TABLES}")
    if needed > core.tables:
        raise CapacityError(
            f"the network needs {needed} different look-up tables, the core has {core.tables}: "
            f"set {core.where}.tables = {1 << (needed - 1).bit_length()}"
        )


def _check_codes(network: Network, layer: VectorLayer) -> None:
    for name in layer.inputs if multiplies(layer) else ():
        bits = network.tensors[name].bits
        if bits > _MULTIPLIED_BITS:
            raise CapacityError(
                f"layer '{layer.name}': codes of its input '{name}' must have at most {_MULTIPLIED_BITS} bits to be "
                f"multiplied, not {bits}"
            )


def _check_factors(network: Network, layer: VectorLayer) -> None:
    if not isinstance(layer, ProductLayer):
        return
    first, second = (network.tensors[name] for name in layer.inputs)
    if (first.element_bytes, first.signed) != (second.element_bytes, second.signed):
        kinds = [f"{'signed' if one.signed else 'unsigned'} codes of {one.bits} bits" for one in (first, second)]
        raise CapacityError(
            f"layer '{layer.name}': VEC multiplies codes of one size and signedness, not {kinds[0]} with {kinds[1]}: "
            "copy one of them to the other's form first"
        )


def _check_coefficients(layer: VectorLayer) -> None:
    if isinstance(layer, DepthwiseLayer):
        needed, most = signed_bits(int(layer.weights.min(initial=0)), int(layer.weights.max(initial=0))), _WEIGHT_BITS
    elif isinstance(layer, ElementwiseLayer):
        needed = signed_bits(min(layer.coefficients), max(layer.coefficients))
        most = register(Unit.VEC, "COEFFICIENT").width
    else:
        return
    if needed > most:
        raise CapacityError(f"layer '{layer.name}' needs coefficients of {needed} bits, VEC has {most}")
