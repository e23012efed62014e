"""A head with a body that can take an expression, a gaze and a pose of the neck.

World axes are glTF's: x to the person's left, y up, z out of the face; metres. The head of the resting
pose looks along z.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError
from training.rendered.gltf import Array, Mesh, Model, read_glb
from training.rendered.nodes import world_matrices

Matrix = NDArray[np.float64]

SKIN = "H_DDS_HighRes"
"""Mesh of the skin and clothes."""
WIG = "wig"
"""Part of the name of a mesh of hair, which a bald person does without."""
HEAD, NECK = "Head", "Neck"
EYES = ("RightEye", "LeftEye")
ARMS = ("RightArm", "LeftArm")
LOWER_BODY = ("Hips", "UpLeg", "Leg", "Foot", "Toe", "ForeArm", "Hand", "Finger")
"""Parts of names of joints whose skin is cut away: no picture reaches so far."""

FINGERS = ("Thumb", "Index", "Middle", "Ring", "Pinky")
LEFT_HAND = ("LeftForeArm", "LeftHand", "LeftFinger")

MORPH_PREFIX, TEETH_PREFIX, MORPH_SUFFIX = "h_expressions.", "h_teeth.t_", "_h"
JOINTS = (HEAD, NECK, *EYES, *ARMS, *(f"LeftHand{finger}{row}" for finger in FINGERS for row in (1, 2, 3)))
"""Every joint that is turned by name."""

ARMS_DOWN_DEGREES = 68.0
"""The arms of the files are stretched out sideways."""


@dataclass(frozen=True)
class Pose:
    """What a person does with the head."""

    morphs: Mapping[str, float] = field(default_factory=dict)
    """Weight by name of a face morph, 0 to 1; those left out are 0."""
    gaze_degrees: tuple[float, float] = (0.0, 0.0)
    """Yaw to the person's left and pitch upwards of both eyes in the head."""
    neck: Matrix = field(default_factory=lambda: np.eye(3))
    """(3, 3) rotation of the head relative to the chest."""


@dataclass(frozen=True, eq=False)
class PosedMesh:
    """One mesh as it is drawn."""

    mesh: Mesh
    positions: Array
    """(V, 3) metres."""
    normals: Array
    """(V, 3)."""


class Avatar:
    """A person read from a file.

    Raises:
        BadInputError: the file is not usable, or its joints and meshes have other names.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        model: Model = read_glb(path)
        self._nodes, self.images = model.nodes, model.images
        self._node = {node.name: number for number, node in enumerate(model.nodes)}
        missing = [name for name in JOINTS if name not in self._node]
        if missing:
            raise BadInputError(f"{path} has no joint {missing[0]}; wanted a head of the VALID avatars")
        skin = [mesh for mesh in model.meshes if mesh.name == SKIN]
        if len(skin) != 1:
            raise BadInputError(f"{path} has no mesh {SKIN}; wanted a head of the VALID avatars")
        away = np.array([any(part in node.name for part in LOWER_BODY) for node in self._nodes])
        arm = np.array([any(part in node.name for part in LEFT_HAND) for node in self._nodes])
        self.skin = part_of(skin[0], ~away[_main_joints(skin[0])])
        self._hand = part_of(skin[0], arm[_main_joints(skin[0])])
        self.meshes = [self.skin, *(mesh for mesh in model.meshes if mesh.name != SKIN)]

    @property
    def complexion(self) -> NDArray[np.uint8] | None:
        """(H, W, 3) the skin's texture; None where it has none."""
        return None if self.skin.texture is None else self.images[self.skin.texture]

    @cached_property
    def morph_names(self) -> tuple[str, ...]:
        """Names of the face morphs without what all of them begin and end with."""
        return tuple(map(_plain, self.skin.morph_names))

    def posed(self, pose: Pose) -> list[PosedMesh]:
        """Every mesh after expression, gaze and pose."""
        matrices = self._joint_matrices(pose)
        return [self._posed_mesh(mesh, matrices, pose) for mesh in self.meshes]

    def head_place(self, pose: Pose) -> Matrix:
        """(4, 4) from the resting head's world place to the one after the pose."""
        number = self._node[HEAD]
        return np.asarray(
            self._joint_matrices(pose)[number] @ np.linalg.inv(self._joint_matrices(Pose())[number]),
            np.float64,
        )

    def hand(self, curl_degrees: NDArray[np.float64]) -> PosedMesh:
        """The left hand and forearm alone, palm down, fingers along x, the palm's middle at the origin.

        Args:
            curl_degrees: (3,) by which each row of finger joints is bent, from the palm outwards.
        """
        world = self._resting.copy()
        for row, angle in enumerate(np.radians(curl_degrees), start=1):
            for finger in FINGERS:
                self._turn(world, f"LeftHand{finger}{row}", about_z(-angle))
        posed = self._posed_mesh(self._hand, world, Pose())
        middle = world[self._node["LeftHand"], :3, 3] + [0.08, 0, 0]
        return PosedMesh(posed.mesh, posed.positions - middle.astype(np.float32), posed.normals)

    def _joint_matrices(self, pose: Pose) -> Matrix:
        """(N, 4, 4) world matrix of each node."""
        world = self._resting.copy()
        for name, sign in zip(ARMS, (1, -1), strict=True):
            self._turn(world, name, about_z(sign * np.radians(ARMS_DOWN_DEGREES)))
        half = _half_rotation(pose.neck)
        self._turn(world, NECK, half)
        self._turn(world, HEAD, half)
        yaw, pitch = np.radians(pose.gaze_degrees)
        head = pose.neck
        for name in EYES:
            self._turn(world, name, head @ about_y(yaw) @ about_x(-pitch) @ head.T)
        return world

    def _turn(self, world: Matrix, name: str, rotation: Matrix) -> None:
        """Turn a joint and what hangs on it about the joint's place, in place."""
        joint = self._node[name]
        pivot = world[joint, :3, 3].copy()
        move = np.eye(4)
        move[:3, :3] = rotation
        move[:3, 3] = pivot - rotation @ pivot
        for number in self._below[joint]:
            world[number] = move @ world[number]

    @cached_property
    def _resting(self) -> Matrix:
        """(N, 4, 4) world matrix of each node as the file has it."""
        return world_matrices(self._nodes)

    @cached_property
    def _below(self) -> dict[int, list[int]]:
        """Each node with all nodes that hang on it."""
        below: dict[int, list[int]] = {number: [] for number in range(len(self._nodes))}
        for number in below:
            ancestor: int | None = number
            while ancestor is not None:
                below[ancestor].append(number)
                ancestor = self._nodes[ancestor].parent
        return below

    def _posed_mesh(self, mesh: Mesh, matrices: Matrix, pose: Pose) -> PosedMesh:
        positions, normals = _morphed(mesh, pose.morphs)
        used, place = np.unique(mesh.joints, return_inverse=True)
        joint_matrices = (matrices[used] @ mesh.inverse_bind[used]).astype(np.float32)
        blend = np.zeros((len(positions), 4, 4), np.float32)
        for column in range(4):
            weight = mesh.weights[:, column, None, None]
            blend += weight * joint_matrices[place.reshape(mesh.joints.shape)[:, column]]
        placed = np.einsum("vij,vj->vi", blend[:, :3, :3], positions) + blend[:, :3, 3]
        bent = np.einsum("vij,vj->vi", blend[:, :3, :3], normals)
        length = np.linalg.norm(bent, axis=1, keepdims=True)
        return PosedMesh(mesh, placed, bent / np.where(length == 0, 1, length))


