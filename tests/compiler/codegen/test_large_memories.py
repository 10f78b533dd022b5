"""Tensors beyond what the offset of an instruction reaches, 512 KiB: halos and addresses that move there."""

from __future__ import annotations

import numpy as np
import pytest

from nngen.compiler.mapper import map_network
from nngen.sim.golden import run_golden
from tests.compiler.execution import run_network
from tests.compiler.vector_builders import alone, pool, signed_tensor, vector_chip


@pytest.mark.parametrize(("size", "pad"), [(3, 1), (1, 0)])
def test_a_pool_of_a_large_image(size: int, pad: int) -> None:
    """Its lower halo is out of reach of address 0; without halos its output moves like its input, but far from it."""
    source = signed_tensor("x", (180, 180, 17))
    network = alone(pool(source, "max", (size, size), pads=(pad,) * 4), source)
    chip = vector_chip(activation_bytes=1 << 21)
    inputs = {"x": np.random.default_rng(0).integers(-128, 128, (1, *source.shape))}
    codes, _ = run_network(network, map_network(network, chip), chip, inputs)
    np.testing.assert_array_equal(codes["y"], run_golden(network, inputs)["y"])
