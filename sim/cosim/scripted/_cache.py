"""Where compiled simulations are kept: a build takes seconds to minutes and depends on nothing but its sources."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
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
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=folder.parent))
    except OSError as error:
        raise ToolError(
            f"cache of compiled simulations '{folder.parent}' must be writable ({type(error).__name__}); "
            f"name another folder in the environment variable {CACHE_VARIABLE}"
        ) from error
    try:
        for name, text in sources.items():
            (made / name).write_text(text, encoding="utf-8")
        make(made)
        _publish(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder


def _publish(made: Path, folder: Path) -> None:
    """Rename into place: whoever finds the folder finds it whole. Another process may have been faster."""
    try:
        made.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _identity(options: Iterable[str], sources: Mapping[str, str]) -> str:
    total = hashlib.sha256()
    for part in (*options, *(f"{name}\n{sources[name]}" for name in sorted(sources))):
        total.update(f"{len(part)}\n{part}".encode())
    return total.hexdigest()
