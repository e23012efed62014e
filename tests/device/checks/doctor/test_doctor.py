"""Each finding against a file tree and programs made for it; the broker against a real one."""

import dataclasses
import json
import os
import subprocess
import sys

import pytest

from device.checks.doctor import board, camera, edgetpu, setup, software
from device.checks.doctor.finding import Grade
from device.checks.doctor.host import Answer, Host
from device.checks.doctor.program import EXAMINATIONS, examine, line_of
from device.inference.settings import InferenceSettings
from device.settings import DaemonSettings
from tests.broker import Broker, free_port, running_broker
from tests.device.inference.delegates import build_library


def write(root, path, text=""):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)
    return root / path


def answers(**by_word):
    """Programs by a word of their command line; others are not installed."""

    def ask(command):
        line = " ".join(command)
        return next((answer for word, answer in by_word.items() if word in line), None)

    return ask


@pytest.fixture
def host(tmp_path):
    """A machine with nothing in it, whose programs are not installed and whose files may be used."""
    return Host(root=tmp_path, ask=answers(), may_use=lambda path: True, free_bytes=lambda path: 10**10)


def with_source(host, source):
    return dataclasses.replace(host, settings=DaemonSettings(source=source))


def seen(finding):
    return finding.grade, finding.seen, finding.fix


def test_an_empty_machine_is_examined_without_an_exception_and_every_fault_has_a_fix(host):
    findings = examine(host)
    assert set(findings) == set(EXAMINATIONS)
    assert len(findings) >= 15
    for name, finding in findings.items():
        assert "\n" not in line_of(name, finding)
        assert finding.fix or finding.grade in (Grade.OK, Grade.ABSENT), name


@pytest.mark.parametrize(
    ("version", "is_64_bit", "grade", "word"),
    [
        ((3, 11), True, Grade.OK, "3.11, 64-bit"),
        ((3, 13), True, Grade.OK, "3.13"),
        ((3, 9), True, Grade.FAULT, "3.9"),
        ((3, 11), False, Grade.FAULT, "32-bit"),
    ],
)
def test_python_must_be_new_enough_and_64_bit(host, version, is_64_bit, grade, word):
    finding = software.python(dataclasses.replace(host, version=version, is_64_bit=is_64_bit))
    assert finding.grade == grade
    assert word in finding.seen


def test_a_runtime_that_crashes_is_passed_over_for_the_other_and_none_is_a_fault(host):
    crash, good = Answer(-11, ""), Answer(0, "")
    missing = Answer(1, "Traceback ...\nModuleNotFoundError: No module named 'ai_edge_litert'\n")
    both = dataclasses.replace(host, ask=answers(ai_edge_litert=crash, tflite_runtime=good))
    assert seen(software.runtime(both))[:2] == (Grade.OK, "tflite_runtime")
    none = dataclasses.replace(host, ask=answers(ai_edge_litert=missing, tflite_runtime=missing))
    assert software.runtime(none).grade == Grade.FAULT
    assert "No module named 'ai_edge_litert'" in software.runtime(none).seen


@pytest.mark.parametrize(
    ("said", "code", "grade", "word"),
    [
        ("", 0, Grade.OK, "loads"),
        ("ModuleNotFoundError: No module named 'simplejpeg'", 1, Grade.ABSENT, "only picamera2"),
        ("ValueError: numpy.dtype size changed, ... Expected 96 got 88", 1, Grade.FAULT, "another numpy"),
        ("ImportError: libjpeg.so.62", 1, Grade.FAULT, "libjpeg.so.62"),
    ],
)
def test_the_clash_of_numpy_and_simplejpeg_is_named(host, said, code, grade, word):
    finding = software.numpy_and_simplejpeg(
        dataclasses.replace(host, ask=answers(simplejpeg=Answer(code, said)))
    )
    assert finding.grade == grade
    assert word in finding.seen


