"""Names from outside that are commands elsewhere: nothing runs, nothing is written elsewhere, no two become one."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import Result

from nngen.bundle import BuildDirectory
from nngen.cellib import BUILT_IN
from nngen.compiler.frontend import read_network
from nngen.flows.networks.digits import CALIBRATION
from nngen.netlist import read_netlist
from tests.tools import needs_ngspice

from .conftest import MLP, ideal_architecture

Run = Callable[..., Result]


CANARY = "canary"
HOSTILE = [
    f"x\n.control\nshell touch {CANARY}\n.endc",
    f"\n.control\r\nsystem touch {CANARY}\r\n.endc\n",
    f"$(touch {CANARY})",
    f"`touch {CANARY}`",
    f"'; touch {CANARY}; '",
    f'"; touch {CANARY}; "',
    f"| touch {CANARY} |",
    "{{ 7*7 }}",
    "{% include '/etc/passwd' %}",
    "{{ cycler.__init__.__globals__ }}",
    f"../../{CANARY}",
    f"/{CANARY}",
    "..",
    "a" * 10_000,
    "ünïcödé",
    "日本語",
    "\u202esdrawkcab",
    "\u0430bc",  # a Cyrillic a
    "abc",
    "nul\0inside",
    "\x1b]0;title\x07",
    "[bold]x[/bold]",
    "# heading\n| a | b |\n| --- | --- |",
    "<script>alert(1)</script>",
    "*#",
    ".include /etc/passwd",
    ".end",
    " ",
    "%s %n {0}",
    "w.npy",
    "w",
    "Gemm",
    "gemm",
]


def renamed(path: Path, names: Iterator[str], *, ends: bool = False) -> dict[str, str]:
    """Write the perceptron with other names for everything inside; returns old and new names.

    Parameters
    ----------
    ends
        Whether its input and its output are renamed, too.
    """
    model = onnx.load(MLP)
    graph = model.graph
    kept = set() if ends else {value.name for value in (*graph.input, *graph.output)}
    new: dict[str, str] = {name: name for name in kept}

    def name(old: str) -> str:
        if old and old not in new:
            new[old] = next(names)
        return new.get(old, old)

    for node in reversed(graph.node):  # matrix layers' names come first: their tensors are layers' names
        node.output[:] = [name(output) for output in node.output]
    for node in graph.node:
        node.name = name(f"node {node.name}")
        node.input[:] = [name(each) for each in node.input]
    for holder in (*graph.initializer, *graph.input, *graph.output, *graph.value_info):
        holder.name = name(holder.name)
    for annotation in graph.quantization_annotation:
        annotation.tensor_name = name(annotation.tensor_name)
    graph.name = next(names)
    model.producer_name = model.doc_string = graph.doc_string = next(names)
    path.write_bytes(model.SerializeToString())
    return new


def unique(texts: list[str], start: int = 0) -> Iterator[str]:
    """Every text once, in turn, and then with numbers behind it."""
    yield from texts[start:]
    yield from texts[:start]
    for number in itertools.count():
        yield from (f"{text}{number}" for text in texts)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: what a command touched would lie here."""
    folder = tmp_path / "a" / "b" / "place"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def spice_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "spice").iterdir()}


@needs_ngspice
@pytest.mark.parametrize("start", [0, 13, 24])
def test_names_in_a_network_reach_no_netlist_and_no_other_place(
    start: int, place: Path, tmp_path: Path, nngen: Run, ideal_build: BuildDirectory
) -> None:
    new = renamed(place / "hostile.onnx", unique(HOSTILE, start))
    layer = new["/layers/layers.2/Gemm_output_0"]
    before = everything(tmp_path)
    output = place / "out"
    parts = ("--only", "program", "--only", "spice")
    arch = ideal_build.path / "architecture.toml"
    result = nngen("build", "hostile.onnx", "--arch", arch, "--calibration", CALIBRATION, "-o", output, *parts)
    assert result.exit_code == 0, result.output
    result = nngen("netlist", "check", output)
    assert result.exit_code == 0, result.output
    result = nngen("netlist", "trim", output, "-o", place / "trimmed", "--layer", layer, "--column", 0, "--run")
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.output
    plain = nngen("netlist", "trim", ideal_build.path, "-o", place / "plain", "--layer", LAYER, "--column", 0)
    assert plain.exit_code == 0, plain.output

    # Not one byte of a netlist comes from a name in the network.
    assert spice_of(output) == spice_of(ideal_build.path)
    for name in everything(place / "plain"):
        assert (place / "trimmed" / name).read_bytes() == (place / "plain" / name).read_bytes()
    assert everything(output) == everything(ideal_build.path)
    made = {name.partition("place/")[2] for name in everything(tmp_path) - before}
    assert {name.partition("/")[0] for name in made} == {"out", "trimmed", "plain"}
    assert not list(tmp_path.rglob(f"*{CANARY}*"))
    assert not Path("/", CANARY).exists()


