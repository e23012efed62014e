"""The settings in an `mqtt:` or `mqtts:` address, checked; secrets come from the environment or a file."""

import hashlib
import os
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from device.contract.errors import BadInputError, UsageError
from device.contract.files import read_bounded
from device.sinks.uri import Option, SinkUri, number, one_of, shown, switch
from device.support.machine import machine_tag
from device.support.paths import path_of

PASSWORD_VARIABLE = "LANDMARKS_MQTT_PASSWORD"  # noqa: S105 - the name, not the secret
"""Environment variable that holds the broker's password."""

PORTS = {"mqtt": 1883, "mqtts": 8883}
"""Default port of each scheme."""

DEVICE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""A device's name: one level of a topic, and part of a client id."""

DEFAULT_PREFIX = "landmarks"

PREFIX = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
"""Levels that stand before the device's name."""

MAX_PREFIX = 200
"""Characters."""

MAX_PASSWORD_BYTES = 4096

DIGEST_DIGITS = 8
"""Of the hash that tells names apart where characters had to be replaced."""

LIKE_DIGEST = re.compile(rf".*-[0-9a-f]{{{DIGEST_DIGITS}}}")
"""A name that could be mistaken for one with such a hash."""


@dataclass(frozen=True)
class MqttSettings:
    """Which broker, as whom, under which name."""

    host: str
    """Name or address."""
    port: int
    """TCP."""
    device: str
    """The device's name: the level of its topics after the prefix."""
    tls: bool = False
    """Whether the connection is encrypted."""
    user: str | None = None
    """None: anonymous."""
    password: str | None = field(default=None, repr=False)
    """Never shown."""
    version: str = "5"
    """Of MQTT: 5 or 3.1.1."""
    encoding: str = "json"
    """Of the frames topic: json or cbor."""
    prefix: str = DEFAULT_PREFIX
    """Levels before the device's name."""
    ca: str | None = None
    """PEM file of the authority that signed the broker's certificate; None: the system's."""
    cert: str | None = None
    """PEM file of this device's certificate; None: the broker wants none."""
    key: str | None = field(default=None, repr=False)
    """PEM file of its key."""
    discovery: bool = False
    """Whether the device is announced to Home Assistant."""
    round_trip: float = 0.0
    """Seconds between measurements of the time from capture through the broker and back; 0: none."""

    @property
    def topic(self) -> str:
        """What all topics of this device begin with."""
        return f"{self.prefix}/{self.device}"

    @property
    def client_id(self) -> str:
        """Under which the broker knows us; no two devices of one broker share it, whatever their prefix."""
        if self._is_plain:
            return f"{self.prefix}-{self.device}"
        return f"{self.prefix.replace('/', '-')}-{self.device}-{self._digest}"

    @property
    def discovery_id(self) -> str:
        """The device's level in Home Assistant's topics, which may have no dot; unique as `client_id` is."""
        if self._is_plain and "." not in self.device:
            return self.device
        return f"{self.device.replace('.', '_')}-{self._digest}"

    @property
    def _is_plain(self) -> bool:
        """Whether the device's name alone tells it from every other."""
        return self.prefix == DEFAULT_PREFIX and not LIKE_DIGEST.fullmatch(self.device)

    @property
    def _digest(self) -> str:
        return hashlib.sha256(self.topic.encode()).hexdigest()[:DIGEST_DIGITS]

    @property
    def address(self) -> str:
        """HOST:PORT, for people."""
        return f"{self.host}:{self.port}"

    def tls_context(self) -> ssl.SSLContext:
        """Loads the certificates; checks the broker's name and signature.

        Raises:
            BadInputError: a certificate or key that cannot be read.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.cert is not None:
                context.load_cert_chain(self.cert, self.key)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(name for name in (self.ca, self.cert, self.key) if name)
            raise BadInputError(
                f"broker {self.address}: cannot use the certificates {files} ({error.strerror or error}); "
                "give readable PEM files, and the key that belongs to the certificate"
            ) from error
        return context


def _prefix_option() -> Option:
    def read(text: str) -> str:
        if len(text) > MAX_PREFIX or not PREFIX.fullmatch(text):
            raise ValueError(text)
        return text

    return f"at most {MAX_PREFIX} letters, digits, . _ - and / between levels", read


OPTIONS: dict[str, Option] = {
    "version": one_of("5", "3.1.1"),
    "encoding": one_of("json", "cbor"),
    "prefix": _prefix_option(),
    "password_file": ("a file", str),
    "ca": ("a PEM file", str),
    "cert": ("a PEM file", str),
    "key": ("a PEM file", str),
    "discovery": switch(),
    "round_trip": number(0.1, 3600),
}
"""Options of both schemes."""


def read_mqtt_settings(uri: SinkUri, environment: Mapping[str, str] = os.environ) -> MqttSettings:
    """Settings in an address such as `//user@host:1883/DEVICE`.

    Raises:
        UsageError: no host, a wrong port or name, a password in the address, an unknown option.
        BadInputError: the password file cannot be read.
    """
    parts = _split(uri)
    values = uri.read_options(OPTIONS)
    tls_only = sorted({"ca", "cert", "key"} & values.keys())
    if uri.scheme == "mqtt" and tls_only:
        raise UsageError(f"sink mqtt: option {tls_only[0]} is for encrypted connections; write mqtts:")
    if ("cert" in values) != ("key" in values):
        raise UsageError(f"sink {uri.scheme}: options cert and key belong together; give both")
    user = unquote(parts.username) if parts.username else None
    password = _password(values.pop("password_file", None), environment)
    if password is not None and user is None:
        raise UsageError(f"sink {uri.scheme}: a password without a user; write {uri.scheme}://USER@HOST")
    return MqttSettings(
        host=parts.hostname or "",
        port=parts.port or PORTS[uri.scheme],
        device=_device_name(uri, parts),
        tls=uri.scheme == "mqtts",
        user=user,
        password=password,
        **values,
    )


def _split(uri: SinkUri) -> SplitResult:
    """The address as a URL.

    Raises:
        UsageError: no host, a wrong port, or a password, which is not repeated.
    """
    wanted = f"wanted {uri.form}"
    if not uri.place.startswith("//"):
        raise UsageError(f"sink {uri.scheme}: lacks its //, {wanted}")
    try:
        parts = urlsplit(f"{uri.scheme}:{uri.place}")
        parts.port  # noqa: B018 - raises where it is no port
    except ValueError as error:
        raise UsageError(f"sink {uri.scheme}: host or port cannot be read, {wanted}") from error
    if parts.password is not None:
        raise UsageError(
            f"sink {uri.scheme}: a password in an address can be read by everybody on the machine; "
            f"put it into the variable {PASSWORD_VARIABLE} or a file, ?password_file=FILE"
        )
    if not re.fullmatch(r"[A-Za-z0-9_.:%-]{1,253}", parts.hostname or "") or parts.port == 0:
        raise UsageError(f"sink {uri.scheme}: lacks a broker's name or port, {wanted}")
    return parts


def default_device_name() -> str:
    """The host's name, and what tells this machine from others that have the same one, as fresh boards do."""
    host = re.sub(r"[^A-Za-z0-9_.-]", "-", socket.gethostname())[:50]
    tag = machine_tag()
    return f"{host}-{tag}" if tag else host


def _device_name(uri: SinkUri, parts: SplitResult) -> str:
    name = parts.path.removeprefix("/") or default_device_name()
    if not DEVICE_NAME.fullmatch(name):
        raise UsageError(
            f"sink {uri.scheme}: device name {shown(name)}, wanted 1 to 64 letters, digits, . _ or -"
        )
    return name


def _password(file: str | None, environment: Mapping[str, str]) -> str | None:
    if file is None:
        return environment.get(PASSWORD_VARIABLE)
    try:
        return read_bounded(path_of(file), MAX_PASSWORD_BYTES).decode().rstrip("\r\n")
    except (BadInputError, UnicodeDecodeError) as error:
        raise BadInputError(f"password file: {error}; give a short text file") from error
