import pytest

from device.contract.errors import WriteFailedError
from device.contract.files import sha256_of, write_whole, write_whole_bytes


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
