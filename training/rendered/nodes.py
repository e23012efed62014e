"""The tree of coordinate systems of a glTF file."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Node:
    """One place in the tree of coordinate systems."""

    name: str
    parent: int | None
    local: NDArray[np.float64]
    """(4, 4) from this node to its parent."""


def world_matrices(nodes: list[Node]) -> NDArray[np.float64]:
    """(N, 4, 4) from each node to the world."""
    world: dict[int, NDArray[np.float64]] = {}

    def of(index: int) -> NDArray[np.float64]:
        if index not in world:
            node = nodes[index]
            world[index] = node.local if node.parent is None else of(node.parent) @ node.local
        return world[index]

    return np.stack([of(index) for index in range(len(nodes))])


def local_matrix(node: Any) -> NDArray[np.float64]:
    """(4, 4) from a node of a file to its parent."""
    if node.matrix is not None:
        return np.asarray(node.matrix, np.float64).reshape(4, 4).T
    matrix = np.eye(4)
    matrix[:3, :3] = _quaternion_matrix(node.rotation or (0, 0, 0, 1)) * np.asarray(node.scale or (1, 1, 1))
    matrix[:3, 3] = node.translation or (0, 0, 0)
    return matrix


def _quaternion_matrix(quaternion: Any) -> NDArray[np.float64]:
    x, y, z, w = np.asarray(quaternion, np.float64) / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def check_tree(nodes: list[Node]) -> None:
    """Raise ValueError where following parents from a node never ends."""
    for node in nodes:
        parent, steps = node.parent, 0
        while parent is not None:
            parent, steps = nodes[parent].parent, steps + 1
            if steps > len(nodes):
                raise ValueError("its nodes form a circle")
