"""Commands of a page of the documentation, and what it says that they print."""

import os
import re
import subprocess
import sys
from pathlib import Path


def blocks(page: Path) -> list[str]:
    """The fenced blocks without a language, in order."""
    return re.findall(r"^```\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def block_with(page: Path, command: str) -> str:
    """The block that has this command."""
    (found,) = [block for block in blocks(page) if command in block]
    return found


def run_commands(block: str, folder: Path, *, fails: bool = False) -> str:
    """Run a block in a shell, with the `nngen` of this environment, and return what it prints."""
    environment = os.environ | {"PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))}
    environment["COLUMNS"] = "300"
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", block],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout


def checkout(repository: Path, folder: Path) -> Path:
    """A folder that looks like the root of the repository, in which a page's commands can write."""
    folder.mkdir()
    for name in ("flows", "docs"):
        (folder / name).symlink_to(repository / name)
    return folder