LAYER = "/layers/layers.2/Gemm_output_0"


def test_names_of_inputs_and_outputs_may_be_anything(place: Path, tmp_path: Path, nngen: Run) -> None:
    arch = ideal_architecture(tmp_path)
    renamed(place / "hostile.onnx", unique(HOSTILE, 2), ends=True)
    result = nngen("build", "hostile.onnx", "--arch", arch, "-o", "out", "--only", "program", "--only", "spice")
    assert result.exit_code == 0, result.output
    result = nngen("netlist", "trim", "out", "-o", "trimmed", "--column", 1)
    assert result.exit_code == 0, result.output
    assert {path.name for path in place.iterdir()} == {"hostile.onnx", "out", "trimmed"}
    assert read_netlist(place / "trimmed" / "array.sp").subcircuits[0].name == "nngen_array"


@pytest.mark.parametrize("name", HOSTILE[::3])
def test_a_layer_that_is_not_there_is_one_sentence(
    name: str, place: Path, nngen: Run, ideal_build: BuildDirectory
) -> None:
    result = nngen("netlist", "trim", ideal_build.path, "-o", "trimmed", "--layer", name)
    assert result.exit_code == 2
    assert result.stderr.startswith(
        "nngen: layer must be one of the mapping (/layers/layers.2/Gemm_output_0, logits), not '"
    )
    assert "\x1b" not in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr) < 400
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(
    "name", [f"$(touch {CANARY})", f"`touch {CANARY}`", f";touch {CANARY}", "a b", "ünï", "{{ 7*7 }}", "-run", "x\ny"]
)
@needs_ngspice
def test_a_folder_may_have_any_name(name: str, place: Path, nngen: Run, ideal_build: BuildDirectory) -> None:
    result = nngen("netlist", "trim", ideal_build.path, f"--output={name}", "--column", 0, "--reads", 1, "--run")
    assert result.exit_code == 0, result.output
    assert [path.name for path in place.iterdir()] == [name]
    text = (place / name / "README.md").read_text()
    assert name not in text or name in ("a b", "-run")


@pytest.mark.parametrize("name", ["a" * 300, "file/below"])
def test_a_folder_that_cannot_be_made_is_one_sentence(
    name: str, place: Path, nngen: Run, ideal_build: BuildDirectory
) -> None:
    (place / "file").write_text("")
    result = nngen("netlist", "trim", ideal_build.path, f"--output={name}", "--column", 0, "--reads", 1)
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("nngen: ")
    assert [path.name for path in place.iterdir()] == ["file"]


# ---------------------------------------------------------------- architectures


@pytest.mark.parametrize("name", [name for name in HOSTILE if not re.fullmatch(r"[a-z][a-z0-9_]*", name)])
def test_the_name_of_a_chip_is_an_identifier(name: str, place: Path, tmp_path: Path, nngen: Run) -> None:
    path = ideal_architecture(tmp_path, name=basic_string(name))
    result = nngen("build", MLP, "--arch", path, "-o", "out", "--only", "spice")
    assert result.exit_code == 2
    begin = "nngen: ideal.toml: name must be lower-case letters, digits and _ with a letter first, not "
    assert result.stderr.startswith(begin), result.stderr
    assert result.stderr.count("\n") == 1
    assert len(result.stderr) < 500
    assert list(place.iterdir()) == []


def test_a_chip_with_a_very_long_name(place: Path, tmp_path: Path, nngen: Run) -> None:
    path = ideal_architecture(tmp_path, name=basic_string("a" * 10_000))
    result = nngen("build", MLP, "--arch", path, "-o", "out", "--only", "spice")
    assert result.exit_code == 2
    assert result.stderr.startswith("nngen: ideal.toml: name must be at most 100 characters, not 'aaa")
    assert list(place.iterdir()) == []


