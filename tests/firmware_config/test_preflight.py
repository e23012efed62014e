"""What is refused before anything is built, by Python alone; checksum files of every kind."""

import subprocess
import sys

import pytest

from device.contract.errors import BadInputError, MissingOutsideError, VerifyFailedError
from device.contract.files import sha256_of
from firmware_config import preflight
from firmware_config.stock import check_stock


@pytest.fixture
def stock(tmp_path):
    path = tmp_path / "raspios (1).img"
    path.write_bytes(b"image")
    return path


def beside(stock, data):
    path = stock.with_name(stock.name + ".sha256")
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.mark.parametrize(
    "line",
    ["{hash}  {name}\n", "{HASH} *{name}\r\n", "{hash}\n", "SHA256 ({name}) = {hash}\n",
     "0{other}  other.img\n{hash}  ./images/{name}\n", "\ufeff{hash}  {name}"],
)  # fmt: skip
def test_a_checksum_file_of_each_usual_format_is_read(stock, line):
    digest = sha256_of(stock)
    beside(stock, line.format(hash=digest, HASH=digest.upper(), name=stock.name, other="1" * 63))
    check_stock(stock)
    stock.write_bytes(b"another image")
    with pytest.raises(VerifyFailedError, match="download it again"):
        check_stock(stock)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\xff\xfe\x00\x80" * 40, "is no text"),
        ("d41d8cd98f00b204e9800998ecf8427e  raspios (1).img\n", "holds no SHA-256"),
        ("<html>not found</html>", "holds no SHA-256"),
        ("{hash}  raspios-of-last-year.img\n", "is for 'raspios-of-last-year.img'"),
        (b"0" * 200_000, "more than 100000 bytes"),
    ],
)
def test_a_checksum_file_that_cannot_be_used_is_one_sentence(stock, data, said):
    if isinstance(data, str):
        data = data.replace("{hash}", sha256_of(stock))
    path = beside(stock, data)
    with pytest.raises(BadInputError) as refused:
        check_stock(stock)
    assert said in str(refused.value)
    assert path.name in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_preflight_needs_nothing_but_python(tmp_path, root):
    program = (
        "import sys; sys.path.insert(0, '.'); from firmware_config.__main__ import main; main(sys.argv[1:])"
    )
    command = [sys.executable, "-I", "-S", "-c", program, "preflight"]
    for words, said in (
        (["--image", "none.img"], "wanted a file .img or .img.xz"),
        (["--device", "/dev/no-such-disk"], "is no block device"),
        (["--host", "-oProxyCommand=x"], "wanted USER@NAME"),
    ):
        joined = [f"{words[0]}={words[1]}"]
        done = subprocess.run([*command, *joined], cwd=root, capture_output=True, text=True, check=False)
        assert said in done.stderr, done.stderr
        assert "ModuleNotFoundError" not in done.stderr


def test_all_missing_programs_are_named_with_their_packages(monkeypatch, stock):
    monkeypatch.setattr(
        "firmware_config.preflight.locate", lambda name: None if name in ("mcopy", "xz") else name
    )
    with pytest.raises(MissingOutsideError, match=r"not installed: mcopy; apt-get install mtools"):
        preflight.check_image(stock)
    packed = stock.rename(stock.with_suffix(".img.xz"))
    with pytest.raises(MissingOutsideError, match=r"mcopy, xz; apt-get install mtools xz-utils"):
        preflight.check_image(packed)
