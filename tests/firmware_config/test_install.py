"""install.sh, switch.sh and landmarks-update as they are, in another root; stand-ins for what only a Pi has.

The payload is a small one: its device is a program of four lines that passes or fails its self-test as
told. The shell code, the virtual environment, pip, the links and the signatures are real.
"""

import fcntl
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from device.contract.files import sha256_of
from firmware_config.payload import (
    HERE,
    MANIFEST,
    TARGET_FILES,
    compress,
    manifest_text,
    pack,
    pack_keys,
    set_modes,
)
from firmware_config.settings import UpdateSettings
from firmware_config.target_settings import allowed_signers
from tests.firmware_config.conftest import do_without
from tests.firmware_config.garbled import SHIPPED, write_garbled_model
from tests.needs import need

pytestmark = pytest.mark.slow

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"

STAND_INS = {
    "uname": "echo aarch64",
    # A service is active when the release that is current says so.
    "systemctl": """
case $1 in
restart | enable | daemon-reload | reset-failed | disable) echo "$*" >>"$LANDMARKS_ROOT/systemctl.log" ;;
is-active) [ ! -e "$LANDMARKS_ROOT/opt/landmarks/current/never-online" ] &&
    [ ! -e "$LANDMARKS_ROOT/opt/landmarks/model/never-online" ] ;;
show) echo 0 ;;
esac""",
    "systemd-sysusers": "exit 0",
    "systemd-tmpfiles": "exit 0",
    "udevadm": "exit 0",
    "sync": "exit 0",
    "dpkg-query": "case $* in *picamera2*) exit 1 ;; *) echo install ok installed ;; esac",
    "apt-get": 'echo "E: no network" >&2; exit 100',
}

DEVICE = """
import sys
words = sys.argv[1:]
model = words[words.index("--model") + 1] if "--model" in words else "small"
junk = model != "small" and "junk" in open(model).read()
sys.exit(4 if junk or words[0] == VERDICT else 0)
"""


def write_wheel(path: Path, files: dict[str, str]) -> Path:
    """A wheel by hand: its files and the three of its record."""
    name, version = path.name.split("-")[:2]
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in {
            **files,
            f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{about}/RECORD": "",
        }.items():
            archive.writestr(file, text)
    return path


def device_wheel(folder: Path, verdict: str) -> Path:
    """A wheel named like the device's, whose program fails one of its commands."""
    return write_wheel(
        folder / "landmarks-0.1.0-py3-none-any.whl",
        {
            "device/__init__.py": "",
            "device/__main__.py": DEVICE.replace("VERDICT", repr(verdict)),
            "device/models/small/student.tflite": "shipped",
        },
    )


def small_wheel(folder: Path) -> Path:
    """A locked wheel: one module."""
    return write_wheel(folder / "small-1.0-py3-none-any.whl", {"small.py": ""})


