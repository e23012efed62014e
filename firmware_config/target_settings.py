"""What pi.toml means on the Pi: the files that install.sh puts into /etc/landmarks."""

import json
from urllib.parse import quote

from firmware_config.settings import BrokerSettings, PiSettings

MODEL_LINK = "/opt/landmarks/model/student.tflite"
"""landmarks-update exchanges what this link leads to."""

PAGE = "web:8080"
"""Where landmarks go without a broker: a page that only the Pi itself may open."""

NAMESPACE = "landmarks"
"""Of the signatures that landmarks-update takes."""


def target_files(settings: PiSettings) -> dict[str, str]:
    """Name and content of each file; secrets.env is the only one with a secret."""
    files = {
        "daemon.toml": daemon_toml(settings),
        "model": settings.model + "\n",
        "read-only-root": ("yes" if settings.read_only_root else "no") + "\n",
    }
    if settings.broker.password:
        files["secrets.env"] = f"LANDMARKS_MQTT_PASSWORD={env_quoted(settings.broker.password)}\n"
    if settings.update.signers:
        files["allowed_signers"] = allowed_signers(settings.update.signers)
    return files


def daemon_toml(settings: PiSettings) -> str:
    """The daemon's settings file; JSON's strings are TOML's."""
    # Never standard output: as a service that is the journal, which would wear out the card.
    # Boards with the default host name would share one name on the broker; the daemon's own default tells
    # them apart.
    device = None if settings.hostname == PiSettings.hostname else settings.hostname
    sink = mqtt_address(settings.broker, device) if settings.broker.address else PAGE
    return (
        "# Made of pi.toml; `landmarks config show` explains each key.\n"
        f"source = {json.dumps(settings.source)}\n"
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


def allowed_signers(keys: tuple[str, ...]) -> str:
    """The file of ssh-keygen(1), ALLOWED SIGNERS: only for our namespace."""
    return "".join(f'landmarks namespaces="{NAMESPACE}" {key.strip()}\n' for key in keys)
