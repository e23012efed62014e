"""What is fuzzed: every reader of a file or message from outside, with a valid sample to begin from.

A target is a function that makes a sample in a folder and gives its path, and one that reads a mutated copy.
Heavy libraries load where a target needs them: each target runs in a process of its own.
"""

import csv
import gzip
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.conftest import ROOT

MODELS = ROOT / "device" / "models"


@dataclass(frozen=True)
class Target:
    """A reader and its sample."""

    sample: Callable[[Path], Path]
    """Writes a valid file below an empty folder; whatever must lie beside it lies there, too."""
    read: Callable[[Path], object]
    """Reads the file, which may have been changed."""


def _copied(*files: Path) -> Callable[[Path], Path]:
    """A sample that is the first of some files of the repository; the others lie beside it."""

    def copy(folder: Path) -> Path:
        for file in files:
            shutil.copy(file, folder / file.name)
        return folder / files[0].name

    return copy


def _read_manifest(path: Path) -> object:
    from device.contract.manifest import read_model_manifest

    return read_model_manifest(path.with_suffix(".tflite"))


def _read_finder_manifest(path: Path) -> object:
    from device.contract.finder_manifest import read_finder_model

    return read_finder_model(path.with_suffix(".tflite"))


def _write_settings(folder: Path) -> Path:
    from device.config.show import show_settings
    from device.settings import DaemonSettings

    path = folder / "daemon.toml"
    path.write_text("\n".join(show_settings(DaemonSettings())), encoding="utf-8")
    return path


def _read_settings(path: Path) -> object:
    from device.settings import settings_of

    return settings_of(path, {})


def _read_pi_settings(path: Path) -> object:
    from firmware_config.settings import read_pi_settings

    return read_pi_settings(path, {})


def _lines() -> list[bytes]:
    packed = (ROOT / "device" / "web" / "client" / "samples" / "demo-small.jsonl.gz").read_bytes()
    return gzip.decompress(packed).splitlines(keepends=True)


def _write_recording(folder: Path) -> Path:
    path = folder / "day.jsonl"
    path.write_bytes(b"".join(_lines()[:8]))
    return path


def _write_packed_recording(folder: Path) -> Path:
    path = folder / "day.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(_lines()[:8])))
    return path


def _read_recording(path: Path) -> object:
    from device.daemon.replay import moved_to_now, read_recording

    return [moved_to_now(line) for _, line in read_recording(path)]


def _write_line(folder: Path) -> Path:
    path = folder / "line.json"
    path.write_bytes(next(line for line in _lines() if b'"signals"' in line))
    return path


def _read_line(path: Path) -> object:
    from device.messages.json_decoder import decode_line

    return decode_line(path.read_bytes())


def _write_binary(folder: Path) -> Path:
    from device.messages.cbor import encode_binary
    from device.messages.json_decoder import decode_line

    path = folder / "frame.cbor"
    path.write_bytes(encode_binary(decode_line(_write_line(folder).read_bytes())))
    return path


def _read_binary(path: Path) -> object:
    from device.messages.cbor import captured_ns_of_binary, decode_binary

    captured_ns_of_binary(path.read_bytes())
    return decode_binary(path.read_bytes())


def _points(count: int) -> np.ndarray:
    return np.random.default_rng(count).uniform(20, 80, (count, 2)).round(2)


def _write_pts(folder: Path) -> Path:
    path = folder / "face.pts"
    rows = "\n".join(f"{x} {y}" for x, y in _points(68))
    path.write_text(f"version: 1\nn_points: 68\n{{\n{rows}\n}}\n")
    (folder / "face.png").touch()
    return path


def _read_300w(path: Path) -> object:
    from training.data.sets import read_300w

    return read_300w(path.parent)


def _write_table(folder: Path) -> Path:
    for name in ("training_frames_keypoints.csv", "test_frames_keypoints.csv"):
        with (folder / name).open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["", *range(136)])
            writer.writerow(["Ann_Lee_1.jpg", *_points(68).ravel()])
    return folder / "test_frames_keypoints.csv"


def _read_table(path: Path) -> object:
    from training.data.sets import read_youtube_faces

    return read_youtube_faces(path.parent)