@pytest.fixture(scope="session")
def pip_wheel(tmp_path_factory):
    """The locked pip; the only wheel of the small payload that comes from outside."""
    need("zstd", "ssh-keygen")
    folder = tmp_path_factory.mktemp("pip")
    lock = HERE.parent / "requirements" / f"pi-{PYTHON}.lock"
    if not lock.is_file():
        do_without(f"this is Python {PYTHON}, which no Pi has; its lock is needed here")
    (line,) = [line for line in lock.read_text().splitlines() if line.startswith("pip==")]
    (folder / "lock").write_text(line + "\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
    done = subprocess.run([*command, "-r", folder / "lock"], capture_output=True, text=True, check=False)
    if done.returncode:
        do_without(f"no package index to fetch pip's wheel from: {done.stderr.strip().splitlines()[-1]}")
    return folder


class Pi:
    """A folder that stands for a Pi's root."""

    def __init__(self, root: Path, pip: Path) -> None:
        self.root, self.pip = root / "root", pip
        self.work = root
        (self.root / "opt/landmarks").mkdir(parents=True)
        tools = root / "tools"
        tools.mkdir()
        for name, text in STAND_INS.items():
            (tools / name).write_text(f"#!/bin/sh\n{text}\n")
            (tools / name).chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{tools}:{Path(sys.executable).resolve().parent}:{os.environ['PATH']}",
            "LANDMARKS_ROOT": str(self.root),
            "LANDMARKS_ONLINE_SECONDS": "2",
            "LANDMARKS_SETTLE_SECONDS": "0",
        }

    def payload(self, release: str, verdict: str = "", online: bool = True) -> Path:
        """Lay out a payload: the real scripts and files, a device with a verdict."""
        tree = self.work / f"payload-{release}"
        tree.mkdir()
        for name in TARGET_FILES:
            copy = shutil.copytree if (HERE / name).is_dir() else shutil.copyfile
            copy(HERE / name, tree / name)
        (tree / "wheels").mkdir()
        device_wheel(tree / "wheels", verdict)
        shutil.copy(next(self.pip.glob("*.whl")), tree / "wheels")
        small = small_wheel(tree / "wheels")
        lock = (self.pip / "lock").read_text() + f"small==1.0 --hash=sha256:{sha256_of(small)}\n"
        (tree / f"pi-{PYTHON}.lock").write_text(lock)
        (tree / "RELEASE").write_text(release + "\n")
        if not online:
            (tree / "never-online").write_text("")
        set_modes(tree)
        (tree / MANIFEST).write_text(manifest_text(tree))
        return tree

    def run(self, *words) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["sh", *map(str, words)], env=self.environment, capture_output=True, text=True, check=False
        )

    def install(self, release, *words, **more):
        return self.run(self.payload(release, **more) / "install.sh", *words)

    def update(self, *words):
        return self.run(self.root / "opt/landmarks/current/bin/landmarks-update", *words)

    def link(self, name):
        path = self.root / "opt/landmarks" / name
        return path.readlink().name if path.is_symlink() else None


@pytest.fixture
def pi(tmp_path, pip_wheel):
    return Pi(tmp_path, pip_wheel)


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


def trust(pi, key):
    public = key.with_suffix(".pub").read_text()
    (pi.root / "etc/landmarks/allowed_signers").write_text(allowed_signers((public,)))


def archive_of(tree, path):
    path.write_bytes(compress(pack(tree)))
    return path


def sign(archive, key):
    subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-q", "-f", key, "-n", "landmarks", archive],
        check=True,
        capture_output=True,
    )
    return archive


def test_a_first_installation_lays_out_everything_and_goes_on_without_a_wanted_package(pi):
    done = pi.install("1")
    assert done.returncode == 0, done.stderr
    assert "python3-picamera2 is not to be had here" in done.stdout
    assert pi.link("current") == "1"
    assert (pi.root / "etc/systemd/system/landmarks.service").is_file()
    assert (pi.root / "etc/landmarks/daemon.toml").read_text() == (HERE / "default.toml").read_text()
    assert (pi.root / "opt/landmarks/model/student.tflite").read_text() == "shipped"
    assert os.access(pi.root / "usr/local/sbin/landmarks-update", os.X_OK)
    log = (pi.root / "systemctl.log").read_text().splitlines()
    assert "enable --quiet --no-reload landmarks.service" in log
    configuration = (pi.root / "opt/landmarks/releases/1/venv/pyvenv.cfg").read_text()
    assert "include-system-site-packages = true" in configuration


def test_installing_twice_changes_nothing_and_keeps_the_owners_settings(pi):
    tree = pi.payload("1")
    assert pi.run(tree / "install.sh").returncode == 0
    settings = pi.root / "etc/landmarks/daemon.toml"
    settings.write_text('source = "demo:"\n')
    stamp = (pi.root / "opt/landmarks/releases/1/.whole").stat().st_mtime_ns
    assert pi.run(tree / "install.sh").returncode == 0
    assert settings.read_text() == 'source = "demo:"\n'
    assert (pi.root / "opt/landmarks/releases/1/.whole").stat().st_mtime_ns == stamp
    assert pi.link("current.previous") is None