def part_of(mesh: Mesh, keep: NDArray[np.bool_]) -> Mesh:
    """The triangles of a mesh whose three vertices are kept, and their vertices.

    Args:
        keep: (V,).
    """
    triangles = mesh.triangles[keep[mesh.triangles].all(axis=1)]
    used, renumbered = np.unique(triangles, return_inverse=True)
    return Mesh(
        mesh.name, mesh.positions[used], mesh.normals[used], mesh.uv[used],
        renumbered.reshape(-1, 3).astype(np.int32), mesh.morph_names, mesh.morph_positions[:, used],
        mesh.morph_normals[:, used], mesh.joints[used], mesh.weights[used], mesh.inverse_bind, mesh.texture,
    )  # fmt: skip


def _main_joints(mesh: Mesh) -> NDArray[np.int32]:
    """(V,) the node that moves each vertex most."""
    return mesh.joints[np.arange(len(mesh.joints)), mesh.weights.argmax(axis=1)]


def about_x(angle: float) -> Matrix:
    """(3, 3) rotation about x, radians."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def about_y(angle: float) -> Matrix:
    """(3, 3) rotation about y, radians."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def about_z(angle: float) -> Matrix:
    """(3, 3) rotation about z, radians."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def _half_rotation(rotation: Matrix) -> Matrix:
    """(3, 3) the rotation that done twice is the given one."""
    import cv2

    vector, _ = cv2.Rodrigues(rotation)
    return np.asarray(cv2.Rodrigues(vector / 2)[0], np.float64)


def _plain(name: str) -> str:
    """A morph's name without prefix and suffix; the teeth's morphs are then called as the face's."""
    for prefix in (MORPH_PREFIX, TEETH_PREFIX):
        name = name.removeprefix(prefix)
    return name.removesuffix(MORPH_SUFFIX)


def _morphed(mesh: Mesh, weights: Mapping[str, float]) -> tuple[Array, Array]:
    chosen = [
        (number, weights[_plain(name)])
        for number, name in enumerate(mesh.morph_names)
        if weights.get(_plain(name))
    ]
    if not chosen:
        return mesh.positions, mesh.normals
    numbers = [number for number, _ in chosen]
    amounts = np.array([amount for _, amount in chosen], np.float32)
    return (
        mesh.positions + np.tensordot(amounts, mesh.morph_positions[numbers], 1),
        mesh.normals + np.tensordot(amounts, mesh.morph_normals[numbers], 1),
    )
