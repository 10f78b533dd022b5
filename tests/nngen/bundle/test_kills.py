"""Killed at any moment, publishing leaves the previous build or the new one, whole."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("kill_publishing.py")


def kill_everywhere(folder: Path, means: str) -> list[Any]:
    """Run the child; return a line a moment: where it died, what was there, what was there after the next start."""
    run = subprocess.run([sys.executable, SCRIPT, folder, means], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.fixture(scope="module", params=["exchange", "renames"])
def deaths(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[Any]]:
    return request.param, kill_everywhere(tmp_path_factory.mktemp("kills"), request.param)


def test_the_kills_cover_every_stage(deaths: tuple[str, list[Any]]) -> None:
    means, lines = deaths
    moments = [at for at, *_ in lines]
    assert len(moments) > 40
    stages = {
        "os.mkdir",
        "fcntl.flock",
        "open",
        "before fsync",
        "after fsync",
        "shutil.rmtree",
        "os.remove",
        "os.rmdir",
    }
    assert {stage for stage in stages if not any(at.startswith(stage) for at in moments)} == set()
    if means == "exchange":
        assert {"before exchange ", "after exchange "} <= set(moments)
    else:
        assert sum(at.startswith("os.rename") for at in moments) == 2
    assert moments[-1] == "end"


def test_after_the_next_start_the_old_or_the_new_build_is_whole_and_nothing_else_is_left(
    deaths: tuple[str, list[Any]],
) -> None:
    _, lines = deaths
    assert [line for line in lines if line[4] not in ("old", "new") or line[5] != 0] == []


def test_with_the_exchange_a_whole_build_is_there_at_every_moment(deaths: tuple[str, list[Any]]) -> None:
    means, lines = deaths
    torn = [line for line in lines if line[2] not in ("old", "new")]
    if means == "exchange":
        assert torn == []
    else:  # between the two renames
        assert [(at.split()[0], is_there) for at, is_there, *_ in torn] == [("os.rename", False)]


def test_old_turns_into_new_once(deaths: tuple[str, list[Any]]) -> None:
    _, lines = deaths
    seen = [line[4] for line in lines]
    assert seen == sorted(seen, reverse=True)
    assert {"old", "new"} == set(seen)