def test_settings_that_come_along_replace_those_that_are_there_with_secrets_for_root_only(pi, tmp_path):
    staged = tmp_path / "settings"
    staged.mkdir()
    (staged / "daemon.toml").write_text('source = "v4l2:0"\n')
    (staged / "secrets.env").write_text('LANDMARKS_MQTT_PASSWORD="x"\n')
    assert pi.install("1", staged).returncode == 0
    kept = pi.root / "etc/landmarks"
    assert (kept / "daemon.toml").read_text() == 'source = "v4l2:0"\n'
    assert (kept / "secrets.env").stat().st_mode & 0o777 == 0o600


def test_a_new_release_keeps_one_to_go_back_to_and_going_back_works_both_ways(pi):
    for release in ("1", "2", "3"):
        assert pi.install(release).returncode == 0
    assert (pi.link("current"), pi.link("current.previous")) == ("3", "2")
    assert sorted(path.name for path in (pi.root / "opt/landmarks/releases").iterdir()) == ["2", "3"]
    back = pi.run(pi.root / "opt/landmarks/current/install.sh", "--back")
    assert back.returncode == 0, back.stderr
    assert (pi.link("current"), pi.link("current.previous")) == ("2", "3")


def test_there_is_nothing_before_the_first_release(pi):
    assert pi.install("1").returncode == 0
    back = pi.run(pi.root / "opt/landmarks/current/install.sh", "--back")
    assert back.returncode == 6
    assert "no release before this one" in back.stderr


def test_a_release_that_fails_its_self_test_is_never_switched_to(pi):
    assert pi.install("1").returncode == 0
    done = pi.install("2", verdict="selftest")
    assert done.returncode == 4
    assert "fails its self-test" in done.stderr
    assert pi.link("current") == "1"


def test_a_release_that_cannot_use_the_settings_is_never_switched_to(pi):
    assert pi.install("1").returncode == 0
    assert pi.install("2", verdict="config").returncode == 3
    assert pi.link("current") == "1"


def test_a_release_that_is_not_online_in_time_is_taken_back_with_its_unit(pi):
    assert pi.install("1").returncode == 0
    tree = pi.payload("2", online=False)
    unit = tree / "rootfs/etc/systemd/system/landmarks.service"
    unit.write_text("[Service]\nExecStart=/bin/false\n")
    (tree / MANIFEST).unlink()
    (tree / MANIFEST).write_text(manifest_text(tree))
    done = pi.run(tree / "install.sh")
    assert done.returncode == 4
    assert "went back to 1 with its settings and model, which is" in done.stderr
    assert pi.link("current") == "1"
    here = (pi.root / "etc/systemd/system/landmarks.service").read_text()
    assert here == (HERE / "rootfs/etc/systemd/system/landmarks.service").read_text()


def test_a_first_release_that_is_not_online_says_that_there_is_none_to_go_back_to(pi):
    done = pi.install("1", online=False)
    assert done.returncode == 4
    assert "none to go back to" in done.stderr


def test_a_payload_with_one_changed_byte_is_refused(pi):
    tree = pi.payload("1")
    (tree / "default.toml").write_text("other")
    done = pi.run(tree / "install.sh")
    assert done.returncode == 8
    assert pi.link("current") is None


def test_another_processor_is_refused(pi):
    (pi.work / "tools/uname").write_text("#!/bin/sh\necho armv7l\n")
    done = pi.install("1")
    assert done.returncode == 6
    assert "armv7l" in done.stderr


def test_a_needed_package_that_cannot_be_had_stops_the_installation(pi):
    (pi.work / "tools/dpkg-query").write_text("#!/bin/sh\nexit 1\n")
    done = pi.install("1")
    assert done.returncode == 5
    assert "check the network" in done.stderr


def test_a_list_that_is_too_old_is_fetched_once_for_all_packages(pi):
    (pi.work / "tools/dpkg-query").write_text("#!/bin/sh\nexit 1\n")
    # apt-get as on an image without lists: nothing can be installed before an update.
    (pi.work / "tools/apt-get").write_text(
        '#!/bin/sh\necho "$1" >>"$LANDMARKS_ROOT/apt.log"\n'
        'if [ "$1" = update ]; then touch "$LANDMARKS_ROOT/lists"; fi\n[ -e "$LANDMARKS_ROOT/lists" ]\n'
    )
    assert pi.install("1").returncode == 0
    verbs = (pi.root / "apt.log").read_text().split()
    assert verbs[:3] == ["install", "update", "install"]
    assert verbs.count("update") == 1


