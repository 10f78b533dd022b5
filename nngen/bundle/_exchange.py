"""Puts a finished directory in the place of another one.

On Linux the two change places in one step (``renameat2`` with RENAME_EXCHANGE), so that whoever looks sees the old or
the new one, whole. Where the kernel or the file system cannot do that, two renames do; between them the old directory
lies aside, from where the next start brings it back.
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

__all__ = ["replace_directory"]

AT_FDCWD = -100
RENAME_EXCHANGE = 2
# What a kernel, a file system or a sandbox answers that does not know the exchange.
NOT_POSSIBLE = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}


def replace_directory(new: Path, target: Path, *, aside: Path) -> None:
    """Give ``new`` the name ``target``; what was there is then called ``new`` or ``aside``: the caller deletes both.

    Raises
    ------
    OSError
        ``new`` is still there; what was there before is called ``target`` or ``aside``.
    """
    if not os.path.lexists(target):
        new.rename(target)
    elif not _exchange(new, target):
        target.rename(aside)
        new.rename(target)


def _exchange(one: Path, other: Path) -> bool:
    """Let two names change places; False where that is not possible here."""
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is None:
        return False
    function.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    if function(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in NOT_POSSIBLE:
        return False
    raise OSError(code, os.strerror(code), str(other))
