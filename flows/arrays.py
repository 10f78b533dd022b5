"""Arrays from and to files: ``.npz`` and ``.npy``, read without trust, written with the same bytes every time."""

from __future__ import annotations

import errno
import io
import math
import os
import secrets
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from nngen.errors import InputError, quoted

__all__ = ["check_writable", "read_array", "read_arrays", "write_arrays", "write_file"]

Array = npt.NDArray[Any]

LARGEST_BYTES = 4 << 30  # of all arrays of a file together, unpacked
LONGEST_NAME = 65_535  # bytes; what an archive can say
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
HEADER_READERS: dict[tuple[int, int], Callable[[IO[bytes]], tuple[tuple[int, ...], bool, np.dtype[Any]]]] = {
    (1, 0): npy.read_array_header_1_0,
    (2, 0): npy.read_array_header_2_0,
}
# What zipfile and NumPy's parser of headers raise on bytes that are something else.
DAMAGED = (
    *(ValueError, TypeError, SyntaxError, EOFError, OverflowError, RecursionError, RuntimeError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error, tokenize.TokenError),
)


def read_arrays(path: Path) -> dict[str, Array]:
    """Read every array of an ``.npz`` file.

    Raises
    ------
    InputError
        Names the file and the array. Sizes are checked before anything is allocated, and nothing is unpickled.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > LARGEST_BYTES:
                raise InputError(f"'{path}' must hold at most {LARGEST_BYTES >> 30} GiB of arrays")
            return {member.filename.removesuffix(".npy"): _member(path, archive, member) for member in members}
    except OSError as error:
        raise InputError(_unreadable(path, error)) from error
    except DAMAGED as error:
        raise InputError(f"'{path}' must be a NumPy .npz file; it is something else, or damaged") from error


def read_array(path: Path) -> Array:
    """Read the array of an ``.npy`` file.

    Raises
    ------
    InputError
        Names the file.
    """
    try:
        with path.open("rb") as stream:
            return _read(stream, f"'{path}'", os.fstat(stream.fileno()).st_size)
    except OSError as error:
        raise InputError(_unreadable(path, error)) from error
    except DAMAGED as error:
        raise InputError(f"'{path}' must be a NumPy .npy file; it is something else, or damaged") from error


def check_writable(path: Path | None) -> None:
    """Refuse a file that cannot be written, before the work whose results it is to hold; None is fine.

    Raises
    ------
    InputError
        Names the file and why it cannot be written.
    """
    if path is None:
        return
    code = 0
    if path.is_dir():
        code = errno.EISDIR
    elif not path.parent.is_dir():
        code = errno.ENOENT
    elif not os.access(path if path.exists() and not path.is_file() else path.parent, os.W_OK):
        code = errno.EACCES
    if code:
        raise InputError(f"'{path}' cannot be written: {os.strerror(code)}")


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write an ``.npz`` file whose bytes depend on nothing but names and arrays.

    Raises
    ------
    InputError
        Names the file and why it cannot be written.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            member = f"{name}.npy"
            # An archive cuts names at NUL: two of them would become one.
            if "\0" in member or len(member.encode("utf-8", "surrogatepass")) > LONGEST_NAME:
                raise InputError(
                    f"'{path}' cannot hold an array named {quoted(name)}: its name must have no NUL and at most "
                    f"{LONGEST_NAME:,} bytes"
                )
            with archive.open(zipfile.ZipInfo(member, ZIP_EPOCH), "w", force_zip64=True) as stream:
                npy.write_array(stream, np.asarray(array, order="C"), allow_pickle=False)
    write_file(path, buffer.getvalue())


def write_file(path: Path, content: bytes) -> None:
    """Write a file in one step: whoever looks sees the old or the new one, whole.

    Raises
    ------
    InputError
        Names the file and why it cannot be written.
    """
    if path.exists() and not path.is_file():  # /dev/stdout: nothing to put in its place
        _write(path, path, content)
        return
    path = path.resolve()
    _write(path, path.with_name(f".{path.name}.writing-{secrets.token_hex(4)}"), content)


def _write(path: Path, first: Path, content: bytes) -> None:
    try:
        first.write_bytes(content)
        if first != path:
            first.replace(path)
    except OSError as error:
        if first != path:
            first.unlink(missing_ok=True)
        raise InputError(f"'{path}' cannot be written: {error.strerror}") from error


def _unreadable(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"'{path}' does not exist"
    return f"'{path}' cannot be read: {error.strerror}"


def _member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    with archive.open(member) as stream:
        return _read(stream, f"'{path}': array '{member.filename.removesuffix('.npy')}'", member.file_size)


def _read(stream: IO[bytes], what: str, size: int) -> Array:
    """Read an array whose header must agree with the number of bytes that are there."""
    reader = HEADER_READERS.get(npy.read_magic(stream))
    if reader is None:
        raise InputError(f"{what} must be in version 1 or 2 of NumPy's format")
    shape, by_columns, kind = reader(stream)
    if kind.hasobject or kind.names is not None:
        raise InputError(f"{what} must hold numbers, not objects or records")
    needed = math.prod(shape) * kind.itemsize
    if any(length < 0 for length in shape) or needed > size:
        raise InputError(f"{what} must have as many values as its shape {shape} says; the file is damaged")
    values = np.frombuffer(stream.read(needed), dtype=kind)
    return values.reshape(shape, order="F" if by_columns else "C")
