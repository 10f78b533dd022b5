"""The integer network for people and for programs: a table, and a dictionary that JSON takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nngen.ir import (
    ConcatLayer,
    CopyLayer,
    DepthwiseLayer,
    HostInput,
    HostOutput,
    Layer,
    MatrixLayer,
    Network,
    PoolLayer,
    ProductLayer,
    Tensor,
)

__all__ = ["describe", "render"]

WARNING = "warning: "


def describe(network: Network) -> dict[str, Any]:
    """Return what ``nngen inspect --json`` prints: numbers, strings, lists and dictionaries only."""
    return {
        "name": network.name,
        "dialect": network.dialect,
        "inputs": [_input(end, network.tensors[end.tensor]) for end in network.inputs],
        "layers": [_layer(network, layer) for layer in network.layers],
        "outputs": [_output(end, network.tensors[end.tensor]) for end in network.outputs],
        "weights": sum(_weights(layer).size for layer in network.layers),
        "macs": sum(network.macs(layer) for layer in network.layers),
        "folded": [note for note in network.folded if not note.startswith(WARNING)],
        "warnings": [note.removeprefix(WARNING) for note in network.folded if note.startswith(WARNING)],
    }


def _tensor(tensor: Tensor) -> dict[str, Any]:
    return {
        "tensor": tensor.name,
        "shape": list(tensor.shape),
        "bits": tensor.bits,
        "signed": tensor.signed,
        "zero_point": tensor.zero_point,
        "range": [tensor.lowest, tensor.highest],
    }


def _input(end: HostInput, tensor: Tensor) -> dict[str, Any]:
    steps = [step for step, _ in end.head] + (["quantize"] if end.file_type == "float32" else [])
    steps += _reordering(end.permutation)
    return {
        "name": end.name,
        "file_shape": list(end.file_shape),
        "file_type": end.file_type,
        "scale": end.scale,
        "host": steps,
        **_tensor(tensor),
    }


def _output(end: HostOutput, tensor: Tensor) -> dict[str, Any]:
    plain = end.file_type != "float32" and not end.tail
    steps = [*([] if plain else ["scale"]), *(["add"] if end.offset.any() else [])]
    steps += [*_reordering(end.permutation), *end.tail]
    return {
        "name": end.name,
        "file_shape": list(end.file_shape),
        "file_type": end.file_type,
        "scale": [float(scale) for scale in end.scale],
        "host": steps,
        **_tensor(tensor),
    }


def _reordering(permutation: tuple[int, ...]) -> list[str]:
    return ["transpose"] if list(permutation) != sorted(permutation) else []


def _layer(network: Network, layer: Layer) -> dict[str, Any]:
    weights = _weights(layer)
    return {
        "name": layer.name,
        "operator": _operator(network, layer),
        "inputs": list(layer.inputs),
        "input_shapes": [list(network.tensors[name].shape) for name in layer.inputs],
        "kernel": list(layer.kernel),
        "strides": list(layer.strides),
        "pads": list(layer.pads),
        "dilations": list(layer.dilations),
        "weights": int(weights.size),
        "weight_range": [int(weights.min(initial=0)), int(weights.max(initial=0))],
        "matrix": [layer.rows, layer.outputs] if isinstance(layer, MatrixLayer) else None,
        "macs": network.macs(layer),
        "rounding": layer.requantization.rounding,
        "bent": layer.requantization.has_negative,
        "table": layer.table is not None,
        "quantized_output": network.tensors[layer.output].bits <= 16,
        "output": _tensor(network.tensors[layer.output]),
    }


def _weights(layer: Layer) -> npt.NDArray[np.int64]:
    return layer.weights if isinstance(layer, MatrixLayer | DepthwiseLayer) else np.zeros(0, np.int64)


def _operator(network: Network, layer: Layer) -> str:
    whole = layer.kernel == network.tensors[layer.inputs[0]].shape[:2] and network.positions(layer) == 1
    if isinstance(layer, MatrixLayer):
        return "fully connected" if whole else "convolution"
    if isinstance(layer, DepthwiseLayer):
        return "depthwise"
    if isinstance(layer, PoolLayer):
        return f"{layer.kind} pool"
    names: tuple[tuple[type[Layer], str], ...] = (
        (ConcatLayer, "concat"),
        (ProductLayer, "product"),
        (CopyLayer, "copy"),
    )
    for kind, name in names:
        if isinstance(layer, kind):
            return name
    if len(layer.inputs) > 1:
        return "sum"
    return "requantize" if layer.table is None else "look-up"


def render(network: Network) -> RenderableType:
    """Return the network as a table with what was folded and what the host does."""
    facts = describe(network)
    title = Text.assemble((_shown(network.name), "bold"), f"  {facts['dialect']}, {len(facts['layers'])} layers, ")
    title.append(f"{facts['weights']:,} weights, {facts['macs']:,} MACs")
    lines: list[RenderableType] = [title, _table(facts["layers"])]
    lines += [_host_line("input", end) for end in facts["inputs"]]
    lines += [_host_line("output", end) for end in facts["outputs"]]
    lines += [Text(f"folded  {note}", style="dim") for note in facts["folded"]]
    lines += [Text(f"warning {note}", style="yellow") for note in facts["warnings"]]
    return Group(*lines)


COLUMNS = ("layer", "operator", "input", "kernel", "stride", "output", "weights", "codes", "MACs")
RIGHT = ("weights", "MACs")


def _table(layers: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in COLUMNS:
        table.add_column(name, justify="right" if name in RIGHT else "left", overflow="fold")
    for layer in layers:
        cells = (
            _shown(layer["name"]),
            layer["operator"] + (", table" if layer["table"] and layer["operator"] != "look-up" else ""),
            ", ".join(dict.fromkeys(map(_times, layer["input_shapes"]))),
            _times(layer["kernel"]),
            _times(layer["strides"]),
            _times(layer["output"]["shape"]),
            _weights_cell(layer),
            _codes(layer["output"]),
            f"{layer['macs']:,}",
        )
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _weights_cell(layer: dict[str, Any]) -> str:
    lowest, highest = layer["weight_range"]
    return f"{layer['weights']:,} in {lowest}..{highest}" if layer["weights"] else ""


def _shown(name: str) -> str:
    """Return a name from the file as a terminal may show it: control characters escaped."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in name)


def _times(sizes: list[int]) -> str:
    return "×".join(map(str, sizes))


def _codes(tensor: dict[str, Any]) -> str:
    kind = "int" if tensor["signed"] else "uint"
    zero = f", zero {tensor['zero_point']}" if tensor["zero_point"] else ""
    return f"{kind}{tensor['bits']}{zero}"


def _host_line(what: str, end: dict[str, Any]) -> Text:
    shape, codes = _times(end["file_shape"]), f"{_codes(end)} {_times(end['shape'])}"
    way = f"{shape} → {codes}" if what == "input" else f"{codes} → {shape}"
    return Text(f"{what:<7} {_shown(end['name'])}: {way}; on the host: {', '.join(end['host']) or 'nothing'}")
