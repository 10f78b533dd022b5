"""What publishing refuses, what it keeps when it fails, and what it cleans up."""

import errno
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nngen.bundle import BuildDirectory, check_target, publishing
from nngen.bundle import _exchange as exchange_module
from nngen.bundle._workshop import clean_leftovers
from nngen.errors import BuildError

Writer = Callable[..., None]


def publish(target: Path, write_build: Writer, text: str) -> None:
    with publishing(target) as folder:
        write_build(folder, data=text)


def read(target: Path) -> str:
    return BuildDirectory.open(target).file("data").read_text()


def test_a_new_build_appears_and_an_old_one_is_replaced(tmp_path: Path, write_build: Writer) -> None:
    target = tmp_path / "a" / "b" / "out"
    publish(target, write_build, "one")
    assert read(target) == "one"
    publish(target, write_build, "two")
    assert read(target) == "two"
    assert [path.name for path in target.parent.iterdir()] == ["out"]


def test_an_empty_directory_is_replaced(tmp_path: Path, write_build: Writer) -> None:
    (tmp_path / "out").mkdir()
    publish(tmp_path / "out", write_build, "one")
    assert read(tmp_path / "out") == "one"


def test_through_a_link_the_directory_is_replaced_and_the_link_stays(tmp_path: Path, write_build: Writer) -> None:
    publish(tmp_path / "real", write_build, "one")
    (tmp_path / "link").symlink_to("real")
    publish(tmp_path / "link", write_build, "two")
    assert (tmp_path / "link").is_symlink()
    assert read(tmp_path / "real") == "two"


def test_the_build_is_readable_by_whom_the_mask_allows(tmp_path: Path, write_build: Writer) -> None:
    mask = os.umask(0o022)
    try:
        publish(tmp_path / "out", write_build, "one")
    finally:
        os.umask(mask)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("what", ["files", "manifest of another", "broken manifest", "file", "dangling link to a file"])
def test_what_is_not_a_build_is_refused(what: str, tmp_path: Path, write_build: Writer) -> None:
    target = tmp_path / "out"
    if what == "file":
        target.write_text("mine")
    elif what == "dangling link to a file":
        (tmp_path / "file").write_text("mine")
        target.symlink_to("file")
    else:
        target.mkdir()
        (target / "notes.txt").write_text("mine")
    if what == "manifest of another":
        (target / "manifest.json").write_text('{"schema": "other/1"}')
    if what == "broken manifest":
        (target / "manifest.json").write_text("[" * 100_000)
    sentence = f"output '{target}' exists and is not a build directory; move it away or name another one"
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(BuildError, match=f"^{re.escape(sentence)}$"):
        check_target(target)
    with pytest.raises(BuildError, match=f"^{re.escape(sentence)}$"):
        publish(target, write_build, "one")
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_files_that_a_user_put_into_a_build_are_not_deleted(tmp_path: Path, write_build: Writer) -> None:
    target = tmp_path / "out"
    publish(target, write_build, "one")
    (target / "notes").mkdir()
    (target / "notes" / "mine.txt").write_text("mine")
    sentence = (
        f"output '{target}' holds 'notes/mine.txt', which is not part of the build that would be replaced; "
        "move it away or name another directory"
    )
    with pytest.raises(BuildError, match=f"^{re.escape(sentence)}$"):
        publish(target, write_build, "two")
    assert read(target) == "one"


def test_what_came_to_the_target_meanwhile_is_not_replaced(tmp_path: Path, write_build: Writer) -> None:
    target = tmp_path / "out"

    def put_something_there(folder: Path) -> None:
        write_build(folder, data="one")
        target.mkdir()
        (target / "mine").write_text("mine")

    with pytest.raises(BuildError, match="exists and is not a build directory"), publishing(target) as folder:
        put_something_there(folder)
    assert [path.name for path in target.iterdir()] == ["mine"]


def test_an_error_in_the_block_keeps_the_previous_build(tmp_path: Path, write_build: Writer) -> None:
    target = tmp_path / "out"
    publish(target, write_build, "one")

    def interrupt(folder: Path) -> None:
        write_build(folder, data="two")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), publishing(target) as folder:
        interrupt(folder)
    assert read(target) == "one"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("step", ["fsync", "mkdir", "exchange"])
