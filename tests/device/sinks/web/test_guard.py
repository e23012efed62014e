"""Who may look: tokens, origins and names, each right and wrong."""

import pytest
from websockets.datastructures import Headers

from device.sinks.web import guard as rules
from device.sinks.web.guard import Guard, WrongTokens

TOKEN = "0123456789abcdef"
NO_OTHERS: frozenset[str] = frozenset()
PEER = "192.0.2.7"


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
    assert Guard(NO_OTHERS, TOKEN).check_viewer(headers(Host="pi:8080", **shown), PEER) is None


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
    refusal = Guard(NO_OTHERS, TOKEN).check_viewer(headers(Host="pi:8080", **shown), PEER)
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
    assert status(Guard(NO_OTHERS, None).check_viewer(headers(Host=host, Origin=origin), PEER)) == wanted


def test_a_page_that_was_named_may_open_the_stream_and_programs_have_no_origin():
    guard = Guard(frozenset({"http://localhost:5173"}), None)
    named = headers(Host="localhost:8080", Origin="http://localhost:5173")
    assert guard.check_viewer(named, PEER) is None
    assert Guard(NO_OTHERS, None).check_viewer(headers(Host="localhost:8080"), PEER) is None


def test_a_right_token_does_not_excuse_a_wrong_origin():
    shown = headers(Host="pi:8080", Origin="https://evil.example", Authorization=f"Bearer {TOKEN}")
    assert status(Guard(NO_OTHERS, TOKEN).check_viewer(shown, PEER)) == 403


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("localhost:8080", None), ("127.0.0.1:8080", None), ("[::1]:8080", None),
        ("evil.example:8080", 403), ("", 403), ("127.0.0.1.evil.example", 403),
        ("[broken", 403), ("localhost@evil.example", 403),
    ],
)  # fmt: skip
def test_without_a_token_a_name_that_was_pointed_at_us_is_refused(host, wanted):
    assert status(Guard(NO_OTHERS, None).check_host(headers(Host=host))) == wanted


def test_with_a_token_any_name_of_ours_will_do():
    assert Guard(NO_OTHERS, TOKEN).check_host(headers(Host="pi.local:8080")) is None


def test_two_host_headers_are_no_host():
    doubled = Headers([("Host", "localhost"), ("Host", "evil.example")])
    assert status(Guard(NO_OTHERS, None).check_host(doubled)) == 403


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def attempt(guard, token, peer=PEER):
    return status(guard.check_viewer(headers(Host="pi:8080", Authorization=f"Bearer {token}"), peer))


def test_after_ten_wrong_tokens_attempts_are_slowed_for_that_address_only():
    clock = Clock()
    guard = Guard(NO_OTHERS, TOKEN, clock)
    assert [attempt(guard, "wrong") for _ in range(11)] == [401] * 10 + [429]
    assert attempt(guard, TOKEN) == 429
    assert attempt(guard, TOKEN, "192.0.2.8") is None
    clock.now += rules.SLOW_SECONDS
    assert attempt(guard, TOKEN) is None
    assert attempt(guard, "wrong") == 401
    assert attempt(guard, "wrong") == 429
    # However fast it asks: one attempt each two seconds.
    tried = []
    for _ in range(100):
        clock.now += 0.125
        tried.append(attempt(guard, "wrong"))
    assert tried.count(401) == 100 * 0.125 // rules.SLOW_SECONDS


def test_one_request_is_one_attempt():
    guesses = ", ".join([*(f"token.guess{number}" for number in range(100)), f"token.{TOKEN}"])
    shown = headers(Host="pi:8080", Sec_WebSocket_Protocol=guesses)
    assert status(Guard(NO_OTHERS, TOKEN).check_viewer(shown, PEER)) == 401


def test_asking_without_a_token_is_no_attempt():
    guard = Guard(NO_OTHERS, TOKEN, Clock())
    assert {status(guard.check_viewer(headers(Host="pi:8080"), PEER)) for _ in range(50)} == {401}
    assert attempt(guard, TOKEN) is None


def test_a_quiet_address_is_forgotten_and_only_so_many_are_remembered():
    clock = Clock()
    wrong = WrongTokens(clock)
    for _ in range(20):
        wrong.note(PEER)
    assert wrong.must_wait(PEER)
    clock.now += rules.FORGET_SECONDS + 1
    wrong.note(PEER)
    assert not wrong.must_wait(PEER)
    for number in range(5000):
        wrong.note(f"198.51.100.{number}")
    assert len(wrong._seen) == rules.MAX_ADDRESSES
