"""Coefficient memory: the kernels of depthwise layers, word by word."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.ir import CoefficientBlock, CoreSchedule, DepthwiseLayer, Network, VectorSchedule

IntArray = npt.NDArray[np.int64]


def coefficient_image(network: Network, scheduled: CoreSchedule, core: Core) -> IntArray:
    """Return the coefficients, shape ``(words, word_bytes)``, as many words as are used; lanes without one hold 0."""
    blocks = [
        (block, layer)
        for one in scheduled.layers
        for layer in [network.layer(one.layer)]
        if isinstance(layer, DepthwiseLayer) and isinstance(one, VectorSchedule)
        for block in one.coefficients
    ]
    words = max((block.word + block.words for block, _ in blocks), default=0)
    image = np.zeros((words, core.word_bytes), np.int64)
    for block, layer in blocks:
        image[block.word : block.word + block.words, : block.lanes] = _block_words(block, layer)
    return image


def _block_words(block: CoefficientBlock, layer: DepthwiseLayer) -> IntArray:
    """Return the words of a block, shape ``(words, lanes)``."""
    kernels = layer.weights.reshape(layer.outputs, -1)[slice(*block.channels)]
    elements = np.tile(kernels[:, list(block.taps)].T, block.pixels)
    groups = -(-elements.shape[1] // block.lanes)
    padded = np.zeros((len(block.taps), groups * block.lanes), np.int64)
    padded[:, : elements.shape[1]] = elements
    return padded.reshape(-1, block.lanes)
