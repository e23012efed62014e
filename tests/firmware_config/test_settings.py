"""pi.toml: what is taken, what is refused on which line, and what it becomes on the Pi."""

import subprocess
import tomllib

import pytest

from device.config.file import SettingsFile
from device.config.load import sentences_of
from device.contract.errors import BadInputError
from device.settings import DaemonSettings
from device.sinks import SINKS
from device.sinks.mqtt.settings import read_mqtt_settings
from device.sinks.web.address import is_loopback, parse_web_address
from firmware_config.payload import HERE
from firmware_config.settings import BrokerSettings, PiSettings, UpdateSettings, read_pi_settings
from firmware_config.target_settings import target_files
from tests.needs import need

PSK = "0123456789abcdef" * 4
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFakeFakeFakeFakeFakeFakeFakeFakeFakeFake ada@laptop"


def read(tmp_path, text, **environment):
    path = tmp_path / "pi.toml"
    path.write_text(text)
    return read_pi_settings(path, environment)


def mistake(tmp_path, text):
    with pytest.raises(BadInputError) as refused:
        read(tmp_path, text)
    place, sentence = str(refused.value).removeprefix(f"{tmp_path / 'pi.toml'}:").split(": ", 1)
    return int(place), sentence


def test_the_example_can_be_used_as_it_is_and_says_the_defaults():
    assert read_pi_settings(HERE / "pi.example.toml", {}) == PiSettings()


def test_a_full_file_is_read(tmp_path):
    text = f"""
hostname = "porch"
source = "demo:"
[user]
name = "ada"
ssh_keys = ["{KEY}"]
[wifi]
ssid = "ours"
psk = "{PSK}"
country = "DE"
[broker]
address = "mqtts://broker.local:8884"
username = "porch"
"""
    settings = read(tmp_path, text, LANDMARKS_BROKER_PASSWORD="secret")
    assert settings.user.ssh_keys == (KEY,)
    assert settings.broker.password == "secret"
    assert settings.wifi.country == "DE"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('hostname = "a"\nhots = 1\n', 2, "unknown key 'hots'"),
        ('hostname = "Porch!"\n', 1, "small letters, digits and hyphens"),
        ("hostname = 3\n", 1, "wanted a text"),
        ('\n[user]\nname = "root"\n', 3, "not root"),
        ('[user]\nname = "ada"\nssh_keys = ["-----BEGIN OPENSSH PRIVATE KEY-----"]\n', 3, "a public key"),
        ('[wifi]\nssid = "x"\ncountry = "DE"\npsk = "our passphrase"\n', 4, "got 14 characters"),
        ('[wifi]\nssid = "x"\n', 1, "64 hexadecimal digits"),
        (f'[wifi]\nssid = "x"\npsk = "{PSK}"\ncountry = "Germany"\n', 4, "two letters"),
        ('[broker]\naddress = "broker.local"\n', 2, "mqtt://HOST"),
        ('[broker]\npassword = "x"\n', 2, "LANDMARKS_BROKER_PASSWORD"),
        ('[update]\nsigners = ["mine"]\n', 2, "a public key on one line"),
        ("source = \n", 1, "Invalid value"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path, text, line, said):
    found, sentence = mistake(tmp_path, text)
    assert found == line
    assert said in sentence


def test_a_password_needs_a_user_or_the_broker_would_refuse_both(tmp_path):
    with pytest.raises(BadInputError, match=r"pi\.toml:1: .*username got none beside a password"):
        read(tmp_path, '[broker]\naddress = "mqtt://b"\n', LANDMARKS_BROKER_PASSWORD="secret")


def test_a_passphrase_or_a_private_key_is_never_repeated(tmp_path):
    for text in ('[wifi]\nssid = "x"\npsk = "hunter2"\n', '[user]\nssh_keys = ["hunter2 PRIVATE"]\n'):
        assert "hunter2" not in mistake(tmp_path, text)[1]


def test_what_the_pi_gets_can_be_read_by_the_daemon_that_reads_it(tmp_path):
    settings = PiSettings(hostname="porch", source="demo:", broker=BrokerSettings("mqtt://b:1", "a@b"))
    text = target_files(settings)["daemon.toml"]
    file = SettingsFile(tmp_path / "daemon.toml", text, tomllib.loads(text))
    assert sentences_of(file, DaemonSettings) == []
    assert file.values["sinks"] == ["mqtt://a%40b@b:1/porch"]
    assert file.values["camera"] == {"wait": True}


def test_without_a_broker_landmarks_go_to_the_pis_own_page_and_never_into_the_journal():
    (address,) = tomllib.loads(target_files(PiSettings())["daemon.toml"])["sinks"]
    assert is_loopback(parse_web_address(SINKS.parse(address)).host)
    (default,) = tomllib.loads((HERE / "default.toml").read_text())["sinks"]
    assert default == address


def test_the_brokers_password_goes_into_one_file_and_no_other():
    files = target_files(PiSettings(broker=BrokerSettings("mqtt://b", "u", "s3cret")))
    assert [name for name, text in files.items() if "s3cret" in text] == ["secrets.env"]


def test_the_mqtt_address_is_one_that_the_sink_takes():
    files = target_files(PiSettings(hostname="porch", broker=BrokerSettings("mqtt://b.local:1884", "u")))
    (address,) = tomllib.loads(files["daemon.toml"])["sinks"]
    settings = read_mqtt_settings(SINKS.parse(address), {})
    assert (settings.host, settings.port, settings.user, settings.device) == ("b.local", 1884, "u", "porch")


def test_boards_with_the_default_host_name_leave_their_name_to_the_daemon():
    files = target_files(PiSettings(broker=BrokerSettings("mqtt://b.local", "u")))
    assert tomllib.loads(files["daemon.toml"])["sinks"] == ["mqtt://u@b.local"]


def test_ssh_keygen_trusts_a_signature_of_a_signer_in_the_file(tmp_path):
    need("ssh-keygen")
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    public = key.with_suffix(".pub").read_text()
    (tmp_path / "signers").write_text(
        target_files(PiSettings(update=UpdateSettings((public,))))["allowed_signers"]
    )
    (tmp_path / "data").write_text("data")
    subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-q", "-f", key, "-n", "landmarks", tmp_path / "data"], check=True
    )
    verify = [
        "ssh-keygen",
        "-Y",
        "verify",
        "-q",
        "-f",
        tmp_path / "signers",
        "-I",
        "landmarks",
        "-n",
        "landmarks",
    ]
    subprocess.run([*verify, "-s", tmp_path / "data.sig"], input=b"data", check=True)


def test_a_cameras_password_goes_into_secrets_env_and_out_of_its_address():
    files = target_files(PiSettings(source="rtsp://cam:p%40ss%2Fword@10.0.0.7:554/1?tcp=1"))
    assert tomllib.loads(files["daemon.toml"])["source"] == "rtsp://10.0.0.7:554/1?tcp=1"
    assert files["secrets.env"] == 'LANDMARKS_SOURCE_USER="cam"\nLANDMARKS_SOURCE_PASSWORD="p@ss/word"\n'
    for source in ("v4l2:0?size=640x480", "demo:", "images:/a@b/c"):
        assert tomllib.loads(target_files(PiSettings(source=source))["daemon.toml"])["source"] == source
