import json
import struct

import numpy as np
import pytest

from device.contract.errors import BadInputError
from tests.training.rendered.glb import Glb, head_points, small_head

meshoptimizer = pytest.importorskip("meshoptimizer")
pytest.importorskip("pygltflib")

from training.rendered import buffers  # noqa: E402
from training.rendered.avatar import Avatar, Pose, about_y  # noqa: E402
from training.rendered.gltf import read_glb  # noqa: E402
from training.rendered.nodes import world_matrices  # noqa: E402


def triangle(**changes):
    """One triangle, its attributes as a file of the least size has them."""
    file = Glb()
    attributes = {
        "POSITION": file.accessor([[0, 0, 0], [1, 0, 0], [0, 1, 0]]),
        "NORMAL": file.accessor([[0, 0, 1]] * 3),
        **{key: value(file) for key, value in changes.items()},
    }
    file.json["meshes"] = [{"primitives": [{"attributes": attributes}]}]
    file.json["nodes"] = [{"name": "thing", "mesh": 0}]
    return file


def read(tmp_path, data):
    path = tmp_path / "a.glb"
    path.write_bytes(data.bytes() if isinstance(data, Glb) else data)
    return read_glb(path)


def test_quantised_attributes_are_divided_by_their_largest_value(tmp_path):
    file = triangle(
        POSITION=lambda file: file.accessor(
            np.array([[0, 0, 0], [32767, 0, 0], [0, -32768, 0]]), "int16", normalized=True
        ),
        TEXCOORD_0=lambda file: file.accessor(
            np.array([[0, 0], [65535, 0], [0, 32768]]), "uint16", normalized=True
        ),
    )
    # Rows of int16 triples are padded to four bytes in real files: a stride.
    packed = np.zeros((3, 4), np.int16)
    packed[:, :3] = [[0, 0, 0], [32767, 0, 0], [0, -32768, 0]]
    view = file.view(packed.tobytes(), byteStride=8)
    position = file.json["meshes"][0]["primitives"][0]["attributes"]["POSITION"]
    file.json["accessors"][position]["bufferView"] = view
    mesh = read(tmp_path, file).meshes[0]
    assert mesh.positions == pytest.approx(np.array([[0, 0, 0], [1, 0, 0], [0, -1, 0]]))
    assert mesh.uv == pytest.approx(np.array([[0, 0], [1, 0], [0, 32768 / 65535]]))


def test_compressed_views_are_read_back(tmp_path):
    points = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    triangles = np.arange(60, dtype=np.uint32)
    file = Glb()

    def compressed(data, count, stride, mode):
        packed = {
            "buffer": 0,
            "byteOffset": 0,
            "byteLength": len(data),
            "byteStride": stride,
            "count": count,
            "mode": mode,
        }
        view = file.view(bytes(data), extensions={"EXT_meshopt_compression": packed})
        packed["byteOffset"] = file.json["bufferViews"][view]["byteOffset"]
        file.json["bufferViews"][view] |= {"buffer": 1, "byteOffset": 0, "byteLength": count * stride}
        return view

    file.json["buffers"].append({"byteLength": 0})
    vertices = compressed(meshoptimizer.encode_vertex_buffer(points, 60, 12), 60, 12, "ATTRIBUTES")
    indices = compressed(meshoptimizer.encode_index_buffer(triangles, 60, 60), 60, 4, "TRIANGLES")
    attributes = {"POSITION": file.accessor(points, view=vertices), "NORMAL": file.accessor(points)}
    file.json["meshes"] = [
        {
            "primitives": [
                {
                    "attributes": attributes,
                    "indices": file.accessor(triangles.reshape(-1, 1), "uint32", view=indices),
                }
            ]
        }
    ]
    file.json["nodes"] = [{"mesh": 0}]
    mesh = read(tmp_path, file).meshes[0]
    assert np.array_equal(mesh.positions, points)
    # The encoder may turn a triangle's corners round.
    assert {frozenset(corners) for corners in mesh.triangles.tolist()} == {
        frozenset(corners) for corners in triangles.reshape(-1, 3).tolist()
    }


def test_a_morph_moves_vertices_and_a_joint_turns_them(tmp_path):
    path = tmp_path / "head.glb"
    path.write_bytes(small_head().bytes())
    avatar = Avatar(path)
    resting = avatar.posed(Pose())[0].positions
    assert resting == pytest.approx(head_points(avatar.skin.uv), abs=1e-6)

    opened = avatar.posed(Pose({"MouthOpen": 0.5}))[0].positions
    low = avatar.skin.uv[:, 1] > 0.36
    assert opened - resting == pytest.approx(np.where(low[:, None], [0, -0.01, 0], 0), abs=1e-6)

    # Half of the turn is the neck's about (0, 1.45, 0), half the head's about (0, 1.5, 0): both lie on y.
    angle = np.radians(40)
    turned = avatar.posed(Pose(neck=about_y(angle)))[0].positions
    x, y, z = resting.T
    expected = np.stack(
        [x * np.cos(angle) + z * np.sin(angle), y, z * np.cos(angle) - x * np.sin(angle)], axis=1
    )
    assert turned == pytest.approx(expected, abs=1e-5)


