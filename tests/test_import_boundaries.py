"""Arrows point one way: training -> device.contract <- convert, and the device stands alone."""

import ast
import subprocess
import sys

import pytest

HEAVY = ("torch", "tensorflow", "training", "convert", "matplotlib", "onnx", "skimage")


def modules_below(package):
    return [
        ".".join(path.relative_to(package.parent).with_suffix("").parts)
        for path in sorted(package.rglob("*.py"))
        if path.name != "__main__.py"
    ]


def test_importing_the_whole_device_pulls_in_neither_torch_nor_training(root):
    modules = modules_below(root / "device")
    assert len(modules) > 20
    program = (
        f"import importlib, sys\nfor name in {modules!r}: importlib.import_module(name)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_the_contract_needs_numpy_and_the_standard_library_only(root):
    names = imported_names(root / "device" / "contract")
    foreign = {name for name in names if name not in sys.stdlib_module_names} - {"numpy", "device"}
    assert foreign == set()


def imported_names(folder, depth=1):
    names = set()
    paths = sorted(folder.rglob("*.py"))
    assert paths, f"nothing to check in {folder}"
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {".".join(alias.name.split(".")[:depth]) for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: relative import"
                names.add(".".join(node.module.split(".")[:depth]))
    return names


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("device", {"training", "convert", "firmware_config"}),
        ("training", {"convert", "firmware_config"}),
        ("convert", {"training", "firmware_config"}),
        ("firmware_config", {"training", "convert"}),
    ],
)
def test_no_package_imports_what_stands_above_it(root, package, forbidden):
    assert not imported_names(root / package) & forbidden
