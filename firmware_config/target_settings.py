"""The files of /etc/landmarks on the Pi, made of pi.toml."""

import json
from urllib.parse import quote, unquote, urlsplit

from firmware_config.settings import BrokerSettings, PiSettings, UpdateSettings

MODEL_LINK = "/opt/landmarks/model/student.tflite"
"""A link, which landmarks-update points to another model."""

PAGE = "web:8080"
"""The sink without a broker: a page that only the Pi itself may open."""

NAMESPACE = "landmarks"
"""Of the signatures that landmarks-update takes."""


def target_files(settings: PiSettings) -> dict[str, str]:
    """Name and content of each file; only secrets.env holds secrets."""
    files = {
        "daemon.toml": daemon_toml(settings),
        "model": settings.model + "\n",
        "read-only-root": ("yes" if settings.read_only_root else "no") + "\n",
    }
    if secrets := secrets_of(settings):
        lines = [f"{name}={env_quoted(secret)}\n" for name, secret in secrets.items()]
        files["secrets.env"] = "".join(lines)
    return files | key_files(settings.update)


def secrets_of(settings: PiSettings) -> dict[str, str]:
    """Environment variables of secrets.env, which root alone can read: the broker's and the camera's."""
    _, user, password = without_secret(settings.source)
    secrets = {
        "LANDMARKS_MQTT_PASSWORD": settings.broker.password,
        "LANDMARKS_SOURCE_USER": user,
        "LANDMARKS_SOURCE_PASSWORD": password,
    }
    return {name: secret for name, secret in secrets.items() if secret}


def without_secret(source: str) -> tuple[str, str, str]:
    """A network camera's address without its user and password, and these two; empty where it has none."""
    address = urlsplit(source)
    userinfo, at, place = address.netloc.rpartition("@")
    if not at:
        return source, "", ""
    user, _, password = userinfo.partition(":")
    return address._replace(netloc=place).geturl(), unquote(user), unquote(password)


def daemon_toml(settings: PiSettings) -> str:
    """The daemon's settings file; JSON's strings are TOML's."""
    # Never standard output: as a service that is the journal, which would wear out the card.
    # Boards with the default host name would share one name on the broker; the daemon's own default tells
    # them apart.
    device = None if settings.hostname == PiSettings.hostname else settings.hostname
    sink = mqtt_address(settings.broker, device) if settings.broker.address else PAGE
    return (
        "# Made of pi.toml; `landmarks config show` explains each key.\n"
        f"source = {json.dumps(without_secret(settings.source)[0])}\n"
        f"sinks = {json.dumps([sink])}\n"
        f"model = {json.dumps(MODEL_LINK)}\n"
        # A camera that is plugged in later is no reason to fail.
        "[camera]\n"
        "wait = true\n"
    )


def mqtt_address(broker: BrokerSettings, device: str | None) -> str:
    """The sink's address: SCHEME://[USER@]HOST[:PORT][/DEVICE]."""
    scheme, _, place = broker.address.partition("://")
    user = f"{quote(broker.username, safe='')}@" if broker.username else ""
    return f"{scheme}://{user}{place}" + (f"/{device}" if device else "")


def env_quoted(text: str) -> str:
    """A value of systemd's EnvironmentFile=, where a quoted text knows the backslash."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`")
    return f'"{escaped}"'


def key_files(update: UpdateSettings) -> dict[str, str]:
    """The files that ssh-keygen verifies by: trusted signers, and revoked keys where there are any."""
    files = {}
    if update.signers:
        files["allowed_signers"] = allowed_signers(update.signers)
    if update.revoked:
        files["revoked_keys"] = "".join(f"{key.strip()}\n" for key in update.revoked)
    return files


def allowed_signers(keys: tuple[str, ...]) -> str:
    """The file of ssh-keygen(1), ALLOWED SIGNERS: only for our namespace."""
    return "".join(f'landmarks namespaces="{NAMESPACE}" {key.strip()}\n' for key in keys)
