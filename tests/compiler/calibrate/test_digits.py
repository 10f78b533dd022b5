"""The digits networks on the chips of this repository: what lossy converters cost, and what calibration buys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from nngen.arch import read_architecture
from nngen.compiler.calibrate import calibrate
from nngen.compiler.frontend import read_network
from nngen.compiler.mapper import map_network
from nngen.flows.networks import digits
from nngen.host.ends import quantize_inputs
from nngen.ir import Mapping, Network
from nngen.sim.golden import GoldenMachine, run_golden

IntArray = npt.NDArray[np.int64]
NETWORKS = ("mlp_w8a8", "cnn_w4a4", "cnn_w8a8")


def read(name: str) -> Network:
    return read_network(digits.FOLDER / f"{name}.onnx")


def codes(network: Network, path: Path) -> dict[str, IntArray]:
    with np.load(path) as arrays:
        return quantize_inputs(network, dict(arrays))


def correct(logits: IntArray) -> int:
    return int((logits.reshape(len(logits), -1).argmax(axis=1) == np.load(digits.LABELS)).sum())


def on_chip(name: str, chip: str, repository: Path, *, sampled: bool = True) -> tuple[Network, GoldenMachine]:
    network = read(name)
    architecture = read_architecture(repository / "flows" / "architectures" / f"{chip}.toml")
    samples = codes(network, digits.CALIBRATION) if sampled else None
    calibrated, mapping = calibrate(network, map_network(network, architecture), architecture, samples)
    return calibrated, GoldenMachine(core=architecture.core, mapping=mapping)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_lossy_edge_chip_loses_at_most_one_point(name: str, repository: Path) -> None:
    network, machine = on_chip(name, "edge", repository)
    images = codes(network, digits.IMAGES)
    exact, lossy = run_golden(network, images)["logits"], run_golden(network, images, machine=machine)["logits"]
    assert not np.array_equal(exact, lossy)
    assert correct(exact) - correct(lossy) <= 0.01 * len(exact)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_lossless_chip_computes_the_exact_network(name: str, repository: Path) -> None:
    network, machine = on_chip(name, "lossless", repository)
    assert all(machine.layer(network, layer).is_lossless() for layer in network.layers)
    assert all(not layer.requantization.correction.any() for layer in network.layers)
    images = codes(network, digits.IMAGES)
    exact, found = run_golden(network, images), run_golden(network, images, machine=machine)
    assert all(np.array_equal(exact[tensor], found[tensor]) for tensor in exact)


@pytest.mark.parametrize("name", NETWORKS)
def test_corrections_bring_the_logits_nearer_to_the_exact_ones(name: str, repository: Path) -> None:
    network, machine = on_chip(name, "edge", repository)
    bare = network.with_layers(
        tuple(
            replace(layer, requantization=replace(layer.requantization, correction=np.zeros(0, np.int64)))
            for layer in network.layers
        )
    )
    images = codes(network, digits.IMAGES)
    exact = run_golden(network, images)["logits"]
    corrected, uncorrected = (
        float(((run_golden(net, images, machine=machine)["logits"] - exact).astype(float) ** 2).mean())
        for net in (network, bare)
    )
    assert 10 * np.log10(uncorrected / corrected) > 0.5


def test_calibration_is_repeatable(repository: Path) -> None:
    first, second = (on_chip("cnn_w8a8", "edge", repository) for _ in range(2))
    assert gains(first[1].mapping) == gains(second[1].mapping) == [64, 64, 64, 32]
    for a, b in zip(first[0].layers, second[0].layers, strict=True):
        assert np.array_equal(a.requantization.correction, b.requantization.correction)


def test_without_samples_gains_are_proven_and_nothing_is_corrected(repository: Path) -> None:
    network, machine = on_chip("cnn_w8a8", "edge", repository, sampled=False)
    assert gains(machine.mapping) == [64, 16, 16, 8]
    assert all(not layer.requantization.correction.any() for layer in network.layers)


def gains(mapping: Mapping) -> list[int | None]:
    found = [{tile.gain for tile in layer.tiles} for layer in mapping.layers]
    assert all(len(each) == 1 for each in found)
    return [each.pop() for each in found]
