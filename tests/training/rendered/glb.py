"""Binary glTF files made by hand: the least that a reader must understand, and a small head."""

import io
import json
import struct

import numpy as np
from PIL import Image

KINDS = {"int8": 5120, "uint8": 5121, "int16": 5122, "uint16": 5123, "uint32": 5125, "float32": 5126}
SHAPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}


class Glb:
    """Collects the parts of a file."""

    def __init__(self):
        self.blob = b""
        self.json = {
            "asset": {"version": "2.0"},
            "buffers": [{"byteLength": 0}],
            "bufferViews": [],
            "accessors": [],
            "meshes": [],
            "nodes": [],
            "skins": [],
            "images": [],
            "textures": [],
            "materials": [],
        }

    def view(self, data: bytes, **more) -> int:
        self.blob += b"\0" * (-len(self.blob) % 4)
        self.json["bufferViews"].append(
            {"buffer": 0, "byteOffset": len(self.blob), "byteLength": len(data), **more}
        )
        self.blob += data
        return len(self.json["bufferViews"]) - 1

    def accessor(self, values, kind="float32", *, view=None, **more) -> int:
        values = np.asarray(values).reshape(len(values), -1)
        view = self.view(values.astype(kind).tobytes()) if view is None else view
        self.json["accessors"].append(
            {
                "bufferView": view,
                "componentType": KINDS[kind],
                "count": len(values),
                "type": SHAPES[values.shape[1]],
                **more,
            }
        )
        return len(self.json["accessors"]) - 1

    def texture(self, image) -> int:
        """A material with a picture (H, W, 3)."""
        stream = io.BytesIO()
        Image.fromarray(image).save(stream, "PNG")
        self.json["images"].append({"bufferView": self.view(stream.getvalue()), "mimeType": "image/png"})
        self.json["textures"].append({"source": len(self.json["images"]) - 1})
        self.json["materials"].append(
            {"pbrMetallicRoughness": {"baseColorTexture": {"index": len(self.json["textures"]) - 1}}}
        )
        return len(self.json["materials"]) - 1

    def bytes(self) -> bytes:
        self.json["buffers"][0]["byteLength"] = len(self.blob)
        self.json["scenes"] = [{"nodes": list(range(len(self.json["nodes"])))}]
        text = json.dumps({key: value for key, value in self.json.items() if value}).encode()
        text += b" " * (-len(text) % 4)
        blob = self.blob + b"\0" * (-len(self.blob) % 4)
        chunks = struct.pack("<II", len(text), 0x4E4F534A) + text
        chunks += struct.pack("<II", len(blob), 0x004E4942) + blob
        return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


HALF_WIDTH, HALF_HEIGHT, HALF_DEPTH = 0.075, 0.11, 0.09
"""Of the small head, metres."""
MIDDLE = np.array([0.0, 1.6, 0.0])
FINGERS = ("Thumb", "Index", "Middle", "Ring", "Pinky")


def head_points(uv):
    """(N, 3) the small head's surface: an egg whose texture is laid round it from the nose."""
    u, v = np.asarray(uv, float).T
    around = (u - 0.3255) / 0.172 * np.radians(100)
    height = (0.29 - v) / 0.20
    ring = np.sqrt(np.clip(1 - height**2, 0, 1))
    egg = [np.sin(around) * ring * HALF_WIDTH, height * HALF_HEIGHT, np.cos(around) * ring * HALF_DEPTH]
    return np.stack(egg, axis=1) + MIDDLE


