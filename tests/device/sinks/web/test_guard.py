"""Who may look: tokens, origins and names, each right and wrong."""

import pytest
from websockets.datastructures import Headers

from device.sinks.web.address import WebAddress
from device.sinks.web.guard import Guard

TOKEN = "0123456789abcdef"
PI = WebAddress("0.0.0.0", 8080)
LOCAL = WebAddress("127.0.0.1", 8080)


def headers(**values):
    return Headers([(name.replace("_", "-"), value) for name, value in values.items()])


def status(refusal):
    return None if refusal is None else int(refusal.status)


@pytest.mark.parametrize(
    "shown",
    [
        {"Authorization": f"Bearer {TOKEN}"},
        {"Authorization": f"bearer  {TOKEN} "},
        {"Sec_WebSocket_Protocol": f"landmarks-1, token.{TOKEN}"},
        {"Sec_WebSocket_Protocol": f"token.{TOKEN}"},
    ],
)
def test_the_right_token_is_welcome(shown):
    assert Guard(PI, TOKEN).check_viewer(headers(Host="pi:8080", **shown)) is None


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": TOKEN},
        {"Authorization": f"Basic {TOKEN}"},
        {"Sec_WebSocket_Protocol": TOKEN},
        {"Sec_WebSocket_Protocol": "token."},
        {"Sec_WebSocket_Protocol": f"token.{TOKEN[:-1]}"},
        {"Cookie": f"token={TOKEN}"},
        {"Authorization": "Bearer \u00e4\u00f6\u00fc"},
    ],
)
def test_no_token_or_a_wrong_one_is_refused(shown):
    refusal = Guard(PI, TOKEN).check_viewer(headers(Host="pi:8080", **shown))
    assert status(refusal) == 401
    assert TOKEN not in refusal.reason


@pytest.mark.parametrize(
    ("origin", "host", "wanted"),
    [
        ("http://localhost:8080", "localhost:8080", None),
        ("HTTP://LOCALHOST:8080", "localhost:8080", None),
        ("http://localhost:5173", "localhost:8080", 403),
        ("https://evil.example", "localhost:8080", 403),
        ("http://localhost:8080.evil.example", "localhost:8080", 403),
        ("null", "localhost:8080", 403),
        ("", "localhost:8080", 403),
        ("http://", "", 403),
    ],
)
def test_only_our_own_page_may_open_the_stream(origin, host, wanted):
    assert status(Guard(LOCAL, None).check_viewer(headers(Host=host, Origin=origin))) == wanted


def test_a_page_that_was_named_may_open_the_stream_and_programs_have_no_origin():
    named = WebAddress("127.0.0.1", 8080, origins=frozenset({"http://localhost:5173"}))
    assert (
        Guard(named, None).check_viewer(headers(Host="localhost:8080", Origin="http://localhost:5173"))
        is None
    )
    assert Guard(LOCAL, None).check_viewer(headers(Host="localhost:8080")) is None


def test_a_right_token_does_not_excuse_a_wrong_origin():
    shown = headers(Host="pi:8080", Origin="https://evil.example", Authorization=f"Bearer {TOKEN}")
    assert status(Guard(PI, TOKEN).check_viewer(shown)) == 403


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("localhost:8080", None), ("127.0.0.1:8080", None), ("[::1]:8080", None),
        ("evil.example:8080", 403), ("", 403), ("127.0.0.1.evil.example", 403),
        ("[broken", 403), ("localhost@evil.example", 403),
    ],
)  # fmt: skip
def test_without_a_token_a_name_that_was_pointed_at_us_is_refused(host, wanted):
    assert status(Guard(LOCAL, None).check_host(headers(Host=host))) == wanted


def test_with_a_token_any_name_of_ours_will_do():
    assert Guard(PI, TOKEN).check_host(headers(Host="pi.local:8080")) is None


def test_two_host_headers_are_no_host():
    doubled = Headers([("Host", "localhost"), ("Host", "evil.example")])
    assert status(Guard(LOCAL, None).check_host(doubled)) == 403
