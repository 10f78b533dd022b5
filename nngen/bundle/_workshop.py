"""The hidden folder beside the target in which a build is made, and what becomes of those that killed builds left.

``.<name>.building-<8 hex digits>/`` holds ``lock``, ``new/`` (the build in the making; after the exchange the old one)
and, only where two renames take the place of the exchange, ``previous/``. Whoever works there holds the lock; a
workshop that can be locked belongs to nobody alive.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Workshop", "clean_leftovers"]


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """A locked workshop; ``descriptor`` is that of its lock file."""

    folder: Path
    descriptor: int

    @property
    def new(self) -> Path:
        """The build in the making; after the exchange what it replaced."""
        return self.folder / "new"

    @property
    def previous(self) -> Path:
        """What the target was, between two renames."""
        return self.folder / "previous"

    @classmethod
    def make(cls, target: Path) -> Workshop:
        """Make a workshop beside the target, with an empty ``new/``."""
        while True:
            folder = target.with_name(f".{target.name}.building-{secrets.token_hex(4)}")
            folder.mkdir()
            workshop = cls._lock(folder, wait=True)
            if workshop is not None:
                workshop.new.mkdir()
                return workshop

    @classmethod
    def take(cls, folder: Path) -> Workshop | None:
        """Lock a workshop that a killed build left; None while somebody alive has it, or if it is gone."""
        return cls._lock(folder, wait=False)

    @classmethod
    def _lock(cls, folder: Path, *, wait: bool) -> Workshop | None:
        path = folder / "lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            # A cleaner may have taken the folder for a leftover between our two steps, and deleted it.
            if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
                return cls(folder=folder, descriptor=descriptor)
        except OSError as error:
            if wait or error.errno not in (errno.EAGAIN, errno.EACCES, errno.ENOENT):
                os.close(descriptor)
                raise
        os.close(descriptor)
        return None

    def restore(self, target: Path) -> None:
        """Bring the previous directory back if nothing took its place."""
        if self._holds_the_only_copy(target):
            self.previous.rename(target)

    def close(self, target: Path) -> None:
        """Delete the workshop and release its lock; what cannot be deleted is left for the next start."""
        try:
            if not self._holds_the_only_copy(target):
                for folder in (self.new, self.previous, self.folder):  # the lock last
                    shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(self.descriptor)

    def _holds_the_only_copy(self, target: Path) -> bool:
        return self.previous.is_dir() and not os.path.lexists(target)


def clean_leftovers(target: Path) -> None:
    """Finish or undo what killed builds of ``target`` left; those of living ones are left alone."""
    for folder in _workshops(target):
        workshop = Workshop.take(folder)
        if workshop is not None:
            try:
                workshop.restore(target)
            finally:
                workshop.close(target)


def _workshops(target: Path) -> Iterator[Path]:
    pattern = re.compile(rf"\.{re.escape(target.name)}\.building-[0-9a-f]{{8}}")
    if target.parent.is_dir():
        with os.scandir(target.parent) as entries:
            found = [entry.name for entry in entries if pattern.fullmatch(entry.name)]
        for name in sorted(found):
            folder = target.with_name(name)
            if folder.is_dir() and not folder.is_symlink():
                yield folder
