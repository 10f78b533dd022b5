"""Whole networks with vector layers: the program computes what the golden model computes, and is small."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nngen.arch import Architecture
from nngen.compiler.calibrate import calibrate
from nngen.compiler.frontend import read_network
from nngen.compiler.mapper import map_network
from nngen.ir import Network, PoolLayer
from nngen.sim.golden import GoldenMachine, run_golden
from nngen.sim.kpi import layer_bounds
from tests.compiler.builders import chip, make_network
from tests.compiler.execution import run_network
from tests.compiler.randoms import random_codes
from tests.compiler.vector_builders import VECTOR, depthwise, pool, signed_tensor, vector_chip

ROOT = Path(__file__).resolve().parents[3]
RESIDUAL = ROOT / "flows" / "networks" / "digits" / "cnn_residual_w8a8.onnx"
MODELS = ROOT.parent / "shared" / "models"
LARGE = {"macros": 16, "activation_bytes": 1 << 17, "program_instructions": 512, "constant_records": 1024}


def check(network: Network, chosen: Architecture, *, overhead: float) -> None:
    """Run a network on random codes: outputs are those of the golden model, in little more cycles than the bound."""
    calibrated, mapping = calibrate(network, map_network(network, chosen), chosen, None)
    rng = np.random.default_rng(0)
    inputs = {e.tensor: random_codes(rng, network.tensors[e.tensor], 2) for e in network.inputs}
    codes, run = run_network(calibrated, mapping, chosen, inputs)
    expected = run_golden(calibrated, inputs, machine=GoldenMachine(core=chosen.core, mapping=mapping))
    for name, found in codes.items():
        np.testing.assert_array_equal(found, expected[name])
    bound = sum(layer_bounds(network, layer, chosen.core).bound for layer in network.layers)
    assert bound <= run.timing.events["cycles"] <= overhead * bound


@pytest.mark.parametrize("name", ["edge", "lossless"])
def test_the_residual_digits_network(name: str) -> None:
    check(read_network(RESIDUAL), chip(name, vector=VECTOR, program_instructions=512), overhead=1.03)


@pytest.mark.parametrize("name", ["tiny_kws_dscnn", "tiny_ic_resnet8"])
def test_networks_of_others(name: str) -> None:
    path = MODELS / name / "model.onnx"
    if not path.exists():
        pytest.skip("the networks of others are not here")
    check(read_network(path), chip("cim256", **LARGE), overhead=1.03)


@pytest.mark.parametrize("dilations", [(1, 1), (2, 1)])
@pytest.mark.parametrize("strides", [(1, 1), (2, 2), (1, 3)])
def test_a_max_pool_beside_a_layer_that_wants_another_padding(
    strides: tuple[int, int], dilations: tuple[int, int]
) -> None:
    source = signed_tensor("x", (7, 9, 5), zero_point=-3)
    window = {"pads": (2, 1, 1, 2), "strides": strides, "dilations": dilations}
    clipped = replace(pool(source, "max", (3, 3), **window), name="b", output="b")
    assert isinstance(clipped, PoolLayer)
    target = signed_tensor("b", make_network([], [source], ["x"]).output_shape(clipped))
    network = make_network([depthwise(source), clipped], [source, signed_tensor("y", (7, 9, 5)), target], ["y", "b"])
    check(network, vector_chip(), overhead=4)