def _write_wflw(folder: Path) -> Path:
    from training.data.sets.wflw import LISTS, PICTURES

    path = folder / LISTS / "list_98pt_rect_attr_test.txt"
    path.parent.mkdir(parents=True)
    (folder / PICTURES / "a").mkdir(parents=True)
    (folder / PICTURES / "a" / "1.jpg").touch()
    numbers = " ".join(map(str, _points(98).ravel()))
    path.write_text(f"{numbers} 1 2 3 4 0 0 0 0 0 0 a/1.jpg\n")
    return path


def _read_wflw(path: Path) -> object:
    from training.data.sets.wflw import read_wflw

    return read_wflw(path.parents[2], "test")


def _write_aflw(folder: Path) -> Path:
    from scipy.io import savemat

    path = folder / "face.mat"
    savemat(path, {"pt3d_68": np.ones((3, 68), np.float32) * np.arange(68), "Pose_Para": np.zeros((1, 7))})
    (folder / "face.jpg").touch()
    return path


def _read_aflw(path: Path) -> object:
    from training.data.sets.aflw2000 import read_aflw2000

    return read_aflw2000(path.parent)


def _write_cofw(folder: Path) -> Path:
    import h5py

    path = folder / "COFW_test_color.mat"
    with h5py.File(path, "w") as file:
        cells = file.create_dataset("IsT", (1, 1), dtype=h5py.ref_dtype)
        cells[0, 0] = file.create_dataset("#refs#/0", data=np.zeros((9, 9), np.uint8)).ref
        file["phisT"] = np.arange(87, dtype=np.float32)[:, None]
    return path


def _read_cofw(path: Path) -> object:
    from training.data.sets.cofw import read_cofw

    return read_cofw(path.parent, "test")


def _write_handover(folder: Path) -> Path:
    from tests.convert.tiny import DESCRIPTION

    path = folder / "handover.json"
    path.write_text(json.dumps(DESCRIPTION))
    return path


def _read_handover(path: Path) -> object:
    from convert.handover.description import read_handover

    return read_handover(path)


def _write_network(folder: Path) -> Path:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.from_array(np.ones((4, 3, 3, 3), np.float32), "w")
    node = helper.make_node("Conv", ["image", "w"], ["maps"], pads=[1, 1, 1, 1])
    ends = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, depth, 16, 16])]
        for name, depth in (("image", 3), ("maps", 4))
    ]
    path = folder / "network.onnx"
    onnx.save(helper.make_model(helper.make_graph([node], "g", *ends, [weights])), path)
    return path


def _read_network(path: Path) -> object:
    from convert.handover.network import read_network

    return read_network(path)


def _read_graph(path: Path) -> object:
    from convert.edgetpu.fit import fit_of
    from convert.tflite.file import read_graph

    return fit_of(read_graph(path))


def _write_state(folder: Path) -> Path:
    import torch

    path = folder / "state.pt"
    torch.save({"stem.weight": torch.ones(4, 3, 3, 3)}, path)
    return path


def _read_state(path: Path) -> object:
    from training.models.initial import read_state

    return read_state(path)


def _read_run_file(path: Path) -> object:
    from training.engine.run_file import read_run

    return read_run(path)


TARGETS = {
    "manifest": Target(
        _copied(MODELS / "tiny" / "student.json", MODELS / "tiny" / "student.tflite"), _read_manifest
    ),
    "finder manifest": Target(
        _copied(MODELS / "finder" / "finder.json", MODELS / "finder" / "finder.tflite"), _read_finder_manifest
    ),
    "settings": Target(_write_settings, _read_settings),
    "pi.toml": Target(_copied(ROOT / "firmware_config" / "pi.example.toml"), _read_pi_settings),
    "recording": Target(_write_recording, _read_recording),
    "packed recording": Target(_write_packed_recording, _read_recording),
    "line of the stream": Target(_write_line, _read_line),
    "binary frame": Target(_write_binary, _read_binary),
    "300-W .pts": Target(_write_pts, _read_300w),
    "YouTube Faces table": Target(_write_table, _read_table),
    "WFLW list": Target(_write_wflw, _read_wflw),
    "AFLW2000 .mat": Target(_write_aflw, _read_aflw),
    "COFW .mat": Target(_write_cofw, _read_cofw),
    "handover": Target(_write_handover, _read_handover),
    "network.onnx": Target(_write_network, _read_network),
    ".tflite": Target(_copied(MODELS / "tiny" / "student.tflite"), _read_graph),
    "state dict": Target(_write_state, _read_state),
    "run file": Target(
        _copied(ROOT / "training" / "configs" / "landmark_student" / "small.toml"), _read_run_file
    ),
}
"""By name."""
