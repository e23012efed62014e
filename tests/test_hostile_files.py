"""Files that would run code if anything unpickled them: each is refused in one line, and no code runs."""

import io
import os
import pickle
import zipfile

import numpy as np
import pytest
import torch

from convert.handover.arrays import load_crops
from convert.handover.description import Handover, read_handover
from convert.handover.network import read_network
from device.contract.arrays import read_arrays
from device.contract.errors import BadInputError
from training.data.pack import read_faces
from training.data.sets.aflw2000 import _read_face
from training.data.sets.cofw import PARTS, read_cofw
from training.engine.checkpoint import load_values
from training.export.recovered import read_layers
from training.models.initial import read_state


class Payload:
    """Makes a folder when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


@pytest.fixture
def marker(tmp_path):
    return tmp_path / "CODE-RAN"


def saved_by_torch(payload):
    stream = io.BytesIO()
    torch.save({"settings": {}, "weights": payload}, stream)
    return stream.getvalue()


def archive_of_objects(payload, *names):
    stream = io.BytesIO()
    objects = np.empty(1, object)
    objects[0] = payload
    np.savez(stream, **dict.fromkeys(names, objects))
    return stream.getvalue()


def exported_program(payload):
    """Shaped as torch.export.save writes it, with the payload for a weight and for the sample inputs."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("network/data/weights/weight_0", saved_by_torch(payload))
        archive.writestr("network/data/sample_inputs/model.pt", saved_by_torch(payload))
        archive.writestr("network/models/model.json", f"__import__('os').mkdir('{payload.marker}')")
    return stream.getvalue()


READERS = {
    "network as a program": (exported_program, read_network),
    "network as a pickle": (pickle.dumps, read_network),
    "checkpoint": (saved_by_torch, load_values),
    "checkpoint as a bare pickle": (pickle.dumps, load_values),
    "initial weights": (saved_by_torch, read_state),
    "recovered weights": (lambda each: archive_of_objects(each, "000.weight", "000.bias"), read_layers),
    "packed faces": (
        lambda each: archive_of_objects(
            each, "faces", "face_ends", "grounds", "ground_ends", "landmarks", "names", "sources"
        ),
        lambda path: read_faces(path, 1.0, 32),
    ),
    "arrays": (lambda each: archive_of_objects(each, "crops"), lambda path: read_arrays(path, remedy="x")),
    "arrays as a bare pickle": (pickle.dumps, lambda path: read_arrays(path, remedy="x")),
    "MATLAB labels": (pickle.dumps, _read_face),
}


@pytest.mark.parametrize(("make", "read"), READERS.values(), ids=READERS.keys())
def test_nothing_runs_and_one_line_says_why(tmp_path, marker, make, read):
    path = tmp_path / "hostile"
    path.write_bytes(make(Payload(marker)))
    with pytest.raises(BadInputError) as caught:
        read(path)
    assert not marker.exists()
    assert "\n" not in str(caught.value)


def test_the_payload_does_run_where_it_is_unpickled(marker):
    pickle.loads(pickle.dumps(Payload(marker)))  # what the other tests must not do
    assert marker.exists()


def test_initial_weights_in_safetensors_are_data(tmp_path, marker):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(saved_by_torch(Payload(marker)))
    with pytest.raises(BadInputError, match="cannot be read"):
        read_state(path)
    assert not marker.exists()


def test_hdf5_labels_are_data(tmp_path, marker):
    name, *_ = PARTS["train"]
    (tmp_path / name).write_bytes(pickle.dumps(Payload(marker)))
    with pytest.raises(BadInputError, match="cannot be read"):
        read_cofw(tmp_path, "train")
    assert not marker.exists()


def test_crops_of_a_handover_are_data(tmp_path, marker):
    (tmp_path / "handover.json").write_text(
        '{"schema": 1, "name": "x", "scheme": "ibug_68", "crop": {"margin": 1.3, "size_wh": [128, 128]},'
        '"codec": {"name": "softmax_expectation", "stride": 4, "half_score_px": 6}}'
    )
    handover = read_handover(tmp_path / "handover.json")
    assert isinstance(handover, Handover)
    (tmp_path / "calibration.npz").write_bytes(archive_of_objects(Payload(marker), "crops"))
    with pytest.raises(BadInputError, match="no readable crops"):
        load_crops(tmp_path / "calibration.npz", handover)
    assert not marker.exists()
