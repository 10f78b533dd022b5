"""`nngen report`: a page that says what `nngen verify` says, draws all of it, and reaches for nothing outside."""

import json
import re
import shutil
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
from typer.testing import Result

from nngen.bundle import BuildDirectory
from nngen.flows.build import build
from nngen.flows.machine import Machine
from nngen.flows.networks.digits import FOLDER
from nngen.flows.report import Facts, describe, facts_of, render
from nngen.flows.synthesis import MemoryArray, Synthesis
from nngen.flows.verify import verify
from nngen.flows.verify_report import describe as describe_verification
from nngen.isa import EVENT_NAMES, QUEUED_UNITS

from .browser import Page
from .conftest import read_page

Run = Callable[..., Result]
Open = Callable[[str], Page]

SYNTHESIS = Synthesis(
    tool="Yosys 0.23",
    kinds={"SB_LUT4": 9331, "SB_DFFSR": 1398, "SB_DFFESR": 3219, "SB_CARRY": 1859},
    memories=(
        MemoryArray(name="program", words=64, bits=64, count=1),
        MemoryArray(name="accumulators", words=16, bits=48, count=2),
    ),
    macros=1,
)
HOSTILE = (
    "</script><script>document.title='owned'</script>",
    "\"'><img src=http://example.org/x.png onerror=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202egnp.exe\x1b[2J\x00<!--",
)


def number(text: str) -> float:
    return float(text.replace(",", "").removesuffix(" %"))


def test_the_numbers_are_those_of_verify(mlp_build: BuildDirectory) -> None:
    verified = json.loads(json.dumps(describe_verification(verify(mlp_build.path, samples=1))))
    tables, data = read_page(render(facts_of(Machine.of(mlp_build))))
    assert data["cycles"] == {key: verified["cycles"][key] for key in ("iss", "bound", "ratio")}
    assert data["converter_share"] == verified["converter_share"]
    for mine, theirs in zip(data["layers"], verified["layers"], strict=True):
        assert {key: mine[key] for key in ("layer", "positions", "bound", "mapping_bound", "ratio")} == {
            key: theirs[key] for key in ("layer", "positions", "bound", "mapping_bound", "ratio")
        }
        assert mine["cycles"]["iss"] == theirs["cycles"]["iss"]
    assert data["events"] == [{key: event[key] for key in ("event", "iss")} for event in verified["events"]]

    shown = [[cell.strip() for cell in row] for row in tables["layer-table"]]
    for row, layer in zip(shown[1:-1], verified["layers"], strict=True):
        assert row[1] == layer["layer"]
        assert [number(cell) for cell in row[3:6]] == [
            layer["positions"],
            layer["cycles"]["iss"],
            layer["bound"]["cycles"],
        ]
        assert (row[6], row[7]) == (layer["bound"]["unit"], f"{layer['ratio']:.3f}")
        assert number(row[8]) == layer["mapping_bound"]["cycles"]
    events = {row[0]: number(row[1]) for row in tables["event-table"][1:]}
    assert events == {event["event"]: event["iss"] for event in verified["events"]}


def test_every_unit_with_a_queue_has_its_row_and_its_lane(program_facts: Facts, program_page: str) -> None:
    tables, data = read_page(program_page)
    names = [str(unit) for unit in QUEUED_UNITS]
    assert [row[0] for row in tables["unit-table"][1:]] == names
    assert [unit["unit"] for unit in data["units"]] == names
    for row, unit in zip(tables["unit-table"][1:], data["units"], strict=True):
        assert number(row[2]) == unit["busy"] == program_facts.events[f"{unit['unit']}_busy"]
        assert sum(map(number, row[5:])) == unit["busy"]
    assert len(re.findall(r'<text class="unit"', program_page)) == len(names) * (1 + len(program_facts.layers))


def test_cores_without_work_take_no_rows(repository: Path, tmp_path: Path) -> None:
    quad = repository / "flows" / "architectures" / "cim256_quad.toml"
    made = build(FOLDER / "mlp_w8a8.onnx", quad, tmp_path / "build", strategy="utilization", only=("program",))
    machine = Machine.of(made)
    idle = [program.core for program in machine.program.cores if not program.layer_starts]
    assert idle
    tables, data = read_page(render(facts_of(machine)))
    working = {program.core for program in machine.program.cores} - set(idle)
    assert {int(row[0].split()[0]) for row in tables["unit-table"][1:]} == working
    assert {unit["core"] for unit in data["units"]} == working


