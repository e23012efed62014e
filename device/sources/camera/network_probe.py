"""Find out by a request of our own why a network camera gives no video: FFmpeg does not say."""

import http.client
import socket
from base64 import b64encode
from types import SimpleNamespace
from urllib.request import (
    AbstractDigestAuthHandler,
    HTTPPasswordMgrWithDefaultRealm,
    parse_http_list,
    parse_keqv_list,
)

from device.sources.camera.camera_url import PASSWORD_VARIABLE, USER_VARIABLE, CameraUrl

PROBE_SECONDS = 2.0

UNAUTHORISED = (401, 403)

ENVIRONMENT = f"{USER_VARIABLE} and {PASSWORD_VARIABLE}"


def why_no_video(url: CameraUrl, waited_seconds: float) -> str:
    """One sentence: nobody there, connection refused, wrong password, or no video."""
    try:
        status, challenge = _ask(url, None)
        if status in UNAUTHORISED and url.user and challenge:
            status, _ = _ask(url, _authorization(url, challenge))
    except socket.gaierror:
        return f"no host of the name in {url.shown}; check the address"
    except ConnectionRefusedError:
        return (
            f"{url.shown} refuses the connection: nothing listens at port {url.port}; "
            "check the port, and that the camera's stream is switched on"
        )
    except (OSError, http.client.HTTPException):
        return _no_video(url, waited_seconds)
    if status not in UNAUTHORISED:
        return _no_video(url, waited_seconds)
    if url.user:
        return f"{url.shown} refuses user and password; check them, in the address or in {ENVIRONMENT}"
    return f"{url.shown} wants a user and a password; set {ENVIRONMENT}"


def _no_video(url: CameraUrl, waited_seconds: float) -> str:
    return (
        f"{url.shown} gives no video within {waited_seconds:g} s; check the path with a player, "
        "and that the device is reached"
    )


def _ask(url: CameraUrl, authorization: str | None) -> tuple[int, str]:
    """Status and authentication challenge of the answer to a request for the stream.

    Raises:
        OSError, HTTPException: no connection, or no answer in time.
    """
    headers = {"Authorization": authorization} if authorization else {}
    return _ask_rtsp(url, headers) if url.scheme == "rtsp" else _ask_http(url, headers)


def _ask_http(url: CameraUrl, headers: dict[str, str]) -> tuple[int, str]:
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.host, url.port, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", url.target, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers.get("WWW-Authenticate", "")
    finally:
        connection.close()


def _ask_rtsp(url: CameraUrl, headers: dict[str, str]) -> tuple[int, str]:
    fields = {"CSeq": "1", "Accept": "application/sdp", **headers}
    lines = [f"DESCRIBE {url.bare} RTSP/1.0", *(f"{name}: {value}" for name, value in fields.items())]
    with socket.create_connection((url.host, url.port), PROBE_SECONDS) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        with connection.makefile("rb") as answer:
            words = answer.readline(1000).split()
            if len(words) < 2 or not words[1].isdigit():
                raise http.client.HTTPException
            return int(words[1][:3]), http.client.parse_headers(answer).get("WWW-Authenticate", "")


def _authorization(url: CameraUrl, challenge: str) -> str:
    """The answer to a challenge, Digest or Basic."""
    kind, _, rest = challenge.partition(" ")
    if kind.lower() != "digest":
        return "Basic " + b64encode(f"{url.user}:{url.password}".encode()).decode()
    target = url.bare if url.scheme == "rtsp" else url.target
    passwords = HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, url.bare, url.user, url.password)
    request = SimpleNamespace(
        full_url=url.bare,
        selector=target,
        data=None,
        get_method=lambda: "DESCRIBE" if url.scheme == "rtsp" else "GET",
    )
    values = parse_keqv_list(list(filter(None, parse_http_list(rest))))
    answer = AbstractDigestAuthHandler(passwords).get_authorization(request, values)  # type: ignore[arg-type]
    return f"Digest {answer}"
