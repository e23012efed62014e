"""The scene: a person, the light and the camera."""

from dataclasses import dataclass

from training.data.synthetic.camera import Camera
from training.data.synthetic.head.head import Head
from training.data.synthetic.light import Light
from training.data.synthetic.looks import Looks


@dataclass(frozen=True, eq=False)
class Scene:
    """One person in front of the camera."""

    head: Head
    looks: Looks
    light: Light
    camera: Camera

    @property
    def flat_gain(self) -> float:
        """Gain for objects that are drawn flat, without normals."""
        return 0.9 * self.light.exposure
