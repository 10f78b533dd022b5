"""A child process of ``test_kills.py``: publishes again and again, and is killed at a later moment each time.

usage: kill_publishing.py FOLDER exchange|renames

Each attempt runs in a fork that kills itself (SIGKILL) at its n-th moment: just before each step that an audit hook
sees (open, mkdir, rename, remove, rmdir, flock…), around each flush and around the exchange itself. After each death
the parent looks at what is there, lets the next start clean up, looks again, and prints a line of JSON.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nngen.bundle import BuildDirectory, Manifest, file_sha256, publishing
from nngen.bundle import _exchange as exchange_module
from nngen.bundle._workshop import clean_leftovers
from nngen.errors import BuildError

IGNORED = ("object.", "sys.", "exec", "compile", "import", "marshal.", "code.")
FILES = {"program/core0.hex": "{}\n" * 3, "rtl/core.v": "module core_{}; endmodule\n" * 50, "mapping.json": "{}"}


class Killer:
    """Counts moments and ends the process at the chosen one."""

    def __init__(self, moment: int) -> None:
        self.left = moment
        self.awake = False

    def reach(self, name: str, *details: Any) -> None:
        if not self.awake or name.startswith(IGNORED):
            return
        self.left -= 1
        if self.left == 0:
            os.write(report, f"{name} {details[0] if details else ''}".encode(errors="replace")[:200])
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def killed(*arguments: Any) -> Any:
            self.reach(f"before {name}")
            result = function(*arguments)
            self.reach(f"after {name}")
            return result

        return killed


def write_build(folder: Path, content: str) -> None:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text.replace("{}", content))
    hashes = {name: file_sha256(folder / name) for name in FILES}
    manifest = Manifest(nngen="0", tools={}, seed=0, inputs={}, outputs=hashes)
    (folder / "manifest.json").write_text(manifest.to_json())


def publish(target: Path, content: str) -> None:
    with publishing(target) as folder:
        write_build(folder, content)


def look(target: Path) -> str:
    """Say which build is there, whole."""
    try:
        return BuildDirectory.open(target).file("mapping.json").read_text()
    except BuildError as error:
        return f"broken: {error}"


def leftovers(target: Path) -> int:
    return sum(path.name != target.name for path in target.parent.iterdir())


def attempt(target: Path, moment: int) -> bool:
    """Publish in a fork that dies at the moment; return whether it did."""
    killer = Killer(moment)
    child = os.fork()
    if child == 0:
        sys.addaudithook(killer.reach)
        os.fsync = killer.around("fsync", os.fsync)
        exchange_module._exchange = killer.around("exchange", exchange_module._exchange)
        killer.awake = True
        publish(target, "new")
        killer.awake = False
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


target = Path(sys.argv[1]) / "out"
if sys.argv[2] == "renames":
    exchange_module._exchange = lambda one, other: False
read, report = os.pipe()
moment, died = 0, True
while died:
    moment += 1
    publish(target, "old")
    assert look(target) == "old"
    died = attempt(target, moment)
    if died:
        at = os.read(read, 200).decode()
        is_there, seen = target.exists(), look(target) if target.exists() else None
        left = leftovers(target)
        clean_leftovers(target)
        print(json.dumps([at, is_there, seen, left, look(target), leftovers(target)]))
print(json.dumps(["end", True, look(target), 0, look(target), leftovers(target)]))