def test_an_installation_cut_off_half_way_is_done_again_from_the_start(pi):
    half = pi.root / "opt/landmarks/releases/1"
    half.mkdir(parents=True)
    (half / "rubbish").write_text("of a power cut")
    assert pi.install("1").returncode == 0
    assert not (half / "rubbish").exists()


def test_a_signed_payload_is_installed(pi, key, tmp_path):
    assert pi.install("1").returncode == 0
    trust(pi, key)
    archive = sign(archive_of(pi.payload("2"), tmp_path / "payload.tar.zst"), key)
    done = pi.update(archive)
    assert done.returncode == 0, done.stderr
    assert pi.link("current") == "2"
    assert not list((pi.root / "opt/landmarks").glob(".update*"))


@pytest.mark.parametrize("spoil", ["unsigned", "stranger", "changed", "untrusted", "namespace"])
def test_what_no_trusted_signer_has_signed_is_refused(pi, key, tmp_path, spoil):
    assert pi.install("1").returncode == 0
    if spoil != "untrusted":
        trust(pi, key)
    archive = archive_of(pi.payload("2"), tmp_path / "payload.tar.zst")
    signer = key
    if spoil == "stranger":
        signer = tmp_path / "other"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", signer], check=True)
    if spoil == "namespace":
        subprocess.run(
            ["ssh-keygen", "-Y", "sign", "-q", "-f", key, "-n", "git", archive],
            check=True,
            capture_output=True,
        )
    elif spoil != "unsigned":
        sign(archive, signer)
    if spoil == "changed":
        archive.write_bytes(archive.read_bytes() + b"\0")
    done = pi.update(archive)
    assert done.returncode == 6, done.stderr
    assert pi.link("current") == "1"


def model_archive(tmp_path, key, text, **more):
    tree = tmp_path / f"model-{text}"
    tree.mkdir()
    (tree / "student.tflite").write_text(text)
    (tree / "student.json").write_text("{}")
    for name, content in more.items():
        (tree / name.replace("_", "-")).write_text(content)
    return sign(archive_of(tree, tmp_path / f"{text}.model.tar.zst"), key)


def test_a_signed_model_is_switched_to_and_stays_with_the_next_release(pi, key, tmp_path):
    assert pi.install("1").returncode == 0
    trust(pi, key)
    done = pi.update(model_archive(tmp_path, key, "better"))
    assert done.returncode == 0, done.stderr
    assert (pi.root / "opt/landmarks/model/student.tflite").read_text() == "better"
    assert pi.install("2").returncode == 0
    assert (pi.root / "opt/landmarks/model/student.tflite").read_text() == "better"
    assert pi.update("--model-back").returncode == 0
    assert (pi.root / "opt/landmarks/model/student.tflite").read_text() == "shipped"


def test_a_model_that_fails_its_self_test_is_not_switched_to(pi, key, tmp_path):
    assert pi.install("1").returncode == 0
    trust(pi, key)
    done = pi.update(model_archive(tmp_path, key, "junk"))
    assert done.returncode == 4
    assert (pi.root / "opt/landmarks/model/student.tflite").read_text() == "shipped"


def test_the_real_self_test_lets_the_shipped_model_pass_and_noise_not(tmp_path):
    """As landmarks-update asks it: the function of names.sh, with this machine's own device."""

    def is_right(model):
        script = f". {HERE / 'names.sh'}; is_right {sys.executable} {model / 'student.tflite'}"
        return subprocess.run(["sh", "-c", script], cwd=HERE.parent, capture_output=True, check=False)

    assert is_right(SHIPPED).returncode == 0
    assert is_right(write_garbled_model(tmp_path / "garbled")).returncode != 0


