"""The networks of a folder, each with its samples and the outputs that its author or collector shipped.

Rules
-----
1. Every .onnx below the folder is a network, but for those below ``LEFT_OUT``.
2. Samples are the arrays ``in_<name>`` of ``ref.npz`` beside it, in the order of the file's inputs; or ``x`` of
   ``<stem>_io.npz``, where the stem may lack what follows its last underscores (bit widths, dialect).
3. Shipped outputs are ``gold<n>`` of ``ref.npz``, else ``out<n>``; or ``y``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from .arrays import read_arrays

__all__ = ["NetworkFile", "networks_below"]

Array = npt.NDArray[Any]

LEFT_OUT = ("malformed", "onnx_node_tests")


@dataclass(frozen=True, kw_only=True)
class NetworkFile:
    """A network and what lies beside it.

    Parameters
    ----------
    name
        Path below the folder.
    path
        The file.
    samples
        Of each input, in the file's order; empty where there are none.
    outputs
        Shipped outputs, in the file's order.
    golden
        Whether these are the author's own.
    """

    name: str
    path: Path
    samples: tuple[Array, ...]
    outputs: tuple[Array, ...]
    golden: bool


def networks_below(folder: Path) -> list[NetworkFile]:
    """Return the networks of a folder, by name.

    Raises
    ------
    InputError
        Where samples cannot be read.
    """
    found = sorted(path for path in folder.rglob("*.onnx") if not {*path.relative_to(folder).parts} & {*LEFT_OUT})
    return [_network(path, folder) for path in found]


def _network(path: Path, folder: Path) -> NetworkFile:
    arrays = _arrays(path)
    golden = any(name.startswith("gold") for name in arrays)
    kinds = ("gold",) if golden else ("out", "y")
    return NetworkFile(
        name=path.relative_to(folder).as_posix(),
        path=path,
        samples=tuple(array for name, array in arrays.items() if name.startswith("in_") or name == "x"),
        outputs=tuple(array for name, array in arrays.items() if name.rstrip("0123456789") in kinds),
        golden=golden,
    )


def _arrays(path: Path) -> dict[str, Array]:
    parts = path.stem.split("_")
    stems = ["_".join(parts[:count]) for count in range(len(parts), 0, -1)]
    beside = [path.with_name("ref.npz"), *(path.with_name(f"{stem}_io.npz") for stem in stems)]
    present = [one for one in beside if one.is_file()]
    return read_arrays(present[0]) if present else {}
