"""Differences are found, counted, and named."""

import re

import numpy as np
import pytest

from nngen.errors import InputError
from nngen.ir import LayerMapping, Mapping, Tile
from nngen.isa import EVENT_NAMES, Cause
from nngen.sim.cosim import (
    CodeMismatch,
    CoreResult,
    EventMismatch,
    RtlResult,
    compare_codes,
    compare_events,
    compare_result,
    macros_of,
)

CODES = {"conv": np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5), "logits": np.arange(20).reshape(2, 1, 1, 10)}
EVENTS = {name: 10 * i for i, name in enumerate(EVENT_NAMES)}


def result(samples: int = 2, cores: int = 1) -> RtlResult:
    counted = [
        CoreResult(
            events={name: np.full(samples, value) for name, value in EVENTS.items()},
            causes=(Cause.NONE,) * samples,
            cause_pcs=(0,) * samples,
        )
        for _ in range(cores)
    ]
    return RtlResult(
        outputs={name: codes.copy() for name, codes in CODES.items()},
        cores=tuple(counted),
        trace=None,
        seconds=0.0,
    )


def test_equal_results_are_equal() -> None:
    comparison = compare_result(result(), codes=CODES, events=[EVENTS])
    assert comparison.equal
    assert comparison.mismatches == ()
    assert comparison.codes == 120 + 20
    assert comparison.events == 2 * (len(EVENT_NAMES) - 1) + 2
    assert comparison.cycles == 2


def test_a_code_is_named_by_layer_channel_pixel_and_macro() -> None:
    found = result()
    found.outputs["conv"][1, 2, 3, 4] = -7
    mapping = Mapping(
        layers=(
            LayerMapping(
                layer="/conv/Conv_output_0",
                tiles=(
                    Tile(macro=3, row=0, column=0, input_range=(0, 9), output_range=(0, 5)),
                    Tile(macro=1, row=0, column=0, input_range=(9, 18), output_range=(4, 5)),
                    Tile(macro=2, row=0, column=8, input_range=(9, 18), output_range=(0, 4)),
                ),
            ),
        )
    )
    comparison = compare_result(
        found, codes=CODES, events=[EVENTS], layers={"conv": "/conv/Conv_output_0"}, macros=macros_of(mapping)
    )
    assert not comparison.equal
    assert comparison.code_differences == 1
    (mismatch,) = comparison.mismatches
    assert isinstance(mismatch, CodeMismatch)
    assert str(mismatch) == (
        "sample 1, layer '/conv/Conv_output_0', channel 4, pixel (2, 3) (macro 1, macro 3): code must be 119, not -7"
    )


def test_without_a_mapping_no_macro_is_named() -> None:
    found = {"logits": CODES["logits"] + 1}
    comparison = compare_codes(CODES, found, macros=macros_of(Mapping(layers=())))
    assert comparison.code_differences == 20
    assert str(comparison.mismatches[0]) == "sample 0, layer 'logits', channel 0, pixel (0, 0): code must be 0, not 1"


def test_all_differences_are_counted_and_the_first_kept() -> None:
    comparison = compare_codes(CODES, {name: codes + 1 for name, codes in CODES.items()}, limit=7)
    assert comparison.code_differences == comparison.codes == 140
    assert len(comparison.mismatches) == 7


def test_an_event_is_named_with_both_values() -> None:
    found = result()
    found.cores[0].events["conversions"][1] += 3
    comparison = compare_result(found, codes=CODES, events=[EVENTS])
    assert (comparison.code_differences, comparison.event_differences, comparison.cycle_differences) == (0, 1, 0)
    expected = EVENTS["conversions"]
    assert [str(m) for m in comparison.mismatches] == [f"sample 1: conversions must be {expected}, not {expected + 3}"]


def test_cycles_and_causes_are_compared_too() -> None:
    found = result()
    found.cores[0].events["cycles"][:] = [1, 0]
    comparison = compare_result(found, codes=CODES, events=[EVENTS], causes=[Cause.WATCHDOG])
    assert (comparison.event_differences, comparison.cycle_differences) == (2, 1)
    assert comparison.mismatches == (
        EventMismatch(sample=0, event="cause", expected=6, found=0),
        EventMismatch(sample=1, event="cause", expected=6, found=0),
        EventMismatch(sample=0, event="cycles", expected=0, found=1),
    )


def test_of_several_cores_the_one_that_differs_is_named() -> None:
    found = result(cores=3)
    found.cores[2].events["bus_words"][0] += 1
    comparison = compare_result(found, codes=CODES, events=[EVENTS] * 3)
    assert comparison.events == 3 * 2 * len(EVENT_NAMES)
    expected = EVENTS["bus_words"]
    assert [str(m) for m in comparison.mismatches] == [
        f"sample 0, core 2: bus_words must be {expected}, not {expected + 1}"
    ]


def test_events_of_a_chip_are_those_of_its_cores_together() -> None:
    found = result(cores=3)
    found.cores[1].events["cycles"][:] = [70, 8]
    assert found.events["cycles"].tolist() == [70, 8]
    assert found.events["conversions"].tolist() == [3 * EVENTS["conversions"]] * 2


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(InputError, match=re.escape("tensor 'odd' must be among those expected (conv, logits)")):
        compare_codes(CODES, {"odd": CODES["conv"]})
    sentence = "codes of tensor 'conv' must have shape (2, 3, 4, 5), not (1, 3, 4, 5)"
    with pytest.raises(InputError, match=re.escape(sentence)):
        compare_codes(CODES, {"conv": CODES["conv"][:1]})
    with pytest.raises(InputError, match="events must be the same on both sides, but only one has more, outputs"):
        compare_events({"outputs": 1}, {"more": np.zeros(2, np.int64)})