def test_a_model_that_is_not_online_in_time_is_taken_back(pi, key, tmp_path):
    assert pi.install("1").returncode == 0
    trust(pi, key)
    done = pi.update(model_archive(tmp_path, key, "slow", never_online=""))
    assert done.returncode == 4
    assert (pi.root / "opt/landmarks/model/student.tflite").read_text() == "shipped"


def staged_settings(folder, **files):
    folder.mkdir()
    for name, text in files.items():
        (folder / name.replace("_toml", ".toml").replace("_env", ".env")).write_text(text)
    return folder


@pytest.fixture
def settled(pi, tmp_path):
    """A Pi that runs release 1 with settings of each kind, and the new settings that an update brings."""
    old = staged_settings(
        tmp_path / "old", daemon_toml="old", secrets_env="old", allowed_signers="old", model="small"
    )
    assert pi.install("1", old).returncode == 0
    new = staged_settings(
        tmp_path / "new", daemon_toml="new", secrets_env="new", allowed_signers="new", revoked_keys="new"
    )
    return pi, new


def state(pi):
    """What an update may change, as it is."""
    kept = pi.root / "etc/landmarks"
    model = pi.root / "opt/landmarks/model"
    files = {path.name: path.read_text() for path in kept.iterdir()}
    return {**files, "current": pi.link("current"), "model": str(model.readlink())}


@pytest.mark.parametrize("fault", ["selftest", "config", "never-online"])
def test_settings_secrets_keys_and_model_go_back_with_the_release(settled, fault):
    pi, new = settled
    before = state(pi)
    done = pi.install("2", new, verdict=fault, online=fault != "never-online")
    assert done.returncode in (3, 4)
    assert state(pi) == before
    said = "went back to 1 with its settings" if fault == "never-online" else "nothing was switched"
    assert said in done.stderr
    assert (pi.root / "etc/landmarks/secrets.env").stat().st_mode & 0o777 == 0o600


def test_going_back_by_hand_brings_back_the_settings_that_the_release_ran_with(settled):
    pi, new = settled
    before = state(pi)
    assert pi.install("2", new).returncode == 0
    assert (pi.root / "etc/landmarks/daemon.toml").read_text() == "new"
    assert pi.update("--back").returncode == 0
    kept = {name: value for name, value in state(pi).items() if name != "revoked_keys"}
    assert kept == before


