"""Which modules an import loads; layers and circles are import-linter's (pyproject.toml, `make check`)."""

import subprocess
import sys

import grimp
import pytest

HEAVY = ("torch", "tensorflow", "training", "convert", "matplotlib", "onnx", "skimage")


def loaded_after(root, program, candidates):
    """Which of some modules a fresh interpreter has loaded after a program."""
    program += f"\nimport sys; print('loaded', [name for name in {candidates!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].removeprefix("loaded ")


def test_importing_the_whole_device_pulls_in_neither_torch_nor_training(root):
    modules = [name for name in sorted(grimp.build_graph("device").modules) if not name.endswith(".__main__")]
    assert len(modules) > 20
    program = f"import importlib\nfor name in {modules!r}: importlib.import_module(name)"
    assert loaded_after(root, program, HEAVY) == "[]"


@pytest.mark.parametrize(
    "program",
    [
        "import device.settings",
        "import sys; from device.__main__ import main; sys.argv[1:] = ['config', 'show']; assert main() == 0",
    ],
)
def test_settings_are_read_and_shown_without_numpy_and_opencv(root, program):
    assert loaded_after(root, program, ("numpy", "cv2")) == "[]"


def test_the_contract_needs_numpy_msgspec_and_the_standard_library_only():
    graph = grimp.build_graph("device", include_external_packages=True)
    names = {
        imported
        for module in graph.find_descendants("device.contract")
        for imported in graph.find_modules_directly_imported_by(module)
    }
    assert "numpy" in names
    foreign = {name for name in names if name.split(".")[0] not in (*sys.stdlib_module_names, "device")}
    assert foreign <= {"numpy", "msgspec"}
