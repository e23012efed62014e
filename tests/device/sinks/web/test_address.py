"""Web sink addresses and the token: what is understood, what is refused and why."""

import pytest

from device.contract.errors import RefusedError, UsageError
from device.sinks import SINKS
from device.sinks.web.address import TOKEN_VARIABLE, find_token, is_loopback, parse_web_address

GOOD = "0123456789abcdef"


def address_of(text):
    return parse_web_address(SINKS.parse(text))


def test_a_bare_port_is_served_to_this_machine_without_pictures():
    address = address_of("web:8080")
    assert (address.host, address.port, address.picture, address.origins) == (
        "127.0.0.1",
        8080,
        False,
        frozenset(),
    )
    assert is_loopback(address.host)


def test_host_picture_and_origins_are_read():
    address = address_of("web:[::1]:0?picture=1&origin=http://localhost:5173,https://ar.example")
    assert (address.host, address.port, address.picture) == ("::1", 0, True)
    assert address.origins == {"http://localhost:5173", "https://ar.example"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("web:", "write web:[HOST:]PORT"),
        ("web:eighty", "wanted [HOST:]PORT"),
        ("web:65536", "wanted [HOST:]PORT"),
        ("web:8080/stream", "wanted [HOST:]PORT"),
        ("web:8080?pictures=1", "did you mean picture?"),
        ("web:8080?picture=yes", "wanted 0 or 1"),
        ("web:8080?origin=localhost", "wanted origins"),
    ],
)
def test_what_cannot_be_understood_is_told(text, says):
    with pytest.raises(UsageError) as caught:
        address_of(text)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True),
     ("0.0.0.0", False), ("::", False), ("192.168.1.5", False), ("localhost.evil.example", False)],
)  # fmt: skip
def test_loopback_is_this_machine_only(host, loopback):
    assert is_loopback(host) is loopback


def test_the_network_sees_nothing_without_a_token():
    with pytest.raises(RefusedError) as caught:
        find_token("web", "0.0.0.0", {})
    assert TOKEN_VARIABLE in str(caught.value)
    assert find_token("web", "0.0.0.0", {TOKEN_VARIABLE: GOOD}) == GOOD


def test_this_machine_needs_no_token_but_keeps_one_that_is_set():
    assert find_token("web", "127.0.0.1", {}) is None
    assert find_token("web", "127.0.0.1", {TOKEN_VARIABLE: GOOD}) == GOOD


@pytest.mark.parametrize("token", ["short", "with a space in it!", "x" * 129, "umlaut-äöü-äöü-äöü"])
def test_a_token_that_a_browser_cannot_send_is_refused_without_being_shown(token):
    with pytest.raises(UsageError) as caught:
        find_token("web", "127.0.0.1", {TOKEN_VARIABLE: token})
    assert token not in str(caught.value)
