"""Fixtures that tests in several folders share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

# No deadline: two workers share the machine with simulators. The same examples every time where nobody watches.
settings.register_profile("nngen", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("nngen")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """The folder of collected third-party networks beside the repository; the test is skipped where it is absent."""
    models = ROOT.parent / "shared" / "models"
    if not models.is_dir():
        pytest.skip("the collected networks of ../shared/models are not on this machine")
    return models
