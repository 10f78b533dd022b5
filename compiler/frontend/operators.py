"""Pass: what can never become hardware is refused by name, before anything is computed from it.

Rules
-----
1. An operator that belongs to a dialect not read yet is refused with the dialect's name and the way out.
2. A graph with layers but without any quantizer is a float network: its first layer is named.
3. An operator that is neither supported nor foldable is refused with the list of those that are supported.
4. A node has the inputs that its operator takes in the file's operator set, and attributes of its types. Attributes
   that the operator does not know are ignored: exporters leave notes there.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import onnx

from .folding import FOLDABLE
from .functions import FUNCTIONS
from .graph import Graph, Node

QUANTIZERS = ("QuantizeLinear", "DequantizeLinear")
LAYERS = ("Conv", "Gemm", "MatMul")
SUPPORTED = (
    *("Conv", "Gemm", "MatMul", "Add", "Sub", "Mul", "Div", "BatchNormalization", "Concat"),
    *("MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool", "ReduceMean"),
    *("QuantizeLinear", "DequantizeLinear", "Relu", "Clip", "PRelu", *FUNCTIONS),
    *("Flatten", "Reshape", "Transpose", "Squeeze", "Unsqueeze"),
    *("Slice", "Split", "Gather", "Pad", "Resize"),
    *("Identity", "Dropout", "Softmax"),
)
QCDQ_WAY_OUT = "export as QCDQ (brevitas: export_onnx_qcdq)"
QOPERATOR = "this operator of the QOperator dialect is not supported; quantize with quant_format=QuantFormat.QDQ"
OTHER_DIALECTS = {
    "DynamicQuantizeLinear": "scales that depend on the data are not supported; quantize statically",
    "DynamicQuantizeLSTM": "scales that depend on the data are not supported; quantize statically",
}
Types = type | tuple[type, ...]
ATTRIBUTE_TYPES: dict[onnx.defs.OpSchema.AttrType, tuple[str, Types]] = {
    onnx.defs.OpSchema.AttrType.FLOAT: ("float", (float, int)),
    onnx.defs.OpSchema.AttrType.INT: ("int", int),
    onnx.defs.OpSchema.AttrType.STRING: ("string", str),
    onnx.defs.OpSchema.AttrType.TENSOR: ("tensor", np.ndarray),
    onnx.defs.OpSchema.AttrType.FLOATS: ("floats", tuple),
    onnx.defs.OpSchema.AttrType.INTS: ("ints", tuple),
    onnx.defs.OpSchema.AttrType.STRINGS: ("strings", tuple),
}
MICROSOFT = "com.microsoft"  # its quantizers are ONNX's own, for types that old operator sets lack
WAY_OUT = "quantize every layer's input, weights and output before export"
ONLY_ONNX_DOMAIN = "only operators of ONNX itself are supported, not those of domain {domain!r}"


def refuse_unsupported(graph: Graph) -> Graph:
    """Return the graph unchanged, or raise ModelError for what can never become a network (rules 1 to 4)."""
    refuse_dialects(graph)
    refuse_float(graph)
    return refuse_operators(graph)


def refuse_dialects(graph: Graph, *, own: Collection[str] = ()) -> Graph:
    """Return the graph unchanged where no operator is another dialect's; ``own`` are those of the dialect itself."""
    for node in graph.nodes:
        if node.operator in own:
            continue
        if node.operator in OTHER_DIALECTS:
            raise graph.refusal(node, OTHER_DIALECTS[node.operator])
        if str(node.operator).startswith("QLinear"):
            raise graph.refusal(node, QOPERATOR)
    return graph


def refuse_operators(graph: Graph, *, own: Collection[str] = ()) -> Graph:
    """Return the graph unchanged where rules 3 and 4 hold for every node but those of the dialect itself."""
    for node in graph.nodes:
        if node.operator in own:
            continue
        if reason := unsupported(node) or wrong_inputs(graph, node):
            raise graph.refusal(node, reason)
    return graph


def refuse_float(graph: Graph) -> Graph:
    """Return the graph unchanged where its layers have quantizers (rule 2)."""
    layers = [node for node in graph.nodes if node.operator in LAYERS and not node.domain]
    quantized = any(node.operator in QUANTIZERS for node in graph.nodes)
    for node in layers:
        weights = graph.constant(node.input(1))
        if weights is not None and weights.dtype.kind == "f":
            nan = bool(np.isnan(weights.astype(np.float64)).any())
            if quantized:
                flaw = "hold NaN" if nan else "are not quantized"
                raise graph.refusal(node, f"its weights {node.input(1)!r} {flaw}; {WAY_OUT}")
            if nan:
                raise graph.refusal(node, f"its weights {node.input(1)!r} hold NaN")
    if layers and not quantized:
        raise graph.refusal(layers[0], f"it has no quantizer, nor has any other layer; {QCDQ_WAY_OUT}")
    return graph


def unsupported(node: Node) -> str:
    """Return why a node is not supported, or an empty string."""
    if node.domain and not (node.domain == MICROSOFT and node.operator in QUANTIZERS):
        return ONLY_ONNX_DOMAIN.format(domain=node.domain)
    if node.operator in SUPPORTED or node.operator in FOLDABLE:
        return ""
    return f"this operator is not supported; supported are {', '.join(SUPPORTED)}"


def wrong_inputs(graph: Graph, node: Node) -> str:
    """Return what is wrong with a node, or an empty string; the inputs of a pass's own nodes are right."""
    try:
        schema = onnx.defs.get_schema(node.operator, max_inclusive_version=graph.opset, domain="")
    except onnx.defs.SchemaError:
        return "" if node.origin else f"ONNX has this operator only after operator set {graph.opset}"
    for name, value in node.attributes.items():
        known = schema.attributes.get(name)
        due, types = ATTRIBUTE_TYPES.get(known.type, ("", object)) if known else ("", object)
        if not isinstance(value, types):
            return f"its attribute {name!r} must be of type {due}, not {type(value).__name__}"
    if node.origin:
        return ""
    fewest, most, given = schema.min_input, schema.max_input, len(node.inputs)
    required = node.inputs[:fewest]
    if given < fewest or given > most or "" in required:
        return f"it must have {fewest} to {most} inputs, not {given - required.count('')}"
    return "" if node.outputs and node.outputs[0] else "it must have an output"
