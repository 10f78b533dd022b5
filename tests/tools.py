"""Programs that some tests need. `make setup` installs them where it may; elsewhere those tests are skipped."""

import shutil

import pytest


def needs(*programs: str) -> pytest.MarkDecorator:
    """A mark that skips a test where one of the programs is missing."""
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"make setup installs {', '.join(missing) or 'all'}")


needs_ngspice = needs("ngspice")
needs_netgen = needs("netgen-lvs")