def small_head(*, wig_rows: int = 0) -> Glb:
    """A head that an `Avatar` accepts: an egg with joints, one morph, a hand and rows of a wig."""
    file = Glb()
    u, v = np.meshgrid(np.linspace(0.02, 0.63, 41), np.linspace(0.091, 0.489, 41))
    uv = np.stack([u.ravel(), v.ravel()], axis=1)
    points = head_points(uv)
    corner = (np.arange(40)[:, None] * 41 + np.arange(40)).ravel()
    triangles = np.concatenate(
        [np.stack([corner, corner + 41, corner + 1], 1), np.stack([corner + 1, corner + 41, corner + 42], 1)]
    )
    names = ["Neck", "Head", "RightEye", "LeftEye", "RightArm", "LeftArm", "LeftHand"]
    names += [f"LeftHand{finger}{row}" for finger in FINGERS for row in (1, 2, 3)]
    places = {"Neck": [0, 1.45, 0], "RightEye": [-0.03, 1.62, 0.07], "LeftEye": [0.03, 1.62, 0.07]}
    for name in names:
        file.json["nodes"].append({"name": name, "translation": list(places.get(name, [0.0, 1.5, 0.0]))})
    # The head and the eyes hang on the neck, in coordinates of their parents.
    file.json["nodes"][0]["children"] = [1, 2, 3]
    for number in (1, 2, 3):
        node = file.json["nodes"][number]
        node["translation"] = (np.array(node["translation"]) - [0, 1.45, 0]).tolist()
    hand = points[:3] * 0.1 + [0.5, 1.4, 0]
    positions = np.concatenate([points, hand])
    joints = np.zeros((len(positions), 4), int)
    joints[: len(points), 0], joints[len(points) :, 0] = 1, 6
    open_mouth = np.zeros_like(positions)
    open_mouth[: len(points), 1] = -0.02 * (uv[:, 1] > 0.36)
    outwards = (positions - MIDDLE) / [HALF_WIDTH**2, HALF_HEIGHT**2, HALF_DEPTH**2]
    inverse = np.tile(np.eye(4), (7, 1, 1))
    inverse[:, 3, :3] = -np.array(
        [[0, 1.45, 0]] + [[0, 1.5, 0]] + [places["RightEye"], places["LeftEye"]] + [[0, 1.5, 0]] * 3
    )
    skin = np.full((64, 64, 3), (200, 150, 120), np.uint8)
    attributes = {
        "POSITION": file.accessor(positions),
        "NORMAL": file.accessor(outwards / np.linalg.norm(outwards, axis=1, keepdims=True)),
        "TEXCOORD_0": file.accessor(np.concatenate([uv, np.zeros((3, 2))])),
        "JOINTS_0": file.accessor(joints, "uint8"),
        "WEIGHTS_0": file.accessor(np.tile([1.0, 0, 0, 0], (len(positions), 1))),
    }
    everything = np.concatenate([triangles, [len(points) + np.arange(3)]])
    file.json["meshes"].append(
        {
            "name": "skin",
            "extras": {"targetNames": ["h_expressions.MouthOpen_h"]},
            "primitives": [
                {
                    "attributes": attributes,
                    "indices": file.accessor(everything.reshape(-1, 1), "uint32"),
                    "material": file.texture(skin),
                    "targets": [{"POSITION": file.accessor(open_mouth)}],
                }
            ],
        }
    )
    file.json["skins"].append(
        {"joints": list(range(7)), "inverseBindMatrices": file.accessor(inverse.reshape(7, 16))}
    )
    file.json["nodes"].append({"name": "H_DDS_HighRes", "mesh": 0, "skin": 0})
    if wig_rows:
        _add_wig(file, wig_rows)
    return file


def _add_wig(file: Glb, rows: int) -> None:
    """A shell round the upper half of the egg, `rows` of 21 vertices, that moves with the head."""
    u, v = np.meshgrid(np.linspace(0.02, 0.63, 21), np.linspace(0.095, 0.29, rows))
    uv = np.stack([u.ravel(), v.ravel()], axis=1)
    points = MIDDLE + (head_points(uv) - MIDDLE) * 1.15
    corner = (np.arange(rows - 1)[:, None] * 21 + np.arange(20)).ravel()
    triangles = np.stack([corner, corner + 21, corner + 1, corner + 1, corner + 21, corner + 22], 1)
    attributes = {
        "POSITION": file.accessor(points),
        "NORMAL": file.accessor((points - MIDDLE) / np.linalg.norm(points - MIDDLE, axis=1, keepdims=True)),
        "TEXCOORD_0": file.accessor(uv),
        "JOINTS_0": file.accessor(np.tile([1, 0, 0, 0], (len(points), 1)), "uint8"),
        "WEIGHTS_0": file.accessor(np.tile([1.0, 0, 0, 0], (len(points), 1))),
    }
    indices = file.accessor(triangles.reshape(-1, 1), "uint32")
    hair = file.texture(np.full((8, 8, 3), 60, np.uint8))
    file.json["meshes"].append(
        {"name": "wig", "primitives": [{"attributes": attributes, "indices": indices, "material": hair}]}
    )
    file.json["nodes"].append({"name": "h_wig", "mesh": len(file.json["meshes"]) - 1, "skin": 0})
