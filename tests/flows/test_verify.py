"""`nngen verify`: nothing differs in a sound build, and what differs in an unsound one is named."""

import json
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import Result

from nngen.bundle import BuildDirectory
from nngen.flows.build import build
from nngen.flows.machine import Machine
from nngen.flows.networks.digits import CALIBRATION, IMAGES, NETWORKS
from nngen.flows.retirements import RetirementCheck, expected_retirements, layer_cycles
from nngen.flows.samples import read_samples, stored_or_random_samples
from nngen.flows.verify import Verification, verify
from nngen.flows.verify_report import describe, render
from nngen.isa import EVENT_NAMES, Unit, encode
from nngen.sim.cosim import RetireTrace
from nngen.sim.iss import Timing

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def verified(mlp_build: BuildDirectory) -> Verification:
    return verify(mlp_build.path, samples=2)


def test_nothing_differs(verified: Verification) -> None:
    assert verified.equal
    assert verified.samples == 2
    assert verified.source == "calibration samples of the build"
    assert verified.golden_iss.codes == 2 * (32 + 10)
    assert verified.iss_rtl.codes >= 2 * 10
    assert verified.iss_rtl.cycles == 2
    assert verified.iss_rtl.events == 2 * len(EVENT_NAMES)  # all but cycles, and the cause
    assert verified.retirements.compared == verified.events["instructions"]


def test_verilator_says_the_same(verified: Verification, mlp_build: BuildDirectory) -> None:
    again = verify(mlp_build.path, samples=2, simulator="verilator")
    assert describe(again) == describe(verified)


def test_a_network_that_outgrows_the_chip_is_reprogrammed_in_the_verilog(
    changed_architecture: Callable[..., Path], tmp_path: Path
) -> None:
    volatile = '{ cell = "ideal_volatile", parameters = { bits = 3 } }'
    chip = changed_architecture("tiny", macros="8\nreprogram = true", bitcell=volatile, activation_bytes=1 << 14)
    mlp = next(entry.path for entry in NETWORKS if entry.name == "mlp_w8a8")
    made = build(mlp, chip, tmp_path / "build", calibration=CALIBRATION)
    verified = verify(made.path, samples=1)
    assert verified.equal
    assert verified.events["programmed_words"] == verified.rtl_events["programmed_words"][0] == 1920


def test_a_network_on_two_unequal_cores_is_the_same_in_the_verilog(repository: Path, tmp_path: Path) -> None:
    mlp = next(entry.path for entry in NETWORKS if entry.name == "mlp_w8a8")
    duo = repository / "flows" / "architectures" / "duo.toml"
    made = build(mlp, duo, tmp_path / "build", calibration=CALIBRATION, only=("program", "rtl"))
    verified = verify(made.path, samples=1)
    assert verified.equal
    assert verified.iss_rtl.cycles == 2  # one of each core
    assert verified.iss_rtl.events == 2 * len(EVENT_NAMES)
    assert (
        verified.retirements.compared
        == verified.events["instructions"]
        == sum(len(core.instructions) for core in Machine.of(made).program.cores)
    )
    assert verified.events["bus_words"] == verified.rtl_events["bus_words"][0] > 0


def test_a_pipeline_on_two_cores_is_the_same_in_the_verilog(repository: Path, tmp_path: Path) -> None:
    """Three samples at two a start: the last one runs twice."""
    mlp = next(entry.path for entry in NETWORKS if entry.name == "mlp_w8a8")
    duo = repository / "flows" / "architectures" / "duo.toml"
    made = build(
        mlp, duo, tmp_path / "build", calibration=CALIBRATION, strategy="throughput", inferences=2,
        only=("program", "rtl"),
    )  # fmt: skip
    verified = verify(made.path, samples=3)
    assert verified.equal
    assert (verified.samples, verified.layers) == (3, ())
    assert (verified.golden_iss.codes, verified.iss_rtl.codes) == (3 * 10, 3 * 10)
    assert verified.iss_rtl.cycles == 2 * 2  # of each core in each start
    report = json.loads(json.dumps(describe(verified)))["pipeline"]
    first, second = report["ends"]
    assert report["inferences"] == 2
    assert report["bound"] <= report["interval"] == second - first < first
    assert [stage["core"] for stage in report["stages"]] == [0, 1]
    assert report["bound"] == max(stage["bound"] for stage in report["stages"])
    text = printed(verified)
    for phrase in ("one inference every", "golden = ISS, codes of every output", "retirements of the first start"):
        assert phrase in text


def printed(verified: Verification) -> str:
    console = Console(width=160)
    with console.capture() as capture:
        console.print(render(verified))
    return capture.get()


