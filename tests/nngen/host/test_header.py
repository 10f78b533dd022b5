"""The C header compiles, and a C program reads the addresses that the register map has."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from nngen.arch import read_architecture
from nngen.host import MAGIC, c_header, macro_word_index, register_map
from nngen.isa import EVENT_NAMES, Cause

ARCHITECTURES = Path(__file__).parents[3] / "flows" / "architectures"
FLAGS = ("-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror")


@pytest.fixture(params=sorted(path.stem for path in ARCHITECTURES.glob("*.toml")))
def architecture_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def compiled(folder: Path, header: str, source: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    (folder / "nngen.h").write_text(header)
    (folder / "program.c").write_text(source)
    command = ["gcc", *FLAGS, "-o", "program", "program.c"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_c_sees_the_register_map(tmp_path: Path, architecture_name: str) -> None:
    architecture = read_architecture(ARCHITECTURES / f"{architecture_name}.toml")
    core = architecture.core
    layout = register_map(core)
    last = {"macro": core.macros - 1, "row": core.macro.rows - 1, "word": 0}
    expected = {
        "NNGEN_MAGIC_VALUE": MAGIC,
        "NNGEN_ARCHITECTURE_VALUE": int(architecture.sha256[:8], 16),
        **{f"NNGEN_{register.name}": register.address for register in layout.registers},
        **{f"NNGEN_{window.name}": window.address for window in layout.windows},
        **{f"NNGEN_{window.name}_WORDS": window.words for window in layout.windows},
        **{f"NNGEN_EVENT_NUMBER_{name.upper()}": number for number, name in enumerate(EVENT_NAMES)},
        **{f"NNGEN_CAUSE_{cause.name}": cause.value for cause in Cause},
        "NNGEN_EVENT(3)": layout.register("EVENT_LOAD_BUSY").address,
        "NNGEN_EVENT_COUNT": len(EVENT_NAMES),
        "NNGEN_MACRO_ROWS": core.macro.rows,
        f"NNGEN_MACRO_WORD({last['macro']}, {last['row']}, 0)": layout.window("MACROS").address
        + 4 * macro_word_index(core, **last),
    }
    prints = "\n".join(f'    printf("%" PRIu32 "\\n", (uint32_t)({name}));' for name in expected)
    includes = '#include "nngen.h"\n#include <inttypes.h>\n#include <stdio.h>\n'
    source = f"{includes}int main(void) {{\n{prints}\n    return 0;\n}}\n"
    result = compiled(tmp_path, c_header(core, architecture_sha256=architecture.sha256), source)
    assert (result.returncode, result.stderr) == (0, "")
    shown = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True).stdout.split()
    assert dict(zip(expected, map(int, shown), strict=True)) == expected


def test_the_header_stands_alone_and_may_be_included_twice(tmp_path: Path) -> None:
    core = read_architecture(ARCHITECTURES / "micro.toml").core
    source = '#include "nngen.h"\n#include "nngen.h"\nint main(void) { return 0; }\n'
    result = compiled(tmp_path, c_header(core), source)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_assertions_catch_a_wrong_address(tmp_path: Path) -> None:
    core = read_architecture(ARCHITECTURES / "micro.toml").core
    header, changes = re.subn(r"(#define NNGEN_CONSTANTS +)UINT32_C\(\w+\)", r"\g<1>UINT32_C(0x1004)", c_header(core))
    assert changes == 1
    result = compiled(tmp_path, header, '#include "nngen.h"\nint main(void) { return 0; }\n')
    assert result.returncode != 0
    assert "PROGRAM ends before CONSTANTS" in result.stderr


def test_every_name_begins_with_the_projects(tmp_path: Path) -> None:
    core = read_architecture(ARCHITECTURES / "micro.toml").core
    names = re.findall(r"#define (\w+)", c_header(core))
    assert len(set(names)) == len(names)
    assert all(name.startswith("NNGEN_") for name in names)