def test_the_description_of_a_chip_may_be_anything_and_reaches_no_netlist(
    place: Path, tmp_path: Path, nngen: Run, ideal_build: BuildDirectory
) -> None:
    path = ideal_architecture(tmp_path, description=basic_string("\n".join(HOSTILE)))
    result = nngen("build", MLP, "--arch", path, "--calibration", CALIBRATION, "-o", "out", "--only", "spice")
    assert result.exit_code == 0, result.output
    assert spice_of(place / "out") == spice_of(ideal_build.path)
    assert [path.name for path in place.iterdir()] == ["out"]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("key", ["bitcell"])
def test_a_cell_that_is_not_there_is_one_sentence(key: str, name: str, place: Path, tmp_path: Path, nngen: Run) -> None:
    path = tmp_path / "ideal.toml"
    ideal_architecture(tmp_path)
    text = re.sub(
        rf"^{key} = .*$", lambda _: f"{key} = {{ cell = {basic_string(name)} }}", path.read_text(), flags=re.MULTILINE
    )
    path.write_text(text)
    result = nngen("build", MLP, "--arch", path, "-o", "out", "--only", "spice")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"nngen: ideal.toml: core[0].macro.{key}.cell must be a cell of the search path (")
    assert result.stderr.count("\n") == 1
    assert len(result.stderr) < 1000
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("name", [f"$(touch {CANARY})", "../../etc", "nul\0inside", "a" * 10_000, "{{ 7*7 }}", "x\ny"])
def test_a_cell_path_that_is_not_there_is_one_sentence(name: str, place: Path, tmp_path: Path, nngen: Run) -> None:
    path = ideal_architecture(tmp_path)
    path.write_text(f"cell_path = [{basic_string(name)}]\n{path.read_text()}")
    result = nngen("build", MLP, "--arch", path, "-o", "out", "--only", "spice")
    assert result.exit_code == 2
    assert result.stderr.startswith("nngen: ideal.toml: cell_path[0] must be a directory, not '"), result.output
    assert result.stderr.count("\n") == 1
    assert len(result.stderr) < 1000
    assert list(place.iterdir()) == []


def basic_string(text: str) -> str:
    """Return a TOML string."""
    plain = {'"': '\\"', "\\": "\\\\"}
    return '"' + "".join(plain.get(c, c if c.isprintable() else f"\\U{ord(c):08x}") for c in text) + '"'


# ---------------------------------------------------------------- layers


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12), min_size=40, unique=True))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_two_names_in_a_network_never_become_one(tmp_path: Path, names: list[str]) -> None:
    new = renamed(tmp_path / "named.onnx", unique(names))
    network = read_network(tmp_path / "named.onnx", multiplier_bits=16)
    plain = read_network(MLP, multiplier_bits=16)
    assert [layer.name for layer in network.layers] == [new.get(layer.name, layer.name) for layer in plain.layers]
    assert len(network.tensors) == len(plain.tensors)


# ---------------------------------------------------------------- cells


@pytest.fixture
def cell(place: Path) -> Path:
    """A copy of the ideal bitcell, named ``mine``, and a chip that uses it."""
    folder = place.parent / "cells" / "mine"
    folder.mkdir(parents=True)
    for path in (BUILT_IN / "ideal").iterdir():
        text = re.sub(r"\bideal\b", "mine", path.read_text())
        (folder / path.name.replace("ideal", "mine")).write_text(text)
    ideal_architecture(folder.parent, bitcell='{ cell = "mine", parameters = { bits = 7 } }')
    return folder


