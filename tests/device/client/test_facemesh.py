"""The table from MediaPipe's mesh to our points: the same in both clients, and near on real faces."""

import csv
import json

import cv2
import numpy as np
import pytest

from device.client import FACEMESH_OF_IBUG_68, from_facemesh
from device.contract.errors import BadInputError
from device.contract.geometry import Box, CropTransform
from device.contract.landmarks import ibug_68
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.tracking.crop import crop_image
from tests.conftest import DATA, ROOT

FACES = 24
INNER = slice(17, 68)


def test_both_clients_have_the_same_table():
    names = json.loads((ROOT / "device" / "web" / "client" / "src" / "names.json").read_text())
    assert tuple(names["facemesh"]) == FACEMESH_OF_IBUG_68
    assert len(set(FACEMESH_OF_IBUG_68)) == 68


def test_a_mesh_with_or_without_irises_gives_our_points_in_our_order():
    for count in (468, 478):
        mesh = np.arange(count * 3.0).reshape(count, 3)
        np.testing.assert_array_equal(from_facemesh(mesh)[[30, 36, 45]], mesh[[4, 33, 263]])
    with pytest.raises(BadInputError, match="468 or 478 vertices"):
        from_facemesh(np.zeros((68, 3)))


@pytest.fixture(scope="module")
def both():
    """(N, 68, 2) of MediaPipe's mesh and of our model, on photographs of faces turned to the camera."""
    folder = DATA / "fairface"
    if not (folder / "mediapipe478.npz").is_file():
        pytest.skip(f"no meshes at {folder} (set LANDMARKS_DATA)")
    with np.load(folder / "mediapipe478.npz") as meshes:
        of_name = dict(zip(meshes["names"].tolist(), meshes["landmarks"].astype(np.float64), strict=True))
    with (folder / "list.csv").open(newline="") as lines:
        frontal = [row["name"] for row in csv.DictReader(lines) if is_frontal(row)]
    chosen = [name for name in frontal if name in of_name][:FACES]
    network = LandmarkNetwork(find_model("small"))
    ours = [landmarks_of(network, cv2.imread(str(folder / name)), of_name[name]) for name in chosen]
    return np.stack([from_facemesh(of_name[name]) for name in chosen]), np.stack(ours)


def is_frontal(row):
    """Whether a face of the list is turned to the camera."""
    return bool(row["yaw"]) and max(abs(float(row["yaw"])), abs(float(row["pitch"]))) < 12


def landmarks_of(network, picture, mesh):
    """Our landmarks of the face that the mesh lies on."""
    box, rule = Box.around(mesh), network.manifest.crop
    for _ in range(2):
        transform = CropTransform.for_box(box, rule.margin, rule.size_wh)
        network.infer(crop_image(picture, transform))
        landmarks = transform.crop_to_frame(network.decode().landmarks_crop)
        box = Box.around(landmarks)
    return landmarks


def test_the_vertices_lie_near_our_points_on_real_faces(both):
    theirs, ours = both
    eyes = np.linalg.norm(ours[:, 36] - ours[:, 45], axis=1)
    apart = np.median(np.linalg.norm(theirs - ours, axis=2) / eyes[:, None], axis=0)
    inner, jaw = np.median(apart[INNER]), np.median(apart[:17])
    print(f"{len(ours)} faces: {100 * inner:.1f} % of the eye distance, jaw {100 * jaw:.1f} %")
    assert inner < 0.045
    assert jaw < 0.09
    # Every point lies nearer to its own vertex than to that of any point of another part of the face.
    for index in range(17, 68):
        distances = np.linalg.norm(theirs - ours[:, index : index + 1], axis=2).mean(axis=0)
        nearest = int(distances.argmin())
        assert part_of(nearest) == part_of(index)


def part_of(index):
    """The group of a point."""
    return next(name for name, points in ibug_68.groups.items() if index in points)
