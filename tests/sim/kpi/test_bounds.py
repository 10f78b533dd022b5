"""Bounds in closed form, checked by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nngen.compiler.mapper import map_network, validate_mapping
from nngen.compiler.scheduler import schedule
from nngen.errors import CapacityError, MappingError
from nngen.sim.kpi import Bounds, layer_bounds, mapping_bounds
from tests.compiler.builders import architecture, chip, image_network, perceptron
from tests.compiler.execution import compile_mapping
from tests.compiler.randoms import random_chip, random_mapping, random_network


def test_a_layer_by_hand() -> None:
    """conv2 of tiny: 36 rows in one row tile, 4 outputs on 24 ADCs: one step of 4 planes and 9 cycles a position."""
    network, core = image_network(), architecture("tiny").core
    assert layer_bounds(network, network.layers[1], core) == Bounds(load=64 * 5, mvm=64 * 36, post=64 * 4, store=64)


@pytest.mark.parametrize(
    ("rows", "outputs", "macros", "steps"),
    [(64, 24, 12, 1), (65, 24, 12, 2), (600, 10, 8, 7), (130, 6, 2, 5), (8, 1, 1, 1)],
)
def test_column_steps_of_the_best_placement(rows: int, outputs: int, macros: int, steps: int) -> None:
    network, core = perceptron(rows, outputs, largest=7), chip("tiny", macros=macros).core
    assert layer_bounds(network, network.layers[0], core).mvm == steps * 4 * core.macro.conversion_cycles


def test_the_busiest_unit_sets_the_bound() -> None:
    assert Bounds(load=7, mvm=3, post=5, store=1).bound == 7
    assert Bounds(load=7, mvm=3, post=5, store=1).unit == "load"
    assert Bounds(load=7, mvm=7, post=5, store=1).unit == "mvm"


@settings(max_examples=100)
@given(st.integers(0, (1 << 32) - 1))
def test_no_mapping_is_below_the_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    chosen = random_chip(rng, lossless=False)
    chosen = replace(chosen, cores=(replace(chosen.core, macros=12),))
    network = random_network(rng, chosen.core)
    foreign = random_mapping(rng, network, chosen.core) if rng.random() < 0.5 else None
    try:
        mapping = validate_mapping(foreign or map_network(network, chosen), network, chosen)
    except (CapacityError, MappingError):
        return
    for layer, scheduled in zip(network.layers, schedule(network, mapping, chosen).cores[0].layers, strict=True):
        best, chosen_bounds = (
            layer_bounds(network, layer, chosen.core),
            mapping_bounds(network, layer, scheduled, chosen.core),
        )
        for unit in ("load", "mvm", "post", "store"):
            assert getattr(best, unit) <= getattr(chosen_bounds, unit)


def test_mapping_bounds_are_the_busy_cycles_of_mvm_and_post() -> None:
    from_schedule = []
    network, tiny = image_network(), architecture("tiny")
    scheduled, program = compile_mapping(network, map_network(network, tiny), tiny)
    from_schedule = [
        mapping_bounds(network, layer, one, tiny.core)
        for layer, one in zip(network.layers, scheduled.cores[0].layers, strict=True)
    ]
    assert sum(b.post for b in from_schedule) == 64 * 4 * 2
    assert program.cores[0].records