def test_the_cycles_of_the_layers_add_up(verified: Verification) -> None:
    assert [layer.iss_cycles for layer in verified.layers] == [layer.rtl_cycles for layer in verified.layers]
    assert sum(layer.rtl_cycles for layer in verified.layers) == verified.events["cycles"] - 1  # and HALT
    assert all(layer.rtl_cycles >= layer.bound.bound for layer in verified.layers)


def test_the_report_says_all_of_it(verified: Verification) -> None:
    report = json.loads(json.dumps(describe(verified)))
    assert report["schema"] == "nngen/verification/1"
    assert report["equal"] is True
    cycles = verified.events["cycles"]
    assert report["cycles"]["iss"] == cycles
    assert report["cycles"]["rtl"] == [cycles, cycles]
    assert [layer["layer"] for layer in report["layers"]] == [layer.layer for layer in verified.layers]
    assert [entry["event"] for entry in report["events"]] == list(EVENT_NAMES)
    assert all(entry["rtl"] == [entry["iss"], entry["iss"]] for entry in report["events"])
    assert report["retirements"]["first"] == ""


def test_a_fault_in_the_verilog_is_found_and_named(
    mlp_build: BuildDirectory, nngen: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The macros of the Verilog lack the weights of a few pixels; the models keep theirs."""
    machine = Machine.open(mlp_build.path)
    original = Machine.rtl

    def faulty(self: Machine, *arguments: object, **options: object) -> object:
        core = self.program.cores[0]
        cells = core.cells.copy()
        cells[0, 26:30] = 0
        changed = replace(self, program=replace(self.program, cores=(replace(core, cells=cells),)))
        return original(changed, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Machine, "rtl", faulty)
    path = tmp_path / "report.json"
    result = nngen("verify", mlp_build.path, "--inputs", IMAGES, "--samples", 2, "--json", path)
    assert result.exit_code == 1
    assert "golden, ISS and RTL DIFFER" in result.stdout
    report = json.loads(path.read_text())
    assert report["equal"] is False
    assert report["golden_iss"]["codes"]["differing"] == 0
    assert report["iss_rtl"]["codes"]["differing"] > 0
    assert report["iss_rtl"]["cycles"]["differing"] == 0
    layers = {layer.name for layer in machine.network.layers}
    first = report["iss_rtl"]["mismatches"][0]
    assert any(f"layer '{layer}', channel " in first for layer in layers)
    assert re.search(r"\(macro 0\), stored in cycle \d+: code must be ", first)
    assert report["retirements"]["differing"] > 0
    assert "mvm" in report["retirements"]["first"]


def test_changed_verilog_is_simulated_and_named(mlp_build: BuildDirectory, nngen: Run, tmp_path: Path) -> None:
    """A last layer that rounds otherwise; docs/debugging.md has a whole story."""
    folder = tmp_path / "changed"
    shutil.copytree(mlp_build.path / "rtl_sim", folder)
    macro = folder / "nngen_crossbar_behavioural.v"
    macro.write_text(macro.read_text().replace("+ STEP)", "+ STEP - 1)"), encoding="utf-8")
    options = ("--samples", 1, "--rtl", folder, "--json", tmp_path / "report.json")
    result = nngen("verify", mlp_build.path, *options)
    assert result.exit_code == 1
    assert f"golden, ISS and RTL DIFFER (RTL from '{folder}', not the build's)" in " ".join(result.stdout.split())
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["verilog"] == str(folder)
    assert "mvm" in report["retirements"]["first"]


def test_verilog_of_another_kind_is_refused(mlp_build: BuildDirectory, nngen: Run, tmp_path: Path) -> None:
    for folder, problem in (
        (tmp_path, "has no nngen_chip.v"),
        (mlp_build.path / "rtl", "its nngen_chip.v has no retire ports"),
    ):
        result = nngen("verify", mlp_build.path, "--rtl", folder)
        assert result.exit_code == 2
        assert result.stderr == (
            f"nngen: '{folder}' must hold Verilog like that in a build's rtl_sim/, but {problem}\n"
        )


def test_random_samples_where_a_build_has_none(mlp_build: BuildDirectory, tmp_path: Path) -> None:
    shutil.copytree(mlp_build.path, tmp_path / "out")
    (tmp_path / "out" / "calibration.npz").unlink()
    outputs = {name: value for name, value in mlp_build.manifest.outputs.items() if name != "calibration.npz"}
    build = replace(mlp_build, manifest=mlp_build.manifest.model_copy(update={"outputs": outputs}))
    network = build.network()
    samples, source = stored_or_random_samples(build, network)
    again, _ = stored_or_random_samples(build, network)
    assert source == "random samples"
    assert samples["image"].shape == (4, 1, 8, 8)
    assert samples["image"].dtype == np.float32
    assert np.array_equal(samples["image"], again["image"])
    other = replace(build, manifest=build.manifest.model_copy(update={"seed": 1}))
    assert not np.array_equal(samples["image"], stored_or_random_samples(other, network)[0]["image"])
    assert len(stored_or_random_samples(build, network, samples=7)[0]["image"]) == 7


# ---------------------------------------------------------------- retirements


@pytest.fixture(scope="module")
def timing(mlp_build: BuildDirectory) -> Timing:
    machine = Machine.open(mlp_build.path)
    tensor = machine.network.inputs[0].tensor
    return machine.iss_retirements({tensor: np.ones((1, *machine.network.tensors[tensor].shape), np.int64)})[0]


def parts_of(trace: RetireTrace, *ends: int) -> list[RetireTrace]:
    places = zip((0, *ends), (*ends, len(trace)), strict=True)
    return [RetireTrace(**{name: values[a:b] for name, values in vars(trace).items()}) for a, b in places]


def checked(timing: Timing, *parts: RetireTrace, starts: Sequence[tuple[str, int]] = ()) -> RetirementCheck:
    check = RetirementCheck(timing, starts)
    for part in parts:
        check.take(part)
    return check


def test_expected_retirements_are_in_the_order_of_the_ports(timing: Timing) -> None:
    trace, units = expected_retirements(timing), list(Unit)
    entries = sorted(timing.trace, key=lambda entry: (entry.retire, units.index(entry.unit)))
    assert trace.cycle.tolist() == [entry.retire for entry in entries]
    assert trace.unit.tolist() == [units.index(entry.unit) for entry in entries]
    assert trace.word.tolist() == [encode(entry.instruction) for entry in entries]  # type: ignore[arg-type]
    assert trace.pc.tolist() == [entry.pc for entry in entries]
    assert trace.digest.tolist() == [entry.digest for entry in entries]


@pytest.mark.parametrize("ends", [(), (1, 2, 50)])
def test_equal_retirements(ends: tuple[int, ...], timing: Timing) -> None:
    found = checked(timing, *parts_of(expected_retirements(timing), *ends)).comparison()
    assert (found.compared, found.differing, found.first) == (len(timing.trace), 0, "")


@pytest.mark.parametrize("column", ["cycle", "word", "pc", "digest"])
@pytest.mark.parametrize("ends", [(), (3, 4, 5)])
def test_one_retirement_that_differs_is_named(column: str, ends: tuple[int, ...], timing: Timing) -> None:
    trace = expected_retirements(timing)
    place = next(i for i, unit in enumerate(trace.unit) if list(Unit)[unit] is Unit.MVM)
    values = getattr(trace, column).copy()
    values[place] ^= 1
    found = checked(timing, *parts_of(replace(trace, **{column: values}), *ends)).comparison()
    assert found.differing == 1
    assert found.first.startswith(f"retirement {place} must be mvm {trace.pc[place]}: ")
    assert f" in cycle {trace.cycle[place]} (digest {trace.digest[place]:08x}), not mvm " in found.first


def test_a_retirement_that_is_missing(timing: Timing) -> None:
    shorter, _ = parts_of(expected_retirements(timing), len(timing.trace) - 1)
    found = checked(timing, shorter).comparison()
    assert (found.compared, found.differing) == (len(timing.trace), 1)
    assert re.fullmatch(
        rf"retirement {len(shorter)} must be sequencer \d+: HALT in cycle \d+ .*, not none", found.first
    )


def test_a_retirement_too_many(timing: Timing) -> None:
    trace = expected_retirements(timing)
    found = checked(timing, trace, parts_of(trace, 1)[0]).comparison()
    assert (found.compared, found.differing) == (len(timing.trace) + 1, 1)
    assert found.first.startswith(f"retirement {len(trace)} must be none, not sequencer 0: ")


def test_layers_end_with_their_last_retirement(timing: Timing, mlp_build: BuildDirectory) -> None:
    machine = Machine.open(mlp_build.path)
    starts = machine.program.cores[0].layer_starts
    ends = checked(timing, *parts_of(expected_retirements(timing), 40), starts=starts).layer_ends()
    assert ends[:-1] == tuple(region.last_effect for region in timing.regions(starts)[:-1])
    assert ends[-1] == timing.cycles - 2  # HALT follows
    assert sum(layer_cycles(ends)) == ends[-1] + 1


def test_samples_of_a_file_are_checked_and_cut(program_build: BuildDirectory) -> None:
    found = read_samples(IMAGES, program_build.network(), samples=3)
    assert found["image"].shape == (3, 1, 8, 8)
