"""Rules that hold for every file: where imports stand and what they name, and that no file knows this machine.

Which room may import which is import-linter's part (`make lint`).
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("nngen", "compiler", "sim", "flows")
SOURCES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]

Import = ast.Import | ast.ImportFrom
DEFERS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

# A path below one of these folders, where it is not the path of a URL.
MACHINE_FOLDERS = rb"/(?:home|Users|root|work|workspace|mnt|opt)/[\w.-]+"
MACHINE_PATH = re.compile(rb"(?<![\w.}>~-])" + MACHINE_FOLDERS)


def where(path: Path, node: ast.stmt | ast.expr) -> str:
    return f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports_in_functions(tree: ast.AST) -> Iterator[Import]:
    for function in ast.walk(tree):
        if isinstance(function, DEFERS):
            yield from (node for node in ast.walk(function) if isinstance(node, Import))


def absolute_imports(tree: ast.AST) -> Iterator[tuple[Import, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node, node.module or ""


def dynamic_imports(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {"import_module", "__import__"}:
            yield node


def machine_paths(content: bytes) -> list[bytes]:
    """Paths of a machine in a file; in a binary one anything may stand before a path."""
    folders = {str(folder).encode() for folder in (ROOT, Path.home(), Path(sys.prefix)) if len(folder.parts) > 2}
    pattern = re.compile(MACHINE_FOLDERS) if b"\0" in content else MACHINE_PATH
    return [*pattern.findall(content), *(folder for folder in folders if folder in content)]


def test_no_import_stands_inside_a_function() -> None:
    assert [where(path, node) for path in SOURCES for node in imports_in_functions(parse(path))] == []


def test_rooms_are_imported_by_their_installed_names() -> None:
    """`import sim` would work from the root of the repository and nowhere else."""
    bare = set(ROOMS) - {"nngen"} | {"cells", "templates"}
    found = [
        where(path, node)
        for path in SOURCES
        for node, name in absolute_imports(parse(path))
        if name.split(".")[0] in bare
    ]
    assert found == []


def test_only_one_module_imports_by_name_and_it_is_a_flow() -> None:
    """Heavy packages hide behind the CLI's one loader; a second one would hide a cycle."""
    loaders = {path.relative_to(ROOT) for path in SOURCES for _ in dynamic_imports(parse(path))}
    assert len(loaders) <= 1
    assert {path.parts[0] for path in loaders} <= {"flows"}


def test_no_file_names_a_path_of_the_machine_it_was_made_on() -> None:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("not a git checkout, so nothing says which files belong to it")
    files = [ROOT / name.decode() for name in listing.stdout.split(b"\0") if name]
    found = {
        path.relative_to(ROOT).as_posix(): paths
        for path in files
        if path.is_file() and (paths := machine_paths(path.read_bytes()))
    }
    assert found == {}


def test_the_scan_sees_what_it_is_for() -> None:
    """The rules above would pass on anything if the scan were blind."""
    tree = ast.parse(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import onnx\n"
        "def load():\n    import numpy\n"
        "class Model:\n    def run(self):\n        if True:\n            from sim.golden import run\n"
        "    from . import sibling\n"
        "module = importlib.import_module('onnx')\n"
    )
    assert [node.lineno for node in imports_in_functions(tree)] == [5, 9]
    assert [name for _, name in absolute_imports(tree)] == ["typing", "onnx", "numpy", "sim.golden"]
    assert [node.lineno for node in dynamic_imports(tree)] == [11]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"see @home/ada/nngen/notes", [b"@home/ada"]),
        (b"cache = '@work/models'", [b"@work/models"]),
        (b"file:/@opt/wheels/index", [b"@opt/wheels"]),
        (b"\0\x12torch@root/train.py", [b"@root/train.py"]),
        (b"https://example.org@home/ada", []),
        (b"${HOME}@work/models and ..@work/models", []),
        (b"top@root/x, rtl/core.v, /usr/bin/env", []),
    ],
)
def test_machine_paths_are_told_from_others(content: bytes, expected: list[bytes]) -> None:
    """An @ stands for the slash, so that this file passes its own test."""
    assert machine_paths(content.replace(b"@", b"/")) == [path.replace(b"@", b"/") for path in expected]
