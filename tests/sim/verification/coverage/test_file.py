"""Coverage is added, written and read back; a file of other bins is refused."""

import json
import re
from dataclasses import replace

import pytest

from nngen.arch import Core
from nngen.errors import InputError
from nngen.isa import Cause, instruction
from nngen.sim.verification.coverage import Coverage

from .entries import log, retired


@pytest.fixture
def coverage(core: Core) -> Coverage:
    found = Coverage(core)
    found.collect(log(*[retired(instruction("NOP"))] * 2, retired(instruction("HALT"))))
    found.add_cause(Cause.NONE)
    return found


def changed(coverage: Coverage, **values: object) -> str:
    return json.dumps(json.loads(coverage.to_json()) | values)


def test_a_file_holds_the_counts(core: Core, coverage: Coverage) -> None:
    read = Coverage.from_json(core, coverage.to_json())
    assert read.met() == coverage.met() != {}
    assert read.to_json() == coverage.to_json()
    assert json.loads(coverage.to_json())["schema"] == "nngen/coverage/1"


def test_counts_are_added(core: Core, coverage: Coverage) -> None:
    other = Coverage(core)
    other.add_cause(Cause.NONE)
    other.merge(coverage)
    assert other.count("cause NONE") == 2
    assert other.count("NOP/after NOP") == 1
    other.counts += coverage.counts
    assert other.count("cause NONE") == 3
    assert coverage.count("cause NONE") == 1


def test_coverage_of_another_core_is_not_added(core: Core, coverage: Coverage) -> None:
    with pytest.raises(ValueError, match=r"^coverage that is merged must be of the same core$"):
        coverage.merge(Coverage(replace(core, queue_depth=3)))


def message(core: Core, text: str) -> str:
    with pytest.raises(InputError) as error:
        Coverage.from_json(core, text, name="night.json")
    return str(error.value)


@pytest.mark.parametrize("other", [{"queue_depth": 3}, {"constant_records": 63}, {"macros": 1}])
def test_a_file_of_another_core_is_refused(core: Core, coverage: Coverage, other: dict[str, int]) -> None:
    assert re.fullmatch(
        r"night\.json: bins_sha256 must be [0-9a-f]{12}…, not [0-9a-f]{12}…: it was collected for another core or by "
        r"another version of the instruction set; collect it again",
        message(replace(core, **other), coverage.to_json()),
    )


def test_a_malformed_file_is_refused(core: Core, coverage: Coverage) -> None:
    bins = len(coverage.bins)
    assert message(core, "{") == (
        "night.json: the file must be valid JSON (EOF while parsing an object at line 1 column 1)"
    )
    assert message(core, changed(coverage, hits=1)) == (
        "night.json: hits is not a known key; known are schema, bins_sha256, counts"
    )
    assert message(core, changed(coverage, schema="nngen/coverage/2")) == (
        "night.json: schema must be 'nngen/coverage/1', not 'nngen/coverage/2'; did you mean 'nngen/coverage/1'?"
    )
    assert message(core, changed(coverage, counts=[1])) == f"night.json: counts must be those of {bins} bins, not of 1"
    assert message(core, changed(coverage, counts=[-1] * bins)) == "night.json: counts[0] must be at least 0, not -1"