def test_a_full_disk_is_one_sentence_and_keeps_the_previous_build(
    step: str, tmp_path: Path, write_build: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out"
    publish(target, write_build, "one")

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if step == "exchange":
        monkeypatch.setattr(exchange_module, "_exchange", full)
    else:
        monkeypatch.setattr(os, step, full)
    sentence = f"output '{target}' cannot be written: No space left on device; what was there before is kept"
    with pytest.raises(BuildError, match=f"^{re.escape(sentence)}$"):
        publish(target, write_build, "two")
    monkeypatch.undo()
    assert read(target) == "one"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True, check=False)
    if mount.returncode:
        pytest.skip("only root may mount a small disk")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_disk_that_is_really_full(small_disk: Path, write_build: Writer) -> None:
    target = small_disk / "out"
    publish(target, write_build, "one")
    with pytest.raises(BuildError, match="cannot be written: No space left on device; what was there before is kept"):
        publish(target, write_build, "two" * 200_000)
    assert read(target) == "one"
    assert [path.name for path in small_disk.iterdir()] == ["out"]


def test_a_parent_that_is_a_file(tmp_path: Path, write_build: Writer) -> None:
    (tmp_path / "file").write_text("")
    target = tmp_path / "file" / "out"
    sentence = f"output '{target}' cannot be written: Not a directory; what was there before is kept"
    with pytest.raises(BuildError, match=f"^{re.escape(sentence)}$"):
        publish(target, write_build, "one")


def test_a_place_that_may_not_be_written_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    target = tmp_path / "new" / "out"
    sentence = f"output '{target}' cannot be written: Permission denied; what was there before is kept"
    with pytest.raises(BuildError, match=f"^{re.escape(sentence)}$"):
        check_target(target)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_may_not_be_written(
    tmp_path: Path, write_build: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "mkdir", refuse)
    target = tmp_path / "out"
    sentence = f"output '{target}' cannot be written: Permission denied; what was there before is kept"
    with pytest.raises(BuildError, match=f"^{re.escape(sentence)}$"):
        publish(target, write_build, "one")


@pytest.mark.parametrize("comes_back", [True, False])
def test_where_the_second_of_two_renames_fails_the_old_build_is_not_lost(
    comes_back: bool, tmp_path: Path, write_build: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out"
    publish(target, write_build, "one")
    monkeypatch.setattr(exchange_module, "_exchange", lambda one, other: False)
    rename = Path.rename

    def fail(path: Path, to: Path) -> Path:
        if path.name == "new" or (path.name == "previous" and not comes_back):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(path, to)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(BuildError, match="Input/output error"):
        publish(target, write_build, "two")
    assert target.exists() is comes_back
    monkeypatch.undo()
    assert read(target) == "one"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_living_build_is_left_alone_and_a_dead_one_is_not(tmp_path: Path, write_build: Writer) -> None:
    target = tmp_path / "out"
    dead = tmp_path / ".out.building-0123abcd"
    (dead / "new").mkdir(parents=True)
    with publishing(target) as folder:
        assert not dead.exists()
        check_target(target)
        publish(target, write_build, "other")
        assert folder.is_dir()
        write_build(folder, data="mine")
    assert read(target) == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_only_names_of_our_own_are_cleaned_up(tmp_path: Path) -> None:
    begin = ".out.building-"
    others = [begin, f"{begin}0123abcde", f"{begin}0123ABCD", ".out2.building-0123abcd", "out.bak"]
    for name in others:
        (tmp_path / name).mkdir()
    (tmp_path / ".out.building-01234567").write_text("a file")
    (tmp_path / ".out.building-76543210").symlink_to("out.bak")
    clean_leftovers(tmp_path / "out")
    assert len(list(tmp_path.iterdir())) == len(others) + 2


@pytest.mark.parametrize("means", ["exchange", "renames"])
def test_many_publish_at_once(means: str, tmp_path: Path, write_build: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    if means == "renames":
        monkeypatch.setattr(exchange_module, "_exchange", lambda one, other: False)
    target = tmp_path / "out"
    failures: list[BaseException] = []

    def work(name: str) -> None:
        for turn in range(10):
            try:
                publish(target, write_build, f"{name}{turn}")
            except BaseException as error:  # noqa: BLE001 - a thread swallows it otherwise
                failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert read(target)[1] == "9"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