def build_with(cell: Path, nngen: Run, output: str = "out") -> Result:
    options = ("--calibration", CALIBRATION, "--only", "spice", "--only", "program", "-o", output)
    return nngen("build", MLP, "--arch", cell.parent / "ideal.toml", "--cells", cell.parent, *options)


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@needs_ngspice
def test_strings_of_a_cell_may_be_anything_and_reach_no_netlist(cell: Path, place: Path, nngen: Run) -> None:
    assert build_with(cell, nngen, "plain").exit_code == 0
    words = iter(itertools.cycle(map(basic_string, HOSTILE)))
    text = (cell / "cell.toml").read_text()
    text = re.sub(
        r'\b(description|meaning|unit|conditions|source) = "[^"]*"', lambda found: f"{found[1]} = {next(words)}", text
    )
    text = re.sub(
        r'(\[\[figures\]\]\nname) = "[^"]*"', lambda found: f"{found[1]} = {basic_string(chr(10).join(HOSTILE))}", text
    )
    for name in HOSTILE:
        text += f'\n[parameters.{basic_string(name)}]\ndefault = 1\nlowest = 0\nhighest = 2\nunit = ""\nmeaning = ""\n'
    (cell / "cell.toml").write_text(text)
    result = build_with(cell, nngen)
    assert result.exit_code == 0, result.output
    assert spice_of(place / "out") == spice_of(place / "plain")
    for arguments in (("cells", "check", cell), ("cells", "list", "--cells", cell.parent)):
        result = nngen(*arguments)
        assert result.exit_code == 0, result.output
        assert "\x1b" not in result.output
    assert nngen("netlist", "check", "out").exit_code == 0
    assert {path.name for path in place.iterdir()} == {"out", "plain"}


@pytest.mark.parametrize("name", HOSTILE[:23])
def test_a_pin_has_one_of_the_names_of_its_kind(name: str, cell: Path, place: Path, nngen: Run) -> None:
    replaced(cell / "cell.toml", 'name = "bit_line"', f"name = {basic_string(name)}")
    result = build_with(cell, nngen)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("nngen: ")
    assert "cell 'mine': pin" in result.stderr
    assert len(result.stderr) < 4100
    assert list(place.iterdir()) == []


VIEWS = {
    "a block of commands": (f".control\nshell touch {CANARY}\n.endc", "line 5: .control must not stand in a netlist"),
    "a command in a comment": (f"*# shell touch {CANARY}", "line 5: "),
    "commands in other letters": (f".CoNtRoL\nshell touch {CANARY}\n.endc", "line 5: .control must not stand"),
    "commands on a continued line": (f"+\n.control\n+ shell touch {CANARY}", "line 6: .control must not stand"),
    "a file": (".include /etc/passwd", "line 5: .include must not stand in a netlist"),
    "a library": (".lib /etc/passwd tt", "line 5: .lib must not stand in a netlist"),
    "an end": (f".end\n.control\nshell touch {CANARY}\n.endc", "line 6: .control must not stand"),
    "backticks": (f"Rx input_line bit_line `touch {CANARY}`", "line 5: "),
    "a variable": (f"Rx input_line bit_line $(touch {CANARY})", "line 5: "),
    "quotes": ('Rx input_line bit_line "1"', "line 5: "),
    "NUL": ("Rx input_line bit_line 1\0", "line 5: "),
    "letters of elsewhere": ("Rx input_line bit_line 1\u212a", "line 5: "),
    "a line that is none": ("Rx input_line bit_line 1\u2028.control", "line 5: "),
    "a long name": (f"Rx input_line {'a' * 10_000} 1", "line 5: "),
    "a template that computes": ("{{ 7*7 }}", "line 5: "),
    "a template that includes": ("{% include '/etc/passwd' %}", "line 5: a template of a cell must not use 'Include'"),
    "a template that looks around": (
        "{{ ''.__class__ }}",
        "line 5: a template of a cell must use attributes of 'loop' ",
    ),
    "a source that reads a file": (
        'Ax [input_line bit_line] src\n.model src filesource(file="/etc/passwd")',
        "line 5: ",
    ),
    "a directive": (".options savecurrents", "line 5: a directive must be one of .subckt, .ends, "),
    "another directive": (".save all", "line 5: a directive must be one of .subckt, .ends, "),
}


@pytest.mark.parametrize("fault", VIEWS)
def test_a_spice_view_can_do_nothing_but_be_a_circuit(fault: str, cell: Path, place: Path, nngen: Run) -> None:
    line, reason = VIEWS[fault]
    replaced(cell / "mine.sp.j2", ".ends mine", f"{line}\n.ends mine")
    result = build_with(cell, nngen)
    assert result.exit_code == 2, result.output
    assert f"cell 'mine': mine.sp.j2, {reason}" in result.stderr
    assert result.stderr.count("\n") == 1
    assert len(result.stderr) < 1000
    assert list(place.iterdir()) == []
    result = nngen("cells", "check", cell)
    assert result.exit_code == 1
    assert list(place.iterdir()) == []
