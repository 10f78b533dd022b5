"""Which layer a convolution becomes, by its groups.

Rules
-----
1. One group: a matrix layer.
2. As many groups as input channels (more than one) and as many outputs: a depthwise layer.
3. Any other grouped convolution: a matrix layer with zeros beside the blocks of its groups.
"""

from __future__ import annotations

import numpy as np

from .graph import Graph, Node
from .layout import IntArray


def check_groups(graph: Graph, node: Node, *, channels: int, outputs: int, group_channels: int) -> int:
    """Return the number of groups of a Conv.

    Raises
    ------
    ModelError
        Where weights and input do not fit it.
    """
    group = node.attributes.get("group", 1)
    if group < 1 or channels % group or outputs % group:
        raise graph.refusal(node, f"group must divide its {channels} input and {outputs} output channels, not {group}")
    if group * group_channels != channels:
        due = channels // group
        raise graph.refusal(node, f"its weights must have {due} input channels like its input, not {group_channels}")
    return int(group)


def is_depthwise(group: int, *, channels: int, outputs: int) -> bool:
    """Return whether every channel has a kernel of its own."""
    return group == channels == outputs > 1


def dense_weights(weights: IntArray, group: int) -> IntArray:
    """Return weights (outputs, ..., channels of a group) as (outputs, ..., channels): zeros beside the blocks."""
    if group == 1:
        return weights
    outputs, width = len(weights), weights.shape[-1]
    dense = np.zeros((*weights.shape[:-1], group * width), np.int64)
    for number in range(group):
        block = slice(number * outputs // group, (number + 1) * outputs // group)
        dense[block, ..., number * width : (number + 1) * width] = weights[block]
    return dense
