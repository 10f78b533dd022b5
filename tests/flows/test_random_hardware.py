"""Chips, networks and mappings made at random: the Verilog does what the models say, to the cycle and the digest.

Encodings, converters, planes of several bits, signed and wide codes, several passes and rounds, halos, all roundings,
gains that differ from macro to macro: whatever the other tests' networks leave out.
"""

from pathlib import Path

import numpy as np
import pytest

from nngen.arch import Architecture
from nngen.flows.retirements import RetirementCheck
from nngen.hardware import emit_rtl, simulation_files
from nngen.host import tensor_addresses
from nngen.ir import Mapping, Network
from nngen.sim.cosim import RtlJob, compare_result, simulate_rtl
from nngen.sim.iss import run
from tests.compiler.codegen.test_random_networks import draw
from tests.compiler.codegen.test_random_vector_networks import draw as draw_vector
from tests.compiler.execution import compile_mapping, run_network
from tests.compiler.randoms import random_codes

FEW = (22, 40, 41, 106)  # in this order: ramp, SAR, flash, SAR; both other encodings; codes of two bytes
VECTOR = (181, 460, 411, 14, 499)  # products with one pixel and of two tensors, copies with and without strides
MANY = range(100, 140)
SLOWEST_CYCLES = 4000


def check(seed: int, folder: Path) -> bool:
    """Compare one draw; False where it is too large to simulate, or there is none for this seed."""
    drawn = draw(seed, lossless=False, foreign=bool(seed % 2))
    return drawn is not None and compare(*drawn, seed=seed, folder=folder)


def compare(network: Network, architecture: Architecture, mapping: Mapping, *, seed: int, folder: Path) -> bool:
    """Compare one network; False where it is too large to simulate."""
    generator = np.random.default_rng(seed)
    inputs = {e.tensor: random_codes(generator, network.tensors[e.tensor], 1) for e in network.inputs}
    codes, ran = run_network(network, mapping, architecture, inputs)
    if ran.timing.cycles > SLOWEST_CYCLES or architecture.core.macros > 3:
        return False
    scheduled, program = compile_mapping(network, mapping, architecture)
    files = emit_rtl(architecture, retire=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    regions = {region.tensor: region for region in scheduled.cores[0].regions}
    job = RtlJob(
        sources=tuple(folder / name for name in simulation_files(files)),
        cores=architecture.cores,
        architecture_sha256=architecture.sha256,
        programs=program.cores,
        inputs=inputs,
        outputs=tuple(codes),
        tensors=network.tensors,
        regions={name: {0: region} for name, region in regions.items()},
        trace=True,
    )
    result = simulate_rtl(job)
    comparison = compare_result(result, codes=codes, events=[ran.timing.events])
    assert comparison.equal, comparison.mismatches
    memory = np.zeros((1, architecture.core.activation_bytes), np.uint8)
    for name, values in inputs.items():
        tensor = network.tensors[name]
        kind = np.dtype(f"<{'i' if tensor.signed else 'u'}{tensor.element_bytes}")
        addresses = tensor_addresses(regions[name], tensor)
        memory[:, addresses] = values.astype(kind).view(np.uint8).reshape(1, *addresses.shape)
    timing = run(architecture.core, program.cores[0], memory, digests=True).timing
    assert result.trace is not None
    comparer = RetirementCheck(timing, program.cores[0].layer_starts)
    comparer.take(result.trace)
    retirements = comparer.comparison()
    assert not retirements.differing, retirements.first
    return True


@pytest.mark.parametrize("seed", FEW)
def test_the_verilog_does_what_the_models_say(seed: int, tmp_path: Path) -> None:
    assert check(seed, tmp_path)


@pytest.mark.slow
def test_many_more(tmp_path: Path) -> None:
    assert sum(check(seed, tmp_path) for seed in MANY) >= len(MANY) // 8


@pytest.mark.slow
@pytest.mark.parametrize("seed", VECTOR)
def test_the_verilog_multiplies_and_copies_like_the_models(seed: int, tmp_path: Path) -> None:
    drawn = draw_vector(seed)
    assert drawn is not None
    assert compare(*drawn, seed=seed, folder=tmp_path)
