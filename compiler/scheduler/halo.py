"""How far the consumers of a tensor reach beyond it, and which code they want to find there.

1. The halo is as large as the furthest reach on each side; all consumers share it.
2. It holds the code that their padding asks for: the zero point, or, where only max pools pad, the lowest code.
3. Where other layers need the zero point, and it is not the lowest code, max pools do without a halo: their windows are
   clipped at the border instead, so that border outputs are computed apart (``_bands``). So they do where FILL, which
   writes one byte value, could not write their code.
4. Copies may ask for any code, but no two layers for different ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from nngen.errors import CapacityError
from nngen.ir import CopyLayer, Layer, Network, PoolLayer, Tensor

Sides = tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class Halo:
    """Pixels around a tensor (top, left, bottom, right), and the code they hold."""

    sides: Sides
    code: int


def halo_of(network: Network, name: str) -> Halo:
    """Return the halo of a tensor.

    Raises
    ------
    CapacityError
        Where FILL cannot write the code that layers need there.
    """
    reaching = [
        layer for layer in network.readers(name) if any(_reach(network, layer)) and not is_clipped(network, layer)
    ]
    codes = {network.padding(layer) for layer in reaching}
    if len(codes) > 1:
        names = " and ".join(f"'{layer.name}'" for layer in reaching)
        wanted = ", ".join(map(str, sorted(codes)))
        raise CapacityError(f"layers {names} want different codes around '{name}' ({wanted}): pad a copy of it")
    sides = zip(*(_reach(network, layer) for layer in reaching), strict=True)
    top, left, bottom, right = (max(side) for side in sides) if reaching else (0, 0, 0, 0)
    tensor = network.tensors[name]
    code = codes.pop() if codes else tensor.zero_point
    if reaching and not _one_byte(tensor, code):
        raise CapacityError(
            f"layer '{reaching[0].name}': padding of '{name}' must hold a code whose bytes are equal, such as 0, not "
            f"{code}: quantize that tensor symmetrically"
        )
    return Halo(sides=(top, left, bottom, right), code=code)


def is_clipped(network: Network, layer: Layer) -> bool:
    """Return whether a layer's windows are clipped at the border of its input instead of reaching into a halo."""
    if not isinstance(layer, PoolLayer) or layer.kind != "max" or not any(_reach(network, layer)):
        return False
    tensor, code = network.tensors[layer.input], network.padding(layer)
    others = {network.padding(other) for other in network.readers(layer.input) if any(_reach(network, other))}
    return others != {code} or not _one_byte(tensor, code)


def _one_byte(tensor: Tensor, code: int) -> bool:
    stored = code.to_bytes(tensor.element_bytes, "little", signed=code < 0)
    return len(set(stored)) == 1


def _reach(network: Network, layer: Layer) -> Sides:
    """Return how far a layer's windows reach beyond its input; what no stride reaches does not count."""
    height, width, _ = network.tensors[layer.inputs[0]].shape
    if isinstance(layer, CopyLayer):
        ends = max(layer.rows_read) - height + 1, max(layer.columns_read) - width + 1
        return max(0, -min(layer.rows_read)), max(0, -min(layer.columns_read)), max(0, ends[0]), max(0, ends[1])
    (rows, columns), (down, across) = network.output_shape(layer)[:2], layer.strides
    top, left, _, _ = layer.pads
    bottom = (rows - 1) * down + layer.extent[0] - top - height
    right = (columns - 1) * across + layer.extent[1] - left - width
    return top, left, max(0, bottom), max(0, right)
