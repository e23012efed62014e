"""pi.toml: who the Pi is, who may log in, where its frames come from and where its landmarks go."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from device.config.file import SettingsFile, read_settings_file
from device.config.tables import fill_table, find_problems, merged, secrets_of
from device.config.values import Secret
from device.contract.errors import BadInputError

HOSTNAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
USER = re.compile(r"[a-z_][a-z0-9_-]{0,30}")
PSK = re.compile(r"[0-9a-fA-F]{64}")
COUNTRY = re.compile(r"[A-Z]{2}")
KEY = re.compile(r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+|sk-\S+) [A-Za-z0-9+/=]{40,}( [^\n]*)?")
BROKER = re.compile(r"mqtts?://[A-Za-z0-9._-]+(:\d{1,5})?")
TAKEN_USERS = ("root", "landmarks")


def wanted(fits: bool, name: str, got: str, what: str) -> None:
    """Hold a value to a rule.

    Raises:
        BadInputError: it does not fit; the sentence begins with the key, by which its line is found.
    """
    if not fits:
        raise BadInputError(f"{name} got {got}, wanted {what}")


@dataclass(frozen=True)
class UserSettings:
    """Who may log in, by key only."""

    name: str = "pi"
    """Made at the first start; may use sudo."""
    ssh_keys: tuple[str, ...] = ()
    """Public keys, as in ~/.ssh/id_ed25519.pub."""

    def __post_init__(self) -> None:
        """Check both.

        Raises:
            BadInputError: one does not fit.
        """
        free = bool(USER.fullmatch(self.name)) and self.name not in TAKEN_USERS
        wanted(free, "name", repr(self.name), "a user's name in small letters, not root")
        # A private key pasted here by mistake must not be printed.
        bad = [number for number, key in enumerate(self.ssh_keys, 1) if not KEY.fullmatch(key.strip())]
        wanted(not bad, "ssh_keys", f"number {bad[:1]}", "a public key on one line: ssh-ed25519 AAAA... name")


@dataclass(frozen=True)
class WifiSettings:
    """The wireless network; without an ssid the Pi uses its cable."""

    ssid: str = ""
    """The network's name."""
    psk: str = ""
    """64 hexadecimal digits, as `wpa_passphrase SSID` prints; never the passphrase."""
    country: str = ""
    """Two capital letters; the radio stays silent without."""

    def __post_init__(self) -> None:
        """Check them together.

        Raises:
            BadInputError: one is missing or does not fit.
        """
        if not (self.ssid or self.psk or self.country):
            return
        printable = self.ssid.isprintable() and 1 <= len(self.ssid.encode()) <= 32
        wanted(printable, "ssid", repr(self.ssid), "1 to 32 bytes of text")
        # What was got may be the passphrase: it is counted, not shown.
        many = f"{len(self.psk)} characters"
        wanted(bool(PSK.fullmatch(self.psk)), "psk", many, "64 hexadecimal digits: run wpa_passphrase SSID")
        wanted(bool(COUNTRY.fullmatch(self.country)), "country", repr(self.country), "two letters, as in DE")


@dataclass(frozen=True)
class BrokerSettings:
    """Where landmarks are published; without an address they go to the Pi's own page alone."""

    address: str = ""
    """mqtt://HOST[:PORT] or mqtts://HOST[:PORT]."""
    username: str = ""
    """At the broker; empty: none."""
    password: Annotated[str, Secret()] = ""
    """At the broker."""

    def __post_init__(self) -> None:
        """Check the address.

        Raises:
            BadInputError: it does not fit.
        """
        fits = not self.address or bool(BROKER.fullmatch(self.address))
        wanted(fits, "address", repr(self.address), "mqtt://HOST, mqtt://HOST:PORT or mqtts://...")
        lone = bool(self.password) and not self.username
        wanted(not lone, "username", "none beside a password", "the broker's user, or no password")
        # It is written into an environment file, a line a variable.
        wanted(self.password.isprintable(), "password", "a control character", "printable text")


@dataclass(frozen=True)
class UpdateSettings:
    """Whose updates the Pi installs."""

    signers: tuple[str, ...] = ()
    """Public keys that sign payloads, models and keys; without any, landmarks-update refuses all."""
    revoked: tuple[str, ...] = ()
    """Public keys that are trusted no more; a key that was revoked once stays revoked on the Pi."""

    def __post_init__(self) -> None:
        """Check the keys.

        Raises:
            BadInputError: one is none.
        """
        for name, keys in (("signers", self.signers), ("revoked", self.revoked)):
            bad = [number for number, key in enumerate(keys, 1) if not KEY.fullmatch(key.strip())]
            wanted(not bad, name, f"number {bad[:1]}", "a public key on one line: ssh-ed25519 AAAA... name")


@dataclass(frozen=True)
class PiSettings:
    """One Pi. Every key may be left out."""

    hostname: str = "landmarks"
    """Its name in the network, and the device's name on the broker."""
    source: str = "v4l2:0"
    """Where frames come from: any address that `python -m device run --source` takes."""
    model: str = "small"
    """A shipped model's name."""
    read_only_root: bool = False
    """Whether nothing is written to the card after installation (Raspberry Pi OS' overlay)."""
    user: UserSettings = field(default_factory=UserSettings)
    """Who may log in, by key only."""
    wifi: WifiSettings = field(default_factory=WifiSettings)
    """The wireless network."""
    broker: BrokerSettings = field(default_factory=BrokerSettings)
    """Where landmarks are published."""
    update: UpdateSettings = field(default_factory=UpdateSettings)
    """Whose updates the Pi installs."""

    def __post_init__(self) -> None:
        """Check the Pi's own keys.

        Raises:
            BadInputError: one does not fit.
        """
        named = bool(HOSTNAME.fullmatch(self.hostname))
        wanted(named, "hostname", repr(self.hostname), "small letters, digits and hyphens")
        wanted(self.source.isprintable() and ":" in self.source, "source", repr(self.source), "SCHEME:PLACE")


def read_pi_settings(path: Path, environment: Mapping[str, str]) -> PiSettings:
    """Read and check a pi.toml; the broker's password comes from LANDMARKS_BROKER_PASSWORD.

    Raises:
        BadInputError: `FILE:LINE: got, wanted` of the first mistake.
    """
    file = read_settings_file(path)
    problems = [
        (file.line_of(problem.path) or 1, problem.sentence)
        for problem in find_problems(PiSettings, file.values)
    ]
    if problems:
        line, sentence = min(problems)
        raise BadInputError(f"{path}:{line}: {sentence}")
    try:
        return fill_table(PiSettings, merged(file.values, secrets_of(PiSettings, environment)))
    except BadInputError as error:
        raise BadInputError(f"{path}:{line_of_sentence(file, str(error))}: {error}") from error


def line_of_sentence(file: SettingsFile, sentence: str) -> int:
    """The line that `[TABLE]: KEY got ...` speaks of; a key that is missing is its table's mistake."""
    match = re.match(r"(?:\[([\w.]+)\]: )?(\w+) got", sentence)
    if match is None:
        return 1
    table = tuple(match[1].split(".")) if match[1] else ()
    return file.line_of((*table, match[2])) or file.line_of(table) or 1