def test_a_pipeline_is_shown_by_its_stages(repository: Path, tmp_path: Path, opened: Open) -> None:
    quad = repository / "flows" / "architectures" / "cim256_quad.toml"
    made = build(
        FOLDER / "cnn_residual_w8a8.onnx", quad, tmp_path / "build", strategy="throughput", inferences=3,
        only=("program",),
    )  # fmt: skip
    facts = facts_of(Machine.of(made))
    assert facts.pipeline is not None
    page = render(facts)
    tables, data = read_page(page)
    shown = [(int(row[0]), number(row[2])) for row in tables["stage-table"][1:]]
    assert shown == [(stage.core, stage.bound) for stage in facts.pipeline.stages]
    assert len(shown) > 1
    assert data["pipeline"]["ends"] == list(facts.pipeline.ends)
    assert len(facts.pipeline.ends) == 3
    assert facts.pipeline.ends[-1] <= facts.cycles < 3 * facts.pipeline.ends[0]
    assert {layer["cycles"]["iss"] for layer in data["layers"]} == {None}
    assert f'<dd id="interval">{facts.pipeline.interval:,.0f}</dd>' in page
    assert opened(page).complaints == []


def test_what_the_build_prints_of_the_chip_is_what_the_page_says(program_facts: Facts, program_page: str) -> None:
    tables, data = read_page(program_page)
    shown = {row[0]: [number(cell) for cell in row[1:3]] for row in tables["use-table"][1:]}
    assert shown == data["utilization"] == {total.name: [total.used, total.available] for total in program_facts.totals}


def test_the_same_build_gives_the_same_bytes_wherever_it_is(program_build: BuildDirectory, tmp_path: Path) -> None:
    shutil.copytree(program_build.path, tmp_path / "elsewhere")
    pages = [render(facts_of(Machine.open(path))) for path in (program_build.path, tmp_path / "elsewhere")]
    assert pages[0] == pages[1]
    assert str(program_build.path) not in pages[0]
    assert str(FOLDER) not in pages[0]


def test_the_page_reaches_for_nothing_outside(program_page: str) -> None:
    assert re.findall(r"""(?:https?:)?//[\w.]""", re.sub(r"^// .*$", "", program_page, flags=re.MULTILINE)) == []
    assert set(re.findall(r"""(?:src|href|action|data|poster)=["']?([^"' >]*)""", program_page)) <= {
        *("data:,", "#layers", "#mapping", "#schedule", "#units", "#chip")
    }
    for word in (
        "url(",
        "@import",
        "fetch(",
        "XMLHttpRequest",
        "WebSocket",
        "import(",
        "innerHTML",
        "<iframe",
        "<base",
    ):
        assert word not in program_page


def test_a_browser_shows_it_without_a_request_or_a_complaint(program_page: str, opened: Open) -> None:
    page = opened(program_page)
    assert [url for url in page.requests if not url.startswith(("file:", "data:"))] == []
    assert page.complaints == []
    layers = read_page(program_page)[1]["layers"]
    rows = page.evaluate("[...document.querySelectorAll('#layer-table tbody tr')].map(row => row.cells[1].innerText)")
    assert rows == [layer["layer"] for layer in layers]
    assert page.evaluate("document.querySelectorAll('svg.macro').length") == 12
    assert page.evaluate("document.querySelectorAll('svg title').length") == 0  # the script took them over
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_the_browser_sees_what_it_is_asked_for(opened: Open) -> None:
    """The tests around would pass on anything if it were blind."""
    page = opened("<img src='http://127.0.0.1:9/x.png'><script>console.error('no'); throw new Error('no');</script>")
    assert "http://127.0.0.1:9/x.png" in page.requests
    assert {event["method"] for event in page.complaints} >= {"Runtime.consoleAPICalled", "Runtime.exceptionThrown"}


def test_a_picture_of_it_is_not_empty(program_page: str, opened: Open) -> None:
    picture = opened(program_page).screenshot()
    width, height = struct.unpack(">II", picture[16:24])
    assert width == 1280
    assert height > 1600
    assert len(picture) > 100_000  # an empty page compresses to almost nothing


def test_pointing_at_the_schedule_says_who_is_busy(program_page: str, opened: Open) -> None:
    page = opened(program_page)
    place = "const box = document.getElementById('gantt').getBoundingClientRect();"
    page.evaluate("document.getElementById('gantt').scrollIntoView()")
    x, y = page.evaluate(f"(() => {{ {place} return [box.left + 100, box.top + 30]; }})()")
    page.move_mouse(x, y)
    text = page.evaluate("document.getElementById('tip').innerText")
    units = ", ".join(rf"{unit}: \d+ %" for unit in QUEUED_UNITS)
    assert re.match(rf"cycles [\d,]+–[\d,]+\n{units}", text)
    assert page.complaints == []


