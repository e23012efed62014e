"""Faces drawn from a parametric head, for a first result without data and for tests.

The geometry is our own equations (skull.py, relief.py, features.py); nothing comes from a scanned or licensed
model.
"""

from training.data.synthetic.camera import Camera, aim_camera, rotation_of, turn_of
from training.data.synthetic.draw import SyntheticFace, draw_face, draw_faces
from training.data.synthetic.ground import background
from training.data.synthetic.head.head import Head
from training.data.synthetic.traits import Expression, Identity, Pose

__all__ = [
    "Camera",
    "Expression",
    "Head",
    "Identity",
    "Pose",
    "SyntheticFace",
    "aim_camera",
    "background",
    "draw_face",
    "draw_faces",
    "rotation_of",
    "turn_of",
]