def test_libcamera_is_a_fault_only_where_it_is_asked_for(host):
    assert software.libcamera(host).grade == Grade.ABSENT
    pi = with_source(host, "picamera2:")
    assert "apt install python3-picamera2" in software.libcamera(pi).fix
    (host.root / "usr/lib/python3/dist-packages/libcamera").mkdir(parents=True)
    assert "--system-site-packages" in software.libcamera(pi).fix
    assert software.libcamera(dataclasses.replace(pi, ask=answers(libcamera=Answer(0, "")))).grade == Grade.OK


def test_a_camera_that_is_not_asked_for_may_be_absent_and_one_that_is_may_not(host):
    assert camera.camera(host).grade == Grade.ABSENT
    assert camera.camera(with_source(host, "v4l2:0")).grade == Grade.FAULT


def test_the_camera_of_the_settings_is_looked_at_by_its_number(host):
    for number in (0, 2, 10):
        write(host.root, f"dev/video{number}")
    write(host.root, "sys/class/video4linux/video10/name", "HD Webcam\n")
    finding = camera.camera(with_source(host, "v4l2:10?size=640x480"))
    assert seen(finding)[:2] == (Grade.OK, "/dev/video10 (HD Webcam), free")
    missing = camera.camera(with_source(host, "v4l2:1"))
    assert (missing.grade, missing.fix) == (Grade.FAULT, "there is /dev/video0, /dev/video2, /dev/video10")


def test_a_camera_without_permission_names_the_group(host):
    write(host.root, "dev/video0")
    finding = camera.camera(dataclasses.replace(with_source(host, "v4l2:0"), may_use=lambda path: False))
    assert finding.grade == Grade.FAULT
    assert "usermod -aG video" in finding.fix


def test_a_camera_in_use_names_the_program_that_has_it(host):
    write(host.root, "dev/video0")
    process = host.root / "proc/4321"
    (process / "fd").mkdir(parents=True)
    (process / "comm").write_text("motion\n")
    (process / "fd/7").symlink_to("/dev/video0")
    (process / "fd/8").symlink_to("/dev/video01")
    finding = camera.camera(with_source(host, "v4l2:0"))
    assert finding.grade == Grade.FAULT
    assert "in use by motion (pid 4321)" in finding.seen
    (process / "fd/7").unlink()
    assert camera.camera(with_source(host, "v4l2:0")).grade == Grade.OK


def plug_in_stick(root, vendor, product):
    port = "sys/bus/usb/devices/2-1"
    for name, text in {"idVendor": vendor, "idProduct": product, "busnum": "2", "devnum": "3"}.items():
        write(root, f"{port}/{name}", text + "\n")


@pytest.mark.parametrize(("ids", "word"), [(("1a6e", "089a"), "not yet used"), (("18d1", "9302"), "ready")])
def test_the_stick_is_known_by_both_its_ids_without_lsusb(host, ids, word):
    plug_in_stick(host.root, *ids)
    asked = []
    finding = edgetpu.edgetpu_device(
        dataclasses.replace(host, may_use=lambda path: asked.append(path) or True)
    )
    assert finding.grade == Grade.OK
    assert word in finding.seen
    assert asked == [host.root / "dev/bus/usb/002/003"]


def test_another_usb_device_is_no_edge_tpu_and_a_pcie_card_is(host):
    plug_in_stick(host.root, "1d6b", "0003")
    assert edgetpu.edgetpu_device(host).grade == Grade.ABSENT
    write(host.root, "dev/apex_0")
    assert seen(edgetpu.edgetpu_device(host))[:2] == (Grade.OK, "PCIe /dev/apex_0")


def test_a_stick_without_permission_or_library_says_which(host):
    plug_in_stick(host.root, "18d1", "9302")
    closed = edgetpu.edgetpu_device(dataclasses.replace(host, may_use=lambda path: False))
    assert closed.grade == Grade.FAULT
    assert "/dev/bus/usb/002/003" in closed.seen
    assert "udev" in closed.fix
    assert edgetpu.edgetpu_library(host).grade == Grade.FAULT


