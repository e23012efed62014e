"""Reader of binary glTF 2.0 files: meshes with morph targets and skins, nodes, textures.

Supports KHR_mesh_quantization, EXT_meshopt_compression and EXT_texture_webp. Animations, cameras and
lights are ignored.
"""

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pygltflib
from numpy.typing import NDArray
from PIL import Image

from device.contract.errors import BadInputError
from training.rendered.buffers import decompress, piece
from training.rendered.nodes import Node, check_tree, local_matrix

Array = NDArray[np.float32]

MESHOPT = "EXT_meshopt_compression"
WEBP = "EXT_texture_webp"
KNOWN_EXTENSIONS = frozenset({MESHOPT, WEBP, "KHR_mesh_quantization"})

MAX_VIEW_BYTES = 1 << 28
"""Largest decoded buffer view. A damaged file may claim any size."""

MAX_TEXTURE_SIDE = 8192

TYPES = {5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
"""numpy type by glTF's componentType."""

COMPONENTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}

DAMAGE = (
    OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, OverflowError,
    struct.error, MemoryError, AssertionError, Image.DecompressionBombError,
)  # fmt: skip
"""What the libraries raise on a damaged file."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles with one material, V vertices."""

    name: str
    positions: Array
    """(V, 3), in the units of the skin's inverse bind matrices."""
    normals: Array
    """(V, 3), of unit length."""
    uv: Array
    """(V, 2) texture coordinates; (0, 0) is the picture's top left corner."""
    triangles: NDArray[np.int32]
    """(T, 3) indices of vertices."""
    morph_names: tuple[str, ...]
    """Of the M morph targets."""
    morph_positions: Array
    """(M, V, 3) displacements."""
    morph_normals: Array
    """(M, V, 3) displacements."""
    joints: NDArray[np.int32]
    """(V, 4) indices of nodes."""
    weights: Array
    """(V, 4), of sum 1."""
    inverse_bind: Array
    """(N, 4, 4) matrix of each node that is a joint of this mesh; the identity for the others."""
    texture: int | None
    """Index of the base colour in the file's images."""


@dataclass(frozen=True, eq=False)
class Model:
    """What a file holds."""

    meshes: list[Mesh]
    nodes: list[Node]
    """Every node's parent comes before or after it: `world_matrices` orders them."""
    images: list[NDArray[np.uint8]]
    """(H, W, 3) uint8 RGB each."""


def read_glb(path: Path) -> Model:
    """Read a binary glTF file.

    Raises:
        BadInputError: it is missing, damaged, or uses an extension that is not supported.
    """
    if not path.is_file():
        raise BadInputError(f"no file {path}: wanted a 3D head as binary glTF (.glb)")
    try:
        return _Reader(path).model()
    except DAMAGE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise BadInputError(
            f"{path} is no usable binary glTF file ({reason}); fetch it again or leave it out"
        ) from error


