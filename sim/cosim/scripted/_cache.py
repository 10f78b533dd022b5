"""Where compiled simulations are kept: a build takes seconds to minutes and depends on nothing but its sources."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from nngen.errors import ToolError

CACHE_VARIABLE = "NNGEN_CACHE"


def cache_folder() -> Path:
    """Return the folder of compiled simulations: ``$NNGEN_CACHE``, or nngen/ in the user's cache. It may be deleted."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).absolute() if base else Path.home() / ".cache") / "nngen"


def cached_build(kind: str, options: Iterable[str], sources: Mapping[str, str], make: Callable[[Path], None]) -> Path:
    """Return the folder of a build; it is made unless it is there.

    Parameters
    ----------
    kind
        Name of the simulator: first part of the folder's name.
    options
        Everything else that shapes the build, the simulator's version included.
    sources
        Text by file name; the files lie in the folder that ``make`` is called with.
    make
        Compiles in place.

    Raises
    ------
    ToolError
        The cache cannot be written; or what ``make`` raises.
    """
    folder = cache_folder() / f"{kind}-{_identity(options, sources)[:20]}"
    if folder.is_dir():
        return folder
    with _writable(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(folder):
            if not folder.is_dir():
                _make(kind, folder, sources, make)
    return folder


def _make(kind: str, folder: Path, sources: Mapping[str, str], make: Callable[[Path], None]) -> None:
    """Compile beside the folder and rename: whoever finds it finds it whole."""
    made = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=folder.parent))
    try:
        for name, text in sources.items():
            (made / name).write_text(text, encoding="utf-8")
        make(made)
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _writable(cache: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ToolError(
            f"cache of compiled simulations '{cache}' must be writable ({error.strerror}); "
            f"name another folder in the environment variable {CACHE_VARIABLE}"
        ) from error


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Keep processes apart that want the same build: one makes it, the others wait for it."""
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _identity(options: Iterable[str], sources: Mapping[str, str]) -> str:
    total = hashlib.sha256()
    for part in (*options, *(f"{name}\n{sources[name]}" for name in sorted(sources))):
        total.update(f"{len(part)}\n{part}".encode())
    return total.hexdigest()
