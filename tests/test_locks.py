"""Lock files: all hashed, at one version each; SBOM and NOTICE list what is given away, and no more."""

import json
import re
import tomllib

import pytest

LOCKS = (
    "bench",
    "compiled",
    "convert",
    "device",
    "docs",
    "ethos-u",
    "main",
    "node",
    "photo",
    "pi-3.11",
    "pi-3.13",
    "quantizer",
    "tools",
)
PIN = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)


def pins(root, name):
    """Version by normalised package name; a package that markers split has its versions joined."""
    found = {}
    for package, version in PIN.findall((root / "requirements" / f"{name}.lock").read_text()):
        found.setdefault(re.sub(r"[-_.]+", "-", package).lower(), []).append(version)
    return {package: " ".join(versions) for package, versions in found.items()}


def test_every_lock_file_is_tried_here(root):
    files = {path.stem for path in (root / "requirements").glob("*.lock")}
    assert files == {*LOCKS, "torch-cuda"}


@pytest.mark.parametrize("name", [*LOCKS, "torch-cuda"])
def test_every_locked_package_has_hashes(root, name):
    text = (root / "requirements" / f"{name}.lock").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines
    assert all(re.search(r"==.* --hash=sha256:[0-9a-f]{64}", line) for line in lines)


def test_the_device_is_tested_trained_and_delivered_at_the_same_versions(root):
    device, main = pins(root, "device"), pins(root, "main")
    assert {name: main.get(name) for name in device} == device
    table = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    direct = [re.split(r"[^\w.-]", need)[0] for need in table["dependencies"]]
    for lock in ("pi-3.11", "pi-3.13"):
        found = pins(root, lock)
        names = [re.sub(r"[-_.]+", "-", name).lower() for name in direct if name != "numpy"]
        assert {name: found[name] for name in names} == {name: device[name] for name in names}


def test_the_build_backend_is_locked(root):
    (backend,) = tomllib.loads((root / "pyproject.toml").read_text())["build-system"]["requires"]
    assert backend == f"setuptools=={pins(root, 'device')['setuptools']}"


def test_both_builds_of_torch_are_one_version(root):
    cpu = PIN.search((root / "requirements" / "torch-cpu.txt").read_text())[2]
    assert cpu == f"{pins(root, 'torch-cuda')['torch']}+cpu"
    assert not {"torch", "triton"} & set(pins(root, "main"))


def test_the_device_needs_few_packages_and_the_documents_say_how_many(root):
    header = (root / "requirements" / "device.lock").read_text().splitlines()[0]
    packages, megabytes = re.match(r"# (\d+) packages, about (\d+) MB", header).groups()
    # colorama is for Windows.
    assert int(packages) == len(set(pins(root, "device")) - {"colorama"}) <= 16
    assert f"{packages} packages, {megabytes} MB to download" in (root / "docs" / "building.md").read_text()


@pytest.fixture
def components(root):
    return json.loads((root / "sbom.json").read_text())["components"]


def listed(components, kind):
    return {
        (re.sub(r"[-_.]+", "-", part["name"]).lower() if kind == "pypi" else part["name"], part["version"])
        for part in components
        if part["purl"].startswith(f"pkg:{kind}/")
    }


def test_the_sbom_lists_the_payloads_wheels_and_no_others(root, components):
    carried = {pin for lock in ("pi-3.11", "pi-3.13") for pin in pins(root, lock).items()}
    assert listed(components, "pypi") == carried
    hashes = {digest["content"] for part in components for digest in part["hashes"]}
    for lock in ("pi-3.11", "pi-3.13"):
        text = (root / "requirements" / f"{lock}.lock").read_text()
        assert set(re.findall(r"sha256:([0-9a-f]{64})", text)) <= hashes


def test_the_sbom_lists_the_npm_packages_of_the_page_and_no_others(root, components):
    lock = json.loads((root / "device/web/client/package-lock.json").read_text())["packages"]
    carried = {
        (path.rpartition("node_modules/")[2], entry["version"])
        for path, entry in lock.items()
        if path and not entry.get("dev") and not entry.get("optional") and not entry.get("devOptional")
    }
    # The bundler is no part of the bundle; types are no code.
    carried = {pin for pin in carried if not re.match(r"esbuild$|@types/|undici-types$", pin[0])}
    assert listed(components, "npm") == carried


def test_every_component_has_a_licence_and_a_line_in_the_notice(root, components):
    lines = (root / "NOTICE").read_text().splitlines()
    for part in components:
        (line,) = [line for line in lines if line.startswith(f"{part['name']} {part['version']}: ")]
        assert line.partition(": ")[2].strip()
