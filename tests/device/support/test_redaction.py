"""Secrets in addresses."""

import pytest

from device.support.redaction import holds_secret, redacted


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://cam:554/stream1", "rtsp://cam:554/stream1"),
        ("rtsp://me:secret@cam/x", "rtsp://...@cam/x"),
        ("rtsp://me:se@cr@et@cam/x", "rtsp://...@cam/x"),
        ("rtsp://me:se/cr?et@cam/x", "rtsp://...@cam/x"),
        ("http://cam/x?pwd=secret&channel=1", "http://cam/x?pwd=...&channel=..."),
        ("http://cam/x?secret", "http://cam/x?..."),
        ("rtsp://cam/user=me_password=secret.sdp", "rtsp://cam/..."),
        ("http://[me:secret", "http://..."),
    ],
)
def test_what_could_be_a_secret_is_not_shown(address: str, shown: str) -> None:
    assert redacted(address) == shown


@pytest.mark.parametrize(
    ("address", "holds"),
    [
        ("rtsp://me:secret@cam/x", True),
        ("rtsp://me@cam/x", False),
        ("rtsp://cam:554/x", False),
        ("http://cam/x?usr=me&pwd=secret", True),
        ("http://cam/x?token=abc", True),
        ("http://cam/x?channel=1", False),
        ("http://cam/x?usr={user}&pwd={password}", False),
        ("rtsp://cam/user=me_password=secret_channel=1.sdp", True),
        ("mqtts://me@broker/hall?password_file=/etc/x&key=client.pem", False),
        ("mqtt://me:secret@broker/hall", True),
        ("v4l2:0?size=640x480", False),
        ("video:/films/password=1.mp4", False),
    ],
)
def test_an_address_with_a_password_is_recognised(address: str, holds: bool) -> None:
    assert holds_secret(address) == holds