def test_the_librarys_version_is_its_packages(host):
    write(host.root, "usr/lib/aarch64-linux-gnu/libedgetpu.so.1")
    packaged = answers(**{"dpkg-query": Answer(0, "libedgetpu1-max \nlibedgetpu1-std 16.0\n")})
    finding = edgetpu.edgetpu_library(dataclasses.replace(host, ask=packaged))
    told = "/usr/lib/aarch64-linux-gnu/libedgetpu.so.1 (libedgetpu1-std 16.0)"
    assert seen(finding)[:2] == (Grade.OK, told)
    assert edgetpu.edgetpu_library(host).seen == "/usr/lib/aarch64-linux-gnu/libedgetpu.so.1"


@pytest.mark.parametrize(
    ("answer", "grade", "word"),
    [
        (Answer(0, ""), Grade.OK, "loads with its Edge TPU"),
        (Answer(-11, ""), Grade.FAULT, "built for another TFLite runtime"),
        (Answer(1, "...\nValueError: Failed to load delegate\n"), Grade.FAULT, "Failed to load delegate"),
        (None, Grade.FAULT, "in time"),
    ],
)
def test_where_there_is_a_stick_the_library_is_loaded_in_a_process_of_its_own(host, answer, grade, word):
    plug_in_stick(host.root, "18d1", "9302")
    write(host.root, "usr/lib/libedgetpu.so.1")
    finding = edgetpu.edgetpu_library(dataclasses.replace(host, ask=answers(load_delegate=answer)))
    assert finding.grade == grade
    assert word in finding.seen


def test_a_real_library_is_loaded_by_a_real_interpreter(host, tmp_path):
    from device.checks.doctor.host import ask

    plug_in_stick(host.root, "18d1", "9302")
    library = build_library(tmp_path)
    settings = DaemonSettings(inference=InferenceSettings(delegate=str(library.relative_to(tmp_path))))
    real = dataclasses.replace(host, ask=ask, settings=settings)
    assert edgetpu.edgetpu_library(real).grade == Grade.OK
    library.write_bytes(b"no library")
    assert "does not load" in edgetpu.edgetpu_library(real).seen


def test_an_edge_tpu_that_the_settings_insist_on_may_not_be_absent_and_one_they_forbid_may(host):
    def with_accelerator(name):
        settings = DaemonSettings(inference=InferenceSettings(accelerator=name))
        return dataclasses.replace(host, settings=settings)

    for look in (edgetpu.edgetpu_device, edgetpu.edgetpu_library):
        assert look(with_accelerator("edgetpu")).grade == Grade.FAULT
        assert look(with_accelerator("auto")).grade == Grade.ABSENT
    plug_in_stick(host.root, "18d1", "9302")
    assert edgetpu.edgetpu_library(with_accelerator("cpu")).grade == Grade.ABSENT


@pytest.mark.parametrize(
    ("word", "grade", "told"),
    [
        ("0", Grade.OK, "never"),
        ("50005", Grade.FAULT, "now: under_voltage, throttled"),
        ("4", Grade.FAULT, "now: throttled"),
        ("80000", Grade.WARNING, "since boot: soft_temperature_limit"),
        ("10000", Grade.WARNING, "since boot: under_voltage"),
    ],
)
def test_every_kind_of_brake_is_told_with_its_own_fix(host, word, grade, told):
    write(host.root, "sys/devices/platform/soc/soc:firmware/get_throttled", word)
    finding = board.power(host)
    assert finding.grade == grade
    assert told in finding.seen
    assert ("supply" in finding.fix) == ("under_voltage" in told)