def test_nodes_stand_on_their_parents(tmp_path):
    file = triangle()
    file.json["nodes"] = [
        {
            "translation": [1, 0, 0],
            "rotation": [0, 0, np.sqrt(0.5), np.sqrt(0.5)],
            "scale": [2, 2, 2],
            "children": [1],
        },
        {"translation": [1, 0, 0], "mesh": 0},
    ]
    world = world_matrices(read(tmp_path, file).nodes)
    # One along the parent's x, which points along the world's y and counts double.
    assert world[1] @ [0, 0, 0, 1] == pytest.approx([1, 2, 0, 1])


def _changed(change):
    def made():
        file = triangle(TEXCOORD_0=lambda file: file.accessor([[0, 0]] * 3))
        change(file.json)
        return file.bytes()

    return made


DAMAGED = {
    "empty": lambda: b"",
    "no glTF": lambda: b"\x89PNG" + bytes(100),
    "cut off": lambda: small_head().bytes()[:5000],
    "only a header": lambda: struct.pack("<4sII", b"glTF", 2, 12),
    "negative count": _changed(lambda parts: parts["accessors"][0].update(count=-4)),
    "huge count": _changed(lambda parts: parts["accessors"][0].update(count=10**12)),
    "a view beyond the file": _changed(lambda parts: parts["bufferViews"][0].update(byteOffset=10**6)),
    "unknown type": _changed(lambda parts: parts["accessors"][0].update(componentType=1)),
    "other length": _changed(lambda parts: parts["accessors"][1].update(count=2)),
    "no such mesh": _changed(lambda parts: parts["nodes"][0].update(mesh=7)),
    "a circle of nodes": _changed(lambda parts: parts["nodes"][0].update(children=[0])),
    "unknown extension": _changed(
        lambda parts: parts.update(extensionsRequired=["KHR_draco_mesh_compression"])
    ),
    "lines": _changed(lambda parts: parts["meshes"][0]["primitives"][0].update(mode=1)),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_is_one_sentence(tmp_path, damage):
    with pytest.raises(BadInputError) as caught:
        read(tmp_path, DAMAGED[damage]())
    text = str(caught.value)
    assert "a.glb" in text
    assert "\n" not in text


def test_a_damaged_compressed_view_is_one_sentence(tmp_path):
    file = triangle()
    for packed in (
        {"byteLength": 40},
        {"count": 10**11},
        {"mode": "LINES"},
        {"filter": "NO"},
        {"byteStride": 3},
    ):
        view = file.view(bytes(40))
        file.json["bufferViews"][view]["extensions"] = {
            "EXT_meshopt_compression": {
                "buffer": 0,
                "byteOffset": 0,
                "byteLength": 40,
                "byteStride": 12,
                "count": 3,
                "mode": "ATTRIBUTES",
                **packed,
            }
        }
        file.json["accessors"][0]["bufferView"] = view
        with pytest.raises(BadInputError, match=r"a\.glb"):
            read(tmp_path, file)


@pytest.mark.parametrize(("filter_name", "stride"), [("OCTAHEDRAL", 12), ("QUATERNION", 4)])
def test_a_filter_of_another_stride_never_reaches_the_native_decoder(filter_name, stride):
    whole = meshoptimizer.encode_vertex_buffer(np.ones((6, stride // 4), np.float32), 6, stride)
    assert len(buffers.decompress(whole, "ATTRIBUTES", "NONE", 6, stride)) == 6 * stride
    with pytest.raises(ValueError, match="do not go with"):
        buffers.decompress(whole, "ATTRIBUTES", filter_name, 6, stride)


def test_a_head_with_other_joints_is_refused(tmp_path):
    path = tmp_path / "body.glb"
    path.write_bytes(triangle().bytes())
    with pytest.raises(BadInputError, match="no joint Head"):
        Avatar(path)


def test_every_avatar_is_read(avatars):
    for path in sorted(avatars.glob("*.glb"))[::6]:
        avatar = Avatar(path)
        assert len(avatar.morph_names) == 65
        assert json.dumps(avatar.morph_names).count("_h") == 0
        assert all(np.isfinite(mesh.positions).all() for mesh in avatar.posed(Pose()))