def hostile_network(path: Path) -> Path:
    """Write the perceptron with names that are other things too."""
    model = onnx.load(FOLDER / "mlp_w8a8.onnx")
    model.graph.name = HOSTILE[0]
    names = {"logits": HOSTILE[1], "/layers/layers.2/Gemm_output_0": HOSTILE[3], "images": HOSTILE[2]}
    for node in model.graph.node:
        for of_node in (node.input, node.output):
            of_node[:] = [names.get(name, name) for name in of_node]
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        value.name = names.get(value.name, value.name)
    path.write_bytes(model.SerializeToString())
    return path


def test_hostile_names_are_text(tmp_path: Path, repository: Path, opened: Open) -> None:
    architecture = repository / "flows" / "architectures" / "digits.toml"
    source = hostile_network(tmp_path / "x<b>&'.onnx")
    made = build(source, architecture, tmp_path / "out", only=("program",))
    content = render(facts_of(Machine.of(made)))
    assert "<img" not in content
    assert content.count("<script") == content.count("</script") == 2
    assert "\x1b" not in content
    assert "\u202e" not in content
    page = opened(content)
    assert page.complaints == []
    assert page.requests == [(tmp_path / "report.html").as_uri(), *page.requests[1:]]
    assert [url for url in page.requests[1:] if not url.startswith("data:")] == []
    assert page.evaluate("document.title") == "x<b>&' on digits"
    rows = page.evaluate("[...document.querySelectorAll('#layer-table tbody tr')].map(row => row.cells[1].innerText)")
    assert HOSTILE[1] in rows
    assert "\\u202egnp.exe\\x1b[2J\\x00<!--" in rows


def test_synthesis_adds_its_figures(program_facts: Facts) -> None:
    tables, data = read_page(render(replace(program_facts, synthesis=SYNTHESIS)))
    assert [[row[0], number(row[1])] for row in tables["logic-table"][1:4]] == [
        *(["all", 15807], ["LUT4", 9331], ["flip-flops", 4617]),
    ]
    assert [[row[0], *map(number, row[1:])] for row in tables["memory-table"][1:3]] == [
        ["program", 1, 64, 64, 4096],
        ["accumulators", 2, 16, 48, 1536],
    ]
    assert number(tables["memory-table"][3][-1]) == 4096 + 1536
    assert data["synthesis"]["flip_flops"] == 4617


def test_the_command_writes_the_page(nngen: Run, program_build: BuildDirectory, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    result = nngen("report", program_build.path, "-o", out)
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"wrote {out}\n", "")
    assert read_page(out.read_text())[1] | {"gantt": None} == json.loads(
        json.dumps(describe(facts_of(Machine.of(program_build))) | {"gantt": None})
    )
    assert EVENT_NAMES[0] in out.read_text()


def test_without_a_name_the_page_goes_into_the_build(nngen: Run, program_build: BuildDirectory, tmp_path: Path) -> None:
    shutil.copytree(program_build.path, tmp_path / "out")
    assert nngen("report", tmp_path / "out").exit_code == 0
    assert (tmp_path / "out" / "report.html").is_file()
    assert BuildDirectory.open(tmp_path / "out").path == tmp_path / "out"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nix",), "build directory 'nix' does not exist; make it with 'nngen build'"),
        (("{build}", "--synthesize"), "build '{build}' holds no 'rtl'; build again with it"),
        (("{build}", "-o", "{build}"), "'{build}' cannot be written: Is a directory"),
    ],
)
def test_bad_input(nngen: Run, program_build: BuildDirectory, arguments: tuple[str, ...], message: str) -> None:
    def filled(text: str) -> str:
        return text.format(build=program_build.path)

    result = nngen("report", *map(filled, arguments))
    assert (result.exit_code, result.stderr) == (2, f"nngen: {filled(message)}\n")


def test_without_yosys_there_is_no_synthesis(
    nngen: Run, mlp_build: BuildDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = nngen("report", mlp_build.path, "--synthesize", "-o", tmp_path / "page.html")
    assert (result.exit_code, result.stderr) == (2, "nngen: yosys is not installed: apt-get install yosys\n")
    assert not (tmp_path / "page.html").exists()


@pytest.mark.slow
def test_synthesis_of_the_perceptrons_chip(nngen: Run, mlp_build: BuildDirectory, tmp_path: Path) -> None:
    assert nngen("report", mlp_build.path, "--synthesize", "-o", tmp_path / "page.html").exit_code == 0
    made = read_page((tmp_path / "page.html").read_text())[1]["synthesis"]
    assert made["macros"] == 1
    assert 5000 < made["lut4"] < 9689  # the rival's, see the benchmark
    assert {memory["name"] for memory in made["memories"]} == {
        *("activations", "program", "constants", "outputs", "accumulators")
    }
