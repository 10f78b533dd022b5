"""Time and memory to import a file of the size of ResNet-18, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from .registry import Row
from .resnet18 import write_resnet18

MOST_SECONDS = 5.0
MOST_MEGABYTES = 1000.0
_READ = """\
import json, sys, time
from pathlib import Path
from nngen.compiler.frontend import read_network
begun = time.perf_counter()
network = read_network(Path(sys.argv[1]))
seconds = time.perf_counter() - begun
weights = sum(layer.weights.size for layer in network.layers if hasattr(layer, "weights"))
# Of this program alone: getrusage would count the parent's memory, which the fork had for a moment.
status = Path("/proc/self/status").read_text().splitlines()
peak = int(next(line for line in status if line.startswith("VmHWM:")).split()[1]) / 1024
print(json.dumps({"seconds": seconds, "megabytes": peak, "weights": weights, "layers": len(network.layers)}))
"""


def measure_importing() -> list[Row]:
    """Measure the import of a QDQ file with random weights."""
    with tempfile.TemporaryDirectory(prefix="nngen-") as folder:
        path = Path(folder) / "resnet18.onnx"
        write_resnet18(path)
        done = subprocess.run([sys.executable, "-c", _READ, str(path)], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    what = f"ResNet-18, {found['weights'] / 1e6:.1f} M weights, {found['layers']} layers"
    return [
        Row(figure=f"{what}: import", measured=found["seconds"], unit="s", limit=MOST_SECONDS, timing=True),
        Row(figure=f"{what}: peak memory", measured=found["megabytes"], unit="MB", limit=MOST_MEGABYTES),
    ]
