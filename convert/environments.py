"""Environments of their own for tools that pin what we do not want: found by folder or by variable."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from device.contract.errors import MissingOutsideError

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class ToolEnvironment:
    """A virtual environment beside the code."""

    folder: str
    """Its name, beside this package."""
    variable: str
    """Names another interpreter."""
    packages: tuple[str, ...]
    """What it must hold, by distribution."""
    holds: str
    """Wording for error messages."""
    built_by: str
    """The command that makes it."""

    def find(self, environment: Mapping[str, str]) -> Path:
        """Its interpreter.

        Raises:
            MissingOutsideError: it is not there.
        """
        named = environment.get(self.variable)
        interpreter = Path(named) if named else ROOT / self.folder / "bin" / "python"
        if not os.access(interpreter, os.X_OK) or interpreter.is_dir():
            raise MissingOutsideError(
                f"no interpreter at {interpreter}, wanted one with {self.holds}: `{self.built_by}` builds "
                f"{self.folder}, or name another in {self.variable}"
            )
        return interpreter

    def versions(self, interpreter: Path) -> dict[str, str]:
        """Versions of its Python and packages, read without importing them.

        Raises:
            MissingOutsideError: the interpreter lacks one of them or does not start.
        """
        return dict(_versions(self, interpreter))


def child_environment(parent: Mapping[str, str]) -> dict[str, str]:
    """No GPU, little chatter, and the plain kernels, whose sums do not depend on the machine."""
    return {
        **parent,
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "TF_ENABLE_ONEDNN_OPTS": "0",
    }


@cache
def _versions(tools: ToolEnvironment, interpreter: Path) -> dict[str, str]:
    script = (
        "import json, platform\nfrom importlib.metadata import version\n"
        "print(json.dumps({'python': platform.python_version(), "
        f"**{{name: version(name) for name in {tools.packages}}}}}))"
    )
    # -I: neither this folder's modules nor the user's settings may shadow its packages.
    asked = subprocess.run([interpreter, "-I", "-c", script], capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        reason = (asked.stderr.strip().splitlines() or [f"exit code {asked.returncode}"])[-1]
        raise MissingOutsideError(
            f"{interpreter} lacks a tool ({reason}), wanted {', '.join(tools.packages)}: "
            f"`{tools.built_by}` builds {tools.folder}"
        )
    return dict(json.loads(asked.stdout))


CONVERTER = ToolEnvironment(
    folder=".venv-convert",
    variable="LANDMARKS_CONVERT_PYTHON",
    packages=("onnx2tf", "tensorflow", "tf2onnx", "tf_keras"),
    holds="onnx2tf, tf2onnx and TensorFlow",
    built_by="make convert",
)
ETHOS_U = ToolEnvironment(
    folder=".venv-ethos-u",
    variable="LANDMARKS_ETHOS_U_PYTHON",
    packages=("ethos-u-vela", "tflite-micro"),
    holds="ethos-u-vela and tflite-micro",
    built_by="make ethos-u",
)
