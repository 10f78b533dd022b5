"""The collected malformed files through the command line: fast, in little memory, one message and never a traceback."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

# One process for all: its peak of memory bounds that of each; the time of the imports counts with the first.
SCRIPT = """
import json, sys, time
from pathlib import Path
from typer.testing import CliRunner
from nngen.flows import cli
ends = {}
for path in sys.argv[1:]:
    start = time.process_time()
    result = CliRunner().invoke(cli.app, ["inspect", path])
    ends[path] = {
        "seconds": time.process_time() - start,
        "status": result.exit_code,
        "output": result.output,
        "crash": repr(result.exception) if result.exception and not isinstance(result.exception, SystemExit) else "",
    }
# Of this program alone: getrusage would count the parent's memory, which the fork had for a moment.
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
print(json.dumps({"ends": ends, "peak_bytes": 1024 * int(peak.split()[1])}))
"""


def test_every_malformed_file_in_a_fresh_process(shared_models: Path) -> None:
    folder = shared_models / "malformed"
    expected = json.loads((folder / "expect.json").read_text())
    paths = {name: str(folder / f"{name}.onnx") for name in expected}
    command = [sys.executable, "-c", SCRIPT, *paths.values()]
    result = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)
    assert result["peak_bytes"] < 500e6
    for name, path in paths.items():
        end = result["ends"][path]
        assert end["crash"] == ""
        assert end["seconds"] < 2, name
        assert "Traceback" not in end["output"]
        accepted = "accept" in expected[name]["expect"]
        assert end["status"] in (
            (0, 2) if "reject" in expected[name]["expect"] and accepted else (0,) if accepted else (2,)
        )
        if end["status"] == 2:
            assert end["output"].startswith(f"nngen: {path}: ")
            assert end["output"].count("\n") == 1


@pytest.mark.parametrize("name", ["02_empty_file", "20_cycle"])
def test_a_process_for_one_file(name: str, shared_models: Path) -> None:
    path = shared_models / "malformed" / f"{name}.onnx"
    command = [sys.executable, "-m", "nngen.flows.cli", "inspect", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"nngen: {path}: ")
