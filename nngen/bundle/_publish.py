"""Writes a build directory so that, killed at any moment, the previous one is whole."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

from nngen.errors import BuildError

from ._exchange import replace_directory
from ._manifest import MANIFEST_FILE, Manifest, files_below
from ._workshop import Workshop, clean_leftovers

__all__ = ["check_target", "publishing"]

SCHEMAS = "nngen/manifest/"  # of any version


def check_target(output: Path) -> None:
    """Refuse an output that must not be replaced, before any work is done for it.

    Raises
    ------
    BuildError
        The output exists and is something else than an empty directory or a build, holds files of the user, or lies
        where nothing can be written.
    """
    target = _real(output)
    with _as_build_error(output):
        _check_place(target.parent)
    if target.parent.is_dir():
        _check(output, target)


@contextlib.contextmanager
def publishing(output: Path) -> Iterator[Path]:
    """Yield an empty folder to write to; it takes the place of ``output`` when the block ends without an error.

    The folder lies beside the target, on the same file system. Everything is flushed to the disk before the exchange.

    Raises
    ------
    BuildError
        The output must not be replaced or cannot be written; it is as it was before.
    """
    target = _real(output)
    with _as_build_error(output):
        _check_place(target.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        _check(output, target)
        workshop = Workshop.make(target)
    try:
        with _as_build_error(output):
            yield workshop.new
            _flush(workshop.new)
            _publish(output, target, workshop)
    finally:
        workshop.close(target)


def _check_place(folder: Path) -> None:
    """Refuse a folder that cannot be made or written to, before anything is made."""
    while not os.path.lexists(folder):
        folder = folder.parent
    code = 0 if os.access(folder, os.W_OK | os.X_OK) else errno.EACCES
    if not folder.is_dir():
        code = errno.ENOTDIR
    if code:
        raise OSError(code, os.strerror(code), str(folder))


def _check(output: Path, target: Path) -> None:
    with _as_build_error(output), _one_at_a_time(target.parent):
        clean_leftovers(target)
        _check_replaceable(output, target)


def _publish(output: Path, target: Path, workshop: Workshop) -> None:
    with _one_at_a_time(target.parent):
        _check_replaceable(output, target)
        try:
            replace_directory(workshop.new, target, aside=workshop.previous)
        finally:
            workshop.restore(target)
        _flush_directory(target.parent)


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Keep builds apart that publish to this folder; where a directory cannot be locked (NFS), they are not."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _real(output: Path) -> Path:
    """Follow links: what is published takes the place of the directory, not of a link to it."""
    return Path(os.path.realpath(output))


@contextlib.contextmanager
def _as_build_error(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise BuildError(f"output '{output}' cannot be written: {reason}; what was there before is kept") from error


def _check_replaceable(output: Path, target: Path) -> None:
    objection = _objection(output, target)
    if objection:
        raise BuildError(objection)


def _objection(output: Path, target: Path) -> str:
    """Return why the target must not be replaced; nothing if it may."""
    if not os.path.lexists(target) or (target.is_dir() and not any(target.iterdir())):
        return ""
    if not _is_build(target):
        return f"output '{output}' exists and is not a build directory; move it away or name another one"
    foreign = _foreign_files(target)
    if foreign:
        return (
            f"output '{output}' holds '{foreign[0]}', which is not part of the build that would be replaced; "
            "move it away or name another directory"
        )
    return ""


def _is_build(target: Path) -> bool:
    try:
        raw = json.loads((target / MANIFEST_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(raw, dict) and str(raw.get("schema")).startswith(SCHEMAS)


def _foreign_files(target: Path) -> list[str]:
    """Files that a user put into a build; unknown for a build of another version, which is taken as it is."""
    try:
        known = Manifest.read(target).outputs
    except BuildError:
        return []
    return [name for name, _ in files_below(target) if name not in known]


def _flush(folder: Path) -> None:
    """Bring every file and directory to the disk: the exchange must not arrive there before what it publishes."""
    for root, _, names in os.walk(folder, topdown=False):
        for name in names:
            with open(os.path.join(root, name), "rb") as stream:  # noqa: PTH118, PTH123 - os.walk gives strings
                os.fsync(stream.fileno())
        _flush_directory(Path(root))


def _flush_directory(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot flush a directory
            raise
    finally:
        os.close(descriptor)