def cut_during_trial(pi, new):
    """SIGKILL to all of an update one moment after its switch: what a power cut leaves."""
    tree = pi.payload("2", online=False)
    update = subprocess.Popen(
        ["sh", tree / "install.sh", new],
        env={**pi.environment, "LANDMARKS_ONLINE_SECONDS": "60"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 120
    while pi.link("current") != "2" and time.monotonic() < until:
        time.sleep(0.02)
    os.killpg(update.pid, signal.SIGKILL)
    update.wait()
    assert pi.link("current") == "2"


def test_the_start_after_a_power_cut_goes_back_from_what_was_on_trial(settled):
    pi, new = settled
    before = state(pi)
    cut_during_trial(pi, new)
    recover = pi.root / "opt/landmarks/trial/recover.sh"
    # The trial itself starts the daemon, and this unit with it: within the same boot nothing goes back.
    assert pi.run(recover).returncode == 0
    assert pi.link("current") == "2"
    pi.environment["LANDMARKS_BOOT_ID"] = "the next one"
    done = pi.run(recover)
    assert done.returncode == 0, done.stderr
    assert state(pi) == before
    assert not (pi.root / "opt/landmarks/trial").exists()


def test_an_update_after_a_cut_off_one_goes_back_first(settled):
    pi, new = settled
    before = state(pi)
    cut_during_trial(pi, new)
    back = pi.update("--back")
    assert back.returncode == 0
    assert "was still on trial" in back.stdout
    assert state(pi) == before


def test_the_service_looks_for_a_trial_before_it_starts():
    units = HERE / "rootfs/etc/systemd/system"
    service = (units / "landmarks.service").read_text()
    assert "Wants=landmarks-rollback.service" in service
    assert "After=network.target landmarks-rollback.service" in service
    assert "ConditionPathExists=/opt/landmarks/trial\n" in (units / "landmarks-rollback.service").read_text()


MOMENTS = int(os.environ.get("LANDMARKS_KILLS", "6"))
"""`LANDMARKS_KILLS=50` is what a release is tried with."""


@pytest.mark.timeout(3600)
def test_a_kill_at_any_moment_leaves_a_whole_release_with_its_settings(pi, key, tmp_path):
    assert pi.install("1").returncode == 0
    begun = time.monotonic()
    assert pi.install("2").returncode == 0
    whole_seconds = time.monotonic() - begun
    trust(pi, key)
    moments = random.Random(1)
    for number in range(MOMENTS):
        release = f"3.{number}"
        new = staged_settings(tmp_path / f"new-{number}", daemon_toml=release, secrets_env=release)
        running, tree = state(pi), pi.payload(release, online=number % 2 == 0)
        update = subprocess.Popen(
            ["sh", tree / "install.sh", new], env=pi.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        time.sleep(moments.uniform(0.02, whole_seconds * 1.1))
        os.killpg(update.pid, signal.SIGKILL)
        update.wait()
        assert (pi.root / "opt/landmarks/current/.whole").exists()
        recover = pi.root / "opt/landmarks/trial/recover.sh"
        if recover.exists():
            pi.environment["LANDMARKS_BOOT_ID"] = release
            assert pi.run(recover).returncode == 0
        now = state(pi)
        files = (now["current"], now["daemon.toml"], now.get("secrets.env"))
        assert files in {
            (running["current"], running["daemon.toml"], running.get("secrets.env")),
            (release, release, release),
        }, f"killed at moment {number}"
    assert pi.install("9").returncode == 0


def test_an_older_signed_release_needs_an_explicit_word(pi, key, tmp_path):
    assert pi.install("1.2.0-b").returncode == 0
    trust(pi, key)
    archive = sign(archive_of(pi.payload("1.1.9-a"), tmp_path / "old.tar.zst"), key)
    done = pi.update(archive)
    assert done.returncode == 6
    assert "older than 1.2.0-b" in done.stderr
    assert pi.update("--allow-downgrade", archive).returncode == 0
    assert pi.link("current") == "1.1.9-a"


def test_a_second_update_at_the_same_time_is_refused_with_the_reason(pi):
    assert pi.install("1").returncode == 0
    with (pi.root / "opt/landmarks/.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for done in (pi.update("--back"), pi.install("2")):
            assert done.returncode == 6
            assert "another update is running" in done.stderr
    assert pi.link("current") == "1"


def keys_archive(tmp_path, name, signer, signers, revoked=()):
    def publics(keys):
        return tuple(key.with_suffix(".pub").read_text() for key in keys)

    out = tmp_path / name
    out.mkdir()
    return sign(pack_keys(UpdateSettings(publics(signers), publics(revoked)), out), signer)


def test_keys_are_rotated_by_a_signed_update_and_a_revoked_one_never_signs_again(pi, key, tmp_path):
    assert pi.install("1").returncode == 0
    trust(pi, key)
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True)
    old_list = keys_archive(tmp_path, "old-list", key, [key])
    # A list that would lock everybody out changes nothing.
    assert pi.update(keys_archive(tmp_path, "none", key, [other], revoked=[other])).returncode == 6
    done = pi.update(keys_archive(tmp_path, "rotated", key, [other], revoked=[key]))
    assert done.returncode == 0, done.stderr
    assert pi.update(old_list).returncode == 6
    assert pi.update(keys_archive(tmp_path, "back", other, [key, other])).returncode == 0
    assert pi.update(old_list).returncode == 6


@pytest.mark.parametrize(
    ("words", "code"), [([], 2), (["missing.tar.zst"], 3), (["--model-back"], 6), (["--back"], 6)]
)
def test_landmarks_update_tells_its_own_mistakes(pi, words, code):
    assert pi.install("1").returncode == 0
    done = pi.update(*words)
    assert done.returncode == code
    assert done.stderr.startswith("error: ")
