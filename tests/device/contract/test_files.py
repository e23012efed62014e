import os
from pathlib import Path

import pytest

from device.contract.errors import BadInputError, WriteFailedError
from device.contract.files import absence, read_bounded, sha256_of, write_whole, write_whole_bytes


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "model.bin"
    write_whole_bytes(path, b"old")

    def fill(beside):
        beside.write_bytes(b"half of the new")
        raise OSError(28, "No space left on device")

    with pytest.raises(WriteFailedError, match="No space left"):
        write_whole(path, fill)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.bin"]


def test_an_interrupted_write_leaves_nothing_behind(tmp_path):
    def fill(beside):
        beside.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "model.bin", fill)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_write_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteFailedError, match="choose another folder"):
        write_whole_bytes(tmp_path / "file" / "model.bin", b"")


def test_the_hash_is_the_published_one(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1.
    wanted = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_of(tmp_path / "abc") == wanted


def special_files(folder):
    """Paths that name no regular file, and what each is."""
    (folder / "precious").mkdir()
    (folder / "precious" / "file").write_text("data")
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to(folder / "precious")
    (folder / "null").symlink_to("/dev/null")
    return {"precious": "a folder", "pipe": "a pipe", "link": "a folder", "null": "a device"}


def test_what_is_no_regular_file_is_never_replaced(tmp_path):
    kinds = special_files(tmp_path)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    for name, kind in kinds.items():
        with pytest.raises(WriteFailedError, match=f"{name}: {kind} is there"):
            write_whole_bytes(tmp_path / name, b"new")
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_a_regular_file_and_a_link_to_one_are_replaced(tmp_path):
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "old")
    for name in ("old", "link", "new"):
        write_whole_bytes(tmp_path / name, b"new")
        assert (tmp_path / name).read_bytes() == b"new"


def test_an_endless_a_waiting_and_a_large_file_are_refused_at_once(tmp_path):
    special_files(tmp_path)
    (tmp_path / "large").write_bytes(bytes(101))
    (tmp_path / "fits").write_bytes(bytes(100))
    assert read_bounded(tmp_path / "fits", 100) == bytes(100)
    for path, says in {
        Path("/dev/zero"): "a device is there",
        tmp_path / "pipe": "a pipe is there",
        tmp_path / "precious": "Is a directory",
        tmp_path / "large": "more than 100 bytes",
        tmp_path / "none": "No such file",
        Path("\0"): "null byte",
    }.items():
        with pytest.raises(BadInputError, match=says):
            read_bounded(path, 100)


def test_why_there_is_no_file_is_told(tmp_path):
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    told = {name: absence(tmp_path / name) for name in ("file", "none", "pipe", ".", "file/below", "x" * 300)}
    assert told == {
        "file": "",
        "none": "No such file or directory",
        "pipe": "a pipe is there",
        ".": "a folder is there",
        "file/below": "Not a directory",
        "x" * 300: "File name too long",
    }


def test_a_folder_that_may_not_be_searched_is_told_and_is_no_traceback(tmp_path, monkeypatch):
    def refused(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "stat", refused)
    assert absence(tmp_path / "model.tflite") == "Permission denied"
