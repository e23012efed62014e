"""A model that loads, runs and sees nothing: the shipped one with noise for weights."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema

SHIPPED = Path(__file__).parents[2] / "device" / "models" / "small"
LEAST_BYTES = 2000
"""Of a buffer that counts as weights; smaller ones are biases and shapes."""


def write_garbled_model(folder: Path) -> Path:
    """A folder with model and manifest, whole by their hashes."""
    shutil.copytree(SHIPPED, folder)
    model, manifest = folder / "student.tflite", folder / "student.json"
    data = model.read_bytes()
    noise = np.random.default_rng(1)
    tables = schema.Model.GetRootAs(data, 0)
    buffers = (tables.Buffers(index) for index in range(tables.BuffersLength()))
    weights = [buffer.DataAsNumpy().tobytes() for buffer in buffers if buffer.DataLength() >= LEAST_BYTES]
    assert len(weights) >= 10
    for held in weights:
        data = data.replace(held, noise.bytes(len(held)), 1)
    model.write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "sha256": sha256}))
    return folder
