"""Whole networks with vector layers: the program computes what the golden model computes, and is small."""

from pathlib import Path

import numpy as np
import pytest

from nngen.arch import Architecture
from nngen.compiler.calibrate import calibrate
from nngen.compiler.frontend import read_network
from nngen.compiler.mapper import map_network
from nngen.ir import Network
from nngen.sim.golden import GoldenMachine, run_golden
from nngen.sim.kpi import layer_bounds
from tests.compiler.builders import chip
from tests.compiler.execution import run_network
from tests.compiler.randoms import random_codes
from tests.compiler.vector_builders import VECTOR

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