def test_the_firmwares_program_is_asked_where_its_file_is_missing(host):
    asked = dataclasses.replace(host, ask=answers(vcgencmd=Answer(0, "throttled=0x50000\n")))
    assert board.power(asked).grade == Grade.WARNING
    assert board.power(host).grade == Grade.ABSENT


@pytest.mark.parametrize(
    ("milli", "grade"), [(45_000, Grade.OK), (70_000, Grade.WARNING), (80_000, Grade.FAULT)]
)
def test_heat_is_graded_by_where_the_clock_is_lowered(host, milli, grade):
    write(host.root, "sys/class/thermal/thermal_zone0/type", "cpu-thermal")
    write(host.root, "sys/class/thermal/thermal_zone0/temp", str(milli))
    assert board.temperature(host).grade == grade


@pytest.mark.parametrize(
    ("name", "grade"), [("performance", Grade.OK), ("ondemand", Grade.OK), ("powersave", Grade.WARNING)]
)
def test_a_governor_that_keeps_the_clock_low_is_a_warning(host, name, grade):
    write(host.root, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", name + "\n")
    assert board.governor(host).grade == grade


def test_the_clock_is_synchronised_by_file_or_by_timedatectl(host):
    assert board.clock(host).grade == Grade.ABSENT
    for said, grade in (("yes\n", Grade.OK), ("no\n", Grade.WARNING)):
        asked = dataclasses.replace(host, ask=answers(timedatectl=Answer(0, said)))
        assert board.clock(asked).grade == grade
    write(host.root, "run/systemd/timesync/synchronized")
    assert board.clock(host).grade == Grade.OK


@pytest.mark.parametrize(("free", "grade"), [(10**9, Grade.OK), (10**8, Grade.WARNING), (10**7, Grade.FAULT)])
def test_the_disk_of_the_file_sink_is_the_one_that_counts(host, free, grade):
    sizes = {"/data/stream.jsonl": free}
    full = dataclasses.replace(
        host,
        settings=DaemonSettings(sinks=("stdout:", "file:/data/stream.jsonl?rotate=10")),
        free_bytes=lambda path: sizes[str(path)],
    )
    finding = board.disk(full)
    assert finding.grade == grade
    assert "/data/stream.jsonl" in finding.seen


def test_a_settings_file_is_checked_to_its_line(host, tmp_path):
    file = write(tmp_path, "daemon.toml", 'source = "demo:"\nsouce = 3\n')
    finding = setup.settings_file(dataclasses.replace(host, config=file))
    assert finding.grade == Grade.FAULT
    assert f"{file}:2:" in finding.seen
    file.write_text('source = "demo:"\n')
    assert setup.settings_file(dataclasses.replace(host, config=file)).grade == Grade.OK
    assert setup.settings_file(dataclasses.replace(host, config=tmp_path / "no.toml")).grade == Grade.FAULT


def test_models_are_hashed(host, tmp_path):
    assert setup.models(host).grade == Grade.OK
    model = write(tmp_path, "student.tflite", "damaged")
    model.with_suffix(".json").write_text((setup.FINDER.parents[1] / "small" / "student.json").read_text())
    spoilt = dataclasses.replace(host, settings=DaemonSettings(model=str(model)))
    finding = setup.models(spoilt)
    assert finding.grade == Grade.FAULT
    assert "sha256" in finding.seen


def with_broker(host, uri, password=None):
    environment = {} if password is None else {"LANDMARKS_MQTT_PASSWORD": password}
    settings = DaemonSettings(sinks=("stdout:", uri))
    return setup.broker(dataclasses.replace(host, settings=settings, environment=environment))


def test_no_broker_in_the_settings_is_no_finding(host):
    assert setup.broker(host).grade == Grade.ABSENT


def test_a_broker_that_is_not_there_or_speaks_something_else_is_a_fault(host):
    finding = with_broker(host, f"mqtt://127.0.0.1:{free_port()}/pi")
    assert finding.grade == Grade.FAULT
    assert "connection refused" in finding.seen
    assert "its name is not known" in with_broker(host, "mqtt://no.such.host.invalid/pi").seen


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_real_broker_welcomes_us_and_a_running_daemon_is_not_thrown_out(host, tmp_path, version):
    from tests.broker import Reader

    with running_broker(tmp_path) as real:
        reader = Reader(real.port)
        uri = f"mqtt://{real.address}/pi?version={version}"
        assert with_broker(host, uri).grade == Grade.OK
        assert with_broker(host, uri).seen == f"{real.address}: welcome"
        assert reader.got == []
        reader.close()


def test_a_real_broker_that_wants_a_password_refuses_another(host, tmp_path):
    secrets = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", secrets, "ann", "right"], check=True, capture_output=True)
    real = Broker(tmp_path, f"allow_anonymous false\npassword_file {secrets}")
    real.start()
    try:
        uri = f"mqtt://ann@{real.address}/pi"
        assert with_broker(host, uri, "right").grade == Grade.OK
        wrong = with_broker(host, uri, "wrong")
        assert wrong.grade == Grade.FAULT
        assert "refuses us" in wrong.seen
        assert "wrong" not in wrong.seen + wrong.fix
    finally:
        real.stop()


def doctor(root, *words):
    command = [sys.executable, "-m", "device", "doctor", *map(str, words)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_exits_0_or_4_and_its_json_has_every_finding(root, tmp_path):
    asked = doctor(root, "--json", "--sink", f"mqtt://127.0.0.1:{free_port()}/pi")
    assert asked.returncode == 4
    assert asked.stderr.startswith("error: faults: ")
    assert "broker" in asked.stderr
    told = json.loads(asked.stdout)
    assert told["passed"] is False
    assert [finding["name"] for finding in told["findings"]] == list(EXAMINATIONS)


def test_a_broken_settings_file_is_one_finding_among_the_others(root, tmp_path):
    file = write(tmp_path, "daemon.toml", "source = \n")
    told = doctor(root, "--config", file)
    assert told.returncode == 4
    assert "Traceback" not in told.stderr
    lines = told.stdout.splitlines()
    assert len(lines) == len(EXAMINATIONS)
    assert any(line.startswith("fault") and str(file) in line for line in lines)


def test_a_mistake_on_the_command_line_is_a_usage_error(root):
    assert doctor(root, "--source", "v4l3:0").returncode == 2
    assert doctor(root, "--sink", "mqt://broker").returncode == 2


def test_programs_that_hang_or_are_missing_are_no_answer(monkeypatch):
    from device.checks.doctor import host as module

    assert module.ask(["no-such-program-anywhere"]) is None
    monkeypatch.setattr(module, "COMMAND_SECONDS", 0.1)
    assert module.ask([sys.executable, "-c", "import time; time.sleep(5)"]) is None
    monkeypatch.setattr(module, "COMMAND_SECONDS", 10)
    assert module.ask([sys.executable, "-c", "import os; os.abort()"]).code == -6


def test_free_bytes_are_those_of_the_nearest_folder_that_is_there(tmp_path):
    from device.checks.doctor.host import free_bytes

    wanted = os.statvfs(tmp_path)
    got = free_bytes(tmp_path / "not/there/yet.jsonl")
    assert got == pytest.approx(wanted.f_bavail * wanted.f_frsize, rel=0.05)


@pytest.mark.parametrize(
    ("source", "grade", "says"),
    [
        ("images:photos", Grade.OK, "turned as its EXIF orientation says"),
        ("images:photos?exif=0", Grade.OK, "as stored (exif=0)"),
        ("video:clip.mp4", Grade.OK, "turned as the file says"),
        ("imags:photos", Grade.FAULT, "did you mean images:?"),
    ],
)
def test_the_source_says_how_pictures_are_turned(host, source, grade, says):
    finding = setup.source(with_source(host, source))
    assert finding.grade == grade
    assert says in finding.seen
