"""The settings in an `mqtt:` or `mqtts:` address, checked; secrets come from the environment or a file."""

import hashlib
import os
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal
from urllib.parse import SplitResult, unquote, urlsplit

from device.config.address import Address
from device.config.values import Parsed, Within, shown
from device.contract.errors import BadInputError, UsageError
from device.contract.files import read_bounded
from device.support.machine import machine_tag
from device.support.paths import path_of

PASSWORD_VARIABLE = "LANDMARKS_MQTT_PASSWORD"  # noqa: S105 - the name, not the secret
"""Environment variable that holds the broker's password."""

FORM = "{scheme}://[USER@]HOST[:PORT][/DEVICE]"

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

MAX_PEM_BYTES = 4_000_000
"""Of a certificate file; a system's whole bundle has 0.2 MB."""

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
        ca, cert, key = (None if name is None else path_of(name) for name in (self.ca, self.cert, self.key))
        try:
            for path in (ca, cert, key):
                # OpenSSL would wait for a pipe, and read a device without end.
                if path is not None:
                    read_bounded(path, MAX_PEM_BYTES)
            context = ssl.create_default_context(cafile=ca)
            if cert is not None:
                context.load_cert_chain(cert, key)
        except (OSError, ssl.SSLError, BadInputError) as error:
            files = ", ".join(name for name in (self.ca, self.cert, self.key) if name)
            reason = getattr(error, "strerror", None) or error
            raise BadInputError(
                f"broker {self.address}: cannot use the certificates {files} ({reason}); "
                "give readable PEM files, and the key that belongs to the certificate"
            ) from error
        return context


def _read_prefix(text: str) -> str:
    if len(text) > MAX_PREFIX or not PREFIX.fullmatch(text):
        raise ValueError(text)
    return text


@dataclass(frozen=True)
class MqttOptions:
    """Options of `mqtt:` and `mqtts:`."""

    version: Literal["5", "3.1.1"] = "5"
    """Of MQTT."""
    encoding: Literal["json", "cbor"] = "json"
    """Of the frames topic."""
    prefix: Annotated[
        str, Parsed(f"at most {MAX_PREFIX} letters, digits, . _ - and / between levels", _read_prefix)
    ] = DEFAULT_PREFIX
    """Topic levels before the device's name."""
    password_file: str | None = None
    """File with the broker's password; by default LANDMARKS_MQTT_PASSWORD."""
    ca: str | None = None
    """PEM file of the authority that signed the broker's certificate; by default the system's."""
    cert: str | None = None
    """PEM file of this device's certificate, where the broker wants one."""
    key: str | None = None
    """PEM file of its key."""
    discovery: bool = False
    """Whether the device is announced to Home Assistant."""
    round_trip: Annotated[float, Within(0.1, 3600)] | None = None
    """Seconds between measurements of the time from capture through the broker and back; by default none."""


def read_mqtt_settings(
    uri: Address[MqttOptions], environment: Mapping[str, str] = os.environ
) -> MqttSettings:
    """Settings in an address such as `//user@host:1883/DEVICE`.

    Raises:
        UsageError: an address that cannot be understood, or a password without a user.
        BadInputError: the password file cannot be read.
    """
    parts, options = check_mqtt_address(uri), uri.options
    user = unquote(parts.username) if parts.username else None
    password = _password(options.password_file, environment)
    if password is not None and user is None:
        raise UsageError(f"sink {uri.scheme}: a password without a user; write {uri.scheme}://USER@HOST")
    return MqttSettings(
        host=parts.hostname or "",
        port=parts.port or PORTS[uri.scheme],
        device=_device_name(uri, parts),
        tls=uri.scheme == "mqtts",
        user=user,
        password=password,
        version=options.version,
        encoding=options.encoding,
        prefix=options.prefix,
        ca=options.ca,
        cert=options.cert,
        key=options.key,
        discovery=options.discovery,
        round_trip=options.round_trip or 0.0,
    )


def check_mqtt_address(uri: Address[MqttOptions]) -> SplitResult:
    """The address as a URL; neither environment nor files are read.

    Raises:
        UsageError: no host, a wrong port or name, a password in the address, options that do not fit.
    """
    options = uri.options
    tls_only = [name for name in ("ca", "cert", "key") if getattr(options, name) is not None]
    if uri.scheme == "mqtt" and tls_only:
        raise UsageError(f"sink mqtt: option {tls_only[0]} is for encrypted connections; write mqtts:")
    if (options.cert is None) != (options.key is None):
        raise UsageError(f"sink {uri.scheme}: options cert and key belong together; give both")
    parts = _split(uri)
    _device_name(uri, parts)
    return parts


def _split(uri: Address[MqttOptions]) -> SplitResult:
    """The address as a URL.

    Raises:
        UsageError: no host, a wrong port, or a password, which is not repeated.
    """
    wanted = f"wanted {FORM.format(scheme=uri.scheme)}"
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


def _device_name(uri: Address[MqttOptions], parts: SplitResult) -> str:
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
