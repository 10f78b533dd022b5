"""A child process of ``test_build.py``: builds again and again, and is killed at a later moment each time.

usage: kill_building.py NETWORK ARCHITECTURE OUTPUT KILLS

OUTPUT holds a build of seed 0. Each build (seed 1) runs in a fork; of all moments that an audit hook sees (files
opened, made, renamed, deleted…) KILLS are taken that lie evenly between the first and the last. Prints a line of JSON
for each: where it died, the seed of the build that was there then, how many leftovers, both after the next start.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nngen.bundle import BuildDirectory, check_target
from nngen.errors import BuildError
from nngen.flows.build import build

IGNORED = ("object.", "sys.", "exec", "compile", "import", "marshal.", "code.", "ctypes.", "os.putenv", "os.unsetenv")


def build_in_fork(watch: Callable[..., None] | None) -> int:
    child = os.fork()
    if child == 0:
        if watch is not None:
            sys.addaudithook(watch)
        build(network, architecture, output, only=("program",), seed=0 if watch is None else 1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def count_moments() -> int:
    """Return how many moments a whole build has."""
    read, write = os.pipe()

    def watch(name: str, _: tuple[Any, ...]) -> None:
        if not name.startswith(IGNORED):
            os.write(write, b".")

    assert build_in_fork(watch) == 0
    return len(os.read(read, 1 << 16))


def kill_at(moment: int) -> str:
    """Build, die at the moment, and return its name."""
    read, write = os.pipe()
    left = moment

    def watch(name: str, _: tuple[Any, ...]) -> None:
        nonlocal left
        if not name.startswith(IGNORED):
            left -= 1
            if left == 0:
                os.write(write, name.encode())
                os.kill(os.getpid(), signal.SIGKILL)

    status = build_in_fork(watch)
    assert os.WIFSIGNALED(status), f"moment {moment} was never reached"
    return os.read(read, 1000).decode()


def look() -> int | str:
    """Return the seed of the build that is there, whole."""
    try:
        return BuildDirectory.open(output).manifest.seed
    except BuildError as error:
        return str(error)


def leftovers() -> int:
    return sum(path != output for path in output.parent.iterdir())


network, architecture, output = (Path(argument) for argument in sys.argv[1:4])
kills = int(sys.argv[4])
build_in_fork(None)
moments = count_moments()
for number in range(kills):
    build_in_fork(None)
    assert look() == 0
    at = kill_at(1 + number * (moments - 1) // (kills - 1))
    seen, left = look(), leftovers()
    check_target(output)
    print(json.dumps([at, seen, left, look(), leftovers()]))
