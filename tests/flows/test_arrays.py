"""Array files: the same bytes every time, and no trust in what they say."""

import contextlib
import io
import os
import pickle
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nngen.errors import InputError
from nngen.flows.arrays import check_writable, read_array, read_arrays, write_arrays


def refuses(path: Path, sentence: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        read_arrays(path) if path.suffix == ".npz" else read_array(path)


def test_arrays_come_back_with_type_shape_and_odd_names(tmp_path: Path) -> None:
    arrays = {
        "image": np.arange(6, dtype=np.float32).reshape(2, 3),
        "codes/a b": np.array(-3, np.int64),
        "../x": np.zeros((0, 2), np.int8),
        "columns": np.asfortranarray(np.arange(6).reshape(2, 3)),
    }
    write_arrays(tmp_path / "a.npz", arrays)
    found = read_arrays(tmp_path / "a.npz")
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        assert np.array_equal(file["image"], arrays["image"])


@pytest.mark.parametrize(("name", "shown"), [("nul\0a", "nul\\x00a"), ("a" * 70_000, f"{'a' * 80}…")])
def test_a_name_that_an_archive_would_cut_is_refused(name: str, shown: str, tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    sentence = f"'{path}' cannot hold an array named '{shown}': its name must have no NUL and at most 65,535 bytes"
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        write_arrays(path, {name: np.zeros(1)})
    assert not path.exists()


def test_the_bytes_depend_on_the_arrays_only(tmp_path: Path) -> None:
    arrays = {"a": np.arange(1000)}
    write_arrays(tmp_path / "one.npz", arrays)
    write_arrays(tmp_path / "two.npz", arrays)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.npz", "two.npz"]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_files_of_numpy_are_read(save: object, tmp_path: Path) -> None:
    save(tmp_path / "a.npz", image=np.eye(3), columns=np.asfortranarray(np.arange(6).reshape(2, 3)))  # type: ignore[operator]
    found = read_arrays(tmp_path / "a.npz")
    assert np.array_equal(found["image"], np.eye(3))
    assert np.array_equal(found["columns"], np.arange(6).reshape(2, 3))
    np.save(tmp_path / "a.npy", np.arange(3))
    assert read_array(tmp_path / "a.npy").tolist() == [0, 1, 2]


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_a_file_that_does_not_exist(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"no{suffix}"
    refuses(path, f"'{path}' does not exist")


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_a_file_that_cannot_be_read(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"folder{suffix}"
    path.mkdir()
    refuses(path, f"'{path}' cannot be read: Is a directory")


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"\x93NUMPY", b"\x93NUMPY\x01\x00\x10\x00{'descr': evil()}", b"text"]
)
@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_something_else(suffix: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    refuses(path, f"'{path}' must be a NumPy {suffix} file; it is something else, or damaged")


def test_a_truncated_file(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, image=np.zeros(1000))
    path.write_bytes(path.read_bytes()[:4000])
    refuses(path, f"'{path}' must be a NumPy .npz file; it is something else, or damaged")


def test_objects_are_not_unpickled(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (str(tmp_path / "executed"),))

    path = tmp_path / "a.npz"
    np.savez(path, image=np.array([Bomb()], object))
    refuses(path, f"'{path}': array 'image' must hold numbers, not objects or records")
    path = tmp_path / "a.npy"
    path.write_bytes(pickle.dumps([1]))
    refuses(path, f"'{path}' must be a NumPy .npy file; it is something else, or damaged")
    assert not (tmp_path / "executed").exists()


def header_of(shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return stream.getvalue()


def test_a_header_that_promises_too_much_allocates_nothing(tmp_path: Path) -> None:
    shape = (1 << 40,)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("image.npy", header_of(shape) + bytes(8))
    sentence = f"must have as many values as its shape {shape} says; the file is damaged"
    refuses(tmp_path / "a.npz", f"'{tmp_path}/a.npz': array 'image' {sentence}")
    (tmp_path / "a.npy").write_bytes(header_of(shape) + bytes(8))
    refuses(tmp_path / "a.npy", f"'{tmp_path}/a.npy' {sentence}")


def test_a_zip_bomb_is_refused_by_its_own_figures(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("image.npy", bytes(1 << 20))
        archive.infolist()[0].file_size = 5 << 30
    refuses(path, f"'{path}' must hold at most 4 GiB of arrays")


@given(st.data())
def test_random_damage_is_a_sentence_or_an_array(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    stream = io.BytesIO()
    np.savez_compressed(stream, image=np.arange(20, dtype=np.int16), labels=np.ones(3))
    content = bytearray(stream.getvalue())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "mutated.npz"
    path.write_bytes(content)
    with contextlib.suppress(InputError):
        read_arrays(path)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "no" / "a.npz"
    with pytest.raises(InputError, match=f"^'{re.escape(str(path))}' cannot be written: No such file or directory$"):
        write_arrays(path, {"a": np.zeros(1)})


def test_what_cannot_be_replaced_is_written_to(tmp_path: Path) -> None:
    write_arrays(Path("/dev/null"), {"a": np.zeros(1)})
    assert Path("/dev/null").is_char_device()


def test_files_that_cannot_be_written_are_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (None, tmp_path / "a.npz", Path("/dev/null")):
        check_writable(path)
    monkeypatch.setattr(os, "access", lambda *_: False)
    for path, reason in (
        (tmp_path, "Is a directory"),
        (tmp_path / "no" / "a.npz", "No such file or directory"),
        (tmp_path / "a.npz", "Permission denied"),
    ):
        with pytest.raises(InputError, match=f"^'{re.escape(str(path))}' cannot be written: {reason}$"):
            check_writable(path)
