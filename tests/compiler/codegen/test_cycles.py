"""How fast the programs of the digits networks run, against the bounds."""

import time
from pathlib import Path

import pytest

from nngen.compiler.frontend import read_network
from nngen.compiler.mapper import check_overflow, map_network, validate_mapping
from nngen.ir import Network
from nngen.sim.iss import time_program
from nngen.sim.kpi import layer_bounds
from tests.compiler.builders import architecture
from tests.compiler.execution import compile_mapping

NETWORKS = Path(__file__).resolve().parents[3] / "flows" / "networks" / "digits"


def digits(name: str) -> Network:
    return read_network(NETWORKS / f"{name}.onnx")


def layer_cycles(network: Network, chip: str) -> dict[str, int]:
    """Return the cycles from the end of one layer to the end of the next."""
    chosen = architecture(chip)
    program = compile_mapping(network, map_network(network, chosen), chosen)[1].cores[0]
    timing = time_program(chosen.core, program.instructions, records=program.records)
    regions = timing.regions(program.layer_starts)
    starts = [0] + [region.last_effect for region in regions]
    return {region.name: region.last_effect - start for region, start in zip(regions, starts, strict=False)}


@pytest.mark.parametrize(
    ("name", "chip"),
    [
        ("cnn_w4a4", "tiny"),
        ("cnn_w4a4", "lossless"),
        ("cnn_w4a4", "edge"),
        ("cnn_w8a8", "lossless"),
        ("cnn_w8a8", "edge"),
    ],
)
def test_convolutions_run_within_five_percent_of_their_bound(name: str, chip: str) -> None:
    network = digits(name)
    cycles = layer_cycles(network, chip)
    for layer in network.layers:
        if network.positions(layer) >= 64:
            bound = layer_bounds(network, layer, architecture(chip).core).bound
            assert bound <= cycles[layer.name] <= 1.05 * bound


def test_the_perceptron_takes_fewer_cycles_than_nngen_1() -> None:
    assert sum(layer_cycles(digits("mlp_w8a8"), "digits").values()) < 441


def test_a_network_compiles_in_less_than_a_second() -> None:
    chosen = architecture("lossless")
    network = digits("cnn_w8a8")
    start = time.process_time()
    mapping = validate_mapping(map_network(network, chosen), network, chosen)
    check_overflow(network, mapping, chosen)
    compile_mapping(network, mapping, chosen)
    assert time.process_time() - start < 1