class _Reader:
    """The parts of one file, decoded once each."""

    def __init__(self, path: Path) -> None:
        file = pygltflib.GLTF2().load_binary(str(path))
        if file is None or file.binary_blob() is None:
            raise ValueError("no binary chunk")
        self._file = file
        self._blob = file.binary_blob()
        self._views: dict[int, bytes] = {}
        unknown = sorted(set(file.extensionsRequired or ()) - KNOWN_EXTENSIONS)
        if unknown:
            raise ValueError(f"it requires the extension {unknown[0]}")

    def model(self) -> Model:
        parents = {
            child: number for number, node in enumerate(self._file.nodes) for child in node.children or ()
        }
        nodes = [
            Node(node.name or f"node {number}", parents.get(number), local_matrix(node))
            for number, node in enumerate(self._file.nodes)
        ]
        check_tree(nodes)
        meshes = [
            self._mesh(number, primitive)
            for number, node in enumerate(self._file.nodes)
            if node.mesh is not None
            for primitive in self._file.meshes[node.mesh].primitives
        ]
        if not meshes:
            raise ValueError("it holds no mesh")
        return Model(meshes, nodes, [self._image(number) for number in range(len(self._file.images))])

    def _mesh(self, node_number: int, primitive: Any) -> Mesh:
        if primitive.mode not in (None, 4):
            raise ValueError("a mesh is not made of triangles")
        node = self._file.nodes[node_number]
        mesh, attributes = self._file.meshes[node.mesh], primitive.attributes
        positions = self._accessor(attributes.POSITION)
        count = len(positions)
        triangles = self._indices(primitive, count)
        normals = self._accessor(attributes.NORMAL)[:, :3]
        uv = np.zeros((count, 2)) if attributes.TEXCOORD_0 is None else self._accessor(attributes.TEXCOORD_0)
        joints, weights, inverse_bind = self._skin(node_number, attributes, count)
        names, shapes, bends = self._morphs(mesh, primitive)
        made = Mesh(
            node.name or mesh.name or f"mesh {node_number}", _f32(positions), _f32(_unit(normals)), _f32(uv),
            triangles, names, shapes, bends, joints, weights, inverse_bind, self._texture_of(primitive),
        )  # fmt: skip
        _check_mesh(made)
        return made

    def _indices(self, primitive: Any, count: int) -> NDArray[np.int32]:
        flat = np.arange(count) if primitive.indices is None else self._accessor(primitive.indices)[:, 0]
        triangles = flat.astype(np.int64).reshape(-1, 3)
        if len(triangles) and not 0 <= triangles.min() <= triangles.max() < count:
            raise ValueError("a triangle names a vertex that is not there")
        return triangles.astype(np.int32)

    def _morphs(self, mesh: Any, primitive: Any) -> tuple[tuple[str, ...], Array, Array]:
        targets = primitive.targets or []
        names = (mesh.extras or {}).get("targetNames") or [
            f"morph {number}" for number in range(len(targets))
        ]
        if len(names) != len(targets):
            raise ValueError("the names of the morph targets are not as many as the targets")
        count = self._file.accessors[primitive.attributes.POSITION].count
        shapes, bends = (np.zeros((len(targets), count, 3), np.float32) for _ in range(2))
        for number, target in enumerate(targets):
            for key, place in (("POSITION", shapes), ("NORMAL", bends)):
                index = target.get(key) if isinstance(target, dict) else getattr(target, key)
                if index is not None:
                    place[number] = self._accessor(index)[:, :3]
        return tuple(str(name) for name in names), shapes, bends

    def _skin(self, node_number: int, attributes: Any, count: int) -> tuple[NDArray[np.int32], Array, Array]:
        """Joints as nodes; a mesh without a skin hangs on its own node."""
        node = self._file.nodes[node_number]
        inverse_bind = np.tile(np.eye(4, dtype=np.float32), (len(self._file.nodes), 1, 1))
        if node.skin is None:
            joints = np.full((count, 4), node_number, np.int32)
            return joints, _f32(np.tile([1, 0, 0, 0], (count, 1))), inverse_bind
        skin = self._file.skins[node.skin]
        members = np.asarray(skin.joints, np.int64)
        if skin.inverseBindMatrices is not None:
            matrices = self._accessor(skin.inverseBindMatrices).reshape(-1, 4, 4).transpose(0, 2, 1)
            inverse_bind[members] = matrices[: len(members)]
        joints = members[self._accessor(attributes.JOINTS_0).astype(np.int64)].astype(np.int32)
        weights = self._accessor(attributes.WEIGHTS_0)
        total = weights.sum(axis=1, keepdims=True)
        return joints, _f32(weights / np.where(total == 0, 1, total)), inverse_bind

    def _texture_of(self, primitive: Any) -> int | None:
        if primitive.material is None:
            return None
        surface = self._file.materials[primitive.material].pbrMetallicRoughness
        if surface is None or surface.baseColorTexture is None:
            return None
        texture = self._file.textures[surface.baseColorTexture.index]
        webp = (texture.extensions or {}).get(WEBP)
        source = texture.source if webp is None else webp["source"]
        self._file.images[source]
        return int(source)

    def _image(self, number: int) -> NDArray[np.uint8]:
        view = self._file.images[number].bufferView
        if view is None:
            raise ValueError("a texture is not inside the file")
        with Image.open(io.BytesIO(self._view(view))) as picture:
            if max(picture.size) > MAX_TEXTURE_SIDE:
                raise ValueError(f"a texture has more than {MAX_TEXTURE_SIDE} pixels a side")
            return np.asarray(picture.convert("RGB"), np.uint8)

    def _view(self, number: int) -> bytes:
        if number not in self._views:
            self._views[number] = self._decode(self._file.bufferViews[number])
        return self._views[number]

    def _decode(self, view: Any) -> bytes:
        packed = (view.extensions or {}).get(MESHOPT)
        if packed is None:
            if view.buffer != 0:
                raise ValueError("it refers to a file beside it")
            return piece(self._blob, view.byteOffset or 0, view.byteLength)
        count, stride = int(packed["count"]), int(packed["byteStride"])
        if count < 0 or stride < 1 or count * stride > MAX_VIEW_BYTES or packed["buffer"] != 0:
            raise ValueError("a compressed buffer view is damaged")
        data = piece(self._blob, int(packed.get("byteOffset", 0)), int(packed["byteLength"]))
        return decompress(data, packed["mode"], packed.get("filter", "NONE"), count, stride)

    def _accessor(self, number: int) -> NDArray[Any]:
        """(count, components) of any type, integers marked as normalised divided to -1..1."""
        accessor = self._file.accessors[number]
        kind, width = np.dtype(TYPES[accessor.componentType]), COMPONENTS[accessor.type]
        if accessor.sparse is not None:
            raise ValueError("it has sparse accessors, which are not supported")
        if accessor.bufferView is None:
            return np.zeros((accessor.count, width), np.float32)
        view, data = self._file.bufferViews[accessor.bufferView], self._view(accessor.bufferView)
        stride, offset = view.byteStride or kind.itemsize * width, accessor.byteOffset or 0
        if offset < 0 or stride < kind.itemsize * width or accessor.count < 1:
            raise ValueError("an accessor is damaged")
        if offset + stride * (accessor.count - 1) + kind.itemsize * width > len(data):
            raise ValueError("an accessor reaches beyond its buffer view")
        raw = np.ndarray((accessor.count, width), kind, data, offset, (stride, kind.itemsize))
        if accessor.normalized:
            return np.maximum(raw / np.float32(np.iinfo(kind.type).max), np.float32(-1))
        return raw


def _check_mesh(mesh: Mesh) -> None:
    """Raise ValueError where attributes do not belong together."""
    count = len(mesh.positions)
    for values in (mesh.normals, mesh.uv, mesh.joints, mesh.weights):
        if len(values) != count:
            raise ValueError(f"the attributes of {mesh.name!r} are not of one length")
    for values in (
        mesh.positions,
        mesh.normals,
        mesh.uv,
        mesh.morph_positions,
        mesh.weights,
        mesh.inverse_bind,
    ):
        if not np.isfinite(values).all():
            raise ValueError(f"{mesh.name!r} holds a value that is no number")


def _unit(vectors: NDArray[Any]) -> NDArray[np.float64]:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(length == 0, 1, length), np.float64)


def _f32(values: Any) -> Array:
    return np.ascontiguousarray(values, np.float32)
