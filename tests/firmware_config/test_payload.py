"""The archive holds what the device needs, nothing else, and is the same each time."""

import os
import re
import subprocess
import tarfile
import tomllib
import zipfile

import pytest

from device.contract.errors import BadInputError, VerifyFailedError
from device.contract.files import sha256_of
from firmware_config.payload import (
    HERE,
    MANIFEST,
    MAX_BYTES,
    PROJECT,
    TARGET_FILES,
    build_device_wheel,
    check_edgetpu,
    fill_tree,
    manifest_text,
    pack,
    pack_model,
    read_payload,
    seal,
    set_modes,
)
from firmware_config.wheels import SYSTEMS, device_dependencies, lock_text, platform_flags


@pytest.fixture
def wheels(tmp_path):
    """A folder with one file that stands for all wheels."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    (folder / "stand_in-1.0-py3-none-any.whl").write_text("wheel")
    return folder


def tree_of(folder, wheels, edgetpu=None):
    folder.mkdir()
    fill_tree(folder, wheels, edgetpu)
    return folder


def names_in(payload, folder):
    subprocess.run(["tar", "--zstd", "-xf", payload.path, "-C", folder], check=True)
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_two_builds_are_the_same_bit_for_bit_whatever_the_umask(tmp_path, wheels, image_tools):
    first = seal(tree_of(tmp_path / "a", wheels), tmp_path / "one")
    before = os.umask(0o077)
    try:
        second = seal(tree_of(tmp_path / "b", wheels), tmp_path / "two")
    finally:
        os.umask(before)
    assert first.sha256 == second.sha256
    assert first.release == second.release
    assert first.path.read_bytes() == second.path.read_bytes()


def test_one_changed_byte_makes_another_release(tmp_path, wheels, image_tools):
    first = seal(tree_of(tmp_path / "a", wheels), tmp_path / "one")
    tree = tree_of(tmp_path / "b", wheels)
    (tree / "default.toml").write_text("other")
    assert seal(tree, tmp_path / "two").release != first.release


def test_the_manifest_covers_every_file_and_sha256sum_agrees(tmp_path, wheels, image_tools):
    payload = seal(tree_of(tmp_path / "a", wheels), tmp_path / "out")
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    names = names_in(payload, unpacked)
    listed = {line.split("  ", 1)[1] for line in (unpacked / MANIFEST).read_text().splitlines()}
    assert listed == names - {MANIFEST}
    assert {"install.sh", "RELEASE", "rootfs/etc/systemd/system/landmarks.service"} <= listed
    subprocess.run(["sha256sum", "--check", "--quiet", MANIFEST], cwd=unpacked, check=True)


def test_owners_and_times_do_not_depend_on_who_builds(tmp_path):
    tree = tmp_path / "tree"
    (tree / "bin").mkdir(parents=True)
    (tree / "bin/program").write_text("#!/bin/sh\n")
    (tree / "data").write_text("x")
    set_modes(tree)
    (tmp_path / "archive").write_bytes(pack(tree))
    with tarfile.open(tmp_path / "archive") as archive:
        entries = {entry.name: entry for entry in archive}
    assert list(entries) == ["bin", "bin/program", "data"]
    assert {(entry.uid, entry.gid, entry.mtime) for entry in entries.values()} == {(0, 0, 1577836800)}
    assert [oct(entry.mode) for entry in entries.values()] == ["0o755", "0o755", "0o644"]


def test_every_file_for_the_target_exists_and_every_script_can_be_read_by_a_shell():
    scripts = [path for name in TARGET_FILES for path in [HERE / name, *(HERE / name).rglob("*")]]
    scripts = [path for path in scripts if path.suffix == ".sh" or path.parent.name == "bin"]
    scripts += list((HERE / "first_boot").glob("*.sh"))
    assert len(scripts) >= 15
    for script in scripts:
        subprocess.run(["sh", "-n", script], check=True)


@pytest.mark.slow
def test_the_devices_wheel_is_the_same_each_time_and_holds_all_its_data(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        build_device_wheel(tmp_path / name)
    (first,), (second,) = (list((tmp_path / name).iterdir()) for name in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()
    names = set(zipfile.ZipFile(first).namelist())
    assert not [name for name in names if name.startswith(("training", "convert", "firmware_config"))]
    assert not [name for name in names if "node_modules" in name or name.startswith("device/web/client")]
    # A file that a module opens beside itself and that setuptools was not told of fails on the Pi only.
    wanted = {
        path.relative_to(PROJECT).as_posix()
        for kind in (
            "models/*/*.tflite",
            "models/*/*.json",
            "**/*.json",
            "checks/selftest/golden/*",
            "assets/demo_face.jpg",
        )
        for path in (PROJECT / "device").glob(kind)
        if "client" not in path.parts and "node_modules" not in path.parts
    }
    assert len(wanted) >= 8
    assert wanted <= names
    assert not [name for name in names if "astronaut" in name]


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.codename)
def test_the_lock_names_all_that_the_daemon_needs_with_hashes_and_no_numpy(system):
    lines = (PROJECT / "requirements" / system.lock_name).read_text().splitlines()[1:]
    assert all(re.fullmatch(r"[a-z0-9._-]+==[\w.]+ --hash=sha256:[0-9a-f]{64}", line) for line in lines)
    locked = {line.split("==")[0].replace("_", "-").replace(".", "-") for line in lines}
    wanted = {re.match(r"[A-Za-z0-9_.-]+", need)[0].lower() for need in device_dependencies(PROJECT)}
    assert len(wanted) >= 4
    assert wanted - {"numpy"} <= locked
    assert "numpy" not in locked
    assert not locked & {"torch", "tensorflow", "tflite-runtime"}


def test_both_systems_get_the_same_opencv_wheel():
    lines = [
        line
        for system in SYSTEMS
        for line in (PROJECT / "requirements" / system.lock_name).read_text().splitlines()
        if line.startswith("opencv-python-headless==4.11.0.86 ")
    ]
    assert len(lines) == 2
    assert lines[0] == lines[1]


def test_a_lock_is_sorted_and_leaves_numpy_out():
    info = {"archive_info": {"hashes": {"sha256": "0" * 64}}}
    names = ("zebra", "numpy", "Apple")
    report = {
        "install": [{"metadata": {"name": name, "version": "1"}, "download_info": info} for name in names]
    }
    assert lock_text(report, "# why").splitlines() == [
        "# why",
        f"apple==1 --hash=sha256:{'0' * 64}",
        f"zebra==1 --hash=sha256:{'0' * 64}",
    ]


def test_pip_is_told_every_platform_tag_because_it_takes_none_by_itself():
    flags = " ".join(platform_flags(SYSTEMS[0]))
    for tag in ("manylinux_2_17_aarch64", "manylinux_2_28_aarch64", "manylinux_2_34_aarch64", "--abi abi3"):
        assert tag in flags


def test_the_edge_tpus_runtime_travels_only_when_it_is_the_pinned_file(tmp_path, wheels):
    deb = tmp_path / "libedgetpu1-std_16.0_arm64.deb"
    deb.write_bytes(b"runtime")
    check_edgetpu(deb, sha256_of(deb).upper())
    with pytest.raises(VerifyFailedError, match="fetch it again"):
        check_edgetpu(deb, "0" * 64)
    with pytest.raises(BadInputError, match=f"this file's is {sha256_of(deb)}"):
        check_edgetpu(deb, "")
    with pytest.raises(BadInputError, match="no such file"):
        check_edgetpu(tmp_path / "none.deb", "0" * 64)
    assert (tree_of(tmp_path / "a", wheels, deb) / "edgetpu" / deb.name).read_bytes() == b"runtime"


def test_a_payload_too_large_for_a_boot_partition_is_refused(tmp_path, wheels, image_tools, monkeypatch):
    assert MAX_BYTES == 90e6
    monkeypatch.setattr("firmware_config.payload.MAX_BYTES", 1_000_000)
    tree = tree_of(tmp_path / "a", wheels)
    (tree / "noise").write_bytes(os.urandom(1_000_000))
    with pytest.raises(BadInputError, match="at most 1 MB"):
        seal(tree, tmp_path / "out")


def test_a_payload_that_was_changed_since_is_not_used(tmp_path, wheels, image_tools):
    payload = seal(tree_of(tmp_path / "a", wheels), tmp_path / "out")
    assert read_payload(tmp_path / "out") == payload
    payload.path.write_bytes(payload.path.read_bytes() + b"\0")
    with pytest.raises(VerifyFailedError, match="make payload"):
        read_payload(tmp_path / "out")
    with pytest.raises(BadInputError, match="make payload"):
        read_payload(tmp_path / "nowhere")


def test_a_model_is_packed_with_its_manifest_or_not_at_all(tmp_path, image_tools):
    archive = pack_model(PROJECT / "device/models/small", tmp_path)
    listed = subprocess.run(["tar", "--zstd", "-tf", archive], capture_output=True, text=True, check=True)
    assert listed.stdout.split() == ["student.json", "student.tflite"]
    with pytest.raises(BadInputError, match=r"no student\.tflite"):
        pack_model(tmp_path, tmp_path)


def test_the_manifest_is_sorted_by_path(tmp_path):
    for name in ("b", "a"):
        (tmp_path / name).write_text(name)
    assert [line.split()[1] for line in manifest_text(tmp_path).splitlines()] == ["a", "b"]


def test_the_projects_version_names_the_release(tmp_path, wheels, image_tools):
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dynamic"]
    assert version == ["version"]
    payload = seal(tree_of(tmp_path / "a", wheels), tmp_path / "out")
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*-[0-9a-f]{8}", payload.release)
